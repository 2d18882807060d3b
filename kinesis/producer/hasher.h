#ifndef KINESIS_PRODUCER_HASHER_H
#define KINESIS_PRODUCER_HASHER_H
/* Hashes of records, found when they are needed and kept; and those of keys seen before, because an
 * MD5 costs as much as everything else that is done for a small record. */
#include "producer/record.h"

struct kinesis__known_key;
struct kinesis__hasher {
    struct sigv4_alloc alloc;
    struct sigv4__digest *md5;
    struct kinesis__known_key *known; /* NULL: none yet, or no memory for them */
};
int kinesis__hasher_init(struct kinesis__hasher *h, const struct sigv4_alloc *alloc);
void kinesis__hasher_free(struct kinesis__hasher *h);
/* False: OpenSSL had no memory; then r belongs nowhere for now. */
bool kinesis__hasher_find(struct kinesis__hasher *h, struct kinesis__record *r);
#endif
