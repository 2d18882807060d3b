/* What becomes of a page: its records go to the callback, or to whom pulls; then the next step. */
#include "base/fail.h"
#include "base/text.h"
#include "consumer/consumer.h"
#include "consumer/feed.h"

static void end_shard(struct kinesis__reader *r)
{
    struct kinesis__page *page = r->page;
    r->page = NULL;
    r->state = KINESIS__ENDED;
    if (r->subscription)
        kinesis__subscription_cancel(r->subscription);
    kinesis__consumer_tell(r, KINESIS_SHARD_ENDED, NULL);
    kinesis__roster_ended(r, page->answer.children, page->answer.child_count);
    kinesis__page_release(page);
}

static bool is_late(const struct kinesis__reader *r, const struct kinesis_record *record)
{
    int64_t until = r->consumer->options.until_unix_ms;
    return until && record->arrived_unix_ms != INT64_MIN && record->arrived_unix_ms > until;
}

/* Nothing more of it is wanted. */
static void rest(struct kinesis__reader *r)
{
    kinesis__reader_drop_page(r);
    r->state = KINESIS__WAITING;
    if (r->subscription)
        kinesis__subscription_cancel(r->subscription);
    kinesis__roster_rests(r);
}

static bool has_enough(const struct kinesis__reader *r)
{
    const struct kinesis_consumer_options *o = &r->consumer->options;
    return r->at_tip && ((o->flags & KINESIS_STOP_AT_TIP) ||
                         (o->until_unix_ms && r->fetched_unix_ms > o->until_unix_ms));
}

static void page_over(struct kinesis__reader *r)
{
    if (r->over) {
        end_shard(r);
    } else if (has_enough(r)) {
        rest(r);
    } else if (r->consumer->consumer_arn) {
        kinesis__feed_page_over(r);
    } else {
        kinesis__reader_drop_page(r);
        kinesis__reader_wait_until(r, r->earliest_ms);
    }
}

static enum kinesis_next deliver_one(struct kinesis__reader *r)
{
    const struct kinesis_consumer_options *o = &r->consumer->options;
    const struct kinesis__page_record *record = &r->page->records[r->delivered++];
    enum kinesis_next next = o->on_record(o->ctx, &record->record);
    r->last = record;
    return next;
}

/* What was delivered of this page ends here: remember where. */
void kinesis__delivery_mark(struct kinesis__reader *r)
{
    if (r->last) {
        sigv4__fixed_copy(r->last_sequence, sizeof r->last_sequence,
                          r->last->record.sequence_number);
        r->within = r->last->more;
        r->last_sub = r->last->record.sub_sequence_number;
        r->continuation[0] = '\0';
    }
    r->last = NULL;
}

/* The part of an aggregate that an earlier life took. */
static void skip_taken(struct kinesis__reader *r)
{
    while (r->within && r->delivered < r->page->count) {
        const struct kinesis_record *record = &r->page->records[r->delivered].record;
        if (!(record->flags & KINESIS_AGGREGATED) || record->sub_sequence_number > r->last_sub ||
            !sigv4__equal_str(record->sequence_number, r->last_sequence))
            return;
        r->delivered++;
    }
}

/* Where there is much of it, a paused shard does not keep what it has: that is fetched again. */
static void pause_shard(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    r->state = KINESIS__PAUSED;
    if (kinesis__shelf_bytes(c->shelf) <= c->max_bytes / 2)
        return;
    r->iterator[0] = '\0';
    if (r->subscription)
        kinesis__subscription_cancel(r->subscription);
    kinesis__reader_drop_page(r);
}

/* What of the page may be delivered ends here; *late: what follows came too late. */
static size_t limit_of(const struct kinesis__reader *r, bool *late)
{
    size_t i = r->delivered;
    if (!r->consumer->options.until_unix_ms)
        i = r->page->count;
    while (i < r->page->count && !is_late(r, &r->page->records[i].record))
        i++;
    *late = i < r->page->count;
    return i;
}

void kinesis__delivery_over(struct kinesis__reader *r, bool late)
{
    if (late)
        rest(r);
    else
        page_over(r);
}

static void push(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    enum kinesis_next next = KINESIS_GO_ON;
    bool late;
    size_t limit = limit_of(r, &late);
    while (next == KINESIS_GO_ON && r->delivered < limit &&
           !atomic_load_explicit(&c->stop_asked, memory_order_relaxed))
        next = deliver_one(r);
    kinesis__delivery_mark(r);
    if (next == KINESIS_STOP)
        kinesis__consumer_stop(c);
    if (c->stopping || atomic_load(&c->stop_asked)) {
        kinesis__reader_drop_page(r);
        r->state = KINESIS__WAITING;
    } else if (next == KINESIS_PAUSE_SHARD) {
        pause_shard(r);
    } else {
        kinesis__delivery_over(r, late);
    }
}

static void offer(struct kinesis__reader *r)
{
    bool late;
    size_t limit = limit_of(r, &late);
    if (r->consumer->stopping) {
        kinesis__reader_drop_page(r);
        r->state = KINESIS__WAITING;
    } else if (r->delivered == limit) {
        kinesis__delivery_over(r, late);
    } else {
        r->pull_limit = limit;
        r->pull_late = late;
        r->state = KINESIS__OFFERED;
        kinesis__pull_offer(r);
    }
}

/* Step 5 of the loop. */
void kinesis__delivery_run(struct sigv4_job *job)
{
    struct kinesis__reader *r =
        (struct kinesis__reader *)((char *)job - offsetof(struct kinesis__reader, deliver_job));
    struct kinesis_consumer *c = r->consumer;
    skip_taken(r);
    if (c->options.on_record)
        push(r);
    else
        offer(r);
    kinesis__consumer_came_back(c);
}

void kinesis__reader_resume(struct kinesis__reader *r)
{
    if (r->state != KINESIS__PAUSED)
        return;
    if (!r->page) {
        kinesis__reader_wait_until(r, r->earliest_ms);
        return;
    }
    r->state = KINESIS__DELIVERING;
    kinesis__consumer_expect(r->consumer);
    sigv4_loop_notify(r->consumer->loop, &r->deliver_job);
}
