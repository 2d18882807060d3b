#ifndef KINESIS_SHARDS_SHARD_MAP_H
#define KINESIS_SHARDS_SHARD_MAP_H
/* Which open shard takes which hash: built from the pages of ListShards, then never changed. */
#include "shards/hash_key.h"

#include <kinesis/calls.h>

struct kinesis__shard_map;
struct kinesis__mapped_shard {
    struct sigv4_slice shard_id;
    struct kinesis__hash first, last; /* both belong to it */
};

/* Building. add: PROTOCOL (a range that is none), TOO_LARGE (more shards than there can be), NOMEM;
 * closed shards are left out. finish: CONFLICT when two shards overlap, which happens when shards
 * were split or merged between two pages: list again. After a failure only free is allowed. */
int kinesis__shard_map_new(struct kinesis__shard_map **out, const struct sigv4_alloc *alloc);
int kinesis__shard_map_add(struct kinesis__shard_map *map, const struct kinesis_shard *shard,
                           struct sigv4_error *err);
int kinesis__shard_map_finish(struct kinesis__shard_map *map, struct sigv4_error *err);
void kinesis__shard_map_free(struct kinesis__shard_map *map); /* NULL is fine */

/* Sorted by range. NULL counts as an empty map; what is not found has the number count. A hash that
 * no shard takes (a hole, seen during a reshard) is not found. */
size_t kinesis__shard_map_count(const struct kinesis__shard_map *map);
const struct kinesis__mapped_shard *kinesis__shard_map_at(const struct kinesis__shard_map *map,
                                                          size_t i);
size_t kinesis__shard_map_find(const struct kinesis__shard_map *map, struct kinesis__hash hash);
size_t kinesis__shard_map_find_id(const struct kinesis__shard_map *map, struct sigv4_slice id);
#endif
