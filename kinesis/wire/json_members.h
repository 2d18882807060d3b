#ifndef KINESIS_WIRE_JSON_MEMBERS_H
#define KINESIS_WIRE_JSON_MEMBERS_H
/* Reading the members of answers: each known one at most once, null as if absent, the unknown ones
 * skipped (facts, 2.1). */
#include "wire/json_reader.h"

/* Sets the bit of a known member in *seen; refuses when it is set already. */
static inline bool kinesis__json_once(struct kinesis__json *r, unsigned *seen, unsigned bit)
{
    if (*seen & bit)
        return kinesis__json_refuse(r, "a member given twice");
    *seen |= bit;
    return true;
}

/* A string's text, or null: then *out stays empty. */
bool kinesis__json_text_or_null(struct kinesis__json *r, struct sigv4_slice *out);
/* A number times 10^scale, or null: then *out stays as it is. */
bool kinesis__json_decimal_or_null(struct kinesis__json *r, int scale, int64_t *out);

static inline bool kinesis__name_is(struct sigv4_slice name, const char *known, size_t n)
{
    return name.len == n && memcmp(name.ptr, known, n) == 0;
}
#define KINESIS__IS(name, known) kinesis__name_is(name, known, sizeof(known) - 1)
#endif
