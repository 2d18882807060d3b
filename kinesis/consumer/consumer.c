/* The consumer's life: options, start, stop, the one end. */
#include "consumer/consumer.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "call/errand.h"
#include "wire/stream_name.h"

#include <stdio.h>

enum { IDLE_MS = 1000 };

/* ---- the end ---- */

static void destroy(struct kinesis_consumer *c)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    while (c->readers) {
        struct kinesis__reader *r = c->readers;
        c->readers = r->next;
        kinesis__reader_free(r);
    }
    kinesis__roster_free(c);
    pthread_mutex_destroy(&c->pull_mutex);
    sigv4_timer_free(c->budget_timer);
    sigv4_timer_free(c->list_timer);
    kinesis_checkpoint_free(c->positions);
    if (c->aggregates_open)
        kinesis__aggregate_reader_free(c->aggregates_open);
    kinesis__shelf_release(c->shelf);
    sigv4__alloc_put(alloc, c->chosen_found, c->options.shard_count * sizeof *c->chosen_found);
    for (size_t i = 0; c->shard_ids && i < c->options.shard_count; i++)
        sigv4__string_free(alloc, c->shard_ids[i]);
    sigv4__alloc_put(alloc, c->shard_ids, c->options.shard_count * sizeof *c->shard_ids);
    sigv4__string_free(alloc, c->consumer_arn);
    sigv4__string_free(alloc, c->start_sequence);
    sigv4__string_free(alloc, c->stream);
    sigv4__alloc_put(alloc, c, sizeof *c);
}

static struct kinesis_consumer *consumer_of(struct sigv4_job *job, size_t offset)
{
    return (struct kinesis_consumer *)(void *)((char *)job - offset);
}

static void run_end(struct sigv4_job *job)
{
    struct kinesis_consumer *c = consumer_of(job, offsetof(struct kinesis_consumer, end_job));
    if (c->options.on_end)
        c->options.on_end(c->options.ctx, c->error.status ? &c->error : NULL, c->host);
    atomic_store(&c->ended, true);
    if (c->freed)
        destroy(c);
}

static void end_if_over(struct kinesis_consumer *c)
{
    if (!c->stopping || c->under_way || c->ending)
        return;
    c->ending = true;
    sigv4_loop_notify(c->loop, &c->end_job);
}

void kinesis__consumer_expect(struct kinesis_consumer *c)
{
    c->under_way++;
}

void kinesis__consumer_came_back(struct kinesis_consumer *c)
{
    c->under_way--;
    end_if_over(c);
}

void kinesis__consumer_stop(struct kinesis_consumer *c)
{
    if (c->stopping)
        return;
    c->stopping = true;
    atomic_store(&c->stop_asked, true);
    c->listing = false;
    sigv4_timer_set(c->list_timer, -1);
    if (c->list_call)
        sigv4_call_cancel(c->list_call);
    if (c->check_call)
        sigv4_call_cancel(c->check_call);
    kinesis__budget_stop(c);
    kinesis__pull_stop(c);
    for (struct kinesis__reader *r = c->readers; r; r = r->next)
        kinesis__reader_stop(r);
    end_if_over(c);
}

void kinesis__consumer_fail(struct kinesis_consumer *c, const struct sigv4_error *err,
                            const char *host)
{
    if (c->stopping)
        return;
    c->error = *err;
    snprintf(c->host, sizeof c->host, "%s", host ? host : "");
    kinesis__consumer_stop(c);
}

void kinesis__consumer_tell(struct kinesis__reader *r, enum kinesis_shard_event event,
                            const struct sigv4_error *err)
{
    const struct kinesis_consumer_options *o = &r->consumer->options;
    if (o->on_shard)
        o->on_shard(o->ctx, sigv4_str(r->shard_id), event, err);
}

/* ---- from any thread ---- */

static void run_start(struct sigv4_job *job)
{
    struct kinesis_consumer *c = consumer_of(job, offsetof(struct kinesis_consumer, start_job));
    if (!c->stopping)
        kinesis__roster_list(c);
}

static void run_stop(struct sigv4_job *job)
{
    kinesis__consumer_stop(consumer_of(job, offsetof(struct kinesis_consumer, stop_job)));
}

void kinesis_consumer_stop(struct kinesis_consumer *consumer)
{
    if (sigv4_loop_check(consumer->loop) == SIGV4_OK &&
        !atomic_exchange(&consumer->stop_asked, true))
        sigv4_loop_post(consumer->loop, &consumer->stop_job);
}

struct resume_job {
    struct sigv4_job job;
    struct kinesis_consumer *consumer;
    char shard_id[129];
};

static void run_resume(struct sigv4_job *job)
{
    struct resume_job *j = (struct resume_job *)job;
    struct kinesis__reader *r = kinesis__roster_find(j->consumer, sigv4_str(j->shard_id));
    if (r)
        kinesis__reader_resume(r);
    sigv4__alloc_put(sigv4_loop_alloc(j->consumer->loop), j, sizeof *j);
}

