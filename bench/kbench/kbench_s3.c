/* kbench s3: objects of one size put, got and deleted again, several at a time. */
#include "failure.h"
#include "interrupt.h"
#include "kbench.h"
#include "load.h"
#include "location.h"
#include "session.h"

#include <openssl/rand.h>
#include <s3/s3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct session_settings session;
    const char *place;
    struct load_output output;
    uint64_t bytes, objects, parallel;
    bool get; /* whose load is told to the files */
};
#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "size", "BYTES", OPTION_SIZE, HERE(bytes), "of an object (1 MiB)", 1, 1u << 30},
    {'n', "objects", "N", OPTION_NUMBER, HERE(objects), "(100)", 1, 1000000},
    {'j', "jobs", "N", OPTION_NUMBER, HERE(parallel), "requests at a time (8)", 1, 64},
    {0, "get", NULL, OPTION_SWITCH, HERE(get),
     "--json and --histogram are of the downloads, not of the uploads", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    LOAD_GROUP(struct settings),
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "kbench s3",
    "[options] s3://BUCKET/PREFIX",
    "Put objects under a prefix, get them back, and delete them.",
    NULL,
    OPTION_ROWS(groups),
    NULL};

struct work;
struct job { /* one of those under way */
    struct work *work;
    double began;
};
struct work {
    const struct settings *settings;
    struct location place;
    struct s3_client *s3;
    struct load load;
    struct job jobs[64];
    enum { WORK_PUT, WORK_GET, WORK_DELETE } step;
    struct sigv4_slice body;
    uint64_t next, under_way;
    struct sigv4_error failure; /* the first one */
    char host[256];
};

static void next(struct job *job);

static void on_done(void *ctx, const struct s3_result *r)
{
    struct job *job = ctx;
    struct work *w = job->work;
    w->under_way--;
    if (r->error) {
        if (w->load.failed++ == 0) {
            w->failure = *r->error;
            snprintf(w->host, sizeof w->host, "%s", r->host);
        }
    } else {
        w->load.done++;
        w->load.bytes += w->step == WORK_DELETE ? 0 : w->settings->bytes;
        histogram_add(&w->load.latency, (uint64_t)((load_seconds(&w->load) - job->began) * 1e6));
    }
    if (w->load.failed == 0 && !interrupt_was_asked())
        next(job);
}

static enum sigv4_flow on_chunk(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                struct sigv4_slice chunk)
{
    (void)ctx, (void)so_far, (void)offset, (void)chunk;
    return SIGV4_GO_ON;
}

static int start(struct work *w, struct job *job, const char *key, struct sigv4_error *err)
{
    const struct s3_at *at = S3_AT(w->place.bucket, key);
    const struct s3_put put = {.size = sizeof put,
                               .to = at,
                               .body = &w->body,
                               .body_count = 1,
                               .on_done = on_done,
                               .ctx = job};
    const struct s3_get get = {
        .size = sizeof get, .from = at, .on_chunk = on_chunk, .on_done = on_done, .ctx = job};
    const struct s3_delete gone = {.size = sizeof gone, .what = at, .on_done = on_done, .ctx = job};
    if (w->step == WORK_PUT)
        return s3_put(w->s3, &put, NULL, err);
    return w->step == WORK_GET ? s3_get(w->s3, &get, NULL, err)
                               : s3_delete(w->s3, &gone, NULL, err);
}

static void next(struct job *job)
{
    struct work *w = job->work;
    char key[1100];
    if (w->next == w->settings->objects)
        return;
    snprintf(key, sizeof key, "%s%08llu", w->place.key, (unsigned long long)w->next++);
    job->began = load_seconds(&w->load);
    if (start(w, job, key, &w->failure))
        w->load.failed++;
    else
        w->under_way++;
}

static void run_step(struct work *w, struct session *session, const char *what)
{
    load_begin(&w->load, what, "one request");
    w->next = 0;
    for (uint64_t i = 0; i < w->settings->parallel; i++) {
        w->jobs[i].work = w;
        next(&w->jobs[i]);
    }
    while (w->under_way)
        sigv4_loop_run(session->loop, 1000);
    load_end(&w->load);
}

static int run_steps(struct work *w, struct session *session)
{
    static const char *const names[] = {"s3 put", "s3 get", "s3 delete"};
    static const struct load_output nowhere;
    const struct settings *s = w->settings;
    int code = 0;
    for (w->step = WORK_PUT; !code && w->step <= WORK_DELETE; w->step++) {
        bool kept = w->step == (s->get ? WORK_GET : WORK_PUT);
        run_step(w, session, names[w->step]);
        code = load_tell(&w->load, kept ? &s->output : &nowhere);
        if (w->failure.status)
            code = failure_say_request("kbench", session->client, "S3", &w->failure, w->host);
    }
    return code;
}

static void stop(void *ctx)
{
    sigv4_loop_wake(ctx);
}

static int measure(struct work *w, struct session *session)
{
    struct sigv4_error err;
    struct s3_client_options o = S3_CLIENT_OPTIONS;
    unsigned char *data = malloc(w->settings->bytes);
    int code;
    if (!data || RAND_bytes(data, (int)w->settings->bytes) != 1) {
        code = failure_no_memory("kbench");
        goto out;
    }
    w->body = sigv4_bytes(data, w->settings->bytes);
    if (s3_client_new(&w->s3, session->client, &o, &err)) {
        code = failure_say("kbench", &err);
        goto out;
    }
    interrupt_watch(stop, session->loop);
    code = run_steps(w, session);
    interrupt_forget();
    s3_client_free(w->s3);
out:
    free(data);
    return code;
}

static int run(const struct settings *s)
{
    struct session session;
    struct work *w = calloc(1, sizeof *w);
    int code;
    if (!w)
        return failure_no_memory("kbench");
    w->settings = s;
    if (location_parse(&w->place, s->place) || !w->place.remote)
        code = options_complain(&table, "'%s' is no s3://bucket/prefix", s->place);
    else if (!(code = session_open(&session, "kbench", &s->session))) {
        code = measure(w, &session);
        session_close(&session);
    }
    location_free(&w->place);
    free(w);
    return interrupt_was_asked() ? EXIT_INTERRUPTED : code;
}

int kbench_s3(int argc, char **argv)
{
    struct settings s = {.bytes = 1 << 20, .objects = 100, .parallel = 8};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (count != 1)
        code = options_complain(&table, "which s3://bucket/prefix?");
    else {
        s.place = arguments[0];
        code = run(&s);
    }
    options_free(&table, &s);
    return failure_flush("kbench", code);
}
