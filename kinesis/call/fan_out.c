/* Consumers with enhanced fan-out: register, describe, deregister. */
#include "base/fail.h"
#include "call/stream.h"
#include "wire/control_answer.h"
#include "wire/control_input.h"

struct consumer_call {
    struct kinesis__errand errand;
    const char *member; /* of the answer */
    kinesis_stream_consumer_fn *on_done;
};

static void deliver_consumer(struct kinesis__errand *e, const struct sigv4_response *response,
                             char *answer, size_t n, const struct sigv4_error *err)
{
    struct consumer_call *c = (struct consumer_call *)e;
    struct sigv4_error wrong;
    json_t *root = NULL;
    struct kinesis_stream_consumer_result result = {.size = sizeof result, .response = response};
    result.error = err;
    if (!err && (kinesis__answer_parse(sigv4_bytes(answer, n), &root, &wrong) ||
                 kinesis__read_stream_consumer(root, c->member, &result, &wrong)))
        result.error = &wrong;
    c->on_done(e->ctx, &result);
    json_decref(root);
}

static struct kinesis__errand_kind kind_of(const char *operation,
                                           const struct kinesis_stream_consumer_input *in)
{
    return (struct kinesis__errand_kind){
        .operation = operation,
        .type = KINESIS_CONTROL,
        .stream = in->consumer_arn && *in->consumer_arn ? NULL : in->stream_arn,
        .consumer_arn = in->consumer_arn,
        .timeout_ms = in->timeout_ms,
    };
}

static int ask(struct sigv4_client *client, const struct kinesis_stream_consumer_input *in,
               bool registering, kinesis_stream_consumer_fn *on_done, void *ctx,
               struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis__errand_kind kind =
        kind_of(registering ? "RegisterStreamConsumer" : "DescribeStreamConsumer", in);
    struct consumer_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "%s: no memory", kind.operation);
    c->member = registering ? "Consumer" : "ConsumerDescription";
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.deliver = deliver_consumer;
    int rc = kinesis__write_stream_consumer(&c->errand.input, in, registering, err);
    return kinesis__errand_send(&c->errand, client, &kind, rc, call, err);
}

int kinesis_register_stream_consumer(struct sigv4_client *client,
                                     const struct kinesis_stream_consumer_input *in,
                                     kinesis_stream_consumer_fn *on_done, void *ctx,
                                     struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis_stream_consumer_input input;
    kinesis__input_take(&input, sizeof input, in);
    return ask(client, &input, true, on_done, ctx, call, err);
}

int kinesis_describe_stream_consumer(struct sigv4_client *client,
                                     const struct kinesis_stream_consumer_input *in,
                                     kinesis_stream_consumer_fn *on_done, void *ctx,
                                     struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis_stream_consumer_input input;
    kinesis__input_take(&input, sizeof input, in);
    return ask(client, &input, false, on_done, ctx, call, err);
}

int kinesis_deregister_stream_consumer(struct sigv4_client *client,
                                       const struct kinesis_stream_consumer_input *in,
                                       kinesis_done_fn *on_done, void *ctx,
                                       struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis_stream_consumer_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct kinesis__errand_kind kind = kind_of("DeregisterStreamConsumer", &input);
    struct kinesis__errand *e = kinesis__done_call_new(client, on_done, ctx, err);
    if (!e)
        return SIGV4_E_NOMEM;
    int rc = kinesis__write_stream_consumer(&e->input, &input, false, err);
    return kinesis__errand_send(e, client, &kind, rc, call, err);
}
