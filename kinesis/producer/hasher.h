#ifndef KINESIS_PRODUCER_HASHER_H
#define KINESIS_PRODUCER_HASHER_H
/* Hashes of records, found when they are needed and kept. */
#include "producer/record.h"

struct kinesis__hasher {
    struct sigv4__digest *md5;
};
int kinesis__hasher_init(struct kinesis__hasher *h, const struct sigv4_alloc *alloc);
void kinesis__hasher_free(struct kinesis__hasher *h);
/* False: OpenSSL had no memory; then r belongs nowhere for now. */
bool kinesis__hasher_find(struct kinesis__hasher *h, struct kinesis__record *r);
#endif
