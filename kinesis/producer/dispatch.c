/* Requests: as many as are due and allowed, each filled, signed and sent. */
#include "base/memory.h"
#include "call/request.h"
#include "producer/producer.h"

/* What waited for its next attempt, and what came through a gate that opened. */
static void bring_back(struct kinesis_producer *p)
{
    struct kinesis__record *r;
    while ((r = kinesis__again_next(&p->on_loop.again, p->on_loop.now_ms)))
        kinesis__place(p, r);
    kinesis__place_all(p, &p->on_loop.released);
    kinesis__drop_doubts(p);
    kinesis__lanes_wake(&p->on_loop.lanes, p->on_loop.now_ms);
}

static bool is_pushing(const struct kinesis_producer *p)
{
    const struct kinesis__record *oldest = p->on_loop.oldest;
    return oldest && (oldest->number <= p->on_loop.push_upto || p->on_loop.closing);
}

uint32_t kinesis__requests_allowed(const struct kinesis_producer *p)
{
    /* Aggregates by a map that is known to be old would be dropped by their readers. */
    if (p->on_loop.lanes.map && kinesis__is_waiting_for_shards(p))
        return 0;
    return kinesis__again_requests(&p->on_loop.again, p->on_loop.now_ms, p->limits.requests);
}

static bool is_due(struct kinesis_producer *p)
{
    int64_t when;
    if (kinesis__requests_allowed(p) <= p->on_loop.in_flight)
        return false;
    if (is_pushing(p))
        return kinesis__lanes_first(&p->on_loop.lanes) != NULL;
    return kinesis__batch_due(&p->on_loop.lanes, &p->limits, p->on_loop.now_ms, &when);
}

/* ---- batches ---- */

static struct kinesis__batch *get_batch(struct kinesis_producer *p)
{
    struct kinesis__batch *b = p->on_loop.idle;
    if (b) {
        p->on_loop.idle = b->next;
        return b;
    }
    if (kinesis__batch_new(&b, &p->alloc, p->limits.batch_records))
        return NULL;
    b->producer = p;
    return b;
}

static void put_idle(struct kinesis_producer *p, struct kinesis__batch *b)
{
    /* A body for records of usual size is kept, one for a giant is not. */
    if (b->body.body.cap / 2 > p->limits.batch_bytes)
        sigv4__buffer_free(&b->body.body);
    b->next = p->on_loop.idle;
    p->on_loop.idle = b;
}

static void link_under_way(struct kinesis_producer *p, struct kinesis__batch *b)
{
    b->next = p->on_loop.under_way;
    p->on_loop.under_way = b;
    p->on_loop.in_flight++;
    kinesis__set(&p->counters.in_flight, p->on_loop.in_flight);
}

static void unlink_under_way(struct kinesis_producer *p, struct kinesis__batch *b)
{
    struct kinesis__batch **at = &p->on_loop.under_way;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    p->on_loop.in_flight--;
    kinesis__set(&p->counters.in_flight, p->on_loop.in_flight);
}

void kinesis__retire(struct kinesis_producer *p, struct kinesis__batch *b)
{
    while (b->stuck != KINESIS__NO_GATE) {
        struct kinesis__record *next = kinesis__gates_unstick(&p->on_loop.gates, &b->stuck);
        if (next)
            kinesis__queue_push(&p->on_loop.released, next);
    }
    for (size_t i = 0; i < b->count; i++)
        b->entries[i].lane->under_way--;
    b->count = 0;
    put_idle(p, b);
}

/* ---- sending ---- */

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct kinesis__batch *b = ctx;
    struct kinesis_producer *p = b->producer;
    struct kinesis__queue done = {0};
    p->on_loop.now_ms = kinesis__now(p);
    sigv4_call_release(b->call);
    b->call = NULL;
    b->answer = sigv4_response_take_body(response, &b->answer_len, &b->answer_cap);
    unlink_under_way(p, b);
    kinesis__judge(b, response, &done);
    if (b->live.count) {
        b->next = p->on_loop.doubts;
        p->on_loop.doubts = b;
    } else {
        kinesis__retire(p, b);
    }
    kinesis__dispatch(p);
    kinesis__end_step(p, &done);
}

static int send_batch(struct kinesis_producer *p, struct kinesis__batch *b)
{
    struct kinesis__request request;
    int64_t left = b->last_deadline_ms - p->on_loop.now_ms;
    kinesis__request_init(&request, "PutRecords", &p->place, &b->text);
    request.to_send.payload_hash = sigv4_bytes(b->text_hash, 64);
    request.to_send.timeout_ms = left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
    request.to_send.flags = SIGV4_REQUEST_UNPACED; /* lanes have a pace of their own */
    /* What goes again, and what may have been done, is judged here. */
    request.to_send.max_attempts = 1;
    request.to_send.reuse = b->answer;
    request.to_send.reuse_cap = b->answer_cap;
    request.to_send.on_done = on_done;
    request.to_send.ctx = b;
    int rc = sigv4_send(p->client, &request.to_send, &b->call, &p->on_loop.request_error);
    if (rc)
        return rc;
    b->answer = NULL;
    b->answer_cap = 0;
    b->sent_ms = p->on_loop.now_ms;
    kinesis__count(&p->counters.requests_sent, 1);
    for (size_t i = 0; i < b->count; i++)
        kinesis__count(&p->counters.aggregates_sent, b->entries[i].aggregated);
    link_under_way(p, b);
    return SIGV4_OK;
}

/* The client was freed, or this is a child process: nothing will ever be sent any more. */
static void end_everything(struct kinesis_producer *p, int status)
{
    p->on_loop.over = p->on_loop.request_error;
    p->on_loop.over.status = status;
    kinesis__give_up(p, UINT64_MAX);
}

static int send_one(struct kinesis_producer *p)
{
    struct kinesis__source from = {
        .lanes = &p->on_loop.lanes,
        .gates = &p->on_loop.gates,
        .limits = &p->limits,
        .hasher = &p->on_loop.hasher,
        .aggregate = p->on_loop.aggregate,
        .stream = sigv4_str(p->stream),
        .now_ms = p->on_loop.now_ms,
    };
    struct kinesis__batch *b = get_batch(p);
    if (!b)
        return SIGV4_E_NOMEM;
    int rc = kinesis__batch_fill(b, &from);
    if (!rc && b->count)
        rc = send_batch(p, b);
    if (rc && b->count)
        kinesis__batch_empty(b, &p->on_loop.lanes);
    if (rc || b->count == 0)
        put_idle(p, b);
    return rc;
}

void kinesis__dispatch(struct kinesis_producer *p)
{
    int rc = SIGV4_OK;
    p->on_loop.now_ms = kinesis__now(p);
    bring_back(p);
    while (!rc && is_due(p))
        rc = send_one(p);
    if (rc == SIGV4_E_CLOSED || rc == SIGV4_E_FORKED)
        end_everything(p, rc);
    else if (rc)
        kinesis__again_failed(&p->on_loop.again, p->on_loop.now_ms, p->on_loop.now_ms,
                              kinesis__chance(p));
    kinesis__arm(p);
}
