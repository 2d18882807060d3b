/* From the input to the last result. */
#include "failure.h"
#include "interrupt.h"
#include "kput.h"
#include "kput_feed.h"
#include "kput_progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    UNREACHABLE_MS = 1000, /* a service that never answered is tried for so long */
    AGAIN_MS = 10000,      /* between two lines about a trouble that lasts */
    ANSWERS_MS = 1000
};

struct run {
    const struct kput_settings *settings;
    struct session session;
    struct kinesis_producer *producer;
    struct teller teller;
    struct report report;
    struct kept kept;
    struct progress progress;
    struct feed feed;
    atomic_bool answered;

    /* The loop's. */
    int64_t began_ms, told_ms;
    bool told_why;
    struct sigv4_error trouble; /* the last; what ended it all when report.gave_up */
    char host[256];
};

/* ---- on the loop ---- */

/* Nothing that follows would fare better. */
static void give_up(struct run *r, const struct sigv4_error *error)
{
    if (atomic_exchange(&r->report.gave_up, true))
        return;
    r->trouble = *error;
    atomic_store(&r->feed.window.open, true);
    if (!r->settings->failed) {
        feed_stop(&r->feed);
    } else if (!r->settings->data.count) {
        /* Now: input may have no end. */
        teller_err(&r->teller, "kput: %s; what follows is kept in %s\n", error->message,
                   r->settings->failed);
        r->told_why = true;
    }
}

static bool is_fatal(const struct sigv4_error *error)
{
    int status = error->status;
    bool unsendable = status == SIGV4_E_INVALID && error->http_status == 0; /* no region */
    return unsendable || status == SIGV4_E_DENIED || status == SIGV4_E_NO_CREDENTIALS ||
           status == SIGV4_E_NOT_FOUND || status == SIGV4_E_TLS || status == SIGV4_E_CLOSED;
}

static void on_result(void *ctx, const struct kinesis_put_result *result)
{
    struct run *r = ctx;
    size_t size = result->data.len + result->partition_key.len;
    window_leave(&r->feed.window, size);
    if (result->fate == KINESIS_WRITTEN) {
        atomic_store_explicit(&r->answered, true, memory_order_relaxed);
        window_learn(&r->feed.window, size, result->latency_ms);
    } else if (is_fatal(result->error)) {
        give_up(r, result->error);
    }
    report_result(&r->report, result);
}

static bool is_unreachable(const struct sigv4_error *error)
{
    return failure_code(error->status) == EXIT_UNREACHABLE && error->http_status == 0;
}

/* What the service will not take is not tried again; its records' results say why. */
static bool is_refused(const struct sigv4_error *error)
{
    return (error->status == SIGV4_E_INVALID || error->status == SIGV4_E_TOO_LARGE) &&
           !error->retryable;
}

static void on_trouble(void *ctx, const struct sigv4_error *error,
                       const struct sigv4_response *response)
{
    struct run *r = ctx;
    int64_t now = progress_now();
    if (atomic_load(&r->report.gave_up))
        return;
    r->trouble = *error;
    snprintf(r->host, sizeof r->host, "%s", response ? response->host : "");
    if (error->http_status)
        atomic_store(&r->answered, true);
    if (is_unreachable(error) && !atomic_load(&r->answered)) {
        if (now - r->began_ms >= UNREACHABLE_MS) {
            give_up(r, error);
            kinesis_producer_abandon(r->producer);
        }
    } else if (!r->settings->session.quiet && !is_fatal(error) && !is_refused(error) &&
               error->status != SIGV4_E_THROTTLED && now - r->told_ms >= AGAIN_MS) {
        teller_err(&r->teller, "kput: %s; trying again\n", error->message);
        r->told_ms = now;
    }
}

/* ---- on the thread of the signals ---- */

static void on_interrupt(void *ctx)
{
    feed_stop(&((struct run *)ctx)->feed);
}

static void on_second_interrupt(void *ctx)
{
    struct run *r = ctx;
    atomic_store(&r->report.gave_up, true);
    atomic_store(&r->feed.window.open, true);
    kinesis_producer_abandon(r->producer);
}

/* ---- on the thread of the teller ---- */

