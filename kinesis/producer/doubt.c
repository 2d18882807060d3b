/* An aggregate that landed in another shard than predicted. The KCL drops an aggregate that has any
 * member outside of its shard's range (facts, 8.2): then all of it is sent again. When the shard is
 * not in the map yet, its request is kept until the map is new. */
#include "producer/verdict.h"

#include "base/fail.h"
#include "base/text.h"

static bool covers_all(const struct kinesis__mapped_shard *shard, const struct kinesis__entry *e)
{
    if (e->records.has.count < e->members)
        return false; /* some have their result already, and nobody knows them any more */
    for (const struct kinesis__record *r = e->records.first; r; r = r->next)
        if (kinesis__hash_compare(r->hash, shard->first) < 0 ||
            kinesis__hash_compare(r->hash, shard->last) > 0)
            return false;
    return true;
}

enum kinesis__landing kinesis__landing_of(const struct kinesis__lanes *lanes,
                                          const struct kinesis__entry *e,
                                          struct sigv4_slice shard_id)
{
    struct sigv4_slice lane = sigv4_bytes(e->lane->id, e->lane->id_len);
    if (lane.len == 0 || sigv4__equal(lane, shard_id))
        return KINESIS__AS_PREDICTED;
    if (!e->aggregated)
        return lanes->map && e->lane->known ? KINESIS__ELSEWHERE : KINESIS__AS_PREDICTED;
    size_t shard = kinesis__shard_map_find_id(lanes->map, shard_id);
    if (shard >= kinesis__shard_map_count(lanes->map))
        return KINESIS__NOBODY_KNOWS;
    bool good = covers_all(kinesis__shard_map_at(lanes->map, shard), e);
    return good ? KINESIS__ELSEWHERE : KINESIS__MISPLACED;
}

void kinesis__entry_misplaced(struct kinesis__verdict *v, struct kinesis__entry *e,
                              const struct kinesis_put_outcome *o)
{
    sigv4__fail(&v->p->on_loop.entry_error, SIGV4_E_CONFLICT,
                "aggregated for %s, but written to %.*s, where readers drop it", e->lane->id,
                (int)o->shard_id.len, (const char *)o->shard_id.ptr);
    kinesis__count(&v->p->counters.aggregates_misplaced, 1);
    kinesis__mark(e, KINESIS__ENTRY_FAILED, KINESIS__MAYBE); /* other readers do not drop it */
    kinesis__send_back(v, e, NULL, KINESIS__TO_ITS_PLACE);
}

/* With the new map, or without one. */
static void judge_doubt(struct kinesis__verdict *v, struct kinesis__entry *e,
                        const struct kinesis_put_outcome *o)
{
    if (!e->records.first)
        return;
    switch (kinesis__landing_of(&v->p->on_loop.lanes, e, o->shard_id)) {
    case KINESIS__AS_PREDICTED:
    case KINESIS__ELSEWHERE:
        kinesis__entry_written(v, e, o);
        break;
    case KINESIS__MISPLACED:
    case KINESIS__NOBODY_KNOWS:
        kinesis__entry_misplaced(v, e, o);
        break;
    }
}

void kinesis__judge_doubts(struct kinesis_producer *p, struct kinesis__queue *done)
{
    struct kinesis__batch *b;
    while ((b = p->on_loop.doubts)) {
        struct kinesis__verdict v = {p, b, NULL, done, kinesis__chance(p)};
        p->on_loop.doubts = b->next;
        for (size_t i = 0; i < b->count; i++)
            judge_doubt(&v, &b->entries[i], &b->outcomes[i]);
        kinesis__retire(p, b);
    }
}

void kinesis__drop_doubts(struct kinesis_producer *p)
{
    struct kinesis__batch **at = &p->on_loop.doubts;
    while (*at) {
        struct kinesis__batch *b = *at;
        if (b->live.count) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        kinesis__retire(p, b);
    }
}
