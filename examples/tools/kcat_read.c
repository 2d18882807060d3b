/* Reading a stream: records to stdout, their positions to a checkpoint, until it is enough. */
#include "failure.h"
#include "interrupt.h"
#include "kcat.h"
#include "kcat_progress.h"
#include "kcat_store.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    TICK_MS = 1000,
    SAVE_EVERY_MS = 5000,
    BEGINNING_MS = 15000 /* a subscription waits five seconds for the end of an earlier one */
};

struct reading {
    const struct kcat_settings *settings;
    struct printer printer;
    struct progress progress;
    struct session session;
    struct kinesis_consumer *consumer;
    struct kinesis_checkpoint *checkpoint;
    struct store *store;
    struct sigv4_timer *tick;
    struct sigv4_job flush_job;
    bool flush_due;
    uint64_t left;    /* records until -n is reached */
    bool broken;      /* nobody takes what we write */
    int broken_errno; /* why */
    bool reached;     /* the first iterator is there */
    bool changed;     /* since the checkpoint was saved */
    bool unsaved;     /* it could not be */
    bool ending;      /* what is saved now is the last */
    int64_t last_record_ms, saved_ms;
    struct sigv4_error error;
    char host[256];
};

static void give_up_writing(struct reading *r)
{
    if (!r->broken)
        r->broken_errno = errno;
    r->broken = true;
    kinesis_consumer_stop(r->consumer);
}

/* A store that is out of reach for a while is tried again at the next turn; at the end, there is
 * none. */
static bool may_pass(const struct sigv4_error *err)
{
    return err->retryable || err->status == SIGV4_E_NETWORK || err->status == SIGV4_E_TIMEOUT ||
           err->status == SIGV4_E_THROTTLED;
}

static void on_saved(void *ctx, const struct sigv4_error *err)
{
    struct reading *r = ctx;
    if (!err)
        return;
    if (!r->ending && may_pass(err)) {
        r->changed = true;
        if (!r->settings->session.quiet)
            fprintf(stderr, "kcat: the checkpoint could not be saved: %s; trying again\n",
                    err->message);
        return;
    }
    failure_say("kcat", err);
    r->unsaved = true;
    kinesis_consumer_stop(r->consumer);
}

/* What was printed must be out before it counts as read. */
static void save(struct reading *r)
{
    struct sigv4_error err;
    if (!r->store || !r->changed || r->broken || r->unsaved || store_busy(r->store))
        return;
    r->saved_ms = progress_now_ms();
    if (fflush(r->printer.out)) {
        give_up_writing(r);
        return;
    }
    r->changed = false;
    if (kinesis_consumer_checkpoint(r->consumer, r->checkpoint, &err))
        on_saved(r, &err);
    else
        store_save(r->store, r->checkpoint, on_saved, r);
}

/* The one under way may be older than what was printed last. */
static void save_last(struct reading *r)
{
    if (!r->store)
        return;
    store_wait(r->store);
    r->ending = true;
    save(r);
    store_wait(r->store);
}

/* ---- callbacks ---- */

static void run_flush(struct sigv4_job *job)
{
    struct reading *r =
        (struct reading *)(void *)((char *)job - offsetof(struct reading, flush_job));
    r->flush_due = false;
    if (!r->broken && fflush(r->printer.out))
        give_up_writing(r);
}

/* When all that came together is printed. */
static void flush_soon(struct reading *r)
{
    if (!r->flush_due)
        sigv4_loop_notify(r->session.loop, &r->flush_job);
    r->flush_due = true;
}

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *record)
{
    struct reading *r = ctx;
    errno = 0;
    if (!print_record(&r->printer, record)) {
        give_up_writing(r);
        return KINESIS_STOP;
    }
    progress_record(&r->progress, record);
    r->changed = true;
    r->last_record_ms = 0; /* the next tick knows what time it is */
    flush_soon(r);
    return r->settings->count && --r->left == 0 ? KINESIS_STOP : KINESIS_GO_ON;
}

static void on_shard(void *ctx, struct sigv4_slice shard_id, enum kinesis_shard_event event,
                     const struct sigv4_error *err)
{
    struct reading *r = ctx;
    if (event == KINESIS_SHARD_STARTED && !r->reached) {
        r->reached = true;
        r->last_record_ms = 0;
        print_head(&r->printer);
        flush_soon(r);
    }
    if (event == KINESIS_SHARD_STARTED || event == KINESIS_SHARD_ENDED)
        r->changed = true;
    progress_shard(&r->progress, shard_id, event, err);
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct reading *r = ctx;
    if (err)
        r->error = *err;
    snprintf(r->host, sizeof r->host, "%s", host);
}

/* A pipe whose other end is gone says so also while there is nothing to write. */
static bool is_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = 0};
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLNVAL));
}

