#ifndef FLOW_KINESIS_STAGE_H
#define FLOW_KINESIS_STAGE_H
/* A stage for tests of the consumer: a small Kinesis behind the fake engine, in virtual time, and a
 * user who writes down what it is told. The shards, their records and what goes wrong are set
 * before the consumer starts; records and ends of shards become visible at their time. */
#include "failing_alloc.h"
#include "flow/example_keys.h"
#include "flow/fake_engine.h"

#include <jansson.h>
#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

enum { STAGE_SHARDS = 160, STAGE_LOG = 4000, STAGE_READS = 20000 };

struct stage_shard {
    char id[130];
    const char *parents[2];
    unsigned count;                   /* records, numbered from 1000 * (its index + 1) + 1 */
    int64_t first_at_ms, every_ms;    /* when the records arrive; every_ms 0: all at once */
    int64_t born_at_ms, closed_at_ms; /* 0: from the start; 0: never */
    int64_t gone_at_ms;               /* not listed any more; 0: never */
};

enum stage_op { STAGE_LIST, STAGE_PLACE, STAGE_READ, STAGE_SUBSCRIBE };

struct stage {
    struct failing_alloc memory;
    struct sigv4_alloc alloc;
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_provider *provider;
    struct sigv4_client *client;
    struct kinesis_consumer *consumer;
    struct kinesis_consumer_options options;

    struct stage_shard shards[STAGE_SHARDS];
    size_t shard_count;
    const char *data;     /* of each record, in base64; NULL: "hello" */
    bool silent_children; /* ends of shards do not name them, as kinesalite */
    size_t list_page, read_page;
    int64_t iterator_ms; /* 0: five minutes */
    /* Changes an answer; NULL: nothing goes wrong. */
    void (*trouble)(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                    struct fake_answer *answer);
    unsigned nth[4];
    char *text; /* of the answer under way */
    /* Answers SubscribeToShard; see fan_out_stage.h. */
    void (*subscribe)(struct stage *s, json_t *in, struct fake_answer *answer);

    struct {
        char shard[130];
        unsigned number, sub, flags;
        int64_t at_ms;
    } log[STAGE_LOG];
    size_t logged;
    char events[65536]; /* "found A\nstarted A\n..." */
    struct {
        size_t shard;
        int64_t at_ms;
    } reads[STAGE_READS];
    size_t read_count;
    enum kinesis_next (*answer)(struct stage *s, const struct kinesis_record *record);
    unsigned ends;
    struct sigv4_error error;
    char last_place[600]; /* the body of the last GetShardIterator */
    const struct kinesis_record *held;
};

/* ---- the service ---- */

static inline size_t stage_find(const struct stage *s, const char *id)
{
    for (size_t i = 0; i < s->shard_count; i++)
        if (strcmp(s->shards[i].id, id) == 0)
            return i;
    return s->shard_count;
}

static inline int64_t stage_arrival(const struct stage_shard *h, unsigned i)
{
    return h->first_at_ms + (int64_t)i * h->every_ms;
}

static inline unsigned stage_visible(const struct stage *s, const struct stage_shard *h)
{
    unsigned n = 0;
    while (n < h->count && stage_arrival(h, n) <= fake_now_ms(s->fake))
        n++;
    return n;
}

static inline bool stage_closed(const struct stage *s, const struct stage_shard *h)
{
    return h->closed_at_ms && h->closed_at_ms <= fake_now_ms(s->fake);
}

static inline json_t *stage_list(struct stage *s, json_t *in)
{
    json_t *list = json_array(), *out = json_pack("{s:o}", "Shards", list);
    const char *token = json_string_value(json_object_get(in, "NextToken"));
    size_t i = token ? (size_t)atoi(token) : 0, page = s->list_page ? s->list_page : 1000;
    for (; i < s->shard_count && json_array_size(list) < page; i++) {
        const struct stage_shard *h = &s->shards[i];
        if (h->born_at_ms > fake_now_ms(s->fake) ||
            (h->gone_at_ms && h->gone_at_ms <= fake_now_ms(s->fake)))
            continue;
        json_t *range = json_pack("{s:s}", "StartingSequenceNumber", "1");
        if (stage_closed(s, h))
            json_object_set_new(range, "EndingSequenceNumber", json_string("999999"));
        json_t *shard =
            json_pack("{s:s,s:{s:s,s:s},s:o}", "ShardId", h->id, "HashKeyRange", "StartingHashKey",
                      "0", "EndingHashKey", "9", "SequenceNumberRange", range);
        if (h->parents[0])
            json_object_set_new(shard, "ParentShardId", json_string(h->parents[0]));
        if (h->parents[1])
            json_object_set_new(shard, "AdjacentParentShardId", json_string(h->parents[1]));
        json_array_append_new(list, shard);
    }
    if (i < s->shard_count)
        json_object_set_new(out, "NextToken", json_sprintf("%zu", i));
    return out;
}

