#ifndef KINESIS_PRODUCER_STORE_H
#define KINESIS_PRODUCER_STORE_H
/* Where records live: their nodes, from slabs that are kept, and blocks for what a node cannot
 * hold (long keys, copied data), kept for the next of their size. In the steady state nothing is
 * allocated. Not locked here. */
#include "producer/record.h"

enum { KINESIS__BLOCK_SIZES = 40 };

struct kinesis__slab;
struct kinesis__free_block;
struct kinesis__store {
    struct sigv4_alloc alloc;
    struct kinesis__slab *slabs;
    struct kinesis__record *unused; /* by next */
    struct kinesis__free_block *kept[KINESIS__BLOCK_SIZES];
    uint64_t held_bytes, kept_bytes, max_bytes; /* of blocks: given out, kept, both together */
};

void kinesis__store_init(struct kinesis__store *s, const struct sigv4_alloc *alloc,
                         uint64_t max_bytes);
void kinesis__store_free(struct kinesis__store *s); /* everything came back */

/* Zeroed but for its texts; NULL: no memory. */
struct kinesis__record *kinesis__store_get(struct kinesis__store *s);
/* The record and its block. */
void kinesis__store_put(struct kinesis__store *s, struct kinesis__record *r);

/* What a block for n bytes really takes. n at most 16 MiB. */
uint32_t kinesis__store_block_size(uint32_t n);
/* size: as told by block_size; NULL: no memory. */
void *kinesis__store_get_block(struct kinesis__store *s, uint32_t size);
#endif
