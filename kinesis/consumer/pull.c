/* Pages wait here until their records are taken; a shard goes on when its page is empty. */
#include "base/fail.h"
#include "consumer/consumer.h"

void kinesis__pull_offer(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    pthread_mutex_lock(&c->pull_mutex);
    r->offered_next = NULL;
    *c->offered_end = r;
    c->offered_end = &r->offered_next;
    pthread_mutex_unlock(&c->pull_mutex);
}

/* ---- from any thread ---- */

static bool has_next(void *ctx)
{
    struct kinesis_consumer *c = ctx;
    pthread_mutex_lock(&c->pull_mutex);
    bool has = c->offered != NULL;
    pthread_mutex_unlock(&c->pull_mutex);
    return has || atomic_load(&c->ended);
}

/* It was the page's last; true: the loop must be told. The mutex is held. */
static bool set_aside(struct kinesis_consumer *c, struct kinesis__reader *r)
{
    bool post = !c->pull_posted;
    c->offered = r->offered_next;
    if (!c->offered)
        c->offered_end = &c->offered;
    r->offered_next = c->emptied;
    c->emptied = r;
    c->pull_posted = true;
    return post;
}

/* The first page's next record; NULL: there is none. */
static const struct kinesis_record *take(struct kinesis_consumer *c)
{
    const struct kinesis_record *record = NULL;
    bool post = false;
    pthread_mutex_lock(&c->pull_mutex);
    struct kinesis__reader *r = c->offered;
    if (r) {
        r->last = &r->page->records[r->delivered++];
        record = kinesis_record_hold(&r->last->record);
        post = r->delivered == r->pull_limit && set_aside(c, r);
    }
    pthread_mutex_unlock(&c->pull_mutex);
    if (post)
        sigv4_loop_post(c->loop, &c->pull_job);
    return record;
}

static int end_of(const struct kinesis_consumer *c, struct sigv4_error *err)
{
    if (!c->error.status)
        return sigv4__fail(err, SIGV4_E_CLOSED, "no more records: the consumer has ended");
    if (err)
        *err = c->error;
    return c->error.status;
}

int kinesis_consumer_next(struct kinesis_consumer *consumer, const struct kinesis_record **record,
                          int timeout_ms, struct sigv4_error *err)
{
    struct kinesis_consumer *c = consumer;
    const struct sigv4_clock *clock = sigv4_loop_clock(c->loop);
    if (sigv4_loop_check(c->loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this consumer belongs to the parent process");
    if (c->options.on_record)
        return sigv4__fail(err, SIGV4_E_INVALID, "this consumer has an on_record");
    int64_t until = clock->mono_ms(clock->ctx) + timeout_ms;
    while (!(*record = take(c))) {
        int64_t left = until - clock->mono_ms(clock->ctx);
        if (atomic_load(&c->ended))
            return end_of(c, err);
        int wait_ms = timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0;
        int rc = sigv4_loop_wait(c->loop, has_next, c, wait_ms);
        if (rc)
            return sigv4__fail(err, rc, "no record: %s", sigv4_status_text(rc));
    }
    return SIGV4_OK;
}

/* ---- on the loop ---- */

/* What the shards do next may tell the user, so it is done in step 5. */
static void run_pull(struct sigv4_job *job)
{
    struct kinesis_consumer *c =
        (struct kinesis_consumer *)(void *)((char *)job -
                                            offsetof(struct kinesis_consumer, pull_job));
    pthread_mutex_lock(&c->pull_mutex);
    struct kinesis__reader *emptied = c->emptied;
    c->emptied = NULL;
    c->pull_posted = false;
    pthread_mutex_unlock(&c->pull_mutex);
    while (emptied) {
        struct kinesis__reader *r = emptied;
        emptied = r->offered_next;
        kinesis__consumer_expect(c);
        sigv4_loop_notify(c->loop, &r->emptied_job);
    }
}

void kinesis__pull_emptied(struct sigv4_job *job)
{
    struct kinesis__reader *r =
        (struct kinesis__reader *)((char *)job - offsetof(struct kinesis__reader, emptied_job));
    struct kinesis_consumer *c = r->consumer;
    if (r->state == KINESIS__OFFERED) {
        kinesis__delivery_mark(r);
        kinesis__delivery_over(r, r->pull_late);
    }
    kinesis__consumer_came_back(c);
}

void kinesis__pull_init(struct kinesis_consumer *c)
{
    c->offered_end = &c->offered;
    c->pull_job.run = run_pull;
}

void kinesis__pull_stop(struct kinesis_consumer *c)
{
    pthread_mutex_lock(&c->pull_mutex);
    c->offered = c->emptied = NULL;
    c->offered_end = &c->offered;
    pthread_mutex_unlock(&c->pull_mutex);
}