static inline json_t *stage_place(struct stage *s, json_t *in)
{
    const char *type = json_string_value(json_object_get(in, "ShardIteratorType"));
    const char *number = json_string_value(json_object_get(in, "StartingSequenceNumber"));
    size_t index = stage_find(s, json_string_value(json_object_get(in, "ShardId")));
    const struct stage_shard *h = &s->shards[index];
    unsigned at = 0, first = 1000 * (unsigned)(index + 1) + 1;
    assert_true(index < s->shard_count);
    if (strcmp(type, "LATEST") == 0)
        at = stage_visible(s, h);
    else if (number)
        at = (unsigned)atoi(number) - first + (strncmp(type, "AFTER", 5) == 0);
    else if (strcmp(type, "AT_TIMESTAMP") == 0) {
        double when = json_number_value(json_object_get(in, "Timestamp")) * 1000;
        while (at < h->count && 1767225600000.0 + (double)stage_arrival(h, at) < when)
            at++;
    }
    return json_pack("{s:o}", "ShardIterator",
                     json_sprintf("%zu %u %lld", index, at, (long long)fake_now_ms(s->fake)));
}

static inline json_t *stage_children(const struct stage *s, const char *id)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->shard_count; i++) {
        const struct stage_shard *h = &s->shards[i];
        for (size_t k = 0; k < 2; k++) {
            if (!h->parents[k] || strcmp(h->parents[k], id) != 0)
                continue;
            json_t *parents = json_pack("[s]", h->parents[0]);
            if (h->parents[1])
                json_array_append_new(parents, json_string(h->parents[1]));
            json_array_append_new(list, json_pack("{s:s,s:o,s:{s:s,s:s}}", "ShardId", h->id,
                                                  "ParentShards", parents, "HashKeyRange",
                                                  "StartingHashKey", "0", "EndingHashKey", "9"));
        }
    }
    return list;
}

/* NULL: the iterator has expired. */
static inline json_t *stage_read(struct stage *s, const char *iterator)
{
    size_t index;
    unsigned at;
    long long made;
    assert_int_equal(sscanf(iterator, "%zu %u %lld", &index, &at, &made), 3);
    const struct stage_shard *h = &s->shards[index];
    int64_t now = fake_now_ms(s->fake);
    assert_true(s->read_count < STAGE_READS);
    s->reads[s->read_count].shard = index;
    s->reads[s->read_count++].at_ms = now;
    if (now - made > (s->iterator_ms ? s->iterator_ms : 300000))
        return NULL;
    unsigned visible = stage_visible(s, h), page = s->read_page ? (unsigned)s->read_page : 10000;
    json_t *records = json_array(), *out = json_pack("{s:o}", "Records", records);
    for (; at < visible && json_array_size(records) < page; at++)
        json_array_append_new(
            records,
            json_pack("{s:o,s:s,s:s,s:f}", "SequenceNumber",
                      json_sprintf("%u", 1000 * (unsigned)(index + 1) + 1 + at), "PartitionKey",
                      "k", "Data", s->data ? s->data : "aGVsbG8=", "ApproximateArrivalTimestamp",
                      1767225600.0 + (double)stage_arrival(h, at) / 1000));
    bool ended = stage_closed(s, h) && at == h->count;
    if (!ended)
        json_object_set_new(out, "NextShardIterator",
                            json_sprintf("%zu %u %lld", index, at, (long long)now));
    else if (!s->silent_children)
        json_object_set_new(out, "ChildShards", stage_children(s, h->id));
    int64_t behind = at < visible ? now - stage_arrival(h, at) + 1 : 0;
    json_object_set_new(out, "MillisBehindLatest", json_integer(behind));
    return out;
}

static inline void stage_error(struct fake_answer *answer, const char *code)
{
    static char body[256];
    snprintf(body, sizeof body, "{\"__type\":\"%s\",\"message\":\"as the test wants it\"}", code);
    answer->status = 400;
    answer->body = body;
    answer->body_len = 0;
}

