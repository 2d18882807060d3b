/* Writing the canonical request. Rules: facts, 3.1. */
#include "base/text.h"
#include "sign/canonical.h"
#include "sign/percent.h"

static void write_encoded(struct sigv4__sink *sink, struct sigv4__percent text)
{
    for (int ch = sigv4__percent_next(&text); ch >= 0; ch = sigv4__percent_next(&text))
        sigv4__sink_char(sink, (char)ch);
}

static void write_query(const struct sigv4__canonical *c, struct sigv4__sink *sink)
{
    for (size_t i = 0; i < c->param_count; i++) {
        if (i)
            sigv4__sink_char(sink, '&');
        write_encoded(sink, sigv4__percent_decoded(c->params[i]->name));
        sigv4__sink_char(sink, '=');
        write_encoded(sink, sigv4__percent_decoded(c->params[i]->value));
    }
}

/* encoded: as part of a query. */
static void write_lower(struct sigv4__sink *sink, struct sigv4_slice text, bool encoded)
{
    const char *p = text.ptr;
    for (size_t i = 0; i < text.len; i++) {
        char c = sigv4__lower(p[i]);
        if (encoded)
            write_encoded(sink, sigv4__percent_plain(sigv4_bytes(&c, 1)));
        else
            sigv4__sink_char(sink, c);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Trimmed, and each run of blanks one space, also inside quotes. */
static void write_value(struct sigv4__sink *sink, struct sigv4_slice value)
{
    value = sigv4__trim(value);
    const char *p = value.ptr;
    for (size_t i = 0; i < value.len;) {
        size_t start = i;
        while (i < value.len && !is_blank(p[i]))
            i++;
        sigv4__sink_slice(sink, sigv4_bytes(p + start, i - start));
        if (i < value.len)
            sigv4__sink_char(sink, ' ');
        while (i < value.len && is_blank(p[i]))
            i++;
    }
}

static bool repeats(const struct sigv4__canonical *c, size_t i)
{
    return i > 0 && sigv4__equal_nocase(c->headers[i]->name, c->headers[i - 1]->name);
}

static void write_headers(const struct sigv4__canonical *c, struct sigv4__sink *sink)
{
    for (size_t i = 0; i < c->in->header_count; i++) {
        if (repeats(c, i)) {
            sigv4__sink_char(sink, ',');
        } else {
            if (i)
                sigv4__sink_char(sink, '\n');
            write_lower(sink, c->headers[i]->name, false);
            sigv4__sink_char(sink, ':');
        }
        write_value(sink, c->headers[i]->value);
    }
    sigv4__sink_char(sink, '\n');
}

void sigv4__canonical_signed_headers(const struct sigv4__canonical *c, struct sigv4__sink *sink,
                                     bool encoded)
{
    for (size_t i = 0; i < c->in->header_count; i++) {
        if (repeats(c, i))
            continue;
        if (i)
            write_lower(sink, SIGV4_LIT(";"), encoded);
        write_lower(sink, c->headers[i]->name, encoded);
    }
}

void sigv4__canonical_write(const struct sigv4__canonical *c, struct sigv4__sink *sink)
{
    sigv4__sink_slice(sink, c->in->method);
    sigv4__sink_char(sink, '\n');
    if (c->in->flags & SIGV4_S3_PATH)
        sigv4__sink_slice(sink, c->path);
    else
        write_encoded(sink, sigv4__percent_path(c->path));
    sigv4__sink_char(sink, '\n');
    write_query(c, sink);
    sigv4__sink_char(sink, '\n');
    write_headers(c, sink);
    sigv4__sink_char(sink, '\n');
    sigv4__canonical_signed_headers(c, sink, false);
    sigv4__sink_char(sink, '\n');
    sigv4__sink_slice(sink, c->in->payload_hash);
}
