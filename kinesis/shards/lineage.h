#ifndef KINESIS_SHARDS_LINEAGE_H
#define KINESIS_SHARDS_LINEAGE_H
/* Which shards may be read now: a shard waits until every parent has been read to its end, so that
 * the records of one key stay in order across splits and merges. Parents that are only named, never
 * listed, have expired (or were not asked for) and hold nobody up. */
#include "shards/hash_key.h"
#include "wire/key_table.h"

#include <kinesis/calls.h>

enum kinesis__shard_state {
    KINESIS__SHARD_NAMED,   /* as a parent, no more is known */
    KINESIS__SHARD_WAITING, /* for its parents */
    KINESIS__SHARD_READY,
    KINESIS__SHARD_STARTED,
    KINESIS__SHARD_ENDED
};
struct kinesis__lineage_shard {
    enum kinesis__shard_state state;
    bool has_range; /* first and last are known */
    struct kinesis__hash first, last;
    uint32_t parents[2], parent_count; /* numbers */
};

/* Shards are numbered as they become known, from 0 to ids.count - 1. */
struct kinesis__lineage {
    struct kinesis__key_table ids;
    struct sigv4__buffer shards; /* struct kinesis__lineage_shard each */
};

void kinesis__lineage_init(struct kinesis__lineage *l, const struct sigv4_alloc *alloc);
void kinesis__lineage_free(struct kinesis__lineage *l);

/* One of ListShards, or a child named at the end of a shard; one that is known already stays as it
 * is. When the list is complete, settle. NOMEM, TOO_LARGE. */
int kinesis__lineage_add(struct kinesis__lineage *l, const struct kinesis_shard *shard);
int kinesis__lineage_add_child(struct kinesis__lineage *l, const struct kinesis_child_shard *child);
/* WAITING shards whose parents allow it become READY. Returns how many did. */
size_t kinesis__lineage_settle(struct kinesis__lineage *l);
/* The first READY shard in order of numbers, now STARTED; ids.count when there is none. */
size_t kinesis__lineage_start_next(struct kinesis__lineage *l);
/* Read to the end, now or in an earlier life; children become READY by the next settle. */
void kinesis__lineage_end(struct kinesis__lineage *l, size_t number);

const struct kinesis__lineage_shard *kinesis__lineage_at(const struct kinesis__lineage *l,
                                                         size_t number);
struct sigv4_slice kinesis__lineage_id(const struct kinesis__lineage *l, size_t number);
/* ids.count when it is not known. */
size_t kinesis__lineage_find(const struct kinesis__lineage *l, struct sigv4_slice id);
#endif
