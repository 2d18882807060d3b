/* kbench put: a stream under load. With a rate, a record's time counts from when it was due, not
 * from when there was room for it: a service that halts is seen to halt. */
#include "failure.h"
#include "interrupt.h"
#include "kbench.h"
#include "load.h"
#include "session.h"

#include <kinesis/kinesis.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

struct settings {
    struct session_settings session;
    const char *stream;
    struct load_output output;
    uint64_t rate, bytes, duration_ms, linger_ms;
    bool aggregate;
};
#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {0, "rate", "N", OPTION_NUMBER, HERE(rate), "records a second (as many as go)", 1, 100000000},
    {0, "size", "BYTES", OPTION_SIZE, HERE(bytes), "of a record (1024)", 1, 10000000},
    {0, "seconds", "SECONDS", OPTION_SECONDS, HERE(duration_ms), "(10)", 1, 86400000},
    {0, "linger", "SECONDS", OPTION_SECONDS, HERE(linger_ms), "wait for company (0.05)", 1, 60000},
    {0, "aggregate", NULL, OPTION_SWITCH, HERE(aggregate), "several records in one", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    LOAD_GROUP(struct settings),
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "kbench put", "[options] STREAM",  "Load a stream with records of random bytes.",
    NULL,         OPTION_ROWS(groups), NULL};

static volatile bool stopped;

static void stop(void *ctx)
{
    (void)ctx;
    stopped = true;
}

struct work {
    struct load load;
    struct kinesis_producer *producer;
    struct sigv4_error failure; /* the first one */
    char host[256];             /* it failed at; "" when no attempt was made */
    bool hopeless;              /* nothing was written, and nothing will be */
};

static void note(struct work *w, const struct sigv4_error *error, const char *host)
{
    if (w->failure.status == SIGV4_OK) {
        w->failure = *error;
        snprintf(w->host, sizeof w->host, "%s", host);
    }
    /* No keys, no way, no such stream: not a failure of one record. */
    if (w->load.done || w->hopeless || failure_code(error->status) == EXIT_SOME_FAILED)
        return;
    w->hopeless = true;
    kinesis_producer_abandon(w->producer);
}

static void on_trouble(void *ctx, const struct sigv4_error *error,
                       const struct sigv4_response *response)
{
    note(ctx, error, response ? response->host : "");
}

/* The tag is the microsecond, counted from the beginning, at which the record was due. */
static void on_result(void *ctx, const struct kinesis_put_result *r)
{
    struct work *w = ctx;
    double due = (double)(uintptr_t)r->tag / 1e6, took = load_seconds(&w->load) - due;
    if (r->error) {
        w->load.failed++;
        note(w, r->error, "");
        return;
    }
    w->load.done++;
    w->load.bytes += r->data.len;
    histogram_add(&w->load.latency, took > 0 ? (uint64_t)(took * 1e6) : 0);
}

/* When the next record is due: at once, or as the rate says. */
static double due_at(const struct settings *s, uint64_t number, double now)
{
    return s->rate ? (double)number / (double)s->rate : now;
}

/* Waits for room as long as there is a use in it. */
static int put(struct work *w, const struct sigv4_slice data, double due)
{
    int rc;
    do
        rc = kinesis_producer_put_wait(
            w->producer, KINESIS_PUT(.data = data, .tag = (void *)(uintptr_t)(due * 1e6)), 1000);
    while (rc == SIGV4_E_TIMEOUT && !stopped && !w->hopeless);
    return rc;
}

/* 0: all was put in time; else the status of a put that was refused. */
static int keep_putting(const struct settings *s, struct work *w, struct session *session,
                        struct sigv4_slice data)
{
    double end = (double)s->duration_ms / 1000, now;
    int rc = SIGV4_OK;
    for (uint64_t number = 0; !rc && !stopped && !w->hopeless; number++) {
        double due = due_at(s, number, load_seconds(&w->load));
        if (due >= end)
            break;
        while ((now = load_seconds(&w->load)) < due && !stopped && !w->hopeless)
            sigv4_loop_run(session->loop, (int)((due - now) * 1000));
        rc = put(w, data, due);
        if (number % 1024 == 0)
            sigv4_loop_run(session->loop, 0);
    }
    return rc == SIGV4_E_TIMEOUT ? SIGV4_OK : rc;
}

static int measure(const struct settings *s, struct session *session, struct work *w,
                   struct sigv4_slice data)
{
    struct sigv4_error err = {0};
    struct kinesis_producer_options o = KINESIS_PRODUCER_OPTIONS;
    o.stream = s->stream;
    o.on_result = on_result;
    o.on_trouble = on_trouble;
    o.ctx = w;
    o.linger_ms = (uint32_t)s->linger_ms;
    o.flags = s->aggregate ? KINESIS_AGGREGATE : 0;
    if (kinesis_producer_new(&w->producer, session->client, &o, &err))
        return failure_say("kbench", &err);
    load_begin(&w->load, "put", "from when a record was due to its result");
    int rc = keep_putting(s, w, session, data);
    kinesis_producer_close(w->producer, stopped ? 2000 : -1, NULL);
    load_end(&w->load);
    kinesis_producer_free(w->producer);
    if (rc) {
        fprintf(stderr, "kbench: a record was refused: %s\n", sigv4_status_text(rc));
        return failure_code(rc);
    }
    int code = w->hopeless ? 0 : load_tell(&w->load, &s->output);
    if (w->failure.status)
        code = failure_say_request("kbench", session->client, "KINESIS", &w->failure, w->host);
    return code;
}

static int run(const struct settings *s)
{
    struct session session;
    struct work *w = calloc(1, sizeof *w);
    unsigned char *data = malloc(s->bytes);
    int code;
    if (!w || !data || RAND_bytes(data, (int)s->bytes) != 1) {
        code = failure_no_memory("kbench");
        goto out;
    }
    interrupt_watch(stop, NULL);
    code = session_open(&session, "kbench", &s->session);
    if (code)
        goto out;
    code = measure(s, &session, w, sigv4_bytes(data, s->bytes));
    interrupt_forget();
    session_close(&session);
out:
    free(data);
    free(w);
    return stopped ? EXIT_INTERRUPTED : code;
}

int kbench_put(int argc, char **argv)
{
    struct settings s = {.bytes = 1024, .duration_ms = 10000, .linger_ms = 50};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (!s.stream && count == 1)
        s.stream = arguments[0], count = 0;
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (count)
        code = options_complain(&table, "'%s' is not expected", arguments[0]);
    else if (!s.stream)
        code = options_complain(&table, "which stream?");
    else
        code = run(&s);
    options_free(&table, &s);
    return failure_flush("kbench", code);
}
