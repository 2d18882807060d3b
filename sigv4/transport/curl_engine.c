/* The engine by libcurl: transfers on one multi handle, easy handles used again. */
#include "transport/curl_engine.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "transport/curl_flight.h"
#include "transport/curl_result.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { IDLE_HANDLES = 16 }; /* easy handles kept for the next transfers */

struct curl_engine {
    struct sigv4_engine base;
    const struct sigv4__hooks *hooks;
    CURLM *multi;
    struct sigv4__flight *flights, *idle;
    unsigned idle_count;
    bool names_doubted; /* the last new connection failed: names may have moved */
    bool touched;       /* some flight was aborted or resumed since the last poll */
    bool embedded;
    struct sigv4_loop_hooks watcher;
    int wake_fd;
    int64_t due_ms; /* when libcurl wants to run again; -1: not by time */
};

/* ---- the answer, as libcurl reports it ---- */

static bool is_status_line(struct sigv4_slice line)
{
    return sigv4__starts_with(line, "HTTP/");
}

static void read_status_line(struct sigv4__flight *f)
{
    long code = 0;
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &code);
    f->interim = code < 200;
    f->transfer->http_status = f->interim ? 0 : (int)code;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct sigv4__flight *f = ctx;
    struct sigv4_slice line = sigv4__trim(sigv4_bytes(bytes, size * n));
    size_t colon = sigv4__find(line, ':');
    if (is_status_line(line))
        read_status_line(f);
    else if (!f->interim && colon < line.len && f->transfer->on_header)
        f->transfer->on_header(f->transfer->ctx, sigv4__trim(sigv4__first(line, colon)),
                               sigv4__trim(sigv4__from(line, colon + 1)));
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct sigv4__flight *f = ctx;
    if (f->aborted)
        return 0;
    if (!f->transfer->on_body)
        return size * n;
    switch (f->transfer->on_body(f->transfer->ctx, sigv4_bytes(bytes, size * n))) {
    case SIGV4_GO_ON:
        return size * n;
    case SIGV4_PAUSE:
        f->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    case SIGV4_STOP:
        break;
    }
    f->stopped = true;
    return size * n + 1; /* any other count ends the transfer */
}

/* ---- flights ---- */

static struct sigv4__flight *flight_get(struct curl_engine *e)
{
    struct sigv4__flight *f = e->idle;
    if (f) {
        e->idle = f->next;
        e->idle_count--;
        CURL *easy = f->easy;
        memset(f, 0, sizeof *f);
        f->easy = easy;
        curl_easy_reset(easy);
    } else {
        f = sigv4__alloc_zero(&e->hooks->alloc, 1, sizeof *f);
        if (f && !(f->easy = curl_easy_init())) {
            sigv4__alloc_put(&e->hooks->alloc, f, sizeof *f);
            f = NULL;
        }
    }
    if (f)
        f->engine = e;
    return f;
}

static void flight_put(struct sigv4__flight *f)
{
    struct curl_engine *e = f->engine;
    sigv4__flight_free_headers(f);
    if (e->idle_count < IDLE_HANDLES) {
        f->next = e->idle;
        e->idle = f;
        e->idle_count++;
    } else {
        curl_easy_cleanup(f->easy);
        sigv4__alloc_put(&e->hooks->alloc, f, sizeof *f);
    }
}

static void link_flight(struct sigv4__flight *f)
{
    f->next = f->engine->flights;
    if (f->next)
        f->next->prev = f;
    f->engine->flights = f;
}

static void unlink_flight(struct sigv4__flight *f)
{
    if (f->prev)
        f->prev->next = f->next;
    else
        f->engine->flights = f->next;
    if (f->next)
        f->next->prev = f->prev;
    f->next = f->prev = NULL;
}

static struct curl_engine *self_of(struct sigv4_engine *engine)
{
    return (struct curl_engine *)engine;
}

static int engine_start(struct sigv4_engine *engine, struct sigv4_transfer *t)
{
    struct sigv4__flight *f = flight_get(self_of(engine));
    if (!f)
        return SIGV4_E_NOMEM;
    f->transfer = t;
    f->resolve_anew = f->engine->names_doubted;
    t->http_status = 0;
    curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    int rc = sigv4__flight_set_up(f);
    if (!rc && curl_multi_add_handle(f->engine->multi, f->easy))
        rc = SIGV4_E_NOMEM;
    if (rc) {
        flight_put(f);
        return rc;
    }
    link_flight(f);
    t->engine = f;
    return SIGV4_OK;
}

