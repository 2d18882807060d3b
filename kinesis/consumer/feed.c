/* A shard's subscriptions, one after the other: each goes on behind what the last one brought. */
#include "consumer/feed.h"

#include "base/fail.h"
#include "base/memory.h"

enum {
    CALL_INTERVAL_MS = 1000, /* one call a second for each shard (facts, 1.5) */
    LAST_WORD_MS = 20,
    TAKE_OVER_MS = 5000 /* and none within five seconds of an accepted one */
};

static void on_begun(void *ctx)
{
    struct kinesis__reader *r = ctx;
    int64_t now = kinesis__reader_now_ms(r);
    int64_t service_ms =
        kinesis__reader_service_ms(r, kinesis__subscription_service_ms(r->subscription));
    r->earliest_ms = now + TAKE_OVER_MS;
    r->feed_clock_ms = service_ms - now;
    kinesis__reader_started(r, service_ms);
}

/* ---- events ---- */

static int fill_page(struct kinesis__page *page, const struct kinesis__reader *r, const char *json,
                     size_t n, struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(r->consumer->loop);
    if (page->body_cap < n) {
        sigv4__alloc_put(alloc, page->body, page->body_cap);
        page->body = sigv4__alloc_get(alloc, n);
        page->body_cap = page->body ? n : 0;
    }
    if (!page->body)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for records");
    memcpy(page->body, json, n);
    int rc = kinesis__page_fill(page, page->body, n, page->body_cap, err);
    if (!rc)
        rc = kinesis__page_unpack(page, r->consumer->aggregates_open, &r->range, err);
    if (!rc && page->answer.continuation_sequence_number.len > KINESIS__MAX_SEQUENCE)
        rc = sigv4__fail(err, SIGV4_E_PROTOCOL,
                         "SubscribeToShard: a sequence number is longer than there can be");
    return rc;
}

static enum sigv4_flow on_payload(void *ctx, char *json, size_t n)
{
    struct kinesis__reader *r = ctx;
    if (!kinesis__budget_admits(r, n))
        return SIGV4_PAUSE;
    r->page = kinesis__page_get(r->consumer->shelf, r->shard_id);
    int rc = r->page ? fill_page(r->page, r, json, n, &r->feed_error)
                     : sigv4__fail(&r->feed_error, SIGV4_E_NOMEM, "no memory for records");
    if (rc) {
        kinesis__reader_drop_page(r);
        return SIGV4_STOP;
    }
    r->over = r->page->answer.continuation_sequence_number.len == 0;
    kinesis__subscription_pause(r->subscription);
    kinesis__reader_take(r, r->feed_clock_ms + kinesis__reader_now_ms(r));
    return SIGV4_GO_ON;
}

void kinesis__feed_page_over(struct kinesis__reader *r)
{
    sigv4__fixed_copy(r->continuation, sizeof r->continuation,
                      r->page->answer.continuation_sequence_number);
    kinesis__reader_drop_page(r);
    r->state = KINESIS__FETCHING;
    if (r->again)
        kinesis__subscription_cancel(r->subscription);
    else
        kinesis__subscription_resume(r->subscription);
}

static void on_over(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct kinesis__reader *r = ctx;
    struct kinesis_consumer *c = r->consumer;
    struct kinesis__subscription *ended = r->subscription; /* whose err is */
    r->subscription = NULL;
    int64_t service_ms = kinesis__subscription_service_ms(ended);
    /* Who begins now and is refused now begins now all the same. */
    if (!r->placed_unix_ms && service_ms != INT64_MIN)
        r->placed_unix_ms = kinesis__reader_service_ms(r, service_ms);
    /* Otherwise it was given up, because no more of the shard is wanted. */
    bool wanted = r->state == KINESIS__FETCHING && !c->stopping;
    if (r->feed_error.status)
        err = &r->feed_error;
    if (wanted && err && !r->again)
        kinesis__reader_fail(r, err, host);
    else if (wanted)
        kinesis__reader_wait_until(r, r->earliest_ms);
    else if (r->state == KINESIS__FETCHING)
        r->state = KINESIS__WAITING;
    r->again = false;
    kinesis__subscription_free(ended);
    kinesis__consumer_came_back(c);
}

/* ---- subscribing ---- */

static struct kinesis_subscribe_to_shard_input start_of(const struct kinesis__reader *r)
{
    struct kinesis_get_shard_iterator_input at = kinesis__reader_place(r);
    struct kinesis_subscribe_to_shard_input in = {
        .size = sizeof in,
        .consumer_arn = r->consumer->consumer_arn,
        .shard_id = at.shard_id,
        .type = at.type,
        .sequence_number = at.sequence_number,
        .timestamp_unix_ms = at.timestamp_unix_ms,
    };
    if (r->continuation[0]) {
        in.type = KINESIS_AFTER_SEQUENCE_NUMBER;
        in.sequence_number = sigv4_str(r->continuation);
    }
    return in;
}

void kinesis__feed_step(struct kinesis__reader *r)
{
    struct sigv4_error err;
    struct kinesis_subscribe_to_shard_input in = start_of(r);
    struct kinesis__subscription_hooks hooks = {on_begun, on_payload, on_over, r};
    if (r->subscription) { /* one that was given up has not said its last word */
        kinesis__reader_wait_until(r, kinesis__reader_now_ms(r) + LAST_WORD_MS);
        return;
    }
    r->state = KINESIS__FETCHING;
    r->earliest_ms = kinesis__reader_now_ms(r) + CALL_INTERVAL_MS;
    r->feed_error.status = SIGV4_OK;
    kinesis__consumer_expect(r->consumer);
    if (kinesis__subscription_new(&r->subscription, r->consumer->client, &in, &hooks, &err)) {
        kinesis__reader_fail(r, &err, "");
        kinesis__consumer_came_back(r->consumer);
    }
}

/* ---- the consumer itself ---- */

static void on_described(void *ctx, const struct kinesis_stream_consumer_result *result)
{
    struct kinesis_consumer *c = ctx;
    sigv4_call_release(c->check_call);
    c->check_call = NULL;
    if (result->error && result->error->status == SIGV4_E_NOT_FOUND)
        kinesis__consumer_fail(c, result->error, result->response ? result->response->host : "");
    kinesis__consumer_came_back(c);
}

void kinesis__feed_check(struct kinesis_consumer *c)
{
    struct sigv4_error err;
    if (c->check_call || c->stopping)
        return;
    kinesis__consumer_expect(c);
    /* What is refused now is asked at the next failure. */
    if (kinesis_describe_stream_consumer(c->client,
                                         KINESIS_STREAM_CONSUMER(.consumer_arn = c->consumer_arn),
                                         on_described, c, &c->check_call, &err))
        kinesis__consumer_came_back(c);
}
