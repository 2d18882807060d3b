/* The syntax of the shared files. Rules: facts 4.2; comments and continuations as the SDKs' common
 * test suite has them, except that an indented line that is only a comment is one (as the AWS CLI
 * reads it). Messages name file and line and never quote a line: it may hold a secret. */
#include "config/ini.h"

#include "base/fail.h"
#include "base/text.h"

struct reader {
    struct sigv4__arena *arena;
    struct sigv4_slice rest; /* behind the current line */
    struct sigv4_slice line; /* without its end */
    unsigned number;
    const char *file;
    struct sigv4_error *err;
};

static int complain(const struct reader *r, const char *what)
{
    return sigv4__fail(r->err, SIGV4_E_INVALID, "%s:%u: %s", r->file, r->number, what);
}

static int no_memory(const struct reader *r)
{
    return sigv4__fail(r->err, SIGV4_E_NOMEM, "out of memory reading %s", r->file);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_comment_sign(char c)
{
    return c == '#' || c == ';';
}

static char char_at(struct sigv4_slice s, size_t i)
{
    return ((const char *)s.ptr)[i];
}

static bool holds_nothing(struct sigv4_slice line)
{
    struct sigv4_slice text = sigv4__trim(line);
    return text.len == 0 || is_comment_sign(char_at(text, 0));
}

/* Steps to the next line that says something; *more is false at the end of the file. */
static int next_line(struct reader *r, bool *more)
{
    while ((*more = r->rest.len > 0)) {
        size_t n = sigv4__find(r->rest, '\n');
        r->line = sigv4__first(r->rest, n);
        r->rest = sigv4__from(r->rest, n < r->rest.len ? n + 1 : n);
        r->number++;
        if (n > SIGV4__INI_MAX_LINE)
            return sigv4__fail(r->err, SIGV4_E_TOO_LARGE, "%s:%u: line longer than %d bytes",
                               r->file, r->number, SIGV4__INI_MAX_LINE);
        if (!holds_nothing(r->line))
            break;
    }
    return SIGV4_OK;
}

/* A value ends where a comment sign follows a blank. */
static struct sigv4_slice cut_comment(struct sigv4_slice s)
{
    for (size_t i = 1; i < s.len; i++)
        if (is_comment_sign(char_at(s, i)) && is_blank(char_at(s, i - 1)))
            return sigv4__first(s, i);
    return s;
}

/* "[title] # comment". */
static int read_title(struct reader *r, struct sigv4_slice *title)
{
    size_t end = sigv4__find(r->line, ']');
    if (end == r->line.len)
        return complain(r, "the section header has no closing ']'");
    if (!holds_nothing(sigv4__from(r->line, end + 1)))
        return complain(r, "only a comment may follow the ']' of a section header");
    *title = sigv4__trim(sigv4__from(sigv4__first(r->line, end), 1));
    return SIGV4_OK;
}

bool sigv4__ini_is_name(struct sigv4_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(char_at(s, i)) && !strchr("-_/.%@:+", char_at(s, i)))
            return false;
    return s.len > 0;
}

/* How much text the lines hold that continue the value begun on this line. */
static size_t continued_length(struct reader r)
{
    size_t total = 0;
    bool more;
    r.err = NULL; /* a faulty line is reported when it is really read */
    while (next_line(&r, &more) == SIGV4_OK && more && is_blank(char_at(r.line, 0)))
        total += 1 + sigv4__trim(r.line).len;
    return total;
}

static char *lower_name(struct sigv4__arena *arena, struct sigv4_slice name)
{
    char *copy = sigv4__arena_text(arena, name);
    for (size_t i = 0; copy && i < name.len; i++)
        copy[i] = sigv4__lower(copy[i]);
    return copy;
}

/* One line of a nested block. */
static int add_nested(struct reader *r, struct sigv4__property *block)
{
    struct sigv4_slice text = sigv4__trim(r->line);
    size_t equals = sigv4__find(text, '=');
    if (equals == text.len)
        return complain(r, "a line of a nested block needs an '='");
    if (equals == 0)
        return complain(r, "a line of a nested block has no name before its '='");
    struct sigv4__property *p = sigv4__arena_get(r->arena, sizeof *p);
    char *name = lower_name(r->arena, sigv4__trim(sigv4__first(text, equals)));
    char *value =
        sigv4__arena_text(r->arena, sigv4__trim(cut_comment(sigv4__from(text, equals + 1))));
    if (!p || !name || !value)
        return no_memory(r);
    *p = (struct sigv4__property){name, value, r->number, NULL, block->nested};
    block->nested = p;
    return SIGV4_OK;
}

