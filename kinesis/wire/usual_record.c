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

/* ---- data: decoded where it lies, in the same pass that looks for its end ---- */

struct blob {
    char *text;
    size_t in_front; /* bytes of the decoded front, of which the text is gone */
    size_t end;      /* characters behind it, up to the quote */
};

/* False: it does not end with a quote, as far as it is plain. */
static bool take_blob(struct kinesis__usual_text *t, const struct kinesis__base64 *base64,
                      struct blob *out)
{
    size_t room = (size_t)(t->end - t->at);
    size_t front = base64->decode((unsigned char *)t->at, t->at, room - room % 4);
    out->text = t->at;
    out->in_front = front / 4 * 3;
    t->at += front;
    out->end = kinesis__plain_span(t->at, (size_t)(t->end - t->at));
    t->at += out->end;
    return t->at < t->end && *t->at == '"';
}

/* From the last bytes to the first: the text of each stretch lies behind its bytes. */
static void put_back(const struct blob *b, const struct kinesis__base64 *base64)
{
    enum { STRETCH = 768 };
    char text[STRETCH / 3 * 4];
    for (size_t left = b->in_front; left > 0;) {
        size_t n = left % STRETCH ? left % STRETCH : STRETCH;
        left -= n;
        size_t length = kinesis__base64_encode(base64, text, b->text + left, n);
        memcpy(b->text + left / 3 * 4, text, length);
    }
}

/* What is behind the decoded front. */
static bool finish_blob(const struct blob *b, const struct kinesis__base64 *base64,
                        struct sigv4_slice *out)
{
    char *text = b->text + b->in_front / 3 * 4;
    size_t len;
    if (!kinesis__base64_decode(base64, b->text + b->in_front, text, b->end, &len))
        return false;
    *out = sigv4_bytes(b->text, b->in_front + len);
    return true;
}

/* ---- the record ---- */

static bool take_head(struct kinesis__usual_text *t, struct kinesis_got_record *out)
{
    return KINESIS__PASS(t, "{\"SequenceNumber\":\"") &&
           kinesis__usual_take(t, &out->sequence_number) && out->sequence_number.len &&
           KINESIS__PASS(t, "\",\"ApproximateArrivalTimestamp\":") &&
           take_moment(t, &out->arrived_unix_ms) && KINESIS__PASS(t, ",\"Data\":\"");
}

static bool take_tail(struct kinesis__usual_text *t, struct kinesis_got_record *out)
{
    return KINESIS__PASS(t, "\",\"PartitionKey\":\"") &&
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
    struct blob blob;
    if (r->trouble || !take_head(&t, &got))
        return KINESIS__UNUSUAL;
    if (!take_blob(&t, base64, &blob) || !take_tail(&t, &got)) {
        put_back(&blob, base64);
        return KINESIS__UNUSUAL;
    }
    if (!finish_blob(&blob, base64, &got.data)) {
        r->at = blob.text;
        kinesis__json_refuse(r, "data that is not base64");
        return KINESIS__SPOILT;
    }
    *out = got;
    r->at = t.at;
    r->fresh = false;
    return KINESIS__USUAL;
}
