#ifndef KINESIS_SHARDS_HASH_KEY_H
#define KINESIS_SHARDS_HASH_KEY_H
/* Where a record belongs: a number of 128 bits, the MD5 of its partition key unless given (facts,
 * 1.5). */
#include "base/digest.h"

struct kinesis__hash {
    uint64_t high, low;
};
enum { KINESIS__HASH_TEXT = 40 };

/* Far more than a stream can have, and the longest name of one (facts, 1.3 and 1.6). */
enum { KINESIS__MAX_SHARDS = 100000, KINESIS__MAX_SHARD_ID = 128 };

/* Negative, 0, positive: a is below, equal to, above b. */
static inline int kinesis__hash_compare(struct kinesis__hash a, struct kinesis__hash b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

/* Decimal, 0 to 2^128-1 without leading zeros; false otherwise. */
bool kinesis__hash_parse(struct sigv4_slice text, struct kinesis__hash *out);
/* Decimal digits and NUL; returns how many. */
size_t kinesis__hash_format(struct kinesis__hash hash, char out[KINESIS__HASH_TEXT]);
/* md5: a digest of sigv4__digest_new_md5. NOMEM: OpenSSL could not. */
int kinesis__hash_of_key(struct sigv4__digest *md5, struct sigv4_slice key,
                         struct kinesis__hash *out);
#endif
