/* kbench get: everything that is in a stream, as fast as the service and its limits let it come. */
#include "failure.h"
#include "interrupt.h"
#include "kbench.h"
#include "load.h"
#include "session.h"

#include <kinesis/kinesis.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct settings {
    struct session_settings session;
    const char *stream;
    struct load_output output;
    uint64_t duration_ms;
    bool latest, unpaced;
};
#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {0, "latest", NULL, OPTION_SWITCH, HERE(latest),
     "what arrives from now on; else all there is, to the tip", 0, 0},
    {0, "seconds", "SECONDS", OPTION_SECONDS, HERE(duration_ms),
     "at most (no limit; 10 with --latest)", 1, 86400000},
    {0, "no-pacing", NULL, OPTION_SWITCH, HERE(unpaced),
     "read as fast as answers come: against local services only", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    LOAD_GROUP(struct settings),
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "kbench get", "[options] STREAM",  "Read a stream and measure it.",
    NULL,         OPTION_ROWS(groups), NULL};

struct work {
    struct load load;
    double limit;
    struct sigv4_error failure;
    char host[256];
};

static int64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *r)
{
    struct work *w = ctx;
    int64_t age = unix_ms() - r->arrived_unix_ms;
    w->load.done++;
    w->load.bytes += r->data.len;
    if (r->arrived_unix_ms != INT64_MIN)
        histogram_add(&w->load.latency, age > 0 ? (uint64_t)age * 1000 : 0);
    return KINESIS_GO_ON;
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct work *w = ctx;
    if (err) {
        w->failure = *err;
        snprintf(w->host, sizeof w->host, "%s", host);
    }
}

static void stop(void *consumer)
{
    kinesis_consumer_stop(consumer);
}

static int measure(const struct settings *s, struct session *session, struct work *w)
{
    struct sigv4_error err;
    struct kinesis_consumer *consumer;
    struct kinesis_consumer_options o = KINESIS_CONSUMER_OPTIONS;
    o.stream = s->stream;
    o.start = s->latest ? KINESIS_FROM_NOW : KINESIS_FROM_OLDEST;
    o.on_record = on_record;
    o.on_end = on_end;
    o.ctx = w;
    o.flags = (s->latest ? 0 : KINESIS_STOP_AT_TIP) | (s->unpaced ? KINESIS_NO_PACING : 0);
    load_begin(&w->load, "get", "from a record's arrival in the stream to its delivery");
    if (kinesis_consumer_new(&consumer, session->client, &o, &err))
        return failure_say("kbench", &err);
    interrupt_watch(stop, consumer);
    int limit_ms = s->duration_ms ? (int)s->duration_ms : s->latest ? 10000 : -1;
    if (kinesis_consumer_wait(consumer, limit_ms) == SIGV4_E_TIMEOUT) {
        kinesis_consumer_stop(consumer);
        kinesis_consumer_wait(consumer, -1);
    }
    load_end(&w->load);
    interrupt_forget();
    kinesis_consumer_free(consumer);
    if (w->failure.status)
        return failure_say_request("kbench", session->client, "KINESIS", &w->failure, w->host);
    return load_tell(&w->load, &s->output);
}

static int run(const struct settings *s)
{
    struct session session;
    struct work *w = calloc(1, sizeof *w);
    int code = w ? session_open(&session, "kbench", &s->session) : failure_no_memory("kbench");
    if (!code) {
        code = measure(s, &session, w);
        session_close(&session);
    }
    free(w);
    return interrupt_was_asked() ? EXIT_INTERRUPTED : code;
}

int kbench_get(int argc, char **argv)
{
    struct settings s = {0};
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
