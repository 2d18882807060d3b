/* What must be known of the stream beyond its name, asked only when it matters: the size its
 * records may have (a record over 1 MiB was put), and its shards (it throttles, or records are
 * aggregated).
 */
#include "producer/producer.h"

#include <kinesis/calls.h>

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 30000, PATIENCE = 2 };

/* Denied, or no such stream: asking again will not help. */
static bool is_hopeless(const struct sigv4_error *err)
{
    return !err->retryable && err->status != SIGV4_E_NOMEM && err->status != SIGV4_E_CANCELED;
}

static void put_off(struct kinesis_producer *p, struct kinesis__question *q)
{
    int64_t pause = FIRST_PAUSE_MS;
    for (uint32_t i = 0; i < q->failures && pause < LONGEST_PAUSE_MS; i++)
        pause += pause / 2;
    q->failures++;
    q->again_ms = p->on_loop.now_ms + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
}

static bool may_ask(const struct kinesis_producer *p, const struct kinesis__question *q)
{
    return q->wanted && !q->answered && !q->call && p->on_loop.now_ms >= q->again_ms &&
           !p->on_loop.freed;
}

static void begin_step(struct kinesis_producer *p, struct kinesis__question *q)
{
    p->on_loop.now_ms = kinesis__now(p);
    sigv4_call_release(q->call);
    q->call = NULL;
}

/* No answer: never, or not yet. */
static void give_up_or_put_off(struct kinesis_producer *p, struct kinesis__question *q,
                               const struct sigv4_error *err, const char *what)
{
    q->answered = is_hopeless(err);
    if (!q->answered)
        put_off(p, q);
    kinesis__say(p, q->answered ? SIGV4_WARN : SIGV4_INFO, "%s not known: %s", what, err->message);
}

/* ---- the size of its records ---- */

static void on_summary(void *ctx, const struct kinesis_describe_stream_summary_result *result)
{
    struct kinesis_producer *p = ctx;
    struct kinesis__question *q = &p->on_loop.sizes;
    struct kinesis__queue done = {0};
    begin_step(p, q);
    if (result->error) {
        /* Never: large records go alone then, and the service judges. */
        give_up_or_put_off(p, q, result->error, "the stream's record size is");
    } else {
        p->on_loop.max_record = 1024 * (result->max_record_kib ? result->max_record_kib : 1024);
        q->answered = true;
    }
    if (q->answered)
        kinesis__place_all(p, &p->on_loop.unsized);
    kinesis__dispatch(p);
    kinesis__end_step(p, &done);
}

void kinesis__ask_sizes(struct kinesis_producer *p)
{
    struct kinesis__question *q = &p->on_loop.sizes;
    q->wanted = true;
    if (!may_ask(p, q))
        return;
    int rc = kinesis_describe_stream_summary(p->client,
                                             KINESIS_DESCRIBE_STREAM_SUMMARY(.stream = p->stream),
                                             on_summary, p, &q->call, NULL);
    if (rc)
        put_off(p, q);
}

/* ---- its shards ---- */

static void on_page(void *ctx, const struct kinesis_list_shards_result *result);

static int ask_page(struct kinesis_producer *p, struct sigv4_slice next_token)
{
    struct kinesis_list_shards_input *in =
        KINESIS_LIST_SHARDS(.stream = p->stream, .filter = KINESIS_SHARDS_AT_LATEST);
    in->next_token = next_token;
    return kinesis_list_shards(p->client, in, on_page, p, &p->on_loop.shards.call, NULL);
}

static void forget_pages(struct kinesis_producer *p)
{
    kinesis__shard_map_free(p->on_loop.pages);
    p->on_loop.pages = NULL;
}

static int add_page(struct kinesis_producer *p, const struct kinesis_list_shards_result *result,
                    struct sigv4_error *err)
{
    int rc = SIGV4_OK;
    for (size_t i = 0; !rc && i < result->shard_count; i++)
        rc = kinesis__shard_map_add(p->on_loop.pages, kinesis_list_shards_at(result, i), err);
    if (!rc && result->next_token.len)
        rc = ask_page(p, result->next_token);
    else if (!rc)
        rc = kinesis__shard_map_finish(p->on_loop.pages, err);
    return rc;
}

/* What waits is placed anew. NULL: the old map is of no use any more. */
static void use_map(struct kinesis_producer *p, struct kinesis__shard_map *map)
{
    struct kinesis__queue homeless = {0};
    kinesis__lanes_set_map(&p->on_loop.lanes, map, &homeless);
    kinesis__set(&p->counters.shards_known, kinesis__shard_map_count(p->on_loop.lanes.map));
    kinesis__place_all(p, &homeless);
}

/* All pages are there. */
static void finish_pages(struct kinesis_producer *p)
{
    struct kinesis__shard_map *map = p->on_loop.pages;
    p->on_loop.pages = NULL;
    p->on_loop.shards.answered = true;
    p->on_loop.shards.failures = 0;
    /* One that proves to be old already is not asked for at once. */
    p->on_loop.shards.again_ms = p->on_loop.now_ms + FIRST_PAUSE_MS;
    kinesis__say(p, SIGV4_INFO, "the stream has %zu open shards (%zu before)",
                 kinesis__shard_map_count(map), kinesis__shard_map_count(p->on_loop.lanes.map));
    use_map(p, map);
}

static void on_page(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct kinesis_producer *p = ctx;
    struct kinesis__question *q = &p->on_loop.shards;
    struct kinesis__queue done = {0};
    struct sigv4_error err;
    begin_step(p, q);
    err = result->error ? *result->error : (struct sigv4_error){0};
    int rc = result->error ? result->error->status : add_page(p, result, &err);
    if (rc) {
        forget_pages(p);
        err.status = rc;
        err.retryable |= rc == SIGV4_E_CONFLICT; /* the shards changed between two pages */
        give_up_or_put_off(p, q, &err, "the stream's shards are");
        if (q->answered)
            use_map(p, NULL);
    } else if (!q->call) {
        finish_pages(p);
    }
    if (q->answered)
        kinesis__judge_doubts(p, &done);
    if (!kinesis__is_waiting_for_shards(p))
        kinesis__place_all(p, &p->on_loop.unplaced);
    kinesis__dispatch(p);
    kinesis__end_step(p, &done);
}

void kinesis__ask_shards(struct kinesis_producer *p)
{
    struct kinesis__question *q = &p->on_loop.shards;
    q->wanted = true;
    if (!may_ask(p, q))
        return;
    int rc = kinesis__shard_map_new(&p->on_loop.pages, &p->alloc);
    if (!rc)
        rc = ask_page(p, SIGV4_LIT(""));
    if (rc) {
        forget_pages(p);
        put_off(p, q);
    }
}

void kinesis__refresh_shards(struct kinesis_producer *p)
{
    if (!p->on_loop.shards.call)
        p->on_loop.shards.answered = false;
    kinesis__ask_shards(p);
}

/* Aggregation waits for the shards; when they are hard to get, records rather go as they are. */
bool kinesis__is_waiting_for_shards(const struct kinesis_producer *p)
{
    const struct kinesis__question *q = &p->on_loop.shards;
    return p->on_loop.aggregate && q->wanted && !q->answered && q->failures < PATIENCE;
}