static inline void stage_date(const struct stage *s, char *out, size_t n)
{
    time_t t = (time_t)(1767225600 + fake_now_ms(s->fake) / 1000);
    struct tm utc;
    gmtime_r(&t, &utc);
    strftime(out, n, "Date: %a, %d %b %Y %H:%M:%S GMT\n", &utc);
}

static inline void stage_decide(void *ctx, const struct fake_request *request,
                                struct fake_answer *answer)
{
    static char date[64];
    struct stage *s = ctx;
    json_t *in = json_loadb(request->body, request->body_len, 0, NULL), *out = NULL;
    const char *iterator = json_string_value(json_object_get(in, "ShardIterator"));
    const char *shard = json_string_value(json_object_get(in, "ShardId"));
    enum stage_op op = iterator ? STAGE_READ : shard ? STAGE_PLACE : STAGE_LIST;
    assert_non_null(in);
    if (json_object_get(in, "ConsumerARN"))
        op = STAGE_SUBSCRIBE;
    if (op == STAGE_LIST)
        out = stage_list(s, in);
    if (op == STAGE_PLACE) {
        snprintf(s->last_place, sizeof s->last_place, "%s", request->body);
        out = stage_place(s, in);
    }
    if (op == STAGE_READ) {
        out = stage_read(s, iterator);
        shard = s->shards[s->reads[s->read_count - 1].shard].id;
    }
    free(s->text);
    s->text = out ? json_dumps(out, 0) : NULL;
    stage_date(s, date, sizeof date);
    answer->headers = date;
    answer->body = s->text;
    answer->delay_ms = 10;
    if (op == STAGE_SUBSCRIBE)
        s->subscribe(s, in, answer);
    else if (!out)
        stage_error(answer, "ExpiredIteratorException");
    if (s->trouble)
        s->trouble(s, op, s->nth[op]++, shard, answer);
    json_decref(out);
    json_decref(in);
}

/* ---- the user ---- */

static inline enum kinesis_next stage_on_record(void *ctx, const struct kinesis_record *record)
{
    struct stage *s = ctx;
    char number[32];
    assert_true(s->logged < STAGE_LOG);
    assert_int_equal(s->ends, 0);
    snprintf(s->log[s->logged].shard, sizeof s->log[0].shard, "%.*s", (int)record->shard_id.len,
             (const char *)record->shard_id.ptr);
    snprintf(number, sizeof number, "%.*s", (int)record->sequence_number.len,
             (const char *)record->sequence_number.ptr);
    if (!s->data)
        assert_memory_equal(record->data.ptr, "hello", 5);
    s->log[s->logged].sub = (unsigned)record->sub_sequence_number;
    s->log[s->logged].flags = record->flags;
    s->log[s->logged].number = (unsigned)atoi(number);
    s->log[s->logged++].at_ms = fake_now_ms(s->fake);
    return s->answer ? s->answer(s, record) : KINESIS_GO_ON;
}

static inline void stage_on_shard(void *ctx, struct sigv4_slice shard_id,
                                  enum kinesis_shard_event event, const struct sigv4_error *err)
{
    static const char *const names[] = {"found",   "started", "tip",    "ended",
                                        "trouble", "gone",    "stalled"};
    struct stage *s = ctx;
    size_t n = strlen(s->events);
    assert_int_equal(s->ends, 0);
    assert_true(!err == (event < KINESIS_SHARD_TROUBLE));
    assert_true((size_t)event < sizeof names / sizeof *names);
    snprintf(s->events + n, sizeof s->events - n, "%s %.*s\n", names[event], (int)shard_id.len,
             (const char *)shard_id.ptr);
}

static inline void stage_on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct stage *s = ctx;
    assert_non_null(host);
    s->ends++;
    if (err)
        s->error = *err;
}

/* ---- before, between and after ---- */

static inline struct stage_shard *stage_add(struct stage *s, const char *id, unsigned count)
{
    struct stage_shard *h = &s->shards[s->shard_count++];
    snprintf(h->id, sizeof h->id, "%s", id);
    h->count = count;
    return h;
}

static inline struct stage_shard *stage_add_child(struct stage *s, const char *id, unsigned count,
                                                  const char *parent, const char *other,
                                                  int64_t born_at_ms)
{
    struct stage_shard *h = stage_add(s, id, count);
    h->parents[0] = parent;
    h->parents[1] = other;
    h->born_at_ms = h->first_at_ms = born_at_ms;
    return h;
}

