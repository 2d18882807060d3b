/* A producer's options, its making and its end. */
#include "producer/producer.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/stream_name.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    DEFAULT_RECORDS = 100000,
    DEFAULT_LINGER_MS = 50,
    DEFAULT_BATCH_BYTES = 4 * 1024 * 1024,
    LEAST_BATCH_BYTES = 64 * 1024,
    DEFAULT_REQUESTS = 8,
    MOST_REQUESTS = 64,
    DEFAULT_DEADLINE_MS = 30000,
    DEFAULT_AGGREGATE = 51200,
    LONGEST_MS = 24 * 3600 * 1000
};
#define DEFAULT_BYTES (UINT64_C(64) << 20)

int64_t kinesis__now(const struct kinesis_producer *p)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(p->loop);
    return clock->mono_ms(clock->ctx);
}

uint32_t kinesis__chance(const struct kinesis_producer *p)
{
    const struct sigv4_random *random = sigv4_loop_random(p->loop);
    uint32_t chance;
    random->fill(random->ctx, &chance, sizeof chance);
    return chance;
}

void kinesis__say(const struct kinesis_producer *p, enum sigv4_level level, const char *format, ...)
{
    const struct sigv4_log *log = sigv4_loop_log(p->loop);
    char line[512];
    va_list args;
    if (!log->write || level > log->level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->write(log->ctx, level, "producer", line);
}

/* ---- options ---- */

static uint32_t or_default(uint32_t given, uint32_t otherwise)
{
    return given ? given : otherwise;
}

static uint32_t default_batch_bytes(uint64_t buffered, uint32_t requests)
{
    /* All requests together hold no more than the budget. */
    uint64_t share = buffered / requests;
    if (share > DEFAULT_BATCH_BYTES)
        return DEFAULT_BATCH_BYTES;
    return share < LEAST_BATCH_BYTES ? LEAST_BATCH_BYTES : (uint32_t)share;
}

static void set_limits(struct kinesis__limits *l, const struct kinesis_producer_options *o)
{
    l->buffered_bytes = o->max_buffered_bytes ? o->max_buffered_bytes : DEFAULT_BYTES;
    l->buffered_records = or_default(o->max_buffered_records, DEFAULT_RECORDS);
    l->linger_ms = o->flags & KINESIS_NO_LINGER ? 0 : or_default(o->linger_ms, DEFAULT_LINGER_MS);
    l->requests = or_default(o->max_requests_in_flight, DEFAULT_REQUESTS);
    l->batch_records = or_default(o->max_batch_records, KINESIS__PUT_MAX_RECORDS);
    l->batch_bytes =
        or_default(o->max_batch_bytes, default_batch_bytes(l->buffered_bytes, l->requests));
    l->deadline_ms = or_default(o->record_deadline_ms, DEFAULT_DEADLINE_MS);
    l->attempts = o->max_attempts;
    if (o->flags & KINESIS_AGGREGATE)
        l->aggregate_bytes = or_default(o->max_aggregate_bytes, DEFAULT_AGGREGATE);
}

static int check_options(const struct kinesis_producer_options *o, const struct kinesis__limits *l,
                         struct sigv4_error *err)
{
    const uint32_t known = KINESIS_AGGREGATE | KINESIS_KEEP_ORDER | KINESIS_NO_LINGER;
    if (!o->on_result)
        return sigv4__fail(err, SIGV4_E_INVALID, "a producer needs on_result");
    if (kinesis__stream_check(o->stream, err))
        return SIGV4_E_INVALID;
    if (o->flags & ~known)
        return sigv4__fail(err, SIGV4_E_INVALID, "unknown flags: 0x%x", o->flags & ~known);
    if (l->batch_records > KINESIS__PUT_MAX_RECORDS || l->batch_bytes > KINESIS__PUT_MAX_BYTES)
        return sigv4__fail(err, SIGV4_E_INVALID, "a request takes at most %d records and %d bytes",
                           KINESIS__PUT_MAX_RECORDS, KINESIS__PUT_MAX_BYTES);
    if (l->requests > MOST_REQUESTS)
        return sigv4__fail(err, SIGV4_E_INVALID, "at most %d requests can be in flight",
                           MOST_REQUESTS);
    if (l->aggregate_bytes > KINESIS__RECORD_DEFAULT_BYTES)
        return sigv4__fail(err, SIGV4_E_INVALID, "an aggregate may have at most %d bytes",
                           KINESIS__RECORD_DEFAULT_BYTES);
    if (l->deadline_ms > LONGEST_MS || l->linger_ms > LONGEST_MS)
        return sigv4__fail(err, SIGV4_E_INVALID, "no deadline or linger may be over a day");
    return SIGV4_OK;
}

/* Only the members the caller knew of; the others are zero. */
static struct kinesis_producer_options known_options(const struct kinesis_producer_options *given)
{
    struct kinesis_producer_options o = {0};
    memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
    return o;
}

/* ---- life ---- */

static void set_up_hooks(struct kinesis_producer *p, const struct kinesis_producer_options *o)
{
    p->on_result = o->on_result;
    p->on_room = o->on_room;
    p->on_trouble = o->on_trouble;
    p->ctx = o->ctx;
    p->flags = o->flags;
    p->knock_job.run = kinesis__take_in;
    p->tell_job.run = kinesis__run_tell;
    p->locked.finish_ms = p->on_loop.finish_ms = INT64_MAX;
    p->on_loop.timer_ms = INT64_MAX;
    p->on_loop.next_key = kinesis__chance(p);
    p->place = (struct kinesis_place){.size = sizeof p->place, .type = KINESIS_DATA};
}

static int set_up_aggregate(struct kinesis_producer *p)
{
    p->on_loop.aggregate = sigv4__alloc_zero(&p->alloc, 1, sizeof *p->on_loop.aggregate);
    p->on_loop.shards.wanted = true;
    return p->on_loop.aggregate ? kinesis__aggregate_init(p->on_loop.aggregate, &p->alloc)
                                : SIGV4_E_NOMEM;
}

static int set_up_parts(struct kinesis_producer *p, const struct kinesis_producer_options *o)
{
    p->stream = sigv4__string_copy(&p->alloc, sigv4_str(o->stream));
    if (!p->stream)
        return SIGV4_E_NOMEM;
    if (kinesis__stream_is_arn(sigv4_str(p->stream)))
        p->place.stream_arn = p->stream;
    int rc = kinesis__hasher_init(&p->on_loop.hasher, &p->alloc);
    if (!rc && (p->flags & KINESIS_AGGREGATE))
        rc = set_up_aggregate(p);
    if (!rc && (p->flags & KINESIS_KEEP_ORDER))
        rc = kinesis__gates_init(&p->on_loop.gates, &p->alloc, p->limits.buffered_records);
    if (!rc)
        rc = sigv4_timer_new(&p->on_loop.timer, p->loop, kinesis__on_timer, p);
    if (!rc)
        /* The first is there from the start: however short memory gets, one request can go. */
        rc = kinesis__batch_new(&p->on_loop.idle, &p->alloc, p->limits.batch_records);
    if (!rc)
        p->on_loop.idle->producer = p;
    return rc;
}

static void release(struct kinesis_producer *p)
{
    struct sigv4_alloc alloc = p->alloc;
    while (p->on_loop.idle) {
        struct kinesis__batch *b = p->on_loop.idle;
        p->on_loop.idle = b->next;
        kinesis__batch_free(b, &alloc);
    }
    if (p->on_loop.aggregate)
        kinesis__aggregate_free(p->on_loop.aggregate);
    sigv4__alloc_put(&alloc, p->on_loop.aggregate, sizeof *p->on_loop.aggregate);
    kinesis__shard_map_free(p->on_loop.pages);
    kinesis__lanes_free(&p->on_loop.lanes);
    kinesis__gates_free(&p->on_loop.gates);
    kinesis__store_free(&p->locked.store);
    kinesis__hasher_free(&p->on_loop.hasher);
    sigv4__string_free(&alloc, p->stream);
    pthread_mutex_destroy(&p->mutex);
    sigv4__alloc_put(&alloc, p, sizeof *p);
}

void kinesis__destroy(struct kinesis_producer *p)
{
    if (sigv4_loop_check(p->loop) == SIGV4_OK) {
        sigv4_timer_free(p->on_loop.timer);
        sigv4_client_release(p->client);
    }
    release(p);
}

int kinesis_producer_new(struct kinesis_producer **out, struct sigv4_client *client,
                         const struct kinesis_producer_options *opts, struct sigv4_error *err)
{
    struct kinesis_producer_options o = known_options(opts);
    struct sigv4_loop *loop = sigv4_client_loop(client);
    struct kinesis__limits limits = {0};
    if (sigv4_loop_check(loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this client belongs to the parent process");
    set_limits(&limits, &o);
    int rc = check_options(&o, &limits, err);
    if (rc)
        return rc;
    struct kinesis_producer *p = sigv4__alloc_zero(sigv4_loop_alloc(loop), 1, sizeof *p);
    if (!p)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a producer");
    p->alloc = *sigv4_loop_alloc(loop);
    p->loop = loop;
    p->limits = limits;
    pthread_mutex_init(&p->mutex, NULL);
    kinesis__store_init(&p->locked.store, &p->alloc, limits.buffered_bytes);
    kinesis__lanes_init(&p->on_loop.lanes, &p->alloc);
    set_up_hooks(p, &o);
    rc = set_up_parts(p, &o);
    if (rc) {
        sigv4_timer_free(p->on_loop.timer);
        release(p);
        return sigv4__fail(err, rc, "no memory for a producer");
    }
    p->client = client;
    sigv4_client_hold(client);
    *out = p;
    return SIGV4_OK;
}
