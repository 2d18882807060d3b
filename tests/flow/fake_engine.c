/* The scripted engine. Every flight has a moment of its next event; poll jumps to the earliest. */
#include "flow/fake_engine.h"

#include "flow/fake_script.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum stage { TO_ANSWER, TO_END, ENDED };

struct flight {
    struct sigv4_transfer *transfer;
    struct fake_answer answer; /* texts are this flight's own */
    int64_t due_ms, started_ms;
    size_t given; /* bytes of the body */
    enum stage stage;
    bool paused, aborted, fresh; /* fresh: started inside this poll, waits for the next */
    struct sigv4_http_result result;
    struct flight *next;
};

struct fake {
    struct sigv4_engine engine; /* first: the engine is the fake */
    struct sigv4_clock clock;
    struct sigv4_random random;
    struct fake_book book;
    atomic_int_least64_t now_ms; /* other threads may ask for the time */
    int64_t wall_offset_ms;
    uint64_t seed;
    atomic_bool woken;
    bool polling, threads;
    struct flight *flights;
    size_t in_flight, max_in_flight;
};

struct fake_book *fake__book(struct fake *fake)
{
    return &fake->book;
}

const struct fake_book *fake__book_of(const struct fake *fake)
{
    return &fake->book;
}

size_t fake_in_flight(const struct fake *fake)
{
    return fake->in_flight;
}

size_t fake_max_in_flight(const struct fake *fake)
{
    return fake->max_in_flight;
}

/* ---- how a flight will go: decided at the start ---- */

struct patience {
    int64_t connect, answer;
};

static struct patience patience_of(const struct sigv4_http_options *o)
{
    struct patience p = {3000, 20000};
    if (o && o->connect_timeout_ms)
        p.connect = o->connect_timeout_ms;
    if (o && o->stall_timeout_ms)
        p.answer = o->stall_timeout_ms;
    if (o && o->timeout_ms && o->timeout_ms < p.connect)
        p.connect = o->timeout_ms;
    if (o && o->timeout_ms && o->timeout_ms < p.answer)
        p.answer = o->timeout_ms;
    return p;
}

static void fails(struct flight *f, int status, bool reached, const char *detail)
{
    f->stage = TO_END;
    f->result.status = status;
    f->result.connected = f->result.request_sent = reached;
    snprintf(f->result.detail, sizeof f->result.detail, "%s", detail);
}

static void plan(struct fake *fake, struct flight *f)
{
    struct patience patience = patience_of(f->transfer->options);
    enum fake_outcome outcome = f->answer.outcome;
    int64_t delay = f->answer.delay_ms;
    if ((outcome == FAKE_ANSWER || outcome == FAKE_CUT) && delay > patience.answer)
        outcome = FAKE_SILENT;
    f->result.connected = f->result.request_sent = true;
    switch (outcome) {
    case FAKE_ANSWER:
    case FAKE_CUT:
        break;
    case FAKE_REFUSED:
        fails(f, SIGV4_E_NETWORK, false, "connection refused");
        f->result.os_errno = 111;
        break;
    case FAKE_FILTER:
        fails(f, SIGV4_E_NETWORK, false, "connection timed out");
        f->result.connect_timed_out = true;
        delay = patience.connect;
        break;
    case FAKE_SILENT:
        fails(f, SIGV4_E_TIMEOUT, true, "no answer in time");
        delay = patience.answer;
        break;
    case FAKE_RESET:
        fails(f, SIGV4_E_NETWORK, true, "connection reset by peer");
        break;
    case FAKE_NO_NAME:
        fails(f, SIGV4_E_NETWORK, false, "could not resolve the host");
        break;
    case FAKE_BAD_TLS:
        fails(f, SIGV4_E_TLS, false, "the certificate is not trusted");
        break;
    }
    f->due_ms = fake->now_ms + delay;
}

static int fake_start(struct sigv4_engine *engine, struct sigv4_transfer *transfer)
{
    struct fake *fake = (struct fake *)engine;
    struct flight *f = fake__must(calloc(1, sizeof *f)), **end = &fake->flights;
    bool unreadable = false;
    f->transfer = transfer;
    f->fresh = fake->polling;
    f->started_ms = fake->now_ms;
    f->result.size = sizeof f->result;
    f->answer =
        fake__choose(&fake->book, fake__note(&fake->book, transfer, fake->now_ms, &unreadable));
    plan(fake, f);
    if (unreadable)
        fails(f, SIGV4_E_IO, false, "the request's body could not be read");
    transfer->engine = f;
    transfer->http_status = 0;
    while (*end)
        end = &(*end)->next;
    *end = f;
    if (++fake->in_flight > fake->max_in_flight)
        fake->max_in_flight = fake->in_flight;
    return SIGV4_OK;
}

