/* The budget: before a page is fetched there must be room for it. How large it will be is not
 * known; it is guessed from above by the shard's last page, and at the tip by what a shard can take
 * in. */
#include "consumer/consumer.h"
#include "consumer/feed.h"

enum {
    DEFAULT_BYTES = 64 * 1024 * 1024,
    FULL_PAGE = 14 * 1024 * 1024, /* 10 MiB of data are as much JSON */
    LEAST_PAGE = 64 * 1024,
    GROWTH_PER_MS = 1400, /* 1 MB a second, in base64 */
    AGAIN_MS = 20         /* what users release is noticed so soon */
};

static size_t guess(const struct kinesis__reader *r)
{
    bool from_now = r->consumer->options.start == KINESIS_FROM_NOW;
    int64_t since_ms = kinesis__reader_now_ms(r) - r->fetch_began_ms;
    if (!r->page_bytes)
        return from_now ? LEAST_PAGE : FULL_PAGE;
    if (r->at_tip && since_ms < (FULL_PAGE - LEAST_PAGE) / GROWTH_PER_MS)
        return LEAST_PAGE + (size_t)(since_ms * GROWTH_PER_MS);
    if (!r->at_tip && r->page_bytes < (FULL_PAGE - LEAST_PAGE) / 2)
        return 2 * r->page_bytes + LEAST_PAGE;
    return FULL_PAGE;
}

/* One page may always be on its way while the budget is not used up. */
static bool has_room(const struct kinesis_consumer *c, size_t n)
{
    size_t out = kinesis__shelf_bytes(c->shelf);
    if (out >= c->max_bytes)
        return false;
    return c->reserved == 0 ||
           (c->reserved < c->max_bytes - out && n <= c->max_bytes - out - c->reserved);
}

static void enqueue(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    if (r->queued)
        return;
    r->queued = true;
    r->queued_next = NULL;
    *c->queue_end = r;
    c->queue_end = &r->queued_next;
    sigv4_timer_set(c->budget_timer, AGAIN_MS);
}

bool kinesis__budget_take(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    size_t n = guess(r);
    if (!has_room(c, n)) {
        r->state = KINESIS__WAITING;
        enqueue(r);
        return false;
    }
    r->reserved = n;
    c->reserved += n;
    return true;
}

void kinesis__budget_return(struct kinesis__reader *r)
{
    r->consumer->reserved -= r->reserved;
    r->reserved = 0;
}

bool kinesis__budget_admits(struct kinesis__reader *r, size_t n)
{
    if (has_room(r->consumer, n))
        return true;
    enqueue(r);
    return false;
}

static void admit(struct kinesis__reader *r)
{
    if (r->subscription)
        kinesis__subscription_resume(r->subscription);
    else if (r->state == KINESIS__WAITING && !r->rests)
        kinesis__reader_start(r);
}

/* Step 5 of the loop. Who finds no room queues again, at the end. */
static void run_budget(struct sigv4_job *job)
{
    struct kinesis_consumer *c =
        (struct kinesis_consumer *)(void *)((char *)job -
                                            offsetof(struct kinesis_consumer, budget_job));
    while (c->queue && !c->stopping && has_room(c, LEAST_PAGE)) {
        struct kinesis__reader *r = c->queue;
        c->queue = r->queued_next;
        if (!c->queue)
            c->queue_end = &c->queue;
        r->queued = false;
        admit(r);
        if (r->queued)
            break;
    }
    if (c->queue && !c->stopping)
        sigv4_timer_set(c->budget_timer, AGAIN_MS);
    kinesis__consumer_came_back(c);
}

static void on_timer(void *ctx)
{
    struct kinesis_consumer *c = ctx;
    kinesis__consumer_expect(c);
    sigv4_loop_notify(c->loop, &c->budget_job);
}

void kinesis__budget_review(struct kinesis_consumer *c)
{
    if (c->queue && !c->stopping)
        sigv4_timer_set(c->budget_timer, 0);
}

int kinesis__budget_init(struct kinesis_consumer *c, uint64_t max_bytes)
{
    c->max_bytes = max_bytes && max_bytes < SIZE_MAX ? (size_t)max_bytes : DEFAULT_BYTES;
    c->queue_end = &c->queue;
    c->budget_job.run = run_budget;
    return sigv4_timer_new(&c->budget_timer, c->loop, on_timer, c);
}

void kinesis__budget_stop(struct kinesis_consumer *c)
{
    sigv4_timer_set(c->budget_timer, -1);
    c->queue = NULL;
    c->queue_end = &c->queue;
}
