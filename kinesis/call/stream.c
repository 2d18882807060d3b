/* The calls that change streams and shards and answer nothing but that they were taken. */
#include "call/stream.h"

#include "base/fail.h"
#include "wire/control_input.h"

struct done_call {
    struct kinesis__errand errand;
    kinesis_done_fn *on_done;
};

static void deliver_done(struct kinesis__errand *e, const struct sigv4_response *response,
                         char *answer, size_t n, const struct sigv4_error *err)
{
    struct done_call *c = (struct done_call *)e;
    struct kinesis_done_result result = {.size = sizeof result, .response = response};
    (void)answer;
    (void)n;
    result.error = err;
    c->on_done(e->ctx, &result);
}

struct kinesis__errand *kinesis__done_call_new(struct sigv4_client *client,
                                               kinesis_done_fn *on_done, void *ctx,
                                               struct sigv4_error *err)
{
    struct done_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c) {
        sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a call");
        return NULL;
    }
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.deliver = deliver_done;
    return &c->errand;
}

int kinesis_create_stream(struct sigv4_client *client, const struct kinesis_create_stream_input *in,
                          kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                          struct sigv4_error *err)
{
    struct kinesis_create_stream_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis__errand *e = kinesis__done_call_new(client, on_done, ctx, err);
    if (!e)
        return SIGV4_E_NOMEM;
    struct kinesis__errand_kind kind = {
        .operation = "CreateStream",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    int rc = kinesis__write_create_stream(&e->input, &input, err);
    return kinesis__errand_send(e, client, &kind, rc, call, err);
}

int kinesis_delete_stream(struct sigv4_client *client, const struct kinesis_delete_stream_input *in,
                          kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                          struct sigv4_error *err)
{
    struct kinesis_delete_stream_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis__errand *e = kinesis__done_call_new(client, on_done, ctx, err);
    if (!e)
        return SIGV4_E_NOMEM;
    struct kinesis__errand_kind kind = {
        .operation = "DeleteStream",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    int rc = kinesis__write_delete_stream(&e->input, &input, err);
    return kinesis__errand_send(e, client, &kind, rc, call, err);
}

int kinesis_split_shard(struct sigv4_client *client, const struct kinesis_split_shard_input *in,
                        kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                        struct sigv4_error *err)
{
    struct kinesis_split_shard_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis__errand *e = kinesis__done_call_new(client, on_done, ctx, err);
    if (!e)
        return SIGV4_E_NOMEM;
    struct kinesis__errand_kind kind = {
        .operation = "SplitShard",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    int rc = kinesis__write_split_shard(&e->input, &input, err);
    return kinesis__errand_send(e, client, &kind, rc, call, err);
}

int kinesis_merge_shards(struct sigv4_client *client, const struct kinesis_merge_shards_input *in,
                         kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                         struct sigv4_error *err)
{
    struct kinesis_merge_shards_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis__errand *e = kinesis__done_call_new(client, on_done, ctx, err);
    if (!e)
        return SIGV4_E_NOMEM;
    struct kinesis__errand_kind kind = {
        .operation = "MergeShards",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    int rc = kinesis__write_merge_shards(&e->input, &input, err);
    return kinesis__errand_send(e, client, &kind, rc, call, err);
}