static void fake_abort(struct sigv4_engine *engine, struct sigv4_transfer *transfer)
{
    struct flight *f = transfer->engine;
    f->aborted = true;
    f->due_ms = ((struct fake *)engine)->now_ms;
}

static void fake_resume(struct sigv4_engine *engine, struct sigv4_transfer *transfer)
{
    struct flight *f = transfer->engine;
    f->paused = false;
    f->due_ms = ((struct fake *)engine)->now_ms;
}

/* ---- events ---- */

static void give_headers(struct flight *f)
{
    struct sigv4_transfer *t = f->transfer;
    t->http_status = f->result.http_status = f->answer.status;
    for (const char *at = f->answer.headers ? f->answer.headers : ""; *at;) {
        size_t n = strcspn(at, "\n"), name = strcspn(at, ":");
        if (name >= n)
            fake__die("a header without a colon: %.*s", (int)n, at);
        size_t value = name + 1 + strspn(at + name + 1, " ");
        if (t->on_header)
            t->on_header(t->ctx, sigv4_bytes(at, name), sigv4_bytes(at + value, n - value));
        at += at[n] ? n + 1 : n;
    }
}

static void give_body(struct flight *f)
{
    struct sigv4_transfer *t = f->transfer;
    bool cut = f->answer.outcome == FAKE_CUT;
    size_t end = cut ? f->answer.body_len / 2 : f->answer.body_len;
    while (t->on_body && f->given < end && !f->aborted && !f->paused) {
        size_t n = end - f->given;
        if (f->answer.chunk && n > f->answer.chunk)
            n = f->answer.chunk;
        enum sigv4_flow flow = t->on_body(t->ctx, sigv4_bytes(f->answer.body + f->given, n));
        f->aborted |= flow == SIGV4_STOP;
        f->paused |= flow == SIGV4_PAUSE;
        f->given += flow == SIGV4_GO_ON ? n : 0;
    }
    if (f->paused || f->aborted)
        return;
    f->stage = TO_END;
    if (cut)
        fails(f, SIGV4_E_NETWORK, true, "connection reset by peer");
}

static void end_flight(struct fake *fake, struct flight *f)
{
    struct sigv4_http_result *r = &f->result;
    if (f->aborted)
        fails(f, SIGV4_E_CANCELED, r->connected, "canceled");
    f->stage = ENDED;
    fake->in_flight--;
    r->total_ms = (double)(fake->now_ms - f->started_ms);
    r->name_ms = r->connect_ms = r->connected ? 0 : -1;
    r->first_byte_ms = r->http_status ? r->total_ms : -1;
    r->tls_ms = -1;
    if (r->connected)
        snprintf(r->address, sizeof r->address, "203.0.113.1:80");
    f->transfer->on_done(f->transfer->ctx, r);
}

static void step(struct fake *fake, struct flight *f)
{
    if (!f->aborted && f->stage == TO_ANSWER) {
        if (!f->result.http_status)
            give_headers(f);
        if (!f->aborted)
            give_body(f);
    }
    if (f->aborted || f->stage == TO_END)
        end_flight(fake, f);
}

static bool is_waiting(const struct flight *f)
{
    return f->stage != ENDED && (!f->paused || f->aborted);
}

/* The earliest event, -1 when there is none. */
static int64_t next_due(const struct fake *fake)
{
    int64_t due = -1;
    for (const struct flight *f = fake->flights; f; f = f->next)
        if (is_waiting(f) && (due < 0 || f->due_ms < due))
            due = f->due_ms;
    return due;
}

static void sweep(struct fake *fake)
{
    for (struct flight **at = &fake->flights; *at;) {
        struct flight *f = *at;
        if (f->stage != ENDED) {
            f->fresh = false;
            at = &f->next;
            continue;
        }
        *at = f->next;
        fake__answer_free(&f->answer);
        free(f);
    }
}

static void let_time_pass(struct fake *fake, int timeout_ms)
{
    int64_t due = next_due(fake), until = fake->now_ms + timeout_ms;
    if (due < 0 && timeout_ms < 0) {
        if (!fake->threads)
            fake__die("nothing will ever happen: no transfer, no timer, nothing posted");
        while (!atomic_exchange(&fake->woken, false))
            usleep(20);
        return;
    }
    if (timeout_ms < 0 || (due >= 0 && due < until))
        until = due;
    if (until > fake->now_ms)
        fake->now_ms = until;
}