static inline int stage_make_client(struct stage *s)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    o.credentials = s->provider;
    o.endpoint_url = "http://kinesis.local";
    o.region = "us-east-1";
    return sigv4_client_new(&s->client, s->loop, &o, NULL);
}

static inline int stage_set_up(void **state)
{
    struct stage *s = test_calloc(1, sizeof *s);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    s->alloc = failing_alloc_hooks(&s->memory);
    s->fake = fake_new();
    s->loop = fake_loop(s->fake, &s->alloc);
    fake_script(s->fake, (struct fake_answer){.decide = stage_decide, .ctx = s});
    s->provider = example_keys();
    assert_int_equal(stage_make_client(s), SIGV4_OK);
    s->options = (struct kinesis_consumer_options){
        .size = sizeof s->options,
        .stream = "numbers",
        .on_record = stage_on_record,
        .on_shard = stage_on_shard,
        .on_end = stage_on_end,
        .ctx = s,
    };
    *state = s;
    return 0;
}

static inline int stage_tear_down(void **state)
{
    struct stage *s = *state;
    kinesis_consumer_free(s->consumer);
    sigv4_client_free(s->client);
    sigv4_provider_free(s->provider);
    sigv4_loop_free(s->loop);
    fake_free(s->fake);
    assert_true(failing_alloc_clean(&s->memory));
    free(s->text);
    test_free(s);
    return 0;
}

static inline int stage_start(struct stage *s)
{
    return kinesis_consumer_new(&s->consumer, s->client, &s->options, NULL);
}

static inline bool stage_has_ended(void *ctx)
{
    return ((struct stage *)ctx)->ends > 0;
}

static inline void stage_run(struct stage *s)
{
    assert_int_equal(stage_start(s), SIGV4_OK);
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    fake_run_ms(s->fake, s->loop, 1);
    assert_int_equal(s->ends, 1);
}

/* A run in which the nth allocation fails. True: that ended it, and was told once. */
static inline bool stage_run_short(struct stage *s, size_t nth)
{
    s->ends = 0;
    s->logged = 0;
    s->events[0] = '\0';
    memset(&s->error, 0, sizeof s->error);
    failing_alloc_fail(&s->memory, nth);
    int rc = stage_start(s);
    if (rc) {
        assert_int_equal(rc, SIGV4_E_NOMEM);
        return true;
    }
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    kinesis_consumer_free(s->consumer);
    s->consumer = NULL;
    fake_run_ms(s->fake, s->loop, 1);
    assert_int_equal(s->ends, 1);
    if (s->error.status)
        assert_int_equal(s->error.status, SIGV4_E_NOMEM);
    return s->error.status != 0;
}

/* ---- what must hold ---- */

/* The numbers from..to of the shard were delivered, once each, in order, and no others. */
static inline void stage_assert_read(const struct stage *s, const char *id, unsigned from,
                                     unsigned to)
{
    unsigned base = 1000 * (unsigned)(stage_find(s, id) + 1), next = base + from;
    for (size_t i = 0; i < s->logged; i++)
        if (strcmp(s->log[i].shard, id) == 0)
            assert_int_equal(s->log[i].number, next++);
    assert_int_equal(next, base + to + 1);
}

static inline size_t stage_place_of(const struct stage *s, const char *event)
{
    const char *at = strstr(s->events, event);
    if (!at)
        print_error("no '%s' in:\n%s", event, s->events);
    assert_non_null(at);
    return (size_t)(at - s->events);
}

static inline void stage_assert_before(const struct stage *s, const char *first, const char *second)
{
    assert_true(stage_place_of(s, first) < stage_place_of(s, second));
}

static inline unsigned stage_events(const struct stage *s, const char *event)
{
    unsigned n = 0;
    for (const char *at = s->events; (at = strstr(at, event)); at++)
        n++;
    return n;
}

/* Never more than five reads of a shard in any second. */
static inline void stage_assert_paced(const struct stage *s)
{
    for (size_t i = 0; i < s->read_count; i++) {
        unsigned n = 0;
        for (size_t k = i; k < s->read_count && s->reads[k].at_ms < s->reads[i].at_ms + 1000; k++)
            n += s->reads[k].shard == s->reads[i].shard;
        if (n > 5)
            print_error("%u reads of %s in the second from %lld ms\n", n,
                        s->shards[s->reads[i].shard].id, (long long)s->reads[i].at_ms);
        assert_true(n <= 5);
    }
}
#endif
