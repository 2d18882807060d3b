/* One record, matched from bracket to bracket. */
#include "wire/usual_record.h"

struct cursor {
    char *at, *end;
};

/* Inlined for certain: only then are literals compared in a few words. */
#define INLINE static inline __attribute__((always_inline))

INLINE bool pass(struct cursor *c, const char *literal, size_t n)
{
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, literal, n) != 0)
        return false;
    c->at += n;
    return true;
}
#define PASS(c, literal) pass(c, literal, sizeof(literal) - 1)

/* Up to the quote, which stays. */
INLINE bool take_text(struct cursor *c, struct sigv4_slice *out)
{
    size_t n = kinesis__plain_span(c->at, (size_t)(c->end - c->at));
    *out = sigv4_bytes(c->at, n);
    c->at += n;
    return c->at < c->end && *c->at == '"';
}

/* Digits into *value; how many, 0 when it could become too large. */
INLINE unsigned take_digits(struct cursor *c, uint64_t *value)
{
    unsigned n = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, n++)
        *value = *value * 10 + (uint64_t)(*c->at - '0');
    return n;
}

/* Epoch seconds like 1441215410.867 or 1.441215410867E9 as milliseconds, if that is exact: to round
 * is left to the scanner. */
static bool take_moment(struct cursor *c, int64_t *ms)
{
    uint64_t digits = 0, exponent = 0;
    unsigned whole = 0, fraction = 0;
    if (c->at == c->end || *c->at < '1' || *c->at > '9')
        return false;
    whole = take_digits(c, &digits);
    if (PASS(c, ".") && (fraction = take_digits(c, &digits)) == 0)
        return false;
    if (PASS(c, "E") && (take_digits(c, &exponent) != 1))
        return false;
    if (whole + fraction > 18 || fraction > exponent + 3)
        return false;
    for (uint64_t n = exponent + 3 - fraction; n > 0; n--)
        if (__builtin_mul_overflow(digits, 10u, &digits))
            return false;
    *ms = (int64_t)digits;
    return digits <= INT64_MAX;
}

static bool take_members(struct cursor *c, struct kinesis_got_record *out)
{
    return PASS(c, "{\"SequenceNumber\":\"") && take_text(c, &out->sequence_number) &&
           out->sequence_number.len && PASS(c, "\",\"ApproximateArrivalTimestamp\":") &&
           take_moment(c, &out->arrived_unix_ms) && PASS(c, ",\"Data\":\"") &&
           take_text(c, &out->data) && PASS(c, "\",\"PartitionKey\":\"") &&
           take_text(c, &out->partition_key) &&
           (PASS(c, "\"}") || (PASS(c, "\",\"EncryptionType\":\"") &&
                               take_text(c, &out->encryption_type) && PASS(c, "\"}")));
}

enum kinesis__usual kinesis__usual_record(struct kinesis__json *r,
                                          const struct kinesis__base64 *base64,
                                          struct kinesis_got_record *out)
{
    struct cursor c = {r->at, r->end};
    struct kinesis_got_record got = *out;
    if (r->trouble || !take_members(&c, &got))
        return KINESIS__UNUSUAL;
    char *data = r->at + ((const char *)got.data.ptr - r->at);
    if (!kinesis__base64_decode(base64, data, data, got.data.len, &got.data.len)) {
        r->at = data;
        kinesis__json_refuse(r, "data that is not base64");
        return KINESIS__SPOILT;
    }
    *out = got;
    r->at = c.at;
    r->fresh = false;
    return KINESIS__USUAL;
}
