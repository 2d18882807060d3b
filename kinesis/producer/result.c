/* The end of a record's way: exactly one call to its user, and everything it held is given back. */
#include "base/fail.h"
#include "producer/producer.h"

#include <stdio.h>

/* ---- why ---- */

static const struct sigv4_error *last_error(const struct kinesis_producer *p,
                                            const struct kinesis__record *r)
{
    switch ((enum kinesis__trouble)r->trouble) {
    case KINESIS__ENTRY_FAILED:
        return &p->on_loop.entry_error;
    case KINESIS__REQUEST_FAILED:
        return &p->on_loop.request_error;
    case KINESIS__NO_TROUBLE:
    case KINESIS__NO_ANSWER:
    case KINESIS__OVERSIZE:
        break;
    }
    return NULL;
}

/* status and a sentence of our own, with what went wrong last behind it. */
static void fail_with_last(struct sigv4_error *err, const struct sigv4_error *last, int status,
                           const char *what)
{
    struct sigv4_error because = last ? *last : (struct sigv4_error){0};
    sigv4__fail(err, status, "%s%s%s", what, because.status ? "; last: " : "", because.message);
    err->http_status = because.http_status;
    err->os_errno = because.os_errno;
    err->retryable = status == SIGV4_E_TIMEOUT;
    memcpy(err->code, because.code, sizeof err->code);
    memcpy(err->request_id, because.request_id, sizeof err->request_id);
}

/* Why r has no better result. */
static void explain(const struct kinesis_producer *p, const struct kinesis__record *r,
                    struct sigv4_error *err)
{
    char what[128];
    if (r->trouble == KINESIS__OVERSIZE) {
        sigv4__fail(err, SIGV4_E_TOO_LARGE,
                    "the record has %u bytes with its key, the stream takes %u",
                    (unsigned)kinesis__record_size(r), (unsigned)p->on_loop.max_record);
    } else if (p->on_loop.over.status) {
        *err = p->on_loop.over;
    } else if (r->number <= p->on_loop.abandon_upto) {
        fail_with_last(err, last_error(p, r), SIGV4_E_CANCELED, "abandoned");
    } else if (kinesis__is_worn_out(p, r) && last_error(p, r)) {
        snprintf(what, sizeof what, "given up after %u attempts", (unsigned)r->attempts);
        fail_with_last(err, last_error(p, r), last_error(p, r)->status, what);
    } else {
        snprintf(what, sizeof what, "no acknowledgement within %u ms, sent %u times%s",
                 (unsigned)p->limits.deadline_ms, (unsigned)r->attempts,
                 r->trouble == KINESIS__NO_ANSWER ? "; the last request has no answer yet" : "");
        fail_with_last(err, last_error(p, r), SIGV4_E_TIMEOUT, what);
    }
}

/* ---- telling ---- */

static void unage(struct kinesis_producer *p, struct kinesis__record *r)
{
    if (r->older)
        r->older->younger = r->younger;
    else
        p->on_loop.oldest = r->younger;
    if (r->younger)
        r->younger->older = r->older;
    else
        p->on_loop.youngest = r->older;
}

static void count(struct kinesis_producer *p, const struct kinesis_put_result *result)
{
    struct kinesis__counters *c = &p->counters;
    switch (result->fate) {
    case KINESIS_WRITTEN:
        kinesis__count(&c->written, 1);
        kinesis__count(&c->maybe_twice, result->maybe_twice);
        kinesis__count(&c->bytes_written, result->data.len + result->partition_key.len);
        kinesis__histogram_add(&p->latency, result->latency_ms);
        break;
    case KINESIS_NOT_WRITTEN:
        kinesis__count(&c->not_written, 1);
        break;
    case KINESIS_MAYBE_WRITTEN:
        kinesis__count(&c->maybe_written, 1);
        break;
    }
}