/* Reads the indented lines that follow into value, which holds len bytes and has room for them.
 * Leaves the reader before the first line that is not one of them. */
static int read_continuation(struct reader *r, struct sigv4__property *p, char *value, size_t len)
{
    bool nested = len == 0, more;
    for (;;) {
        struct reader before = *r;
        int status = next_line(r, &more);
        if (status || !more)
            return status;
        if (!is_blank(char_at(r->line, 0))) {
            *r = before;
            return SIGV4_OK;
        }
        if (nested && (status = add_nested(r, p)))
            return status;
        struct sigv4_slice text = sigv4__trim(r->line);
        value[len++] = '\n';
        memcpy(value + len, text.ptr, text.len);
        len += text.len;
    }
}

/* "name = value", and the lines that continue it. *out is NULL when the name is not a name: such a
 * property is passed over. */
static int read_property(struct reader *r, struct sigv4__property **out)
{
    size_t equals = sigv4__find(r->line, '=');
    if (equals == r->line.len)
        return complain(r, "expected name = value or [section]");
    struct sigv4_slice name = sigv4__trim(sigv4__first(r->line, equals));
    if (name.len == 0)
        return complain(r, "no name before the '='");
    struct sigv4_slice first = sigv4__trim(cut_comment(sigv4__from(r->line, equals + 1)));
    struct sigv4__property *p = sigv4__arena_get(r->arena, sizeof *p);
    char *value = sigv4__arena_get(r->arena, first.len + continued_length(*r) + 1);
    char *key = lower_name(r->arena, name);
    if (!p || !value || !key)
        return no_memory(r);
    if (first.len)
        memcpy(value, first.ptr, first.len);
    *p = (struct sigv4__property){key, value, r->number, NULL, NULL};
    *out = sigv4__ini_is_name(name) ? p : NULL;
    return read_continuation(r, p, value, first.len);
}

static int add_section(struct reader *r, struct sigv4__section **last)
{
    struct sigv4_slice title;
    int status = read_title(r, &title);
    if (status)
        return status;
    struct sigv4__section *s = sigv4__arena_get(r->arena, sizeof *s);
    char *text = sigv4__arena_text(r->arena, title);
    if (!s || !text)
        return no_memory(r);
    s->title = text;
    s->line = r->number;
    if (*last)
        (*last)->next = s;
    *last = s;
    return SIGV4_OK;
}

static int add_property(struct reader *r, struct sigv4__section *section)
{
    struct sigv4__property *p = NULL;
    int status = read_property(r, &p);
    if (status || !p)
        return status;
    if (section->last)
        section->last->next = p;
    else
        section->first = p;
    section->last = p;
    return SIGV4_OK;
}

static int read_sections(struct reader *r, struct sigv4__section **first)
{
    struct sigv4__section *last = NULL;
    bool more;
    for (;;) {
        int status = next_line(r, &more);
        if (status || !more)
            return status;
        if (char_at(r->line, 0) == '[')
            status = add_section(r, &last);
        else if (is_blank(char_at(r->line, 0)))
            status = complain(r, "an indented line must follow the property it continues");
        else if (!last)
            status = complain(r, "a property before the first [section]");
        else
            status = add_property(r, last);
        if (status)
            return status;
        if (!*first)
            *first = last;
    }
}

int sigv4__ini_parse(struct sigv4__section **out, struct sigv4__arena *arena,
                     struct sigv4_slice text, const char *file, struct sigv4_error *err)
{
    *out = NULL;
    if (text.len > SIGV4__INI_MAX_FILE)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "%s: larger than %d bytes", file,
                           SIGV4__INI_MAX_FILE);
    if (sigv4__find(text, '\0') < text.len)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%s: holds NUL bytes: save it as UTF-8 or ASCII text", file);
    if (sigv4__starts_with(text, "\xEF\xBB\xBF"))
        text = sigv4__from(text, 3);
    struct reader r = {arena, text, {NULL, 0}, 0, file, err};
    return read_sections(&r, out);
}

const struct sigv4__property *sigv4__ini_find(const struct sigv4__section *section,
                                              const char *name)
{
    const struct sigv4__property *found = NULL;
    for (const struct sigv4__property *p = section->first; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            found = p;
    return found;
}

const char *sigv4__ini_nested(const struct sigv4__property *block, const char *name)
{
    for (const struct sigv4__property *p = block->nested; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p->value;
    return NULL;
}
