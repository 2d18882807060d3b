#ifndef FLOW_FAN_OUT_STAGE_H
#define FLOW_FAN_OUT_STAGE_H
/* SubscribeToShard on the stage: what is visible in the shard comes as events of read_page records,
 * with an empty one at the end; then the subscription is over, as after five minutes. */
#include "flow/kinesis_stage.h"

#include <zlib.h>

#define STAGE_CONSUMER                                                                             \
    "arn:aws:kinesis:us-east-1:123456789012:stream/numbers/consumer/reader:1767225600"

enum { STAGE_EVENTS = 4 * 1024 * 1024 };
struct stage_events {
    char *at;
    size_t len;
};

static inline void stage_put_u32(char *to, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(n >> (24 - 8 * i));
}

static inline void stage_put_header(struct stage_events *e, const char *name, const char *value)
{
    e->at[e->len++] = (char)strlen(name);
    memcpy(e->at + e->len, name, strlen(name));
    e->len += strlen(name);
    e->at[e->len++] = 7;
    e->at[e->len++] = (char)(strlen(value) >> 8);
    e->at[e->len++] = (char)strlen(value);
    memcpy(e->at + e->len, value, strlen(value));
    e->len += strlen(value);
}

/* kind: "event" or "exception". */
static inline void stage_put_event(struct stage_events *e, const char *kind, const char *type,
                                   const char *payload)
{
    char *message = e->at + e->len, name[32];
    size_t from = e->len;
    assert_true(e->len + strlen(payload) + 300 < STAGE_EVENTS);
    e->len += 12;
    stage_put_header(e, ":message-type", kind);
    snprintf(name, sizeof name, ":%s-type", kind);
    stage_put_header(e, name, type);
    stage_put_header(e, ":content-type", "application/x-amz-json-1.1");
    stage_put_u32(message + 4, (uint32_t)(e->len - from - 12));
    memcpy(e->at + e->len, payload, strlen(payload));
    e->len += strlen(payload) + 4;
    stage_put_u32(message, (uint32_t)(e->len - from));
    stage_put_u32(message + 8, (uint32_t)crc32(0, (unsigned char *)message, 8));
    stage_put_u32(e->at + e->len - 4,
                  (uint32_t)crc32(0, (unsigned char *)message, (uInt)(e->len - from - 4)));
}

/* The answer to GetRecords as the payload of an event; *iterator moves on, "" at the end. */
static inline bool stage_put_page(struct stage *s, struct stage_events *e, char *iterator)
{
    size_t index = 0;
    unsigned at = 0;
    json_t *page = stage_read(s, iterator);
    const char *next = json_string_value(json_object_get(page, "NextShardIterator"));
    bool more = json_array_size(json_object_get(page, "Records")) > 0 && next;
    snprintf(iterator, 64, "%s", next ? next : "");
    if (next) {
        assert_int_equal(sscanf(next, "%zu %u", &index, &at), 2);
        json_object_set_new(page, "ContinuationSequenceNumber",
                            json_sprintf("%u", 1000 * (unsigned)(index + 1) + at));
    }
    json_object_del(page, "NextShardIterator");
    char *text = json_dumps(page, 0);
    stage_put_event(e, "event", "SubscribeToShardEvent", text);
    free(text);
    json_decref(page);
    return more;
}

static inline void stage_subscribe(struct stage *s, json_t *in, struct fake_answer *answer)
{
    char iterator[64];
    json_t *start = json_object_get(in, "StartingPosition");
    if (!start) { /* DescribeStreamConsumer */
        s->text = strdup("{\"ConsumerDescription\":{\"ConsumerName\":\"reader\",\"ConsumerARN\":"
                         "\"" STAGE_CONSUMER "\",\"ConsumerStatus\":\"ACTIVE\","
                         "\"ConsumerCreationTimestamp\":1,\"StreamARN\":\"x\"}}");
        answer->body = s->text;
        return;
    }
    struct stage_events e = {malloc(STAGE_EVENTS), 0};
    json_t *place = json_copy(start);
    json_object_set(place, "ShardId", json_object_get(in, "ShardId"));
    json_object_set(place, "ShardIteratorType", json_object_get(start, "Type"));
    if (json_object_get(start, "SequenceNumber"))
        json_object_set(place, "StartingSequenceNumber", json_object_get(start, "SequenceNumber"));
    json_t *placed = stage_place(s, place);
    snprintf(iterator, sizeof iterator, "%s",
             json_string_value(json_object_get(placed, "ShardIterator")));
    stage_put_event(&e, "event", "initial-response", "{}");
    while (stage_put_page(s, &e, iterator))
        ;
    json_decref(placed);
    json_decref(place);
    s->text = e.at;
    answer->body = s->text;
    answer->body_len = e.len;
}

/* The whole answer is one exception after the first response. */
static inline void stage_exception(struct stage *s, struct fake_answer *answer, const char *code)
{
    struct stage_events e = {malloc(STAGE_EVENTS), 0};
    stage_put_event(&e, "event", "initial-response", "{}");
    stage_put_event(&e, "exception", code, "{\"message\":\"as the test wants it\"}");
    free(s->text);
    s->text = e.at;
    answer->body = s->text;
    answer->body_len = e.len;
}

static inline int stage_set_up_fan_out(void **state)
{
    if (stage_set_up(state))
        return -1;
    struct stage *s = *state;
    s->subscribe = stage_subscribe;
    s->options.consumer_arn = STAGE_CONSUMER;
    return 0;
}
#endif