static void on_tick(void *ctx)
{
    report_flush(&((struct run *)ctx)->report);
}

static bool on_progress(void *ctx, char *line, size_t cap)
{
    struct run *r = ctx;
    return progress_show(&r->progress, r->producer, line, cap);
}

/* ---- the end ---- */

static void tell_sum(const struct run *r, const struct kinesis_producer_counts *c)
{
    uint64_t lost = c->not_written + c->maybe_written + r->report.refused + r->report.not_tried;
    if (c->maybe_twice && !r->settings->session.quiet)
        fprintf(stderr,
                "kput: %" PRIu64 " records may be in the stream twice: the answer to an earlier "
                "attempt was lost\n",
                c->maybe_twice);
    if (interrupt_was_asked() && !r->settings->session.quiet)
        fprintf(stderr, "kput: interrupted, %" PRIu64 " records written\n", c->written);
    if (lost == 0 || r->report.count == 1)
        return;
    fprintf(stderr, "kput: %" PRIu64 " records written, %" PRIu64 " not", c->written,
            lost - c->maybe_written);
    if (c->maybe_written)
        fprintf(stderr, ", %" PRIu64 " maybe", c->maybe_written);
    fputc('\n', stderr);
}

/* Also says what is wrong with all of it. */
static int code_of(struct run *r, const struct kinesis_producer_counts *c)
{
    bool failed = c->not_written || c->maybe_written || r->report.refused || r->report.not_tried;
    int code = 0;
    if (interrupt_was_asked())
        return 128 + interrupt_signal();
    if (r->told_why) {
        failure_explain("kput", r->session.client, "KINESIS", &r->trouble, r->host);
        return failure_code(r->trouble.status);
    }
    if (atomic_load(&r->report.gave_up) ||
        (failed && c->written == 0 && is_unreachable(&r->trouble)))
        code = failure_say_request("kput", r->session.client, "KINESIS", &r->trouble, r->host);
    if (code == 0 && (failed || r->feed.unread))
        code = EXIT_SOME_FAILED;
    return code;
}

static int end_kept(struct run *r)
{
    uint64_t count = r->kept.count;
    const char *path = r->kept.path;
    int error = kept_close(&r->kept);
    if (error)
        fprintf(stderr, "kput: cannot write %s: %s%s%s\n", path, strerror(error),
                r->kept.left ? "; what could be kept is in " : "",
                r->kept.left ? r->kept.left : "");
    else if (count && !r->settings->session.quiet)
        fprintf(stderr, "kput: %" PRIu64 " %s kept in %s: kput reads it as input\n", count,
                count == 1 ? "record is" : "records are", path);
    free(r->kept.left);
    return error ? EXIT_SOME_FAILED : 0;
}

static bool has_answers(void *ctx)
{
    struct kinesis_producer_stats s = {.size = sizeof s};
    const struct run *r = ctx;
    return kinesis_producer_stats(r->producer, &s) || s.requests_in_flight == 0;
}

static int end(struct run *r)
{
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    if (atomic_load(&r->report.gave_up)) {
        /* A request without an answer would leave its records in doubt. */
        (void)sigv4_loop_wait(r->session.loop, has_answers, r, ANSWERS_MS);
        kinesis_producer_abandon(r->producer);
    }
    (void)kinesis_producer_close(r->producer, -1, &counts);
    interrupt_forget();
    int broken = teller_end(&r->teller);
    int kept_code = r->settings->failed ? end_kept(r) : 0;
    int code = code_of(r, &counts);
    tell_sum(r, &counts);
    if (!code)
        progress_end(&r->progress, r->producer);
    if (r->settings->stats)
        progress_stats(&r->progress, r->producer, r->report.refused);
    if (r->teller.lost || (broken && broken != EPIPE)) {
        fprintf(stderr, "kput: cannot write: %s\n", strerror(broken ? broken : ENOMEM));
        code = code ? code : EXIT_SOME_FAILED;
    }
    return code ? code : kept_code;
}

/* ---- the beginning ---- */

