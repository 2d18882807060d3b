#ifndef KINESIS_WIRE_KEY_TABLE_H
#define KINESIS_WIRE_KEY_TABLE_H
/* Short texts by number: the first added is 0, the next 1. Looking one up takes the same time
 * however many there are. Shard ids, and the key tables of aggregates. */
#include "base/buffer.h"

struct kinesis__key_table {
    size_t count, max_count, max_length;
    struct sigv4__buffer text;  /* one after the other */
    struct sigv4__buffer ends;  /* uint32_t each: where in text a key ends */
    struct sigv4__buffer slots; /* uint32_t each: number + 1, or 0; a power of two of them */
};

/* At most max_count keys of at most max_length bytes, together below 4 GiB. */
void kinesis__key_table_init(struct kinesis__key_table *t, const struct sigv4_alloc *alloc,
                             size_t max_count, size_t max_length);
void kinesis__key_table_free(struct kinesis__key_table *t);
void kinesis__key_table_clear(struct kinesis__key_table *t); /* keeps the memory */
/* The key's number, new or known. NOMEM; TOO_LARGE: too many, or too long. */
int kinesis__key_table_add(struct kinesis__key_table *t, struct sigv4_slice key, size_t *number);
/* The same for a key that is certainly new; its number is what count was. */
int kinesis__key_table_append(struct kinesis__key_table *t, struct sigv4_slice key);
/* Its number, or count when it is not there. */
size_t kinesis__key_table_find(const struct kinesis__key_table *t, struct sigv4_slice key);
/* Keys that were chosen to collide only make it slow. */
uint64_t kinesis__key_hash(struct sigv4_slice key);
/* Valid until the next add. */
struct sigv4_slice kinesis__key_table_at(const struct kinesis__key_table *t, size_t number);
#endif