static void engine_wake(struct sigv4_engine *engine)
{
    struct curl_engine *e = self_of(engine);
    uint64_t one = 1;
    if (e->embedded && write(e->wake_fd, &one, sizeof one) < 0) {
        /* The counter is full: the reader is already due to wake. */
    }
    curl_multi_wakeup(e->multi);
}

static void engine_abort(struct sigv4_engine *engine, struct sigv4_transfer *t)
{
    struct sigv4__flight *f = t->engine;
    f->aborted = true;
    f->engine->touched = true;
    engine_wake(engine);
}

static void engine_resume(struct sigv4_engine *engine, struct sigv4_transfer *t)
{
    struct sigv4__flight *f = t->engine;
    f->resumed = true;
    f->engine->touched = true;
    engine_wake(engine);
}

/* ---- moving bytes ---- */

/* Names are kept for a minute, unless there is reason to look again. */
static void doubt_names(struct curl_engine *e, const struct sigv4_http_result *result)
{
    if (!result->connected && result->status == SIGV4_E_NETWORK)
        e->names_doubted = true;
    else if (result->status == SIGV4_OK && !result->reused)
        e->names_doubted = false;
}

static void land(struct sigv4__flight *f, CURLcode code)
{
    struct sigv4_transfer *t = f->transfer;
    struct sigv4_http_result result;
    sigv4__curl_result(f->easy, code, t->body_length, f->text, &result);
    if (f->aborted || f->stopped)
        result.status = SIGV4_E_CANCELED;
    else if (f->read_failed)
        result.status = SIGV4_E_IO;
    else if (f->lost)
        sigv4__curl_result_lost(&result);
    doubt_names(f->engine, &result);
    curl_multi_remove_handle(f->engine->multi, f->easy);
    unlink_flight(f);
    flight_put(f);
    t->engine = NULL;
    t->on_done(t->ctx, &result);
}

static void apply_touches(struct curl_engine *e, int *ended)
{
    struct sigv4__flight *next;
    if (!e->touched)
        return;
    e->touched = false;
    for (struct sigv4__flight *f = e->flights; f; f = next) {
        next = f->next;
        if (f->aborted) {
            land(f, CURLE_ABORTED_BY_CALLBACK);
            (*ended)++;
        } else if (f->resumed) {
            f->resumed = f->paused = false;
            curl_easy_pause(f->easy, CURLPAUSE_CONT);
        }
    }
}

static void land_finished(struct curl_engine *e, int *ended)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(e->multi, &left))) {
        struct sigv4__flight *f = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&f);
        land(f, code);
        (*ended)++;
    }
}

static int perform(struct curl_engine *e, int *ended)
{
    int running;
    apply_touches(e, ended);
    if (curl_multi_perform(e->multi, &running))
        return SIGV4_E_NOMEM;
    land_finished(e, ended);
    return SIGV4_OK;
}

static int engine_poll(struct sigv4_engine *engine, int timeout_ms)
{
    struct curl_engine *e = self_of(engine);
    int ended = 0;
    int rc = perform(e, &ended);
    if (!rc && ended == 0 && timeout_ms != 0) {
        /* libcurl takes no "for ever"; an hour later the loop simply comes by again. */
        int wait = timeout_ms < 0 || timeout_ms > 3600000 ? 3600000 : timeout_ms;
        if (curl_multi_poll(e->multi, NULL, 0, wait, NULL))
            return SIGV4_E_NOMEM;
        rc = perform(e, &ended);
    }
    return rc ? rc : ended;
}

/* ---- embedded ---- */

static int64_t now(const struct curl_engine *e)
{
    return e->hooks->clock.mono_ms(e->hooks->clock.ctx);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct curl_engine *e = ctx;
    unsigned events = 0;
    (void)easy;
    (void)socket_ctx;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= SIGV4_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= SIGV4_WRITABLE;
    e->watcher.watch(e->watcher.ctx, fd, events);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct curl_engine *e = ctx;
    (void)multi;
    e->due_ms = timeout_ms < 0 ? -1 : now(e) + timeout_ms;
    return 0;
}

