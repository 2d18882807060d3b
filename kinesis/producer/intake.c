/* On the loop: what arrived is taken over, and each record goes through its gate into its lane. */
#include "producer/producer.h"
#include "wire/put_item.h"

/* ---- placing ---- */

/* Short, and spread evenly by the service's hash. */
static void make_up_key(struct kinesis_producer *p, struct kinesis__record *r)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint32_t n = p->on_loop.next_key++;
    char *key = r->texts; /* nothing else is there: an explicit hash key would be short, too */
    memmove(key + 4, kinesis__record_texts(r), r->hash_key_len);
    for (int i = 0; i < 4; i++, n /= 36)
        key[i] = digits[n % 36];
    r->key_len = 4;
}

/* Of larger records than every stream takes: true when this one must wait, or cannot be sent. */
static bool hold_for_size(struct kinesis_producer *p, struct kinesis__record *r)
{
    if (kinesis__record_size(r) <= KINESIS__RECORD_DEFAULT_BYTES)
        return false;
    if (!p->on_loop.sizes.answered) {
        kinesis__queue_push(&p->on_loop.unsized, r);
        kinesis__ask_sizes(p);
        return true;
    }
    if (p->on_loop.max_record == 0)
        r->flags |= KINESIS__ALONE; /* not known: if it is refused, no other record shall be */
    if (p->on_loop.max_record == 0 || kinesis__record_size(r) <= p->on_loop.max_record)
        return false;
    r->trouble = KINESIS__OVERSIZE;
    kinesis__tell_later(p, r);
    return true;
}

/* To be aggregated, and to go anywhere: to the shard whose turn it is, until it got enough for one
 * aggregate. */
static void choose_hash(struct kinesis_producer *p, struct kinesis__record *r)
{
    const struct kinesis__shard_map *map = p->on_loop.lanes.map;
    p->on_loop.spread.bytes += kinesis__record_size(r);
    if (p->on_loop.spread.bytes > p->limits.aggregate_bytes) {
        p->on_loop.spread.shard++;
        p->on_loop.spread.bytes = kinesis__record_size(r);
    }
    if (p->on_loop.spread.shard >= kinesis__shard_map_count(map))
        p->on_loop.spread.shard = 0;
    r->hash = kinesis__shard_map_at(map, p->on_loop.spread.shard)->first;
    r->flags |= KINESIS__HASHED | KINESIS__HASH_GIVEN;
}

static void find_hash(struct kinesis_producer *p, struct kinesis__record *r)
{
    bool anywhere = (r->flags & KINESIS__SPREAD) && !r->hash_key_len;
    if (p->on_loop.aggregate && anywhere && !(r->flags & KINESIS__HASHED))
        choose_hash(p, r);
    else
        (void)kinesis__hasher_find(&p->on_loop.hasher, r); /* without it: anywhere */
}

void kinesis__place(struct kinesis_producer *p, struct kinesis__record *r)
{
    struct kinesis__lanes *lanes = &p->on_loop.lanes;
    if (p->on_loop.over.status || r->number <= p->on_loop.abandon_upto) {
        kinesis__tell_later(p, r);
        return;
    }
    if (hold_for_size(p, r))
        return;
    if (kinesis__is_waiting_for_shards(p)) {
        kinesis__queue_push(&p->on_loop.unplaced, r);
        return;
    }
    if (lanes->map)
        find_hash(p, r);
    if (r->attempts)
        kinesis__lanes_return(lanes, kinesis__lanes_of(lanes, r), r);
    else
        kinesis__lanes_add(lanes, kinesis__lanes_of(lanes, r), r);
}

void kinesis__place_all(struct kinesis_producer *p, struct kinesis__queue *from)
{
    struct kinesis__record *r;
    while ((r = kinesis__queue_pop(from)))
        kinesis__place(p, r);
}

void kinesis__leave_gate(struct kinesis_producer *p, struct kinesis__record *r)
{
    struct kinesis__record *next = kinesis__gates_leave(&p->on_loop.gates, r->gate);
    r->gate = KINESIS__NO_GATE;
    if (next)
        kinesis__queue_push(&p->on_loop.released, next); /* placed by whoever goes over many */
}

/* ---- taking over ---- */

static void age(struct kinesis_producer *p, struct kinesis__record *r)
{
    r->older = p->on_loop.youngest;
    r->younger = NULL;
    if (r->older)
        r->older->younger = r;
    else
        p->on_loop.oldest = r;
    p->on_loop.youngest = r;
    p->on_loop.last_number = r->number;
}

static void enter(struct kinesis_producer *p, struct kinesis__record *r)
{
    age(p, r);
    if (r->key_len == 0)
        make_up_key(p, r);
    if (kinesis__gates_enter(&p->on_loop.gates, r))
        kinesis__place(p, r);
}

void kinesis__take_in(struct sigv4_job *knock_job)
{
    struct kinesis_producer *p =
        (struct kinesis_producer *)((char *)knock_job -
                                    offsetof(struct kinesis_producer, knock_job));
    struct kinesis__record *r, *next;
    pthread_mutex_lock(&p->mutex);
    r = p->locked.arrived.first;
    memset(&p->locked.arrived, 0, sizeof p->locked.arrived);
    p->locked.knocked = false;
    p->on_loop.push_upto = p->locked.push_upto;
    p->on_loop.finish_ms = p->locked.finish_ms;
    p->on_loop.closing = p->locked.refusing;
    p->on_loop.freed = p->locked.freed;
    uint64_t abandon_upto = p->locked.abandon_upto;
    pthread_mutex_unlock(&p->mutex);
    for (; r; r = next) {
        next = r->next;
        r->next = r->prev = NULL;
        r->home = NULL;
        enter(p, r);
    }
    if (p->on_loop.aggregate && p->on_loop.oldest)
        kinesis__ask_shards(p);
    if (abandon_upto > p->on_loop.abandon_upto)
        kinesis__give_up(p, abandon_upto);
    kinesis__dispatch(p);
    if (p->on_loop.closing)
        kinesis__notify(p); /* this may have been the end already */
}
