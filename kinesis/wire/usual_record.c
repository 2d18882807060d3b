/* One record, matched from bracket to bracket. */
#include "wire/usual_record.h"

#include "wire/usual_text.h"

/* Digits into *value; how many, 0 when it could become too large. */
KINESIS__INLINE unsigned take_digits(struct kinesis__usual_text *t, uint64_t *value)
{
    unsigned n = 0;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++, n++)
        *value = *value * 10 + (uint64_t)(*t->at - '0');
    return n;
}

/* Epoch seconds like 1441215410.867 or 1.441215410867E9 as milliseconds, if that is exact: to round
 * is left to the scanner. */
static bool take_moment(struct kinesis__usual_text *t, int64_t *ms)
{
    uint64_t digits = 0, exponent = 0;
    unsigned whole = 0, fraction = 0;
    if (t->at == t->end || *t->at < '1' || *t->at > '9')
        return false;
    whole = take_digits(t, &digits);
    if (KINESIS__PASS(t, ".") && (fraction = take_digits(t, &digits)) == 0)
        return false;
    if (KINESIS__PASS(t, "E") && (take_digits(t, &exponent) != 1))
        return false;
    if (whole + fraction > 18 || fraction > exponent + 3)
        return false;
    for (uint64_t n = exponent + 3 - fraction; n > 0; n--)
        if (__builtin_mul_overflow(digits, 10u, &digits))
            return false;
    *ms = (int64_t)digits;
    return digits <= INT64_MAX;
}

static bool take_members(struct kinesis__usual_text *t, struct kinesis_got_record *out)
{
    return KINESIS__PASS(t, "{\"SequenceNumber\":\"") &&
           kinesis__usual_take(t, &out->sequence_number) && out->sequence_number.len &&
           KINESIS__PASS(t, "\",\"ApproximateArrivalTimestamp\":") &&
           take_moment(t, &out->arrived_unix_ms) && KINESIS__PASS(t, ",\"Data\":\"") &&
           kinesis__usual_take(t, &out->data) && KINESIS__PASS(t, "\",\"PartitionKey\":\"") &&
           kinesis__usual_take(t, &out->partition_key) &&
           (KINESIS__PASS(t, "\"}") ||
            (KINESIS__PASS(t, "\",\"EncryptionType\":\"") &&
             kinesis__usual_take(t, &out->encryption_type) && KINESIS__PASS(t, "\"}")));
}

enum kinesis__usual kinesis__usual_record(struct kinesis__json *r,
                                          const struct kinesis__base64 *base64,
                                          struct kinesis_got_record *out)
{
    struct kinesis__usual_text t = {r->at, r->end};
    struct kinesis_got_record got = *out;
    if (r->trouble || !take_members(&t, &got))
        return KINESIS__UNUSUAL;
    char *data = r->at + ((const char *)got.data.ptr - r->at);
    if (!kinesis__base64_decode(base64, data, data, got.data.len, &got.data.len)) {
        r->at = data;
        kinesis__json_refuse(r, "data that is not base64");
        return KINESIS__SPOILT;
    }
    *out = got;
    r->at = t.at;
    r->fresh = false;
    return KINESIS__USUAL;
}
