#ifndef FLOW_CALL_WORLD_H
#define FLOW_CALL_WORLD_H
/* For tests of the typed calls: a client before the fake engine, and what each callback saw. */
#include "flow/example_keys.h"
#include "flow/fake_engine.h"

#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARN "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"

struct world {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct sigv4_provider *keys;
};

static inline bool world_open(struct world *w, const struct sigv4_alloc *alloc)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    *w = (struct world){.fake = fake_new()};
    w->keys = example_keys();
    w->loop = fake_loop(w->fake, alloc);
    o.region = "us-east-1";
    o.credentials = w->keys;
    return w->loop && sigv4_client_new(&w->client, w->loop, &o, NULL) == SIGV4_OK;
}

static inline void world_close(struct world *w)
{
    sigv4_client_free(w->client);
    sigv4_loop_free(w->loop);
    sigv4_provider_free(w->keys);
    fake_free(w->fake);
}

static inline void answer(struct world *w, const char *body)
{
    fake_forget_script(w->fake);
    fake_script(w->fake, (struct fake_answer){.body = body});
}

static inline const struct fake_request *last(struct world *w)
{
    return fake_request(w->fake, fake_request_count(w->fake) - 1);
}

static inline void wait_for(struct sigv4_call *call)
{
    assert_int_equal(sigv4_call_wait(call, -1), SIGV4_OK);
    sigv4_call_release(call);
}

/* What a callback saw, as one line. */
struct seen {
    unsigned calls;
    int status;
    char text[1024];
};

static inline void see(struct seen *s, const struct sigv4_error *error)
{
    s->calls++;
    s->status = error ? error->status : SIGV4_OK;
    s->text[0] = '\0';
}

static inline void add(struct seen *s, struct sigv4_slice v)
{
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%.*s|", (int)v.len,
             v.len ? (const char *)v.ptr : "");
}

static inline void add_number(struct seen *s, long long v)
{
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%lld|", v);
}

static inline void on_done(void *ctx, const struct kinesis_done_result *r)
{
    see(ctx, r->error);
}

static inline void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    add(ctx, r->shard_id);
    add(ctx, r->sequence_number);
    add(ctx, r->encryption_type);
}

static inline void on_put_records(void *ctx, const struct kinesis_put_records_result *r)
{
    see(ctx, r->error);
    add_number(ctx, (long long)r->entry_count);
    add_number(ctx, r->failed_count);
    for (size_t i = 0; kinesis_put_records_at(r, i); i++) {
        add(ctx, kinesis_put_records_at(r, i)->sequence_number);
        add(ctx, kinesis_put_records_at(r, i)->error_code);
    }
}

static inline void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *r)
{
    see(ctx, r->error);
    if (!r->error)
        add(ctx, r->shard_iterator);
}

static inline void on_records(void *ctx, const struct kinesis_get_records_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    for (size_t i = 0; kinesis_get_records_at(r, i); i++) {
        const struct kinesis_got_record *record = kinesis_get_records_at(r, i);
        add(ctx, record->sequence_number);
        add(ctx, record->partition_key);
        add(ctx, record->data);
        add_number(ctx, record->arrived_unix_ms);
    }
    for (size_t i = 0; kinesis_get_records_child_at(r, i); i++)
        add(ctx, kinesis_get_records_child_at(r, i)->shard_id);
    add(ctx, r->next_shard_iterator);
    add_number(ctx, r->behind_ms);
}

static inline void on_shards(void *ctx, const struct kinesis_list_shards_result *r)
{
    see(ctx, r->error);
    for (size_t i = 0; kinesis_list_shards_at(r, i); i++) {
        const struct kinesis_shard *shard = kinesis_list_shards_at(r, i);
        add(ctx, shard->shard_id);
        add(ctx, shard->parent_shard_id);
        add(ctx, shard->ending_hash_key);
        add(ctx, shard->ending_sequence_number);
    }
    if (!r->error)
        add(ctx, r->next_token);
}

static inline void on_summary(void *ctx, const struct kinesis_describe_stream_summary_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    add(ctx, r->status);
    add(ctx, r->mode);
    add_number(ctx, r->open_shard_count);
    add_number(ctx, r->max_record_kib);
    add_number(ctx, r->created_unix_ms);
}
#endif
