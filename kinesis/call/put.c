/* PutRecord and PutRecords as single calls. */
#include "base/fail.h"
#include "base/memory.h"
#include "call/errand.h"
#include "wire/control_input.h"
#include "wire/put_answer.h"
#include "wire/put_records.h"
#include "wire/stream_name.h"

struct put_call {
    struct kinesis__errand errand;
    struct kinesis__put_records body;
    kinesis_put_record_fn *on_record;
    kinesis_put_records_fn *on_records;
    struct kinesis_put_outcome *outcomes;
    size_t count;
};

static void release(struct kinesis__errand *e)
{
    struct put_call *c = (struct put_call *)e;
    sigv4__alloc_put(&e->alloc, c->outcomes, c->count * sizeof *c->outcomes);
    kinesis__put_records_free(&c->body);
}

static struct put_call *put_call_new(struct sigv4_client *client, void *ctx)
{
    struct put_call *c = kinesis__errand_new(client, sizeof *c);
    if (!c)
        return NULL;
    c->errand.release = release;
    c->errand.ctx = ctx;
    if (kinesis__put_records_init(&c->body, &c->errand.alloc) == SIGV4_OK)
        return c;
    kinesis__errand_free(&c->errand);
    return NULL;
}

/* ---- one record ---- */

static void deliver_record(struct kinesis__errand *e, const struct sigv4_response *response,
                           char *answer, size_t n, const struct sigv4_error *err)
{
    struct put_call *c = (struct put_call *)e;
    struct sigv4_error wrong;
    struct kinesis_put_record_result result = {.size = sizeof result, .response = response};
    result.error = err;
    if (!err && kinesis__put_record_answer_read(&result, answer, n, &wrong))
        result.error = &wrong;
    c->on_record(e->ctx, &result);
}

static int write_record(struct put_call *c, const struct kinesis_put_record_input *in,
                        struct sigv4_error *err)
{
    struct kinesis__put_item item = {in->partition_key, in->explicit_hash_key, in->data};
    int rc = kinesis__stream_check(in->stream, err);
    if (!rc)
        rc = kinesis__put_item_check(&item, KINESIS__RECORD_MAX_BYTES, err);
    if (!rc && in->sequence_number_for_ordering.len)
        rc = kinesis__sequence_number_check(in->sequence_number_for_ordering, err);
    if (rc)
        return rc;
    rc = kinesis__put_record_write(&c->body, sigv4_str(in->stream), &item,
                                   in->sequence_number_for_ordering, &c->errand.body,
                                   c->errand.body_hash);
    return rc ? sigv4__fail(err, rc, "PutRecord: %s", sigv4_status_text(rc)) : SIGV4_OK;
}

int kinesis_put_record(struct sigv4_client *client, const struct kinesis_put_record_input *in,
                       kinesis_put_record_fn *on_done, void *ctx, struct sigv4_call **call,
                       struct sigv4_error *err)
{
    struct kinesis_put_record_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct put_call *c = put_call_new(client, ctx);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "PutRecord: no memory");
    c->on_record = on_done;
    c->errand.deliver = deliver_record;
    struct kinesis__errand_kind kind = {
        .operation = "PutRecord",
        .type = KINESIS_DATA,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
        .not_twice = input.flags & KINESIS_NOT_TWICE,
    };
    return kinesis__errand_send(&c->errand, client, &kind, write_record(c, &input, err), call, err);
}

/* ---- many ---- */

static void deliver_records(struct kinesis__errand *e, const struct sigv4_response *response,
                            char *answer, size_t n, const struct sigv4_error *err)
{
    struct put_call *c = (struct put_call *)e;
    struct sigv4_error wrong;
    struct kinesis__put_answer read = {0};
    struct kinesis_put_records_result result = {.size = sizeof result, .response = response};
    result.error = err;
    if (!err && kinesis__put_answer_read(&read, answer, n, c->outcomes, c->count, &wrong))
        result.error = &wrong;
    if (!result.error) {
        result.entry_count = c->count;
        result.failed_count = (uint32_t)read.failed;
        result.encryption_type = read.encryption_type;
        result.private_entries = c->outcomes;
    }
    c->on_records(e->ctx, &result);
}

const struct kinesis_put_outcome *
kinesis_put_records_at(const struct kinesis_put_records_result *result, size_t i)
{
    const struct kinesis_put_outcome *outcomes = result->private_entries;
    return i < result->entry_count ? &outcomes[i] : NULL;
}

static int write_entry(struct put_call *c, const void *entry, size_t i, struct sigv4_error *err)
{
    struct kinesis_put_entry in;
    struct sigv4_error why;
    kinesis__input_take(&in, sizeof in, entry);
    struct kinesis__put_item item = {in.partition_key, in.explicit_hash_key, in.data};
    int rc = kinesis__put_item_check(&item, KINESIS__RECORD_MAX_BYTES, &why);
    if (rc)
        return sigv4__fail(err, rc, "PutRecords: record %zu: %s", i, why.message);
    rc = kinesis__put_records_add(&c->body, &item);
    if (rc == SIGV4_E_FULL)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE,
                           "PutRecords: record %zu does not fit into the 10 MiB of one call", i);
    return rc ? sigv4__fail(err, rc, "PutRecords: %s", sigv4_status_text(rc)) : SIGV4_OK;
}

static int write_records(struct put_call *c, const struct kinesis_put_records_input *in,
                         struct sigv4_error *err)
{
    const char *entry = (const char *)in->entries;
    int rc = kinesis__stream_check(in->stream, err);
    if (!rc && (in->entry_count == 0 || in->entry_count > KINESIS__PUT_MAX_RECORDS))
        rc = sigv4__fail(err, SIGV4_E_INVALID, "PutRecords: one call takes 1 to %d records",
                         KINESIS__PUT_MAX_RECORDS);
    if (!rc) {
        c->count = in->entry_count;
        c->outcomes = sigv4__alloc_zero(&c->errand.alloc, c->count, sizeof *c->outcomes);
        rc = c->outcomes ? kinesis__put_records_begin(&c->body, sigv4_str(in->stream))
                         : SIGV4_E_NOMEM;
        if (rc)
            return sigv4__fail(err, rc, "PutRecords: %s", sigv4_status_text(rc));
    }
    for (size_t i = 0; !rc && i < in->entry_count; i++, entry += in->entries->size)
        rc = write_entry(c, entry, i, err);
    if (rc)
        return rc;
    rc = kinesis__put_records_finish(&c->body, &c->errand.body, c->errand.body_hash);
    return rc ? sigv4__fail(err, rc, "PutRecords: %s", sigv4_status_text(rc)) : SIGV4_OK;
}

int kinesis_put_records(struct sigv4_client *client, const struct kinesis_put_records_input *in,
                        kinesis_put_records_fn *on_done, void *ctx, struct sigv4_call **call,
                        struct sigv4_error *err)
{
    struct kinesis_put_records_input input;
    kinesis__input_take(&input, sizeof input, in);
    struct put_call *c = put_call_new(client, ctx);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "PutRecords: no memory");
    c->on_records = on_done;
    c->errand.deliver = deliver_records;
    struct kinesis__errand_kind kind = {
        .operation = "PutRecords",
        .type = KINESIS_DATA,
        .stream = input.stream,
        .timeout_ms = input.timeout_ms,
        .not_twice = input.flags & KINESIS_NOT_TWICE,
    };
    return kinesis__errand_send(&c->errand, client, &kind, write_records(c, &input, err), call,
                                err);
}
