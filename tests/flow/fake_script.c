/* The fake engine's script and the list of what was asked. */
#include "flow/fake_script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct fake_line {
    struct fake_answer answer;
    unsigned served;
    struct fake_line *next;
};

struct fake_asked {
    struct fake_request request;
    struct fake_asked *next;
};

void fake__die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("fake engine: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void *fake__must(void *p)
{
    if (!p)
        fake__die("out of memory");
    return p;
}

static char *copy(const void *p, size_t n)
{
    char *s = fake__must(malloc(n + 1));
    if (n)
        memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

static char *copy_text(const char *s)
{
    return s ? copy(s, strlen(s)) : NULL;
}

static void drop(const void *p)
{
    free((void *)(uintptr_t)p);
}

static bool url_matches(const char *pattern, const char *url)
{
    size_t n = pattern ? strlen(pattern) : 0;
    if (!pattern)
        return true;
    return n && pattern[n - 1] == '*' ? strncmp(pattern, url, n - 1) == 0
                                      : strcmp(pattern, url) == 0;
}

/* ---- the script ---- */

static struct fake_answer answer_copy(struct fake_answer a)
{
    if (a.body && !a.body_len)
        a.body_len = strlen(a.body);
    a.body = a.body ? copy(a.body, a.body_len) : NULL;
    a.method = copy_text(a.method);
    a.url = copy_text(a.url);
    a.headers = copy_text(a.headers);
    a.status = a.status ? a.status : 200;
    return a;
}

void fake__answer_free(struct fake_answer *a)
{
    drop(a->body);
    drop(a->method);
    drop(a->url);
    drop(a->headers);
}

void fake_script(struct fake *fake, struct fake_answer answer)
{
    struct fake_line *line = fake__must(calloc(1, sizeof *line)), **end = &fake__book(fake)->lines;
    line->answer = answer_copy(answer);
    while (*end)
        end = &(*end)->next;
    *end = line;
}

static void forget_lines(struct fake_book *book)
{
    while (book->lines) {
        struct fake_line *line = book->lines;
        book->lines = line->next;
        fake__answer_free(&line->answer);
        free(line);
    }
}

void fake_forget_script(struct fake *fake)
{
    forget_lines(fake__book(fake));
}

struct fake_answer fake__choose(struct fake_book *book, const struct fake_request *request)
{
    for (struct fake_line *line = book->lines; line; line = line->next) {
        struct fake_answer a = line->answer;
        if ((a.times && line->served >= a.times) || !url_matches(a.url, request->url) ||
            (a.method && strcmp(a.method, request->method) != 0))
            continue;
        line->served++;
        if (a.decide) {
            a.body_len = 0;
            a.decide(a.ctx, request, &a);
        }
        return answer_copy(a);
    }
    fprintf(stderr, "fake engine: nobody answers %s %s\n", request->method, request->url);
    return answer_copy((struct fake_answer){.outcome = FAKE_REFUSED});
}

/* ---- what was asked ---- */

static char *collect_headers(const struct sigv4_transfer *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->header_count; i++)
        n += t->headers[i].name.len + t->headers[i].value.len + 3;
    char *out = fake__must(malloc(n + 1)), *at = out;
    for (size_t i = 0; i < t->header_count; i++)
        at += sprintf(at, "%.*s: %.*s\n", (int)t->headers[i].name.len,
                      (const char *)t->headers[i].name.ptr, (int)t->headers[i].value.len,
                      (const char *)t->headers[i].value.ptr);
    *at = '\0';
    return out;
}

static char *collect_body(const struct sigv4_transfer *t, bool *failed)
{
    size_t at = 0, total = (size_t)t->body_length;
    char *out = fake__must(malloc(total + 1));
    for (size_t i = 0; !t->read && i < t->body_count; i++) {
        if (t->body[i].len > total - at)
            fake__die("the segments are longer than body_length");
        if (t->body[i].len)
            memcpy(out + at, t->body[i].ptr, t->body[i].len);
        at += t->body[i].len;
    }
    while (t->read && at < total) {
        size_t got = 0;
        if (t->read(t->ctx, at, out + at, total - at, &got) || !got)
            break;
        at += got;
    }
    *failed = at != total;
    out[at] = '\0';
    return out;
}

const struct fake_request *fake__note(struct fake_book *book, const struct sigv4_transfer *t,
                                      int64_t at_ms, bool *failed)
{
    struct fake_asked *asked = fake__must(calloc(1, sizeof *asked));
    const struct sigv4_http_options *o = t->options;
    asked->request = (struct fake_request){
        .method = copy(t->method.ptr, t->method.len),
        .url = copy_text(t->url),
        .headers = collect_headers(t),
        .body = collect_body(t, failed),
        .body_len = (size_t)t->body_length,
        .at_ms = at_ms,
        .connect_timeout_ms = o ? o->connect_timeout_ms : 0,
        .timeout_ms = o ? o->timeout_ms : 0,
        .proxy = o ? copy_text(o->proxy) : NULL,
        .ca_bundle = o ? copy_text(o->ca_bundle) : NULL,
        .flags = o ? o->flags : 0,
    };
    if (book->asked_last)
        book->asked_last->next = asked;
    else
        book->asked = asked;
    book->asked_last = asked;
    book->asked_count++;
    return &asked->request;
}

size_t fake_request_count(const struct fake *fake)
{
    return fake__book_of(fake)->asked_count;
}

const struct fake_request *fake_request(const struct fake *fake, size_t i)
{
    const struct fake_asked *asked = fake__book_of(fake)->asked;
    while (asked && i--)
        asked = asked->next;
    return asked ? &asked->request : NULL;
}

size_t fake_request_count_of(const struct fake *fake, const char *url)
{
    size_t n = 0;
    for (const struct fake_asked *asked = fake__book_of(fake)->asked; asked; asked = asked->next)
        n += url_matches(url, asked->request.url);
    return n;
}

static const char *keep(struct fake_book *book, char *text)
{
    size_t n = (book->kept_count + 1) * sizeof *book->kept;
    book->kept = fake__must(realloc(book->kept, n));
    return book->kept[book->kept_count++] = text;
}

const char *fake_header(struct fake *fake, const struct fake_request *request, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = request->headers; *line; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return keep(fake__book(fake), copy(line + n + 2, strcspn(line + n + 2, "\n")));
    return NULL;
}

void fake__book_free(struct fake_book *book)
{
    forget_lines(book);
    while (book->asked) {
        struct fake_asked *asked = book->asked;
        book->asked = asked->next;
        drop(asked->request.method);
        drop(asked->request.url);
        drop(asked->request.headers);
        drop(asked->request.body);
        drop(asked->request.proxy);
        drop(asked->request.ca_bundle);
        free(asked);
    }
    for (size_t i = 0; i < book->kept_count; i++)
        free(book->kept[i]);
    free(book->kept);
}
