#ifndef KINESIS_SHARDS_ID_TABLE_H
#define KINESIS_SHARDS_ID_TABLE_H
/* Shard ids by number: the first added is 0, the next 1. Looking one up takes the same time however
 * many there are. */
#include "base/buffer.h"

enum { KINESIS__MAX_SHARDS = 100000, KINESIS__MAX_SHARD_ID = 128 };

struct kinesis__id_table {
    size_t count;
    struct sigv4__buffer text;  /* one after the other */
    struct sigv4__buffer ends;  /* uint32_t each: where in text an id ends */
    struct sigv4__buffer slots; /* uint32_t each: number + 1, or 0; a power of two of them */
};

void kinesis__id_table_init(struct kinesis__id_table *t, const struct sigv4_alloc *alloc);
void kinesis__id_table_free(struct kinesis__id_table *t);
/* The id's number, new or known. NOMEM; TOO_LARGE: too many, too long, or empty. */
int kinesis__id_table_add(struct kinesis__id_table *t, struct sigv4_slice id, size_t *number);
/* Its number, or count when it is not there. */
size_t kinesis__id_table_find(const struct kinesis__id_table *t, struct sigv4_slice id);
/* Valid until the next add. */
struct sigv4_slice kinesis__id_table_at(const struct kinesis__id_table *t, size_t number);
#endif
