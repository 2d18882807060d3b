/* What tests ask klocal itself: /_klocal/state, reset, clock, credentials/expire. Not signed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "s3_state.h"
#include "stream.h"

#define BODY_LIMIT ((uint64_t)4 << 20)

static void begin(struct request *request)
{
    const struct body_plan plan = {
        .store = &request->klocal->blobs, .room = BODY_LIMIT, .in_memory = true};
    body_begin(&request->body, &plan);
}

static void refuse(struct request *request, unsigned status, const char *message)
{
    request->response.status = status;
    text_clear(&request->response.body);
    text_puts(&request->response.body, "{\"error\":");
    text_put_json(&request->response.body, message, strlen(message));
    text_putc(&request->response.body, '}');
}

static void put_record(struct text *out, const struct record *record)
{
    char number[SEQUENCE_SIZE], hash[65];
    sequence_format(record->sequence, number);
    sigv4_hex_sha256(record->bytes + record->key_length, record->data_length, hash);
    text_printf(out, "{\"SequenceNumber\":\"%s\",\"ArrivalMs\":%lld,\"Size\":%u,\"Sha256\":\"%s\",",
                number, (long long)record->arrival_ms, record->data_length, hash);
    text_puts(out, "\"PartitionKey\":");
    text_put_json(out, (const char *)record->bytes, record->key_length);
    text_putc(out, '}');
}

static void put_shard(struct text *out, const struct shard *shard, bool with_records)
{
    char id[SHARD_ID_SIZE], start[HASH_KEY_SIZE], end[HASH_KEY_SIZE];
    shard_id(shard->index, id);
    hash_format(shard->start, start);
    hash_format(shard->end, end);
    text_printf(out,
                "{\"ShardId\":\"%s\",\"Open\":%s,\"StartingHashKey\":\"%s\",\"EndingHashKey\":"
                "\"%s\",\"Trimmed\":%llu,\"RecordCount\":%zu",
                id, shard->closed_ms == 0 ? "true" : "false", start, end,
                (unsigned long long)shard->base, shard->count);
    if (with_records) {
        text_puts(out, ",\"Records\":[");
        for (size_t i = 0; i < shard->count; i++) {
            if (i > 0)
                text_putc(out, ',');
            put_record(out, shard_record(shard, shard->base + i));
        }
        text_putc(out, ']');
    }
    text_putc(out, '}');
}

static void put_stream(struct klocal *klocal, struct text *out, const struct stream *stream,
                       bool with_records)
{
    text_printf(out, "{\"StreamName\":\"%s\",\"StreamStatus\":\"%s\",\"Shards\":[", stream->name,
                stream_status_name(stream_status(klocal, stream)));
    for (size_t i = 0; i < stream->shard_count; i++) {
        if (i > 0)
            text_putc(out, ',');
        put_shard(out, stream->shards[i], with_records);
    }
    text_puts(out, "]}");
}

/* ?records=1 also lists every record, ?stream=NAME only one stream. */
static void state(struct request *request)
{
    struct klocal *klocal = request->klocal;
    struct text *out = &request->response.body;
    const char *only = request_param(request, "stream");
    const char *records = request_param(request, "records");
    bool first = true;
    text_printf(out, "{\"Requests\":%llu,\"Operations\":{",
                (unsigned long long)atomic_load(&klocal->requests));
    for (size_t i = 0; i < klocal->counter_count; i++) {
        text_puts(out, i > 0 ? "," : "");
        text_put_json(out, klocal->counters[i].name, strlen(klocal->counters[i].name));
        text_printf(out, ":%llu", (unsigned long long)klocal->counters[i].count);
    }
    text_puts(out, "},\"Streams\":[");
    for (size_t i = 0; i < klocal->stream_count; i++) {
        if (only != NULL && strcmp(only, klocal->streams[i]->name) != 0)
            continue;
        text_puts(out, first ? "" : ",");
        first = false;
        put_stream(klocal, out, klocal->streams[i], records != NULL && strcmp(records, "0") != 0);
    }
    text_puts(out, "],\"Buckets\":[");
    s3_put_state(klocal, out);
    text_puts(out, "]}");
}

/* {"advance_ms": N} moves the service's time, {"hold": true} stops it, {"skew_ms": N} makes the
 * wall time wrong. */
static void set_clock(struct request *request)
{
    json_t *input =
        json_loadb(body_string(&request->body), request->body.length, JSON_REJECT_DUPLICATES, NULL);
    json_t *advance = json_object_get(input, "advance_ms"),
           *skew = json_object_get(input, "skew_ms"), *hold = json_object_get(input, "hold");
    if (!json_is_integer(advance) && !json_is_integer(skew) && !json_is_boolean(hold)) {
        refuse(request, 400,
               "want {\"advance_ms\": N}, {\"hold\": true|false} or {\"skew_ms\": N}");
    } else {
        if (json_is_boolean(hold))
            clock_hold(&request->klocal->clock, json_is_true(hold));
        if (json_is_integer(advance))
            atomic_fetch_add(&request->klocal->clock.advance_ms, json_integer_value(advance));
        if (json_is_integer(skew))
            atomic_store(&request->klocal->clock.skew_ms, json_integer_value(skew));
        pthread_cond_broadcast(&request->klocal->changed);
        text_puts(&request->response.body, "{}");
    }
    json_decref(input);
}

static void set_faults(struct request *request)
{
    struct text problem = {0};
    if (fault_load(request->klocal, body_string(&request->body), request->body.length, &problem))
        text_puts(&request->response.body, "{}");
    else
        refuse(request, 400, text_string(&problem));
    text_free(&problem);
}

static void post(struct request *request, const char *page)
{
    struct klocal *klocal = request->klocal;
    if (strcmp(page, "reset") == 0) {
        klocal_reset(klocal);
        text_puts(&request->response.body, "{}");
    } else if (strcmp(page, "clock") == 0) {
        set_clock(request);
    } else if (strcmp(page, "faults") == 0) {
        set_faults(request);
    } else if (strcmp(page, "credentials/expire") == 0) {
        atomic_store(&klocal->credentials.revoked_before_ms, clock_service_ms(&klocal->clock) + 1);
        text_puts(&request->response.body, "{}");
    } else {
        refuse(request, 404, "no such page");
    }
}

static void finish(struct request *request)
{
    const char *page = request->path + strlen("/_klocal/");
    request->response.status = 200;
    response_header(&request->response, "Content-Type", "application/json");
    pthread_mutex_lock(&request->klocal->lock);
    if (strcmp(request->method, "POST") == 0)
        post(request, page);
    else if (strcmp(page, "state") == 0)
        state(request);
    else if (strcmp(page, "faults") == 0)
        fault_put_state(request->klocal, &request->response.body);
    else if (strcmp(page, "health") == 0)
        text_puts(&request->response.body, "{\"ok\":true}");
    else
        refuse(request, 404, "no such page");
    pthread_mutex_unlock(&request->klocal->lock);
}

const struct service service_admin = {.name = "admin", .begin = begin, .finish = finish};
