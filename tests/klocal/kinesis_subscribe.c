/* SubscribeToShard: an event stream that ends after five minutes, at the end of the shard, or when
 * another call takes the shard over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "fault_apply.h"
#include "kinesis.h"
#include "kinesis_input.h"
#include "kinesis_start.h"
#include "memory.h"

#define EVENT_BYTES   ((size_t)1 << 20)
#define EVENT_RECORDS 1000
#define TAKE_OVER_MS  5000

struct subscription_slot {
    uint64_t stream_id;
    uint64_t consumer_id;
    uint32_t shard;
    uint64_t serial; /* of the subscription that holds it */
    int64_t started_ms;
};

struct subscription {
    struct klocal *klocal;
    struct MHD_Connection *connection;
    struct fault_action fault;
    uint64_t sent;
    uint64_t stream_id;
    uint64_t consumer_id;
    uint32_t shard;
    uint64_t serial;
    int64_t ends_ms;
    uint64_t position;
    struct text pending;
    size_t given; /* of pending */
    bool last;    /* nothing comes behind pending */
};

static struct subscription_slot *find_slot(struct klocal *klocal, uint64_t stream_id,
                                           uint64_t consumer_id, uint32_t shard)
{
    for (size_t i = 0; i < klocal->slot_count; i++) {
        struct subscription_slot *slot = &klocal->slots[i];
        if (slot->stream_id == stream_id && slot->consumer_id == consumer_id &&
            slot->shard == shard)
            return slot;
    }
    return NULL;
}

/* Takes the shard for this subscription; not within five seconds of the last one. */
static bool take_slot(struct kinesis_call *call, struct subscription *subscription)
{
    struct klocal *klocal = call->klocal;
    int64_t now = clock_service_ms(&klocal->clock);
    struct subscription_slot *slot =
        find_slot(klocal, subscription->stream_id, subscription->consumer_id, subscription->shard);
    if (slot != NULL && now - slot->started_ms < TAKE_OVER_MS)
        return kinesis_refuse(call, "ResourceInUseException",
                              "Another active subscription exists for this consumer and shard.");
    if (slot == NULL) {
        klocal->slots = memory_grow(klocal->slots, klocal->slot_count + 1, sizeof *klocal->slots);
        slot = &klocal->slots[klocal->slot_count++];
    }
    *slot = (struct subscription_slot){.stream_id = subscription->stream_id,
                                       .consumer_id = subscription->consumer_id,
                                       .shard = subscription->shard,
                                       .serial = ++klocal->sequence_counter,
                                       .started_ms = now};
    subscription->serial = slot->serial;
    pthread_cond_broadcast(&klocal->changed); /* the old one notices */
    return true;
}

static struct stream *stream_of(struct klocal *klocal, uint64_t id)
{
    for (size_t i = 0; i < klocal->stream_count; i++)
        if (klocal->streams[i]->id == id)
            return stream_find(klocal, klocal->streams[i]->name);
    return NULL;
}

static void put_exception(struct subscription *subscription, const char *type, const char *message)
{
    struct text payload = {0};
    text_puts(&payload, "{\"message\":");
    text_put_json(&payload, message, strlen(message));
    text_putc(&payload, '}');
    event_put(&subscription->pending, "exception", type, payload.data, payload.length);
    text_free(&payload);
    subscription->last = true;
}

static void put_continuation(struct subscription *subscription, struct text *payload,
                             const struct shard *shard, uint64_t first)
{
    char number[SEQUENCE_SIZE];
    struct sequence sequence = subscription->position > first
                                   ? shard_record(shard, subscription->position - 1)->sequence
                                   : sequence_next(subscription->klocal, shard->index);
    sequence_format(sequence, number);
    text_printf(payload, ",\"ContinuationSequenceNumber\":\"%s\"", number);
}

/* One event, with records or without: the next ones, and what the consumer needs to go on. */
static void put_event(struct subscription *subscription, const struct stream *stream,
                      const struct shard *shard)
{
    struct text payload = {0};
    int64_t now = clock_service_ms(&subscription->klocal->clock), behind = 0;
    uint64_t first = subscription->position, end = shard_end(shard);
    text_puts(&payload, "{\"Records\":[");
    while (subscription->position < end && subscription->position - first < EVENT_RECORDS &&
           payload.length < EVENT_BYTES) {
        text_puts(&payload, subscription->position > first ? "," : "");
        kinesis_put_record_json(&payload, shard_record(shard, subscription->position++),
                                stream->encrypted);
    }
    text_putc(&payload, ']');
    if (subscription->position < end)
        behind = now - shard_record(shard, subscription->position)->arrival_ms;
    subscription->last = subscription->position == end && shard->closed_ms != 0;
    if (subscription->last)
        kinesis_put_children(&payload, stream, shard);
    else
        put_continuation(subscription, &payload, shard, first);
    text_printf(&payload, ",\"MillisBehindLatest\":%lld}", (long long)(behind > 0 ? behind : 0));
    event_put(&subscription->pending, "event", "SubscribeToShardEvent", payload.data,
              payload.length);
    text_free(&payload);
}

static void deadline_in(int64_t ms, struct timespec *until)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    until->tv_sec += (time_t)(ms / 1000);
    until->tv_nsec += (long)(ms % 1000) * 1000000;
    if (until->tv_nsec >= 1000000000) {
        until->tv_sec++;
        until->tv_nsec -= 1000000000;
    }
}

