/* Lanes: found by hash or by name, standing in a row by their state. */
#include "producer/lane.h"

#include "base/memory.h"
#include "base/text.h"

void kinesis__lanes_init(struct kinesis__lanes *l, const struct sigv4_alloc *alloc)
{
    memset(l, 0, sizeof *l);
    l->alloc = *alloc;
    l->wake_ms = INT64_MAX;
}

static void forget_map(struct kinesis__lanes *l)
{
    if (l->map)
        sigv4__alloc_put(&l->alloc, l->by_shard,
                         kinesis__shard_map_count(l->map) * sizeof(struct kinesis__lane *));
    kinesis__shard_map_free(l->map);
    l->map = NULL;
    l->by_shard = NULL;
}

void kinesis__lanes_free(struct kinesis__lanes *l)
{
    forget_map(l);
    while (l->all) {
        struct kinesis__lane *lane = l->all;
        l->all = lane->next_lane;
        sigv4__alloc_put(&l->alloc, lane, sizeof *lane);
    }
}

/* ---- finding ---- */

static struct sigv4_slice id_of(const struct kinesis__lane *lane)
{
    return sigv4_bytes(lane->id, lane->id_len);
}

static struct kinesis__lane *find_named(const struct kinesis__lanes *l, struct sigv4_slice id)
{
    struct kinesis__lane *lane = l->all;
    while (lane && !sigv4__equal(id_of(lane), id))
        lane = lane->next_lane;
    return lane;
}

static struct kinesis__lane *add_lane(struct kinesis__lanes *l, struct sigv4_slice id)
{
    struct kinesis__lane *lane;
    if (id.len == 0 || id.len >= sizeof lane->id)
        return NULL;
    lane = sigv4__alloc_zero(&l->alloc, 1, sizeof *lane);
    if (!lane)
        return NULL;
    memcpy(lane->id, id.ptr, id.len);
    lane->id_len = (uint8_t)id.len;
    lane->known = true;
    lane->next_lane = l->all;
    l->all = lane;
    return lane;
}

static struct kinesis__lane *lane_of_shard(struct kinesis__lanes *l, size_t shard)
{
    if (!l->by_shard[shard]) {
        l->by_shard[shard] = add_lane(l, kinesis__shard_map_at(l->map, shard)->shard_id);
        if (l->by_shard[shard])
            l->by_shard[shard]->shard = shard;
    }
    return l->by_shard[shard];
}

struct kinesis__lane *kinesis__lanes_of(struct kinesis__lanes *l, const struct kinesis__record *r)
{
    struct kinesis__lane *lane = NULL;
    if (l->map && (r->flags & KINESIS__HASHED)) {
        size_t shard = kinesis__shard_map_find(l->map, r->hash);
        lane = shard < kinesis__shard_map_count(l->map) ? lane_of_shard(l, shard) : NULL;
    }
    return lane ? lane : &l->anywhere;
}

struct kinesis__lane *kinesis__lanes_named(struct kinesis__lanes *l, struct sigv4_slice shard_id)
{
    if (l->map) {
        size_t shard = kinesis__shard_map_find_id(l->map, shard_id);
        return shard < kinesis__shard_map_count(l->map) ? lane_of_shard(l, shard) : NULL;
    }
    struct kinesis__lane *lane = find_named(l, shard_id);
    return lane ? lane : add_lane(l, shard_id);
}

/* ---- rows ---- */

static struct kinesis__lane_row *row_of(struct kinesis__lanes *l, enum kinesis__lane_state state)
{
    return state == KINESIS__LANE_READY   ? &l->ready
           : state == KINESIS__LANE_PACED ? &l->paced
                                          : NULL;
}

static void leave_row(struct kinesis__lanes *l, struct kinesis__lane *lane)
{
    struct kinesis__lane_row *row = row_of(l, lane->state);
    if (!row)
        return;
    if (lane->prev)
        lane->prev->next = lane->next;
    else
        row->first = lane->next;
    if (lane->next)
        lane->next->prev = lane->prev;
    else
        row->last = lane->prev;
    lane->next = lane->prev = NULL;
}

static void set_state(struct kinesis__lanes *l, struct kinesis__lane *lane,
                      enum kinesis__lane_state state, bool at_front)
{
    leave_row(l, lane);
    lane->state = state;
    kinesis__queue_count_in(&lane->waiting, state == KINESIS__LANE_READY ? &l->sendable : NULL);
    struct kinesis__lane_row *row = row_of(l, state);
    if (!row)
        return;
    lane->prev = at_front ? NULL : row->last;
    lane->next = at_front ? row->first : NULL;
    if (lane->prev)
        lane->prev->next = lane;
    else
        row->first = lane;
    if (lane->next)
        lane->next->prev = lane;
    else
        row->last = lane;
}