int kinesis_consumer_resume(struct kinesis_consumer *consumer, struct sigv4_slice shard_id)
{
    if (sigv4_loop_check(consumer->loop))
        return SIGV4_E_FORKED;
    struct resume_job *j = sigv4__alloc_zero(sigv4_loop_alloc(consumer->loop), 1, sizeof *j);
    if (!j)
        return SIGV4_E_NOMEM;
    j->job.run = run_resume;
    j->consumer = consumer;
    sigv4__fixed_copy(j->shard_id, sizeof j->shard_id, shard_id);
    sigv4_loop_post(consumer->loop, &j->job);
    return SIGV4_OK;
}

static bool has_ended(void *ctx)
{
    return atomic_load(&((struct kinesis_consumer *)ctx)->ended);
}

int kinesis_consumer_wait(struct kinesis_consumer *consumer, int timeout_ms)
{
    return sigv4_loop_wait(consumer->loop, has_ended, consumer, timeout_ms);
}

static void run_free(struct sigv4_job *job)
{
    struct kinesis_consumer *c = consumer_of(job, offsetof(struct kinesis_consumer, free_job));
    c->freed = true;
    kinesis__consumer_stop(c);
    if (atomic_load(&c->ended))
        destroy(c);
}

void kinesis_consumer_free(struct kinesis_consumer *consumer)
{
    if (!consumer || sigv4_loop_check(consumer->loop))
        return;
    atomic_store(&consumer->stop_asked, true); /* no more records from here on */
    sigv4_loop_post(consumer->loop, &consumer->free_job);
}

int kinesis_consumer_checkpoint(const struct kinesis_consumer *consumer,
                                struct kinesis_checkpoint *checkpoint, struct sigv4_error *err)
{
    struct kinesis_position p;
    int rc = SIGV4_OK;
    /* What an earlier life knew stays, unless the stream's list is known to lack the shard. */
    bool keep = consumer->positions && (!consumer->listed || consumer->options.shard_count);
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&consumer->pull_mutex;
    kinesis_checkpoint_clear(checkpoint);
    pthread_mutex_lock(mutex);
    for (size_t i = 0; keep && !rc && kinesis_checkpoint_at(consumer->positions, i, &p); i++)
        rc = kinesis_checkpoint_set(checkpoint, &p, err);
    for (const struct kinesis__reader *r = consumer->readers; r && !rc; r = r->next)
        if (kinesis__reader_position(r, &p))
            rc = kinesis_checkpoint_set(checkpoint, &p, err);
    pthread_mutex_unlock(mutex);
    return rc;
}

/* ---- birth ---- */

static int check_shards(const struct kinesis_consumer_options *o, struct sigv4_error *err)
{
    bool all = o->shard_ids || !o->shard_count;
    for (size_t i = 0; all && i < o->shard_count; i++)
        all = o->shard_ids[i] && *o->shard_ids[i];
    return all ? SIGV4_OK : sigv4__fail(err, SIGV4_E_INVALID, "a chosen shard has no id");
}

/* With another stream's consumer the service would send that one's records. */
static int check_fan_out(const struct kinesis_consumer_options *o, struct sigv4_error *err)
{
    static const char infix[] = "/consumer/";
    if (!o->consumer_arn)
        return SIGV4_OK;
    if (!kinesis__consumer_arn_valid(o->consumer_arn))
        return sigv4__fail(err, SIGV4_E_INVALID, "'%.140s' is no consumer's ARN", o->consumer_arn);
    struct sigv4_slice stream = sigv4_str(o->stream), of = sigv4_str(o->consumer_arn);
    of.len = (size_t)(strstr(o->consumer_arn, infix) - o->consumer_arn);
    if (!kinesis__stream_is_arn(stream))
        of = sigv4__from(of, sigv4__find(of, '/') + 1);
    if (sigv4__equal(of, stream))
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID, "'%.140s' is no consumer of the stream %.140s",
                       o->consumer_arn, o->stream);
}

static int check_start(const struct kinesis_consumer_options *o, struct sigv4_error *err)
{
    bool by_sequence = o->start == KINESIS_FROM_SEQUENCE || o->start == KINESIS_FROM_AFTER_SEQUENCE;
    if ((unsigned)o->start > KINESIS_FROM_AFTER_SEQUENCE)
        return sigv4__fail(err, SIGV4_E_INVALID, "%u is no start", (unsigned)o->start);
    if (o->start == KINESIS_FROM_TIME && o->start_unix_ms < 0)
        return sigv4__fail(err, SIGV4_E_INVALID, "a point in time before 1970 is in no stream");
    if (by_sequence && (o->shard_count != 1 || !o->start_sequence))
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "a sequence number belongs to one shard: choose exactly one");
    return SIGV4_OK;
}

