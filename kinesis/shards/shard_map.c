/* The shard map: ranges in order, ids by hash. */
#include "shards/shard_map.h"

#include "base/fail.h"
#include "base/memory.h"
#include "wire/key_table.h"

#include <stdlib.h>

/* While building, ids are numbered as they come; finish numbers them anew in the order of ranges,
 * and only then do the shards' views hold. */
struct kinesis__shard_map {
    struct sigv4_alloc alloc;
    struct kinesis__key_table ids;
    struct sigv4__buffer shards; /* struct mapped each */
};
struct mapped {
    struct kinesis__mapped_shard shard;
    size_t id; /* its first number */
};

static struct mapped *mapped_at(const struct kinesis__shard_map *map, size_t i)
{
    return (struct mapped *)(void *)map->shards.ptr + i;
}

size_t kinesis__shard_map_count(const struct kinesis__shard_map *map)
{
    return map ? map->shards.len / sizeof(struct mapped) : 0;
}

int kinesis__shard_map_new(struct kinesis__shard_map **out, const struct sigv4_alloc *alloc)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct kinesis__shard_map *map = sigv4__alloc_zero(&hooks, 1, sizeof *map);
    if (!map)
        return SIGV4_E_NOMEM;
    map->alloc = hooks;
    kinesis__key_table_init(&map->ids, &hooks, KINESIS__MAX_SHARDS, KINESIS__MAX_SHARD_ID);
    sigv4__buffer_init(&map->shards, &hooks, KINESIS__MAX_SHARDS * sizeof(struct mapped));
    *out = map;
    return SIGV4_OK;
}

void kinesis__shard_map_free(struct kinesis__shard_map *map)
{
    if (!map)
        return;
    struct sigv4_alloc alloc = map->alloc;
    kinesis__key_table_free(&map->ids);
    sigv4__buffer_free(&map->shards);
    sigv4__alloc_put(&alloc, map, sizeof *map);
}

int kinesis__shard_map_add(struct kinesis__shard_map *map, const struct kinesis_shard *shard,
                           struct sigv4_error *err)
{
    struct mapped m;
    size_t count = map->ids.count;
    memset(&m, 0, sizeof m);
    if (shard->ending_sequence_number.len)
        return SIGV4_OK;
    if (!kinesis__hash_parse(shard->starting_hash_key, &m.shard.first) ||
        !kinesis__hash_parse(shard->ending_hash_key, &m.shard.last) ||
        kinesis__hash_compare(m.shard.first, m.shard.last) > 0)
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "shard %.*s has no valid range of hash keys",
                           (int)shard->shard_id.len, (const char *)shard->shard_id.ptr);
    int status = kinesis__key_table_add(&map->ids, shard->shard_id, &m.id);
    if (!status && map->ids.count == count)
        return SIGV4_OK; /* listed twice */
    if (!status) {
        sigv4__buffer_append(&map->shards, &m, sizeof m);
        status = map->shards.failed;
    }
    return status ? sigv4__fail(err, status, "the list of shards: %s", sigv4_status_text(status))
                  : SIGV4_OK;
}

static int by_range(const void *a, const void *b)
{
    const struct mapped *x = a, *y = b;
    return kinesis__hash_compare(x->shard.first, y->shard.first);
}

/* Numbers the ids in the order of the shards, and lets the shards point to them. */
static int renumber(struct kinesis__shard_map *map)
{
    size_t count = kinesis__shard_map_count(map), number;
    struct kinesis__key_table ids;
    int status = SIGV4_OK;
    kinesis__key_table_init(&ids, &map->alloc, KINESIS__MAX_SHARDS, KINESIS__MAX_SHARD_ID);
    for (size_t i = 0; i < count && !status; i++) {
        struct sigv4_slice id = kinesis__key_table_at(&map->ids, mapped_at(map, i)->id);
        status = kinesis__key_table_add(&ids, id, &number);
    }
    if (status) {
        kinesis__key_table_free(&ids);
        return status;
    }
    kinesis__key_table_free(&map->ids);
    map->ids = ids;
    for (size_t i = 0; i < count; i++)
        mapped_at(map, i)->shard.shard_id = kinesis__key_table_at(&map->ids, i);
    return SIGV4_OK;
}

int kinesis__shard_map_finish(struct kinesis__shard_map *map, struct sigv4_error *err)
{
    size_t count = kinesis__shard_map_count(map);
    if (count)
        qsort(map->shards.ptr, count, sizeof(struct mapped), by_range);
    if (renumber(map))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory for the list of shards");
    for (size_t i = 1; i < count; i++) {
        const struct kinesis__mapped_shard *a = &mapped_at(map, i - 1)->shard;
        const struct kinesis__mapped_shard *b = &mapped_at(map, i)->shard;
        if (kinesis__hash_compare(a->last, b->first) >= 0)
            return sigv4__fail(err, SIGV4_E_CONFLICT,
                               "the open shards %.*s and %.*s overlap: the list changed meanwhile",
                               (int)a->shard_id.len, (const char *)a->shard_id.ptr,
                               (int)b->shard_id.len, (const char *)b->shard_id.ptr);
    }
    return SIGV4_OK;
}

const struct kinesis__mapped_shard *kinesis__shard_map_at(const struct kinesis__shard_map *map,
                                                          size_t i)
{
    return &mapped_at(map, i)->shard;
}

size_t kinesis__shard_map_find(const struct kinesis__shard_map *map, struct kinesis__hash hash)
{
    size_t count = kinesis__shard_map_count(map), low = 0, high = count;
    while (low < high) { /* the first shard that does not end below hash */
        size_t middle = low + (high - low) / 2;
        if (kinesis__hash_compare(mapped_at(map, middle)->shard.last, hash) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || kinesis__hash_compare(mapped_at(map, low)->shard.first, hash) > 0)
        return count;
    return low;
}

size_t kinesis__shard_map_find_id(const struct kinesis__shard_map *map, struct sigv4_slice id)
{
    return map ? kinesis__key_table_find(&map->ids, id) : 0;
}
