/* SubscribeToShard as a call of the API. */
#include "call/subscribe.h"

#include "base/fail.h"
#include "base/memory.h"
#include "call/errand.h"
#include "wire/get_records.h"

struct kinesis_subscription {
    struct sigv4_alloc alloc;
    struct kinesis__subscription *inner;
    struct kinesis__get_answer read;
    kinesis_subscription_event_fn *on_event;
    kinesis_subscription_end_fn *on_end;
    void *ctx;
    struct sigv4_error spoilt; /* the event that ended it */
    bool ending, over, freed;
};

static void destroy(struct kinesis_subscription *s)
{
    struct sigv4_alloc alloc = s->alloc;
    kinesis__subscription_free(s->inner);
    kinesis__get_answer_free(&s->read);
    sigv4__alloc_put(&alloc, s, sizeof *s);
}

static void on_begun(void *ctx)
{
    (void)ctx;
}

static enum sigv4_flow on_payload(void *ctx, char *json, size_t n)
{
    struct kinesis_subscription *s = ctx;
    struct kinesis_get_records_result event = {.size = sizeof event};
    if (kinesis__get_answer_read(&s->read, json, n, &s->spoilt))
        return SIGV4_STOP;
    event.record_count = s->read.count;
    event.private_records = s->read.records;
    event.child_count = s->read.child_count;
    event.private_children = s->read.children;
    event.continuation_sequence_number = s->read.continuation_sequence_number;
    event.behind_ms = s->read.behind_ms;
    enum sigv4_flow flow = s->on_event(s->ctx, &event);
    if (flow == SIGV4_PAUSE)
        kinesis__subscription_pause(s->inner);
    return flow == SIGV4_STOP ? SIGV4_STOP : SIGV4_GO_ON;
}

static void on_over(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct kinesis_subscription *s = ctx;
    struct kinesis_done_result result = {.size = sizeof result, .error = err};
    (void)host;
    if (err && err->status == SIGV4_E_CANCELED)
        result.error = NULL;
    if (s->spoilt.status)
        result.error = &s->spoilt;
    s->ending = true;
    s->on_end(s->ctx, &result);
    s->over = true;
    if (s->freed)
        destroy(s);
}

int kinesis_subscribe_to_shard(struct kinesis_subscription **out, struct sigv4_client *client,
                               const struct kinesis_subscribe_to_shard_input *in,
                               kinesis_subscription_event_fn *on_event,
                               kinesis_subscription_end_fn *on_end, void *ctx,
                               struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(sigv4_client_loop(client));
    struct kinesis_subscribe_to_shard_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis_subscription *s = sigv4__alloc_zero(alloc, 1, sizeof *s);
    if (!s)
        return sigv4__fail(err, SIGV4_E_NOMEM, "SubscribeToShard: no memory");
    s->alloc = *alloc;
    s->on_event = on_event;
    s->on_end = on_end;
    s->ctx = ctx;
    kinesis__get_answer_init(&s->read, alloc);
    struct kinesis__subscription_hooks hooks = {on_begun, on_payload, on_over, s};
    int rc = kinesis__subscription_new(&s->inner, client, &input, &hooks, err);
    if (rc)
        destroy(s);
    else
        *out = s;
    return rc;
}

void kinesis_subscription_resume(struct kinesis_subscription *subscription)
{
    if (!subscription->ending)
        kinesis__subscription_resume(subscription->inner);
}

void kinesis_subscription_free(struct kinesis_subscription *subscription)
{
    if (!subscription)
        return;
    subscription->freed = true;
    if (subscription->over)
        destroy(subscription);
    else if (!subscription->ending)
        kinesis__subscription_cancel(subscription->inner);
}
