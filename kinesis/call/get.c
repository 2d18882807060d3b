/* GetShardIterator and GetRecords as single calls. */
#include "base/fail.h"
#include "call/errand.h"
#include "wire/control_answer.h"
#include "wire/control_input.h"
#include "wire/get_records.h"

enum { MAX_GET_ANSWER = 32 * 1024 * 1024 }; /* 10 MiB of data are 14 MB of JSON */

/* ---- GetShardIterator ---- */

struct iterator_call {
    struct kinesis__errand errand;
    kinesis_get_shard_iterator_fn *on_done;
};

static void deliver_iterator(struct kinesis__errand *e, const struct sigv4_response *response,
                             char *answer, size_t n, const struct sigv4_error *err)
{
    struct iterator_call *c = (struct iterator_call *)e;
    struct sigv4_error wrong;
    json_t *root = NULL;
    struct kinesis_get_shard_iterator_result result = {.size = sizeof result, .response = response};
    result.error = err;
    if (!err && (kinesis__answer_parse(sigv4_bytes(answer, n), &root, &wrong) ||
                 kinesis__read_shard_iterator(root, &result, &wrong)))
        result.error = &wrong;
    c->on_done(e->ctx, &result);
    json_decref(root);
}

int kinesis_get_shard_iterator(struct sigv4_client *client,
                               const struct kinesis_get_shard_iterator_input *in,
                               kinesis_get_shard_iterator_fn *on_done, void *ctx,
                               struct sigv4_call **call, struct sigv4_error *err)
{
    struct kinesis_get_shard_iterator_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct iterator_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "GetShardIterator: no memory");
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.deliver = deliver_iterator;
    int rc = kinesis__write_get_shard_iterator(&c->errand.input, &input, err);
    struct kinesis__errand_kind kind = {
        .operation = "GetShardIterator",
        .type = KINESIS_DATA,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
    };
    return kinesis__errand_send(&c->errand, client, &kind, rc, call, err);
}

/* ---- GetRecords ---- */

struct records_call {
    struct kinesis__errand errand;
    struct kinesis__get_answer read;
    kinesis_get_records_fn *on_done;
};

static void release_records(struct kinesis__errand *e)
{
    kinesis__get_answer_free(&((struct records_call *)e)->read);
}

static void deliver_records(struct kinesis__errand *e, const struct sigv4_response *response,
                            char *answer, size_t n, const struct sigv4_error *err)
{
    struct records_call *c = (struct records_call *)e;
    struct sigv4_error wrong;
    struct kinesis_get_records_result result = {
        .size = sizeof result, .response = response, .behind_ms = -1};
    result.error = err;
    if (!err && kinesis__get_answer_read(&c->read, answer, n, &wrong))
        result.error = &wrong;
    if (!result.error) {
        result.record_count = c->read.count;
        result.private_records = c->read.records;
        result.child_count = c->read.child_count;
        result.private_children = c->read.children;
        result.next_shard_iterator = c->read.next_shard_iterator;
        result.behind_ms = c->read.behind_ms;
    }
    c->on_done(e->ctx, &result);
}

const struct kinesis_got_record *
kinesis_get_records_at(const struct kinesis_get_records_result *result, size_t i)
{
    const struct kinesis_got_record *records = result->private_records;
    return i < result->record_count ? &records[i] : NULL;
}

const struct kinesis_child_shard *
kinesis_get_records_child_at(const struct kinesis_get_records_result *result, size_t i)
{
    const struct kinesis_child_shard *children = result->private_children;
    return i < result->child_count ? &children[i] : NULL;
}

int kinesis_get_records(struct sigv4_client *client, const struct kinesis_get_records_input *in,
                        kinesis_get_records_fn *on_done, void *ctx, struct sigv4_call **call,
                        struct sigv4_error *err)
{
    struct kinesis_get_records_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct records_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "GetRecords: no memory");
    kinesis__get_answer_init(&c->read, &c->errand.alloc);
    c->on_done = on_done;
    c->errand.ctx = ctx;
    c->errand.release = release_records;
    c->errand.deliver = deliver_records;
    int rc = kinesis__write_get_records(&c->errand.input, &input, err);
    struct kinesis__errand_kind kind = {
        .operation = "GetRecords",
        .type = KINESIS_DATA,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
        .max_answer = MAX_GET_ANSWER,
    };
    return kinesis__errand_send(&c->errand, client, &kind, rc, call, err);
}