static int open_producer(struct run *r, struct sigv4_error *err)
{
    const struct kput_settings *s = r->settings;
    uint64_t deadline = s->deadline_ms ? s->deadline_ms : 30000;
    struct kinesis_producer_options o = {
        .size = sizeof o,
        .stream = s->stream,
        .on_result = on_result,
        .on_trouble = on_trouble,
        .ctx = r,
        .max_buffered_bytes = s->buffered_bytes,
        .max_buffered_records = (uint32_t)s->buffered_records,
        .linger_ms = (uint32_t)s->linger_ms,
        .max_batch_records = (uint32_t)s->batch_records,
        .max_batch_bytes = (uint32_t)s->batch_bytes,
        .max_requests_in_flight = (uint32_t)s->requests,
        .record_deadline_ms = (uint32_t)deadline,
        .max_aggregate_bytes = (uint32_t)s->aggregate_bytes,
        .max_attempts = (uint32_t)s->session.max_attempts,
        .flags = (s->aggregate ? KINESIS_AGGREGATE : 0) | (s->ordered ? KINESIS_KEEP_ORDER : 0) |
                 (s->linger_ms ? 0 : KINESIS_NO_LINGER),
    };
    if (s->session.timeout_ms && s->session.timeout_ms < deadline)
        o.record_deadline_ms = (uint32_t)s->session.timeout_ms;
    int rc = kinesis_producer_new(&r->producer, r->session.client, &o, err);
    r->feed.producer = r->producer;
    window_init(&r->feed.window, r->session.loop, r->producer, o.record_deadline_ms);
    return rc;
}

/* A terminal that neither the records come from nor the lines about them go to. */
static bool is_watched(const struct kput_settings *s)
{
    return !s->session.quiet && isatty(STDERR_FILENO) && !s->data.count &&
           !(s->form != KPUT_NONE && isatty(STDOUT_FILENO)) &&
           (s->file_count || !isatty(STDIN_FILENO));
}

/* Input may take its time: the loop and the lines get threads of their own. */
static int start_threads(struct run *r, struct sigv4_error *err)
{
    interrupt_watch(on_interrupt, r);
    interrupt_again(on_second_interrupt);
    if (r->settings->data.count)
        return SIGV4_OK;
    if (!teller_start(&r->teller)) {
        *err = (struct sigv4_error){.status = SIGV4_E_NOMEM};
        return SIGV4_E_NOMEM;
    }
    return sigv4_loop_start(r->session.loop, err);
}

static int open_all(struct run *r)
{
    struct sigv4_error err = {0};
    int rc = report_init(&r->report, r->settings->file_count + 1);
    r->feed.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->feed.stop_fd < 0 || rc) {
        err.status = rc ? rc : SIGV4_E_IO;
        return failure_say("kput", &err);
    }
    if (r->settings->failed) {
        int error = kept_open(&r->kept, r->settings->failed);
        if (error) {
            fprintf(stderr, "kput: cannot write %s: %s\n", r->settings->failed, strerror(error));
            return EXIT_USAGE;
        }
        r->report.kept = &r->kept;
    }
    int code = session_open(&r->session, "kput", &r->settings->session);
    if (code)
        return code;
    rc = open_producer(r, &err);
    if (!rc)
        rc = start_threads(r, &err);
    return rc ? failure_say("kput", &err) : 0;
}

int kput_run(const struct kput_settings *settings)
{
    struct run r = {
        .settings = settings,
        .teller = {.tick = on_tick, .ctx = &r},
        .report = {.form = settings->form, .teller = &r.teller},
        .feed = {.settings = settings, .report = &r.report, .stop_fd = -1},
    };
    r.began_ms = progress_now();
    r.told_ms = r.began_ms - AGAIN_MS;
    r.teller.progress = is_watched(settings) ? on_progress : NULL;
    progress_begin(&r.progress);
    teller_init(&r.teller);
    int code = open_all(&r);
    if (!code) {
        feed_all(&r.feed);
        code = end(&r);
    } else {
        interrupt_forget();
        (void)teller_end(&r.teller);
        kept_drop(&r.kept);
    }
    kinesis_producer_free(r.producer);
    session_close(&r.session);
    report_free(&r.report);
    if (r.feed.stop_fd >= 0)
        close(r.feed.stop_fd);
    return code;
}
