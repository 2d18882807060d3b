/* What happens by time: deadlines, lingering, second attempts, paced shards. One timer for all. */
#include "producer/producer.h"

/* ---- giving up ---- */

static void cancel(struct kinesis__batch *b)
{
    if (!b->canceled)
        sigv4_call_cancel(b->call);
    b->canceled = true;
}

/* Those under way are judged when their request ended, which is now. */
void kinesis__give_up(struct kinesis_producer *p, uint64_t upto)
{
    struct kinesis__record *r = p->on_loop.oldest;
    if (upto > p->on_loop.abandon_upto)
        p->on_loop.abandon_upto = upto;
    for (; r && r->number <= upto; r = r->younger) {
        struct kinesis__batch *b = r->flags & KINESIS__UNDER_WAY ? kinesis__batch_of(r) : NULL;
        if (!b || !b->call) /* answered, and only in doubt */
            kinesis__tell_later(p, r);
        else
            cancel(b);
    }
}

/* A record under way whose time is over gets its result too; its request goes on for the others,
 * and ends by its own time-out when the last one's time is over. */
static void expire(struct kinesis_producer *p)
{
    struct kinesis__record *r = p->on_loop.oldest;
    for (; r && r->put_ms + p->limits.deadline_ms <= p->on_loop.now_ms; r = r->younger)
        kinesis__tell_later(p, r);
}

void kinesis__on_timer(void *producer)
{
    struct kinesis_producer *p = producer;
    p->on_loop.timer_ms = INT64_MAX;
    p->on_loop.now_ms = kinesis__now(p);
    if (p->on_loop.finish_ms <= p->on_loop.now_ms) {
        p->on_loop.finish_ms = INT64_MAX;
        atomic_store(&p->cut_short, p->on_loop.oldest != NULL);
        kinesis__give_up(p, UINT64_MAX);
    }
    expire(p);
    if (p->on_loop.sizes.wanted)
        kinesis__ask_sizes(p);
    if (p->on_loop.shards.wanted)
        kinesis__ask_shards(p);
    kinesis__dispatch(p);
}

/* ---- the next time ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_request(struct kinesis_producer *p)
{
    int64_t when = INT64_MAX;
    uint32_t allowed = kinesis__requests_allowed(p);
    if (!kinesis__lanes_first(&p->on_loop.lanes))
        return INT64_MAX;
    if (allowed == 0)
        return kinesis__is_waiting_for_shards(p) ? INT64_MAX : p->on_loop.again.quiet_until_ms;
    if (allowed > p->on_loop.in_flight)
        (void)kinesis__batch_due(&p->on_loop.lanes, &p->limits, p->on_loop.now_ms, &when);
    return when; /* when all are under way, one of them ends first */
}

static int64_t next_question(const struct kinesis__question *q)
{
    return q->wanted && !q->answered && !q->call ? q->again_ms : INT64_MAX;
}

static int64_t next_event(struct kinesis_producer *p)
{
    const struct kinesis__record *oldest = p->on_loop.oldest;
    int64_t when = p->on_loop.finish_ms;
    while (oldest && oldest->home == &p->on_loop.told)
        oldest = oldest->younger;
    if (oldest)
        when = sooner(when, oldest->put_ms + p->limits.deadline_ms);
    when = sooner(when, next_request(p));
    when = sooner(when, kinesis__again_due(&p->on_loop.again));
    when = sooner(when, p->on_loop.lanes.wake_ms);
    when = sooner(when, next_question(&p->on_loop.sizes));
    return sooner(when, next_question(&p->on_loop.shards));
}

void kinesis__arm(struct kinesis_producer *p)
{
    int64_t when = next_event(p);
    /* Firing too early does no harm, and setting a timer costs something. */
    if (when >= p->on_loop.timer_ms || (p->on_loop.freed && !p->on_loop.oldest))
        return;
    p->on_loop.timer_ms = when;
    int64_t after = when - p->on_loop.now_ms;
    sigv4_timer_set(p->on_loop.timer, after > 0 ? after : 0);
}