static int fake_poll(struct sigv4_engine *engine, int timeout_ms)
{
    struct fake *fake = (struct fake *)engine;
    int ended = 0;
    if (!atomic_exchange(&fake->woken, false))
        let_time_pass(fake, timeout_ms);
    fake->polling = true;
    for (struct flight *f = fake->flights; f; f = f->next) {
        if (f->fresh || !is_waiting(f) || f->due_ms > fake->now_ms)
            continue;
        step(fake, f);
        ended += f->stage == ENDED;
    }
    fake->polling = false;
    sweep(fake);
    return ended;
}

static void fake_wake(struct sigv4_engine *engine)
{
    atomic_store(&((struct fake *)engine)->woken, true);
}

static int fake_embed(struct sigv4_engine *engine, const struct sigv4_loop_hooks *hooks)
{
    (void)engine;
    (void)hooks;
    return SIGV4_OK;
}

static int fake_fired(struct sigv4_engine *engine, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    return fake_poll(engine, 0);
}

static int fake_next_ms(struct sigv4_engine *engine)
{
    const struct fake *fake = (const struct fake *)engine;
    int64_t due = next_due(fake);
    return due < 0 ? -1 : due > fake->now_ms ? (int)(due - fake->now_ms) : 0;
}

static void fake_let_go(struct sigv4_engine *engine)
{
    (void)engine; /* fake_free is the test's, so that it can look at the requests afterwards */
}

/* ---- time and chance ---- */

static int64_t wall_ms(void *ctx)
{
    return fake_wall_ms(ctx);
}

static int64_t mono_ms(void *ctx)
{
    return fake_now_ms(ctx);
}

static void fill(void *ctx, void *buf, size_t n)
{
    struct fake *fake = ctx;
    for (size_t i = 0; i < n; i++) {
        fake->seed = fake->seed * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)buf)[i] = (unsigned char)(fake->seed >> 56);
    }
}

void fake_allow_threads(struct fake *fake)
{
    fake->threads = true;
}

int64_t fake_now_ms(const struct fake *fake)
{
    return fake->now_ms;
}

int64_t fake_wall_ms(const struct fake *fake)
{
    return fake->now_ms + fake->wall_offset_ms;
}

void fake_set_wall_ms(struct fake *fake, int64_t now)
{
    fake->wall_offset_ms = now - fake->now_ms;
}

void fake_pass_ms(struct fake *fake, int64_t ms)
{
    fake->now_ms += ms;
}

bool fake_run_until(struct fake *fake, struct sigv4_loop *loop, bool (*done)(void *ctx), void *ctx)
{
    int64_t end = fake->now_ms + 3600 * 1000;
    while (!done(ctx))
        if (fake->now_ms >= end || sigv4_loop_run(loop, (int)(end - fake->now_ms)))
            return false;
    return true;
}

void fake_run_ms(struct fake *fake, struct sigv4_loop *loop, int64_t ms)
{
    int64_t end = fake->now_ms + ms;
    while (fake->now_ms < end && sigv4_loop_run(loop, (int)(end - fake->now_ms)) == SIGV4_OK) {
    }
}

/* ---- life ---- */

struct fake *fake_new(void)
{
    static const struct sigv4_engine_ops ops = {
        .size = sizeof ops,
        .start = fake_start,
        .abort = fake_abort,
        .resume = fake_resume,
        .poll = fake_poll,
        .wake = fake_wake,
        .embed = fake_embed,
        .fired = fake_fired,
        .next_ms = fake_next_ms,
        .free = fake_let_go,
    };
    struct fake *fake = fake__must(calloc(1, sizeof *fake));
    fake->engine.ops = &ops;
    fake->clock = (struct sigv4_clock){fake, wall_ms, mono_ms};
    fake->random = (struct sigv4_random){fake, fill};
    fake->wall_offset_ms = INT64_C(1767225600000);
    fake->seed = 1;
    return fake;
}

struct sigv4_loop *fake_loop(struct fake *fake, const struct sigv4_alloc *alloc)
{
    struct sigv4_loop_options options = SIGV4_LOOP_OPTIONS;
    struct sigv4_loop *loop = NULL;
    options.alloc = alloc;
    options.clock = &fake->clock;
    options.random = &fake->random;
    options.engine = &fake->engine;
    return sigv4_loop_new(&loop, &options, NULL) ? NULL : loop;
}

struct sigv4_engine *fake_engine(struct fake *fake)
{
    return &fake->engine;
}

const struct sigv4_clock *fake_clock(struct fake *fake)
{
    return &fake->clock;
}

const struct sigv4_random *fake_random(struct fake *fake)
{
    return &fake->random;
}

void fake_free(struct fake *fake)
{
    if (fake->in_flight)
        fake__die("%zu transfers were never finished", fake->in_flight);
    fake__book_free(&fake->book);
    free(fake);
}
