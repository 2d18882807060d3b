#ifndef KINESIS_WIRE_JSON_READER_H
#define KINESIS_WIRE_JSON_READER_H
/* A strict pull scanner over a JSON text (RFC 8259) in memory: no tree, no allocation. One function
 * asks for what shall come next; the first thing that is wrong stops everything after it, so that
 * only the end needs to look. The text is written to only when escapes are resolved. */
#include "wire/plain_text.h"

#include <sigv4/status.h>

enum { KINESIS__JSON_DEPTH = 64 };

struct kinesis__json {
    char *start, *at, *end;
    const char *trouble; /* what is wrong, at `at`; NULL while all is well */
    unsigned depth;
    bool fresh; /* just behind a '{' or '[': no comma is due */
};

/* The text between the quotes, checked to be valid. */
struct kinesis__json_string {
    char *ptr;
    size_t len;
    bool escaped; /* holds escapes still */
};

void kinesis__json_open(struct kinesis__json *r, char *text, size_t n);

/* '{', '[', '"', '0' (a number), 't', 'f', 'n', or 0 at the end and before anything else. */
char kinesis__json_peek(struct kinesis__json *r);

/* Objects: enter, then member until false (the end, or trouble), reading or skipping each value.
 * The name's escapes are resolved. Arrays: enter, then element until false, and the value. */
bool kinesis__json_object(struct kinesis__json *r);
static inline bool kinesis__json_member(struct kinesis__json *r, struct sigv4_slice *name);
bool kinesis__json_array(struct kinesis__json *r);
static inline bool kinesis__json_element(struct kinesis__json *r);

static inline bool kinesis__json_string(struct kinesis__json *r, struct kinesis__json_string *out);
/* As it is on the wire: RFC 8259's grammar is checked, its size is not. */
bool kinesis__json_number(struct kinesis__json *r, struct sigv4_slice *out);
bool kinesis__json_bool(struct kinesis__json *r, bool *out);
/* Takes a null if one comes next. */
static inline bool kinesis__json_null(struct kinesis__json *r);
/* Any value, checked like all others. */
bool kinesis__json_skip(struct kinesis__json *r);
/* True when all went well and nothing but white space is left. */
bool kinesis__json_finish(struct kinesis__json *r);
/* Says what is wrong (a static text), unless something else was before; always false. */
bool kinesis__json_refuse(struct kinesis__json *r, const char *trouble);

/* Resolves the escapes in place, where the string lies; the result is UTF-8 and may hold NUL. */
struct sigv4_slice kinesis__json_text(struct kinesis__json_string *s);
/* number times 10^scale, rounded half away from zero; false when it does not fit. */
bool kinesis__json_decimal(struct sigv4_slice number, int scale, int64_t *out);
/* PROTOCOL, with err saying what is wrong where: "<what>, byte 17: not a string". */
int kinesis__json_fail(const struct kinesis__json *r, const char *what, struct sigv4_error *err);

/* What answers are made of is read here, inline, while it is as services write it: no blanks, no
 * escapes, ASCII. All else, and all that is wrong, goes through the functions behind. */
bool kinesis__json_string_slowly(struct kinesis__json *r, struct kinesis__json_string *out);
bool kinesis__json_member_slowly(struct kinesis__json *r, struct sigv4_slice *name);
bool kinesis__json_element_slowly(struct kinesis__json *r);
bool kinesis__json_null_slowly(struct kinesis__json *r);

static inline bool kinesis__json_string(struct kinesis__json *r, struct kinesis__json_string *out)
{
    if (r->trouble || r->at == r->end || *r->at != '"')
        return kinesis__json_string_slowly(r, out);
    char *text = r->at + 1;
    size_t n = kinesis__plain_span(text, (size_t)(r->end - text));
    if (text + n == r->end || text[n] != '"')
        return kinesis__json_string_slowly(r, out);
    out->ptr = text;
    out->len = n;
    out->escaped = false;
    r->at = text + n + 1;
    return true;
}

static inline bool kinesis__json_member(struct kinesis__json *r, struct sigv4_slice *name)
{
    char *at = r->at;
    if (r->trouble || r->end - at < 2 || (r->fresh ? at[0] != '"' : at[0] != ',' || at[1] != '"'))
        return kinesis__json_member_slowly(r, name);
    char *text = at + (r->fresh ? 1 : 2);
    size_t n = kinesis__plain_span(text, (size_t)(r->end - text));
    if (r->end - text - (ptrdiff_t)n < 2 || text[n] != '"' || text[n + 1] != ':')
        return kinesis__json_member_slowly(r, name);
    *name = sigv4_bytes(text, n);
    r->fresh = false;
    r->at = text + n + 2;
    return true;
}

static inline bool kinesis__json_element(struct kinesis__json *r)
{
    if (r->trouble || r->fresh || r->at == r->end || *r->at != ',')
        return kinesis__json_element_slowly(r);
    r->at++;
    return true;
}

static inline bool kinesis__json_null(struct kinesis__json *r)
{
    if (r->at < r->end && *r->at != 'n' && *r->at > ' ')
        return false;
    return kinesis__json_null_slowly(r);
}
#endif
