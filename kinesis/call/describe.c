/* ListShards and DescribeStreamSummary. */
#include "base/fail.h"
#include "base/memory.h"
#include "call/errand.h"
#include "wire/control_answer.h"
#include "wire/control_input.h"

/* ---- ListShards ---- */

struct list_call {
    struct kinesis__errand errand;
    kinesis_list_shards_fn *on_done;
};

static void deliver_shards(struct kinesis__errand *e, const struct sigv4_response *response,
                           char *answer, size_t n, const struct sigv4_error *err)
{
    struct list_call *c = (struct list_call *)e;
    struct sigv4_error wrong;
    struct kinesis_shard *shards = NULL;
    json_t *root = NULL;
    struct kinesis_list_shards_result result = {.size = sizeof result, .response = response};
    result.error = err;
    if (!err && (kinesis__answer_parse(sigv4_bytes(answer, n), &root, &wrong) ||
                 kinesis__read_shards(root, &e->alloc, &result, &shards, &wrong)))
        result.error = &wrong;
    size_t count = result.shard_count;
    result.private_shards = shards;
    c->on_done(e->ctx, &result);
    sigv4__alloc_put(&e->alloc, shards, count * sizeof *shards);
    json_decref(root);
}

const struct kinesis_shard *kinesis_list_shards_at(const struct kinesis_list_shards_result *result,
                                                   size_t i)
{
    const struct kinesis_shard *shards = result->private_shards;
    return i < result->shard_count ? &shards[i] : NULL;
}

int kinesis_list_shards(struct sigv4_client *client, const struct kinesis_list_shards_input *in,
                        kinesis_list_shards_fn *on_done, void *ctx, struct sigv4_call **call,
                        struct sigv4_error *err)
{
    struct kinesis_list_shards_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct list_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "ListShards: no memory");
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.deliver = deliver_shards;
    int rc = kinesis__write_list_shards(&c->errand.input, &input, err);
    struct kinesis__errand_kind kind = {
        .operation = "ListShards",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    return kinesis__errand_send(&c->errand, client, &kind, rc, call, err);
}

/* ---- DescribeStreamSummary ---- */

struct summary_call {
    struct kinesis__errand errand;
    kinesis_describe_stream_summary_fn *on_done;
};

static void deliver_summary(struct kinesis__errand *e, const struct sigv4_response *response,
                            char *answer, size_t n, const struct sigv4_error *err)
{
    struct summary_call *c = (struct summary_call *)e;
    struct sigv4_error wrong;
    json_t *root = NULL;
    struct kinesis_describe_stream_summary_result result = {.size = sizeof result,
                                                            .response = response};
    result.error = err;
    if (!err && (kinesis__answer_parse(sigv4_bytes(answer, n), &root, &wrong) ||
                 kinesis__read_stream_summary(root, &result, &wrong)))
        result.error = &wrong;
    c->on_done(e->ctx, &result);
    json_decref(root);
}

int kinesis_describe_stream_summary(struct sigv4_client *client,
                                    const struct kinesis_describe_stream_summary_input *in,
                                    kinesis_describe_stream_summary_fn *on_done, void *ctx,
                                    struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis_describe_stream_summary_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct summary_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "DescribeStreamSummary: no memory");
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.deliver = deliver_summary;
    int rc = kinesis__write_stream_alone(&c->errand.input, input.stream, err);
    struct kinesis__errand_kind kind = {
        .operation = "DescribeStreamSummary",
        .type = KINESIS_CONTROL,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    return kinesis__errand_send(&c->errand, client, &kind, rc, call, err);
}