static int engine_embed(struct sigv4_engine *engine, const struct sigv4_loop_hooks *hooks)
{
    struct curl_engine *e = self_of(engine);
    e->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (e->wake_fd < 0)
        return SIGV4_E_NOMEM;
    e->watcher = *hooks;
    e->embedded = true;
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
    hooks->watch(hooks->ctx, e->wake_fd, SIGV4_READABLE);
    return SIGV4_OK;
}

static int step_socket(struct curl_engine *e, int fd, unsigned events)
{
    int running, mask = 0;
    if (events & SIGV4_READABLE)
        mask |= CURL_CSELECT_IN;
    if (events & SIGV4_WRITABLE)
        mask |= CURL_CSELECT_OUT;
    return curl_multi_socket_action(e->multi, fd, mask, &running) ? SIGV4_E_NOMEM : SIGV4_OK;
}

static int engine_fired(struct sigv4_engine *engine, int fd, unsigned events)
{
    struct curl_engine *e = self_of(engine);
    int ended = 0, rc = SIGV4_OK;
    uint64_t count;
    apply_touches(e, &ended);
    if (fd == e->wake_fd) {
        if (read(e->wake_fd, &count, sizeof count) < 0)
            count = 0; /* woken before it was read: nothing to count */
    } else if (fd >= 0) {
        rc = step_socket(e, fd, events);
    }
    if (!rc && e->due_ms >= 0 && e->due_ms <= now(e)) {
        e->due_ms = -1;
        rc = step_socket(e, CURL_SOCKET_TIMEOUT, 0);
    }
    land_finished(e, &ended);
    return rc ? rc : ended;
}

static int engine_next_ms(struct sigv4_engine *engine)
{
    const struct curl_engine *e = self_of(engine);
    if (e->touched)
        return 0;
    if (e->due_ms < 0)
        return -1;
    int64_t left = e->due_ms - now(e);
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* ---- life ---- */

static void engine_free(struct sigv4_engine *engine)
{
    struct curl_engine *e = self_of(engine);
    const struct sigv4_alloc *alloc = &e->hooks->alloc;
    while (e->idle) {
        struct sigv4__flight *f = e->idle;
        e->idle = f->next;
        curl_easy_cleanup(f->easy);
        sigv4__alloc_put(alloc, f, sizeof *f);
    }
    e->embedded = false;
    if (e->multi) {
        /* Descriptors may be closed here: tell the foreign loop, which still has its hooks. */
        curl_multi_cleanup(e->multi);
    }
    if (e->wake_fd >= 0) {
        e->watcher.watch(e->watcher.ctx, e->wake_fd, 0);
        close(e->wake_fd);
    }
    sigv4__alloc_put(alloc, e, sizeof *e);
    curl_global_cleanup();
}

static const struct sigv4_engine_ops curl_ops = {
    .size = sizeof curl_ops,
    .start = engine_start,
    .abort = engine_abort,
    .resume = engine_resume,
    .poll = engine_poll,
    .wake = engine_wake,
    .embed = engine_embed,
    .fired = engine_fired,
    .next_ms = engine_next_ms,
    .free = engine_free,
};

int sigv4__curl_engine_new(struct sigv4_engine **out, const struct sigv4__hooks *hooks,
                           const struct sigv4_loop_options *opts, struct sigv4_error *err)
{
    struct curl_engine *e;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return sigv4__fail(err, SIGV4_E_NETWORK, "libcurl could not start");
    e = sigv4__alloc_zero(&hooks->alloc, 1, sizeof *e);
    if (!e) {
        curl_global_cleanup();
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for the HTTP engine");
    }
    e->base.ops = &curl_ops;
    e->hooks = hooks;
    e->wake_fd = -1;
    e->due_ms = -1;
    e->multi = curl_multi_init();
    if (!e->multi) {
        engine_free(&e->base);
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for libcurl");
    }
    uint32_t total = opts->max_connections ? opts->max_connections : 64;
    uint32_t per_host = opts->max_connections_per_host ? opts->max_connections_per_host : 16;
    curl_multi_setopt(e->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)total);
    curl_multi_setopt(e->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)per_host);
    curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)total);
    *out = &e->base;
    return SIGV4_OK;
}
