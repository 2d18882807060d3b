#ifndef KINESIS_WIRE_USUAL_TEXT_H
#define KINESIS_WIRE_USUAL_TEXT_H
/* For what services nearly always write in one and the same form: literals and plain texts are
 * matched in a row, on a copy of the place, so that at the first difference nothing has happened
 * and the scanner reads it all. */
#include "wire/plain_text.h"

struct kinesis__usual_text {
    char *at, *end;
};

/* Inlined for certain: only then are literals compared in a few words. */
#define KINESIS__INLINE static inline __attribute__((always_inline))

KINESIS__INLINE bool kinesis__usual_pass(struct kinesis__usual_text *t, const char *literal,
                                         size_t n)
{
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, literal, n) != 0)
        return false;
    t->at += n;
    return true;
}
#define KINESIS__PASS(t, literal) kinesis__usual_pass(t, literal, sizeof(literal) - 1)

/* Up to the quote, which stays: ASCII without escapes. */
KINESIS__INLINE bool kinesis__usual_take(struct kinesis__usual_text *t, struct sigv4_slice *out)
{
    size_t n = kinesis__plain_span(t->at, (size_t)(t->end - t->at));
    *out = sigv4_bytes(t->at, n);
    t->at += n;
    return t->at < t->end && *t->at == '"';
}
#endif