void kinesis__tell(struct kinesis_producer *p, struct kinesis__record *r,
                   const struct kinesis__outcome *outcome, struct kinesis__queue *done)
{
    int64_t ms = p->on_loop.now_ms - r->put_ms;
    struct kinesis_put_result result = {
        .size = sizeof result,
        .fate = outcome->fate,
        .maybe_twice = outcome->fate == KINESIS_WRITTEN && (r->flags & KINESIS__MAYBE),
        .error = outcome->error,
        .shard_id = outcome->shard_id,
        .sequence_number = outcome->sequence_number,
        .encryption_type = outcome->encryption_type,
        .sub_sequence_number = r->place,
        .aggregated = outcome->aggregated,
        .explicit_hash_key = kinesis__record_hash_key(r),
        .data = kinesis__record_data(r),
        .tag = r->tag,
        .attempts = r->attempts,
        .latency_ms = ms < 0            ? 0
                      : ms > UINT32_MAX ? UINT32_MAX
                                        : (uint32_t)ms,
    };
    if (!(r->flags & KINESIS__SPREAD))
        result.partition_key = kinesis__record_key(r);
    unage(p, r);
    count(p, &result);
    p->on_result(p->ctx, &result);
    kinesis__queue_push(done, r);
}

void kinesis__tell_failed(struct kinesis_producer *p, struct kinesis__record *r,
                          struct kinesis__queue *done)
{
    struct sigv4_error error;
    bool maybe = r->flags & KINESIS__MAYBE;
    struct kinesis__outcome outcome = {
        .fate = maybe ? KINESIS_MAYBE_WRITTEN : KINESIS_NOT_WRITTEN,
        .error = &error,
    };
    explain(p, r, &error);
    kinesis__tell(p, r, &outcome, done);
}

/* ---- telling later ---- */

void kinesis__notify(struct kinesis_producer *p)
{
    if (!p->on_loop.telling)
        sigv4_loop_notify(p->loop, &p->tell_job);
    p->on_loop.telling = true;
}

static bool is_parked(const struct kinesis_producer *p, const struct kinesis__record *r)
{
    return r->gate != KINESIS__NO_GATE && r->home == &p->on_loop.gates.gates[r->gate].parked;
}

void kinesis__tell_later(struct kinesis_producer *p, struct kinesis__record *r)
{
    if (r->home == &p->on_loop.told)
        return;
    if (r->flags & KINESIS__UNDER_WAY) {
        kinesis__gates_stick(&p->on_loop.gates, r, &kinesis__batch_of(r)->stuck);
        r->flags = (uint8_t)((r->flags & ~KINESIS__UNDER_WAY) | KINESIS__MAYBE);
        r->trouble = KINESIS__NO_ANSWER;
    } else if (!is_parked(p, r)) {
        kinesis__leave_gate(p, r);
    }
    if (r->home)
        kinesis__queue_remove(r);
    kinesis__queue_push(&p->on_loop.told, r);
    kinesis__notify(p);
}

void kinesis__run_tell(struct sigv4_job *tell_job)
{
    struct kinesis_producer *p =
        (struct kinesis_producer *)((char *)tell_job - offsetof(struct kinesis_producer, tell_job));
    struct kinesis__queue done = {0};
    struct kinesis__record *r;
    p->on_loop.telling = false;
    p->on_loop.now_ms = kinesis__now(p);
    while ((r = kinesis__queue_pop(&p->on_loop.told)))
        kinesis__tell_failed(p, r, &done);
    kinesis__end_step(p, &done);
}

/* ---- the end of a step ---- */

static void tell_closed(struct kinesis_producer *p)
{
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    pthread_mutex_lock(&p->mutex);
    bool over = p->locked.refusing && p->locked.records == 0 && !atomic_load(&p->closed);
    kinesis_closed_fn *on_closed = p->locked.on_closed;
    void *ctx = p->locked.closed_ctx;
    pthread_mutex_unlock(&p->mutex);
    if (!over)
        return;
    kinesis__add_up(p, &counts);
    atomic_store(&p->closed, true);
    if (on_closed)
        on_closed(ctx, &counts);
}

void kinesis__end_step(struct kinesis_producer *p, struct kinesis__queue *done)
{
    kinesis__give_back(p, done);
    atomic_store(&p->told_upto,
                 p->on_loop.oldest ? p->on_loop.oldest->number - 1 : p->on_loop.last_number);
    if (!p->on_loop.closing)
        return;
    tell_closed(p);
    bool busy = p->on_loop.in_flight || p->on_loop.sizes.call || p->on_loop.shards.call ||
                p->on_loop.doubts || p->on_loop.telling;
    if (p->on_loop.freed && !busy && atomic_load(&p->closed))
        kinesis__destroy(p);
}