static void on_tick(void *ctx)
{
    struct reading *r = ctx;
    int64_t now = progress_now_ms(), idle_ms = (int64_t)r->settings->quiet_end_ms;
    int64_t save_ms = r->settings->save_ms ? (int64_t)r->settings->save_ms : SAVE_EVERY_MS;
    if (!r->last_record_ms)
        r->last_record_ms = now;
    if (is_gone(STDOUT_FILENO)) {
        errno = EPIPE;
        give_up_writing(r);
    }
    if (now - r->saved_ms >= save_ms)
        save(r);
    int64_t patience_ms = r->reached ? idle_ms : idle_ms + BEGINNING_MS;
    if (idle_ms && now - r->last_record_ms >= patience_ms)
        kinesis_consumer_stop(r->consumer);
    progress_show(&r->progress);
    sigv4_timer_set(r->tick, idle_ms && idle_ms < TICK_MS ? idle_ms : TICK_MS);
}

static void on_interrupt(void *ctx)
{
    kinesis_consumer_stop(ctx);
}

/* ---- from the beginning to the end ---- */

static int open_checkpoint(struct reading *r, bool from_checkpoint, struct sigv4_error *err)
{
    if (!r->settings->checkpoint)
        return SIGV4_OK;
    int rc = kinesis_checkpoint_new(&r->checkpoint, r->settings->stream, NULL, err);
    if (!rc)
        rc = store_open(&r->store, r->settings->checkpoint, &r->session, err);
    if (!rc)
        rc = store_load(r->store, r->checkpoint, err);
    /* Also who begins elsewhere does not write over what is something else. */
    if (!rc && !from_checkpoint)
        kinesis_checkpoint_clear(r->checkpoint);
    return rc;
}

static int conclude(struct reading *r)
{
    errno = 0;
    if (!r->broken && fflush(r->printer.out)) {
        r->broken = true;
        r->broken_errno = errno;
    }
    progress_end(&r->progress);
    if (r->broken && r->broken_errno != EPIPE) {
        fprintf(stderr, "kcat: cannot write: %s\n", strerror(r->broken_errno));
        return EXIT_SOME_FAILED;
    }
    if (r->error.status)
        return failure_say_request("kcat", r->session.client, "KINESIS", &r->error, r->host);
    if (r->unsaved)
        return EXIT_SOME_FAILED;
    return interrupt_was_asked() ? EXIT_INTERRUPTED : 0;
}

static int read_stream(struct reading *r, struct kinesis_consumer_options *o, bool from_checkpoint)
{
    struct sigv4_error err;
    int rc = open_checkpoint(r, from_checkpoint, &err);
    o->checkpoint = from_checkpoint ? r->checkpoint : NULL;
    if (!rc)
        rc = sigv4_timer_new(&r->tick, r->session.loop, on_tick, r);
    if (!rc)
        rc = kinesis_consumer_new(&r->consumer, r->session.client, o, &err);
    if (rc)
        return failure_say("kcat", &err);
    interrupt_watch(on_interrupt, r->consumer);
    on_tick(r);
    kinesis_consumer_wait(r->consumer, -1);
    sigv4_timer_set(r->tick, -1);
    save_last(r);
    interrupt_forget();
    int code = conclude(r);
    kinesis_consumer_free(r->consumer);
    return code;
}

static enum print_as form_of(const struct kcat_settings *s)
{
    if (s->json)
        return PRINT_JSON;
    if (s->raw)
        return PRINT_RAW;
    return s->format ? PRINT_FORMAT : PRINT_TABLE;
}

int kcat_read(const struct kcat_settings *settings, struct kinesis_consumer_options *consumer,
              bool from_checkpoint)
{
    bool out = isatty(STDOUT_FILENO), err = isatty(STDERR_FILENO);
    char *consumer_arn = NULL;
    struct reading r = {
        .settings = settings,
        .left = settings->count,
        .flush_job.run = run_flush,
        .saved_ms = progress_now_ms(),
        .printer = {.out = stdout,
                    .as = form_of(settings),
                    .format = settings->format,
                    .on_terminal = out && !settings->raw},
        .progress = {.quiet = settings->session.quiet,
                     .chatty = settings->session.verbose > 0,
                     .shows = err && !out && !settings->session.quiet},
    };
    consumer->on_record = on_record;
    consumer->on_shard = on_shard;
    consumer->on_end = on_end;
    consumer->ctx = &r;
    int code = session_open(&r.session, "kcat", &settings->session);
    if (code)
        return code;
    if (settings->fan_out)
        code = kcat_fan_out(&r.session, settings, &consumer_arn);
    consumer->consumer_arn = consumer_arn;
    if (!code)
        code = read_stream(&r, consumer, from_checkpoint);
    free(consumer_arn);
    sigv4_timer_free(r.tick);
    store_close(r.store);
    session_close(&r.session);
    kinesis_checkpoint_free(r.checkpoint);
    return code;
}
