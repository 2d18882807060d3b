/* Parents before children. */
#include "shards/lineage.h"

void kinesis__lineage_init(struct kinesis__lineage *l, const struct sigv4_alloc *alloc)
{
    kinesis__key_table_init(&l->ids, alloc, KINESIS__MAX_SHARDS, KINESIS__MAX_SHARD_ID);
    sigv4__buffer_init(&l->shards, alloc,
                       KINESIS__MAX_SHARDS * sizeof(struct kinesis__lineage_shard));
}

void kinesis__lineage_free(struct kinesis__lineage *l)
{
    kinesis__key_table_free(&l->ids);
    sigv4__buffer_free(&l->shards);
}

static struct kinesis__lineage_shard *shard_at(const struct kinesis__lineage *l, size_t number)
{
    return (struct kinesis__lineage_shard *)(void *)l->shards.ptr + number;
}

const struct kinesis__lineage_shard *kinesis__lineage_at(const struct kinesis__lineage *l,
                                                         size_t number)
{
    return shard_at(l, number);
}

struct sigv4_slice kinesis__lineage_id(const struct kinesis__lineage *l, size_t number)
{
    return kinesis__key_table_at(&l->ids, number);
}

size_t kinesis__lineage_find(const struct kinesis__lineage *l, struct sigv4_slice id)
{
    return kinesis__key_table_find(&l->ids, id);
}

/* The id's number; a new one is NAMED. The shard's place is made first, so that there are never
 * fewer shards than ids. */
static int name_shard(struct kinesis__lineage *l, struct sigv4_slice id, size_t *number)
{
    struct kinesis__lineage_shard fresh;
    size_t known = l->ids.count;
    memset(&fresh, 0, sizeof fresh);
    if (sigv4__buffer_reserve(&l->shards, sizeof fresh)) {
        l->shards.failed = SIGV4_OK;
        return known < KINESIS__MAX_SHARDS ? SIGV4_E_NOMEM : SIGV4_E_TOO_LARGE;
    }
    int status = kinesis__key_table_add(&l->ids, id, number);
    if (!status && l->ids.count > known)
        sigv4__buffer_append(&l->shards, &fresh, sizeof fresh);
    return status;
}

/* Parents are named before their child becomes WAITING: a failure in between leaves it NAMED, and
 * the list is to be read again. */
static int add_shard(struct kinesis__lineage *l, struct sigv4_slice id,
                     const struct sigv4_slice parents[2], struct sigv4_slice first,
                     struct sigv4_slice last)
{
    size_t number, parent;
    struct kinesis__lineage_shard shard;
    int status = name_shard(l, id, &number);
    if (status || shard_at(l, number)->state != KINESIS__SHARD_NAMED)
        return status;
    memset(&shard, 0, sizeof shard);
    shard.state = KINESIS__SHARD_WAITING;
    shard.has_range =
        kinesis__hash_parse(first, &shard.first) && kinesis__hash_parse(last, &shard.last);
    for (size_t i = 0; i < 2; i++) {
        if (parents[i].len == 0)
            continue;
        status = name_shard(l, parents[i], &parent);
        if (status)
            return status;
        shard.parents[shard.parent_count++] = (uint32_t)parent;
    }
    *shard_at(l, number) = shard;
    return SIGV4_OK;
}

int kinesis__lineage_add(struct kinesis__lineage *l, const struct kinesis_shard *shard)
{
    struct sigv4_slice parents[2] = {shard->parent_shard_id, shard->adjacent_parent_shard_id};
    return add_shard(l, shard->shard_id, parents, shard->starting_hash_key, shard->ending_hash_key);
}

int kinesis__lineage_add_child(struct kinesis__lineage *l, const struct kinesis_child_shard *child)
{
    return add_shard(l, child->shard_id, child->parents, child->starting_hash_key,
                     child->ending_hash_key);
}

static bool may_start(const struct kinesis__lineage *l, const struct kinesis__lineage_shard *shard)
{
    for (uint32_t i = 0; i < shard->parent_count; i++) {
        enum kinesis__shard_state state = shard_at(l, shard->parents[i])->state;
        if (state != KINESIS__SHARD_NAMED && state != KINESIS__SHARD_ENDED)
            return false;
    }
    return true;
}

size_t kinesis__lineage_settle(struct kinesis__lineage *l)
{
    size_t ready = 0;
    for (size_t i = 0; i < l->ids.count; i++) {
        struct kinesis__lineage_shard *shard = shard_at(l, i);
        if (shard->state == KINESIS__SHARD_WAITING && may_start(l, shard)) {
            shard->state = KINESIS__SHARD_READY;
            ready++;
        }
    }
    return ready;
}

size_t kinesis__lineage_start_next(struct kinesis__lineage *l)
{
    for (size_t i = 0; i < l->ids.count; i++) {
        if (shard_at(l, i)->state == KINESIS__SHARD_READY) {
            shard_at(l, i)->state = KINESIS__SHARD_STARTED;
            return i;
        }
    }
    return l->ids.count;
}

void kinesis__lineage_end(struct kinesis__lineage *l, size_t number)
{
    shard_at(l, number)->state = KINESIS__SHARD_ENDED;
}
