/* A producer with a fake stream before it. */
#include "flow/rig_producer.h"

#include "flow/example_keys.h"

#include <sigv4/sigv4.h>
#include <stdio.h>
#include <stdlib.h>

static void on_result(void *ctx, const struct kinesis_put_result *r)
{
    struct rig *rig = ctx;
    size_t tag = (size_t)(uintptr_t)r->tag;
    struct rig_result *out = &rig->results[tag];
    out->count++;
    out->fate = r->fate;
    out->maybe_twice = r->maybe_twice;
    out->aggregated = r->aggregated;
    out->status = r->error ? r->error->status : 0;
    if (r->error) {
        memcpy(out->code, r->error->code, sizeof out->code);
        memcpy(out->message, r->error->message, sizeof out->message);
    }
    snprintf(out->shard, sizeof out->shard, "%.*s", (int)r->shard_id.len,
             (const char *)r->shard_id.ptr);
    snprintf(out->sequence, sizeof out->sequence, "%.*s", (int)r->sequence_number.len,
             (const char *)r->sequence_number.ptr);
    snprintf(out->encryption, sizeof out->encryption, "%.*s", (int)r->encryption_type.len,
             (const char *)r->encryption_type.ptr);
    out->sub_sequence = r->sub_sequence_number;
    out->attempts = r->attempts;
    out->latency_ms = r->latency_ms;
    out->at_ms = fake_now_ms(rig->fake);
    out->order = rig->told++;
    if (rig->on_each)
        rig->on_each(rig, tag);
}

static void on_room(void *ctx)
{
    ((struct rig *)ctx)->rooms++;
}

static void on_trouble(void *ctx, const struct sigv4_error *error,
                       const struct sigv4_response *response)
{
    struct rig *rig = ctx;
    rig->troubles++;
    rig->trouble = *error;
    rig->trouble_host = response->host[0] != '\0';
}

void rig_init(struct rig *rig, size_t capacity, unsigned shards,
              void (*faults)(void *ctx, struct fake_put *put), void *ctx)
{
    memset(rig, 0, sizeof *rig);
    rig->results = calloc(capacity + 1, sizeof *rig->results);
    rig->fake = fake_new();
    rig->stream = fake_stream_new(rig->fake, shards, faults, ctx);
    rig->options = (struct kinesis_producer_options){
        .size = sizeof rig->options,
        .stream = "s",
        .on_result = on_result,
        .on_room = on_room,
        .on_trouble = on_trouble,
        .ctx = rig,
    };
}

static int open_client(struct rig *rig)
{
    struct sigv4_client_options options = SIGV4_CLIENT_OPTIONS;
    rig->provider = example_keys();
    options.region = "us-east-1";
    options.endpoint_url = "http://stream";
    options.credentials = rig->provider;
    return sigv4_client_new(&rig->client, rig->loop, &options, NULL);
}

int rig_open(struct rig *rig, const struct sigv4_alloc *alloc)
{
    rig->loop = fake_loop(rig->fake, alloc);
    if (!rig->loop)
        return SIGV4_E_NOMEM;
    int rc = open_client(rig);
    return rc ? rc : kinesis_producer_new(&rig->producer, rig->client, &rig->options, NULL);
}

void rig_close(struct rig *rig)
{
    kinesis_producer_free(rig->producer);
    sigv4_client_free(rig->client);
    sigv4_loop_free(rig->loop);
    sigv4_provider_free(rig->provider);
    rig->producer = NULL;
    rig->client = NULL;
    rig->loop = NULL;
    rig->provider = NULL;
}

void rig_end(struct rig *rig)
{
    rig_close(rig);
    fake_free(rig->fake);
    fake_stream_free(rig->stream);
    free(rig->results);
}

size_t rig_put(struct rig *rig, const char *key, const char *data, int *rc)
{
    size_t tag = rig->count + 1;
    *rc = kinesis_producer_put(rig->producer,
                               KINESIS_PUT(.partition_key = sigv4_str(key), .data = sigv4_str(data),
                                           .tag = (void *)(uintptr_t)tag));
    if (*rc)
        return 0;
    rig->count = tag;
    return tag;
}

static bool all_told(void *ctx)
{
    struct rig *rig = ctx;
    return rig->told == rig->count;
}

bool rig_run(struct rig *rig)
{
    return fake_run_until(rig->fake, rig->loop, all_told, rig);
}

unsigned rig_fates(const struct rig *rig, enum kinesis_fate fate)
{
    unsigned n = 0;
    for (size_t i = 1; i <= rig->count; i++)
        n += rig->results[i].count && rig->results[i].fate == fate;
    return n;
}

bool rig_each_told_once(const struct rig *rig)
{
    for (size_t i = 1; i <= rig->count; i++)
        if (rig->results[i].count != 1)
            return false;
    return true;
}

unsigned rig_copies(const struct rig *rig, const char *data)
{
    unsigned n = 0;
    for (size_t i = 0; i < fake_stream_count(rig->stream); i++)
        n += strcmp(fake_stream_at(rig->stream, i)->data, data) == 0;
    return n;
}