static int check(const struct kinesis_consumer_options *o, struct sigv4_error *err)
{
    const uint32_t known = KINESIS_STOP_AT_TIP | KINESIS_NO_PACING | KINESIS_KEEP_AGGREGATES;
    int rc = kinesis__stream_check(o->stream, err);
    if (rc)
        return rc;
    if (o->on_record && !o->on_end)
        return sigv4__fail(err, SIGV4_E_INVALID, "a consumer with on_record needs on_end");
    if (o->flags & ~known)
        return sigv4__fail(err, SIGV4_E_INVALID, "unknown flags: 0x%x", o->flags & ~known);
    if (o->max_records_per_fetch > 10000)
        return sigv4__fail(err, SIGV4_E_INVALID, "one read gives at most 10000 records");
    rc = check_shards(o, err);
    if (!rc)
        rc = check_start(o, err);
    return rc ? rc : check_fan_out(o, err);
}

static int copy_texts(struct kinesis_consumer *c, const struct kinesis_consumer_options *o)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    c->stream = sigv4__string_copy(alloc, sigv4_str(o->stream));
    if (!c->stream)
        return SIGV4_E_NOMEM;
    if (o->consumer_arn &&
        !(c->consumer_arn = sigv4__string_copy(alloc, sigv4_str(o->consumer_arn))))
        return SIGV4_E_NOMEM;
    if (o->start_sequence &&
        !(c->start_sequence = sigv4__string_copy(alloc, sigv4_str(o->start_sequence))))
        return SIGV4_E_NOMEM;
    if (!o->shard_count)
        return SIGV4_OK;
    c->chosen_found = sigv4__alloc_zero(alloc, o->shard_count, sizeof *c->chosen_found);
    c->shard_ids = sigv4__alloc_zero(alloc, o->shard_count, sizeof *c->shard_ids);
    for (size_t i = 0; c->shard_ids && i < o->shard_count; i++)
        if (!(c->shard_ids[i] = sigv4__string_copy(alloc, sigv4_str(o->shard_ids[i]))))
            return SIGV4_E_NOMEM;
    return c->shard_ids && c->chosen_found ? SIGV4_OK : SIGV4_E_NOMEM;
}

static int copy_positions(struct kinesis_consumer *c, const struct kinesis_checkpoint *from)
{
    struct kinesis_position p;
    if (!from)
        return SIGV4_OK;
    int rc = kinesis_checkpoint_new(&c->positions, c->stream, sigv4_loop_alloc(c->loop), NULL);
    for (size_t i = 0; !rc && kinesis_checkpoint_at(from, i, &p); i++)
        rc = kinesis_checkpoint_set(c->positions, &p, NULL);
    return rc;
}

static int open_aggregates(struct kinesis_consumer *c)
{
    if (c->options.flags & KINESIS_KEEP_AGGREGATES)
        return SIGV4_OK;
    c->aggregates_open = &c->aggregates;
    return kinesis__aggregate_reader_init(&c->aggregates, sigv4_loop_alloc(c->loop));
}

static void set_jobs(struct kinesis_consumer *c)
{
    c->start_job.run = run_start;
    c->stop_job.run = run_stop;
    c->free_job.run = run_free;
    c->end_job.run = run_end;
}

int kinesis_consumer_new(struct kinesis_consumer **out, struct sigv4_client *client,
                         const struct kinesis_consumer_options *opts, struct sigv4_error *err)
{
    struct sigv4_loop *loop = sigv4_client_loop(client);
    struct kinesis_consumer_options o = {0};
    kinesis__input_take(&o, sizeof o, opts);
    if (sigv4_loop_check(loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this client belongs to the parent process");
    int rc = check(&o, err);
    if (rc)
        return rc;
    struct kinesis_consumer *c = sigv4__alloc_zero(sigv4_loop_alloc(loop), 1, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a consumer");
    if (pthread_mutex_init(&c->pull_mutex, NULL)) {
        sigv4__alloc_put(sigv4_loop_alloc(loop), c, sizeof *c);
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a consumer");
    }
    c->client = client;
    c->loop = loop;
    c->options = o;
    c->options.idle_ms = o.idle_ms ? o.idle_ms : IDLE_MS;
    set_jobs(c);
    kinesis__pull_init(c);
    rc = copy_texts(c, &o);
    if (!rc)
        rc = open_aggregates(c);
    if (!rc)
        rc = copy_positions(c, o.checkpoint);
    if (!rc)
        rc = kinesis__roster_init(c);
    if (!rc)
        rc = kinesis__budget_init(c, o.max_bytes);
    if (!rc)
        rc = kinesis__shelf_new(&c->shelf, sigv4_loop_alloc(loop), c->max_bytes / 2);
    if (rc) {
        destroy(c);
        return sigv4__fail(err, rc, "no memory for a consumer");
    }
    c->place = (struct kinesis_place){.size = sizeof c->place, .type = KINESIS_DATA};
    if (kinesis__stream_is_arn(sigv4_str(c->stream)))
        c->place.stream_arn = c->stream;
    sigv4_loop_post(loop, &c->start_job);
    *out = c;
    return SIGV4_OK;
}
