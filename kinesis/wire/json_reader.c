/* The strict pull scanner: structure and literals. Strings and numbers are in json_value.c. */
#include "wire/json_reader.h"

#include "base/fail.h"

void kinesis__json_open(struct kinesis__json *r, char *text, size_t n)
{
    memset(r, 0, sizeof *r);
    r->start = r->at = text;
    r->end = text ? text + n : NULL;
}

bool kinesis__json_refuse(struct kinesis__json *r, const char *trouble)
{
    if (!r->trouble)
        r->trouble = trouble;
    return false;
}

static inline void skip_blanks(struct kinesis__json *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

char kinesis__json_peek(struct kinesis__json *r)
{
    if (r->trouble)
        return 0;
    skip_blanks(r);
    char c = r->at < r->end ? *r->at : 0;
    if (c == '-' || (c >= '0' && c <= '9'))
        return '0';
    return c == '{' || c == '[' || c == '"' || c == 't' || c == 'f' || c == 'n' ? c : 0;
}

/* Takes c behind blanks, or refuses. */
static bool take(struct kinesis__json *r, char c, const char *trouble)
{
    if (r->trouble)
        return false;
    skip_blanks(r);
    if (r->at == r->end)
        return kinesis__json_refuse(r, "the text ends too early");
    if (*r->at != c)
        return kinesis__json_refuse(r, trouble);
    r->at++;
    return true;
}

static bool enter(struct kinesis__json *r, char open, const char *trouble)
{
    if (!take(r, open, trouble))
        return false;
    if (r->depth == KINESIS__JSON_DEPTH)
        return kinesis__json_refuse(r, "nested too deep");
    r->depth++;
    r->fresh = true;
    return true;
}

bool kinesis__json_object(struct kinesis__json *r)
{
    return enter(r, '{', "not an object");
}

bool kinesis__json_array(struct kinesis__json *r)
{
    return enter(r, '[', "not an array");
}

/* True before a further member or element, false behind the closing bracket. */
static bool further(struct kinesis__json *r, char close)
{
    if (r->trouble)
        return false;
    skip_blanks(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        r->depth--;
        r->fresh = false;
        return false;
    }
    if (r->fresh) {
        r->fresh = false;
        return true;
    }
    return take(r, ',', "neither a comma nor a closing bracket");
}

bool kinesis__json_element_slowly(struct kinesis__json *r)
{
    return further(r, ']');
}

bool kinesis__json_member_slowly(struct kinesis__json *r, struct sigv4_slice *name)
{
    struct kinesis__json_string s;
    if (!further(r, '}') || !kinesis__json_string(r, &s) ||
        !take(r, ':', "no colon behind a member's name"))
        return false;
    *name = kinesis__json_text(&s);
    return true;
}

static bool take_word(struct kinesis__json *r, const char *word, size_t n)
{
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return kinesis__json_refuse(r, "not a value");
    r->at += n;
    return true;
}

bool kinesis__json_null_slowly(struct kinesis__json *r)
{
    return kinesis__json_peek(r) == 'n' && take_word(r, "null", 4);
}

bool kinesis__json_bool(struct kinesis__json *r, bool *out)
{
    char kind = kinesis__json_peek(r);
    *out = kind == 't';
    if (kind == 't')
        return take_word(r, "true", 4);
    return kind == 'f' ? take_word(r, "false", 5)
                       : kinesis__json_refuse(r, "neither true nor false");
}

static bool skip_scalar(struct kinesis__json *r)
{
    struct kinesis__json_string s;
    struct sigv4_slice number;
    bool truth;
    switch (kinesis__json_peek(r)) {
    case '"':
        return kinesis__json_string(r, &s);
    case '0':
        return kinesis__json_number(r, &number);
    case 't':
    case 'f':
        return kinesis__json_bool(r, &truth);
    case 'n':
        return kinesis__json_null(r);
    default:
        return kinesis__json_refuse(r, r->at == r->end ? "the text ends too early" : "not a value");
    }
}

/* One step into or out of what is skipped; kinds has a set bit for each object we are in. */
static bool skip_step(struct kinesis__json *r, uint64_t *kinds, unsigned base)
{
    char kind = kinesis__json_peek(r);
    if (kind == '{' || kind == '[') {
        if (kind == '{' ? !kinesis__json_object(r) : !kinesis__json_array(r))
            return false;
        *kinds = *kinds << 1 | (kind == '{');
    } else if (!skip_scalar(r)) {
        return false;
    }
    struct sigv4_slice name;
    while (r->depth > base) {
        if (*kinds & 1 ? kinesis__json_member(r, &name) : kinesis__json_element(r))
            return true;
        if (r->trouble)
            return false;
        *kinds >>= 1;
    }
    return true;
}

bool kinesis__json_skip(struct kinesis__json *r)
{
    uint64_t kinds = 0; /* as many bits as there are levels */
    unsigned base = r->depth;
    do {
        if (!skip_step(r, &kinds, base))
            return false;
    } while (r->depth > base);
    return true;
}

bool kinesis__json_finish(struct kinesis__json *r)
{
    if (r->trouble)
        return false;
    skip_blanks(r);
    return r->at == r->end || kinesis__json_refuse(r, "more text behind the value");
}

int kinesis__json_fail(const struct kinesis__json *r, const char *what, struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_PROTOCOL, "%s, byte %zu: %s", what, (size_t)(r->at - r->start),
                       r->trouble ? r->trouble : "malformed");
}