/* Is it over? Then pending holds the last words, or nothing. The lock is held. */
static bool is_over(struct subscription *subscription)
{
    struct klocal *klocal = subscription->klocal;
    const struct subscription_slot *slot =
        find_slot(klocal, subscription->stream_id, subscription->consumer_id, subscription->shard);
    const struct stream *stream = stream_of(klocal, subscription->stream_id);
    if (klocal->stopping || slot == NULL || slot->serial != subscription->serial ||
        clock_service_ms(&klocal->clock) >= subscription->ends_ms)
        subscription->last = true;
    else if (stream == NULL)
        put_exception(subscription, "ResourceNotFoundException", "The stream was deleted.");
    return subscription->last;
}

/* Waits for records, the shard's end, or the time for a sign of life, and writes the event. */
static void next_event(struct subscription *subscription)
{
    struct klocal *klocal = subscription->klocal;
    struct timespec until;
    deadline_in(klocal->options.heartbeat_ms, &until);
    pthread_mutex_lock(&klocal->lock);
    for (int timed_out = 0; !is_over(subscription);) {
        struct stream *stream = stream_of(klocal, subscription->stream_id);
        struct shard *shard = stream->shards[subscription->shard];
        shard_trim(shard, stream_horizon_ms(klocal, stream));
        if (subscription->position < shard->base)
            subscription->position = shard->base;
        if (subscription->position < shard_end(shard) || shard->closed_ms != 0 ||
            timed_out == ETIMEDOUT) {
            put_event(subscription, stream, shard);
            break;
        }
        timed_out = pthread_cond_timedwait(&klocal->changed, &klocal->lock, &until);
    }
    pthread_mutex_unlock(&klocal->lock);
}

/* The faults of answers, for bytes that have no end. */
static bool tamper(struct subscription *subscription, char *out, size_t n)
{
    const struct fault_action *action = &subscription->fault;
    uint64_t at = action->offset >= 0 ? (uint64_t)action->offset : 200;
    bool now = at >= subscription->sent && at - subscription->sent < n;
    subscription->sent += n;
    if (!now)
        return true;
    if (action->kind == FAULT_STALL)
        klocal_sleep_ms(subscription->klocal, action->delay_ms);
    if (action->kind == FAULT_CORRUPT)
        out[n - (subscription->sent - at)] ^= 1;
    if (action->kind == FAULT_RESET_ANSWER)
        fault_reset(subscription->connection);
    return action->kind != FAULT_RESET_ANSWER && action->kind != FAULT_TRUNCATE;
}

static ssize_t read_events(void *cls, uint64_t position, char *out, size_t room)
{
    struct subscription *subscription = cls;
    (void)position;
    if (subscription->given == subscription->pending.length) {
        text_clear(&subscription->pending);
        subscription->given = 0;
        if (!subscription->last)
            next_event(subscription);
    }
    size_t left = subscription->pending.length - subscription->given;
    size_t n = left < room ? left : room;
    if (n == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memcpy(out, subscription->pending.data + subscription->given, n);
    subscription->given += n;
    return tamper(subscription, out, n) ? (ssize_t)n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_subscription(void *cls)
{
    struct subscription *subscription = cls;
    text_free(&subscription->pending);
    free(subscription);
}

static void answer(struct kinesis_call *call, struct subscription *subscription)
{
    struct response *response = &call->request->response;
    for (size_t i = 0; i < response->headers.count; i++)
        if (strcmp(response->headers.items[i].name, "Content-Type") == 0) {
            free(response->headers.items[i].value);
            response->headers.items[i].value = memory_string("application/vnd.amazon.eventstream");
        }
    event_put(&subscription->pending, "event", "initial-response", "{}", 2);
    response->made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 65536, read_events,
                                                       subscription, free_subscription);
}

static struct shard *find_shard(struct kinesis_call *call, struct stream *stream, const char *id)
{
    struct shard *shard = stream_shard_by_id(stream, id);
    if (shard != NULL && !stream_shard_expired(call->klocal, stream, shard))
        return shard;
    kinesis_refuse(call, "ResourceNotFoundException",
                   "Shard %s in stream %s under account %s does not exist", id, stream->name,
                   call->klocal->options.account);
    return NULL;
}

void kinesis_subscribe_to_shard(struct kinesis_call *call)
{
    struct start start = {0};
    struct stream *stream = NULL;
    uint64_t position = 0;
    int64_t now = clock_service_ms(&call->klocal->clock);
    const char *id = input_string(call, call->input, &input_shard_id, -1);
    json_t *place = input_object(call, "StartingPosition");
    if (place == NULL)
        input_problem(call, "Value null at 'startingPosition' failed to satisfy constraint: Member "
                            "must not be null");
    else
        start_read(call, place, "Type", "SequenceNumber", &start);
    input_member(call, &input_consumer_arn, "ConsumerARN", true);
    if (!input_complete(call))
        return;
    const struct consumer *consumer = kinesis_find_consumer(call, &stream);
    if (consumer == NULL || !start_check(call, &start))
        return;
    if (now < consumer->active_ms || consumer->deleted_ms != 0) {
        kinesis_refuse(call, "ResourceInUseException", "Consumer %s is not ACTIVE.",
                       consumer->name);
        return;
    }
    struct shard *shard = find_shard(call, stream, id);
    if (shard == NULL || !start_find(call, stream, shard, &start, &position))
        return;
    struct subscription *subscription = memory_take(1, sizeof *subscription);
    subscription->klocal = call->klocal;
    subscription->connection = call->request->connection;
    subscription->fault = call->request->fault;
    subscription->stream_id = stream->id;
    subscription->consumer_id = consumer->id;
    subscription->shard = shard->index;
    subscription->ends_ms = now + call->klocal->options.subscription_ms;
    subscription->position = position;
    if (take_slot(call, subscription))
        answer(call, subscription);
    else
        free_subscription(subscription);
}