/* ---- waiting ---- */

void kinesis__lanes_add(struct kinesis__lanes *l, struct kinesis__lane *lane,
                        struct kinesis__record *r)
{
    const struct kinesis__record *last = lane->waiting.last;
    if (!last || last->number < r->number)
        kinesis__queue_push(&lane->waiting, r);
    else
        kinesis__queue_insert(&lane->waiting, r);
    if (lane->state == KINESIS__LANE_IDLE)
        set_state(l, lane, KINESIS__LANE_READY, false);
}

void kinesis__lanes_return(struct kinesis__lanes *l, struct kinesis__lane *lane,
                           struct kinesis__record *r)
{
    kinesis__queue_insert(&lane->waiting, r);
    if (lane->state == KINESIS__LANE_IDLE)
        set_state(l, lane, KINESIS__LANE_READY, true);
}

struct kinesis__lane *kinesis__lanes_first(struct kinesis__lanes *l)
{
    while (l->ready.first && !l->ready.first->waiting.first)
        set_state(l, l->ready.first, KINESIS__LANE_IDLE, false);
    return l->ready.first;
}

void kinesis__lanes_rotate(struct kinesis__lanes *l, struct kinesis__lane *lane)
{
    if (lane->state == KINESIS__LANE_READY && lane->next)
        set_state(l, lane, KINESIS__LANE_READY, false);
}

void kinesis__lanes_pause(struct kinesis__lanes *l, struct kinesis__lane *lane, int64_t until_ms)
{
    lane->wake_ms = until_ms;
    if (until_ms < l->wake_ms)
        l->wake_ms = until_ms;
    set_state(l, lane, KINESIS__LANE_PACED, false);
}

void kinesis__lanes_wake(struct kinesis__lanes *l, int64_t now_ms)
{
    struct kinesis__lane *next;
    if (now_ms < l->wake_ms)
        return;
    l->wake_ms = INT64_MAX;
    for (struct kinesis__lane *lane = l->paced.first; lane; lane = next) {
        next = lane->next;
        if (lane->wake_ms <= now_ms)
            set_state(l, lane, KINESIS__LANE_READY, true);
        else if (lane->wake_ms < l->wake_ms)
            l->wake_ms = lane->wake_ms;
    }
}

size_t kinesis__lanes_paced(const struct kinesis__lanes *l)
{
    size_t n = 0;
    for (const struct kinesis__lane *lane = l->all; lane; lane = lane->next_lane)
        n += lane->pace.limited;
    return n;
}

/* ---- a new map ---- */

static void move_out(struct kinesis__lanes *l, struct kinesis__lane *lane,
                     struct kinesis__queue *homeless)
{
    struct kinesis__record *r;
    while ((r = kinesis__queue_pop(&lane->waiting)))
        kinesis__queue_push(homeless, r);
    lane->known = false;
    set_state(l, lane, KINESIS__LANE_IDLE, false);
}

/* Lanes nobody can get to any more, unless requests under way still point to them. */
static void sweep(struct kinesis__lanes *l)
{
    for (struct kinesis__lane **at = &l->all; *at;) {
        struct kinesis__lane *lane = *at;
        if (lane->known || lane->under_way) {
            at = &lane->next_lane;
            continue;
        }
        *at = lane->next_lane;
        sigv4__alloc_put(&l->alloc, lane, sizeof *lane);
    }
}

void kinesis__lanes_set_map(struct kinesis__lanes *l, struct kinesis__shard_map *map,
                            struct kinesis__queue *homeless)
{
    size_t count = map ? kinesis__shard_map_count(map) : 0;
    struct kinesis__lane **by_shard =
        count ? sigv4__alloc_zero(&l->alloc, count, sizeof *by_shard) : NULL;
    if (map && !by_shard) {
        kinesis__shard_map_free(map); /* no memory: the old one, or none, must do */
        return;
    }
    move_out(l, &l->anywhere, homeless);
    for (struct kinesis__lane *lane = l->all; lane; lane = lane->next_lane)
        move_out(l, lane, homeless);
    forget_map(l);
    l->map = map;
    l->by_shard = by_shard;
    /* A shard that is still there keeps its pace. */
    for (struct kinesis__lane *lane = l->all; map && lane; lane = lane->next_lane) {
        lane->shard = kinesis__shard_map_find_id(map, id_of(lane));
        lane->known = lane->shard < count;
        if (lane->known)
            by_shard[lane->shard] = lane;
    }
    sweep(l);
}
