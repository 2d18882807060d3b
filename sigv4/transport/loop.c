/* The loop: posted jobs, the engine, timers, and the calls to users, in the order sigv4/loop.h
 * states. */
#include "transport/loop.h"

#include "base/fail.h"
#include "base/memory.h"
#include "transport/alive.h"
#include "transport/curl_engine.h"
#include "transport/hooks.h"
#include "transport/job_list.h"
#include "transport/timer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

struct sigv4_loop {
    struct sigv4__hooks hooks;
    struct sigv4_engine *engine;
    const volatile uint32_t
        *alive; /* a page that a fork empties: 1 in the maker's process, else 0 */
    pthread_t owner;
    _Atomic(uintptr_t) inside; /* the thread inside an iteration, 0 for none */
    atomic_int owed;
    struct {
        pthread_mutex_t mutex;
        pthread_cond_t stepped; /* an iteration ended */
        struct sigv4__job_list posted;
        uint64_t iterations;
        bool threaded, stopping, embedded;
        pthread_t thread;
    } locked;
    struct {
        struct sigv4__job_list notices;
        struct sigv4__timers timers;
        struct sigv4_loop_hooks embedded; /* size 0: not embedded */
    } on_loop;
};

static int64_t now(const struct sigv4_loop *loop)
{
    return loop->hooks.clock.mono_ms(loop->hooks.clock.ctx);
}

static uintptr_t self(void)
{
    return (uintptr_t)pthread_self();
}

int sigv4_loop_check(const struct sigv4_loop *loop)
{
    return *loop->alive ? SIGV4_OK : SIGV4_E_FORKED;
}

bool sigv4_loop_inside(const struct sigv4_loop *loop)
{
    return atomic_load(&loop->inside) == self();
}

/* ---- one iteration ---- */

static size_t run_posted(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    struct sigv4__job_list jobs = sigv4__job_list_take(&loop->locked.posted);
    pthread_mutex_unlock(&loop->locked.mutex);
    return sigv4__job_list_run(jobs);
}

static bool has_posted(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    bool posted = !sigv4__job_list_empty(&loop->locked.posted);
    pthread_mutex_unlock(&loop->locked.mutex);
    return posted;
}

/* How long the engine may wait: until the next timer, and not at all when there is work already. A
 * job posted from inside an iteration is seen here: its wake may have been read with an older one.
 */
static int patience(struct sigv4_loop *loop, int timeout_ms)
{
    int64_t next = sigv4__timers_next(&loop->on_loop.timers, now(loop));
    if (!sigv4__job_list_empty(&loop->on_loop.notices) || has_posted(loop))
        return 0;
    if (timeout_ms < 0 || (next >= 0 && next < timeout_ms))
        return next > INT32_MAX ? INT32_MAX : (int)next;
    return timeout_ms;
}

static void tell_waiters(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    loop->locked.iterations++;
    pthread_cond_broadcast(&loop->locked.stepped);
    pthread_mutex_unlock(&loop->locked.mutex);
}

/* What moves the bytes in step 2: poll, or a foreign loop's report about one descriptor. */
struct stimulus {
    bool embedded;
    int fd;
    unsigned events;
    int timeout_ms;
};

static int iterate(struct sigv4_loop *loop, struct stimulus why, size_t *progress)
{
    const struct sigv4_engine_ops *ops = loop->engine->ops;
    uintptr_t nobody = 0;
    if (!atomic_compare_exchange_strong(&loop->inside, &nobody, self()))
        return SIGV4_E_WRONG_THREAD;
    size_t done = run_posted(loop);
    int moved = why.embedded ? ops->fired(loop->engine, why.fd, why.events)
                             : ops->poll(loop->engine, done ? 0 : patience(loop, why.timeout_ms));
    done += moved > 0 ? (size_t)moved : 0;
    done += sigv4__timers_fire(&loop->on_loop.timers, now(loop));
    done += sigv4__job_list_run(sigv4__job_list_take(&loop->on_loop.notices));
    atomic_store(&loop->inside, 0);
    tell_waiters(loop);
    *progress = done;
    return moved < 0 ? moved : SIGV4_OK;
}

static int iterate_until(struct sigv4_loop *loop, int timeout_ms)
{
    int64_t end = now(loop) + timeout_ms;
    for (;;) {
        size_t progress = 0;
        int64_t left = end - now(loop);
        int wait = timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0;
        int rc = iterate(loop, (struct stimulus){.timeout_ms = wait}, &progress);
        if (rc || progress)
            return rc;
        if (timeout_ms >= 0 && now(loop) >= end)
            return SIGV4_OK;
    }
}

/* ---- way 1: the caller's thread ---- */

static bool is_threaded(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    bool threaded = loop->locked.threaded;
    pthread_mutex_unlock(&loop->locked.mutex);
    return threaded;
}

int sigv4_loop_run(struct sigv4_loop *loop, int timeout_ms)
{
    if (sigv4_loop_check(loop))
        return SIGV4_E_FORKED;
    if (is_threaded(loop) || loop->on_loop.embedded.size || sigv4_loop_inside(loop))
        return SIGV4_E_WRONG_THREAD;
    return iterate_until(loop, timeout_ms);
}

/* ---- way 2: a thread of its own ---- */

static bool is_stopping(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    bool stopping = loop->locked.stopping;
    pthread_mutex_unlock(&loop->locked.mutex);
    return stopping;
}

static void *thread_main(void *arg)
{
    struct sigv4_loop *loop = arg;
    while (!is_stopping(loop)) {
        size_t progress;
        int rc = iterate(loop, (struct stimulus){.timeout_ms = -1}, &progress);
        if (rc) {
            /* The engine could not wait (out of memory, descriptors): do not spin on it. */
            sigv4__loop_log(loop, SIGV4_ERROR, "loop", "the engine failed: %s",
                            sigv4_status_text(rc));
            usleep(10000);
        }
    }
    return NULL;
}

int sigv4_loop_start(struct sigv4_loop *loop, struct sigv4_error *err)
{
    if (sigv4_loop_check(loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this loop belongs to the parent process");
    if (is_threaded(loop) || loop->on_loop.embedded.size)
        return sigv4__fail(err, SIGV4_E_INVALID, "this loop is already driven another way");
    loop->locked.stopping = false;
    loop->locked.threaded = true;
    int rc = pthread_create(&loop->locked.thread, NULL, thread_main, loop);
    if (rc == 0)
        return SIGV4_OK;
    loop->locked.threaded = false;
    sigv4__fail(err, SIGV4_E_NOMEM, "cannot start the loop's thread: %s", strerror(rc));
    if (err)
        err->os_errno = rc;
    return SIGV4_E_NOMEM;
}

int sigv4_loop_stop(struct sigv4_loop *loop)
{
    if (sigv4_loop_check(loop))
        return SIGV4_E_FORKED;
    if (sigv4_loop_inside(loop))
        return SIGV4_E_WRONG_THREAD;
    if (!is_threaded(loop))
        return SIGV4_OK;
    pthread_mutex_lock(&loop->locked.mutex);
    loop->locked.stopping = true;
    pthread_mutex_unlock(&loop->locked.mutex);
    sigv4_loop_wake(loop);
    pthread_join(loop->locked.thread, NULL);
    pthread_mutex_lock(&loop->locked.mutex);
    loop->locked.threaded = false;
    pthread_cond_broadcast(&loop->locked.stepped);
    pthread_mutex_unlock(&loop->locked.mutex);
    return SIGV4_OK;
}

/* ---- way 3: inside another loop ---- */

static void arm_embedded(struct sigv4_loop *loop)
{
    int next = loop->engine->ops->next_ms(loop->engine);
    int wait = patience(loop, next);
    loop->on_loop.embedded.timer(loop->on_loop.embedded.ctx, wait);
}

int sigv4_loop_embed(struct sigv4_loop *loop, const struct sigv4_loop_hooks *hooks,
                     struct sigv4_error *err)
{
    if (sigv4_loop_check(loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this loop belongs to the parent process");
    if (is_threaded(loop) || loop->on_loop.embedded.size)
        return sigv4__fail(err, SIGV4_E_INVALID, "this loop is already driven another way");
    if (!hooks || !hooks->watch || !hooks->timer)
        return sigv4__fail(err, SIGV4_E_INVALID, "embedding needs both a watch and a timer hook");
    int rc = loop->engine->ops->embed(loop->engine, hooks);
    if (rc)
        return sigv4__fail(err, rc, "the engine cannot be embedded");
    loop->on_loop.embedded = *hooks;
    pthread_mutex_lock(&loop->locked.mutex);
    loop->locked.embedded = true;
    pthread_mutex_unlock(&loop->locked.mutex);
    arm_embedded(loop);
    return SIGV4_OK;
}

static int fired(struct sigv4_loop *loop, int fd, unsigned events)
{
    size_t progress;
    if (sigv4_loop_check(loop))
        return SIGV4_E_FORKED;
    if (!loop->on_loop.embedded.size)
        return SIGV4_E_INVALID;
    int rc =
        iterate(loop, (struct stimulus){.embedded = true, .fd = fd, .events = events}, &progress);
    if (rc != SIGV4_E_WRONG_THREAD)
        arm_embedded(loop);
    return rc;
}

int sigv4_loop_fired(struct sigv4_loop *loop, int fd, unsigned events)
{
    return fired(loop, fd, events);
}

int sigv4_loop_timer_fired(struct sigv4_loop *loop)
{
    return fired(loop, -1, 0);
}

/* ---- handing work over, and waiting ---- */

void sigv4_loop_wake(struct sigv4_loop *loop)
{
    if (sigv4_loop_check(loop) == SIGV4_OK)
        loop->engine->ops->wake(loop->engine);
}

/* Does somebody wait who must hear of a job just posted? An iteration begins with what was posted
 * and looks again before it waits, so only one that another thread is inside of can miss it; a
 * foreign loop waits outside of iterations. */
static bool is_waited_for(struct sigv4_loop *loop)
{
    uintptr_t thread = atomic_load(&loop->inside);
    return loop->locked.embedded ? thread != self() : thread != 0 && thread != self();
}

void sigv4_loop_post(struct sigv4_loop *loop, struct sigv4_job *job)
{
    pthread_mutex_lock(&loop->locked.mutex);
    bool first = sigv4__job_list_empty(&loop->locked.posted);
    sigv4__job_list_append(&loop->locked.posted, job);
    bool wake = first && is_waited_for(loop);
    pthread_mutex_unlock(&loop->locked.mutex);
    if (wake)
        sigv4_loop_wake(loop);
}

void sigv4_loop_notify(struct sigv4_loop *loop, struct sigv4_job *job)
{
    sigv4__job_list_append(&loop->on_loop.notices, job);
}

static uint64_t iterations(struct sigv4_loop *loop)
{
    pthread_mutex_lock(&loop->locked.mutex);
    uint64_t n = loop->locked.iterations;
    pthread_mutex_unlock(&loop->locked.mutex);
    return n;
}

/* Sleeps until an iteration later than the one seen ended, the thread stopped, or the time came. */
static void wait_stepped(struct sigv4_loop *loop, uint64_t seen, int64_t left_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ms = left_ms < 0 || left_ms > INT32_MAX ? INT32_MAX : left_ms;
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&loop->locked.mutex);
    int rc = 0;
    while (rc == 0 && loop->locked.iterations == seen && loop->locked.threaded)
        rc = pthread_cond_timedwait(&loop->locked.stepped, &loop->locked.mutex, &until);
    pthread_mutex_unlock(&loop->locked.mutex);
}

static int wait_once(struct sigv4_loop *loop, uint64_t seen, int64_t left_ms)
{
    size_t progress;
    if (is_threaded(loop)) {
        wait_stepped(loop, seen, left_ms);
        return SIGV4_OK;
    }
    int wait = left_ms < 0 ? -1 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
    return iterate(loop, (struct stimulus){.timeout_ms = wait}, &progress);
}

int sigv4_loop_wait(struct sigv4_loop *loop, bool (*done)(void *ctx), void *ctx, int timeout_ms)
{
    int64_t end = now(loop) + timeout_ms;
    if (sigv4_loop_check(loop))
        return SIGV4_E_FORKED;
    bool mine = pthread_equal(loop->owner, pthread_self());
    if (sigv4_loop_inside(loop) || loop->on_loop.embedded.size || !(mine || is_threaded(loop)))
        return SIGV4_E_WRONG_THREAD;
    for (;;) {
        uint64_t seen = iterations(loop);
        if (done(ctx))
            return SIGV4_OK;
        int64_t left = end - now(loop);
        if (timeout_ms >= 0 && left <= 0)
            return SIGV4_E_TIMEOUT;
        int rc = wait_once(loop, seen, timeout_ms < 0 ? -1 : left);
        if (rc)
            return rc;
    }
}

/* ---- what others read of it ---- */

const struct sigv4_alloc *sigv4_loop_alloc(const struct sigv4_loop *loop)
{
    return &loop->hooks.alloc;
}

const struct sigv4_clock *sigv4_loop_clock(const struct sigv4_loop *loop)
{
    return &loop->hooks.clock;
}

const struct sigv4_random *sigv4_loop_random(const struct sigv4_loop *loop)
{
    return &loop->hooks.random;
}

const struct sigv4_log *sigv4_loop_log(const struct sigv4_loop *loop)
{
    return &loop->hooks.log;
}

struct sigv4_engine *sigv4_loop_engine(const struct sigv4_loop *loop)
{
    return loop->engine;
}

struct sigv4__timers *sigv4__loop_timers(struct sigv4_loop *loop)
{
    return &loop->on_loop.timers;
}

void sigv4__loop_owe(struct sigv4_loop *loop, int change)
{
    atomic_fetch_add(&loop->owed, change);
}

void sigv4__loop_log(const struct sigv4_loop *loop, enum sigv4_level level, const char *area,
                     const char *format, ...)
{
    const struct sigv4_log *log = &loop->hooks.log;
    char line[1024];
    if (!log->write || level > log->level)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->write(log->ctx, level, area, line);
}

/* ---- life ---- */

static int init_locks(struct sigv4_loop *loop)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr))
        return SIGV4_E_NOMEM;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&loop->locked.stepped, &attr);
    pthread_condattr_destroy(&attr);
    if (rc || pthread_mutex_init(&loop->locked.mutex, NULL))
        return SIGV4_E_NOMEM;
    return SIGV4_OK;
}

static void release(struct sigv4_loop *loop)
{
    struct sigv4_alloc alloc = loop->hooks.alloc;
    sigv4__alive_free(loop->alive);
    sigv4__alloc_put(&alloc, loop, sizeof *loop);
}

int sigv4_loop_new(struct sigv4_loop **out, const struct sigv4_loop_options *opts,
                   struct sigv4_error *err)
{
    struct sigv4_loop_options none = SIGV4_LOOP_OPTIONS;
    opts = opts ? opts : &none;
    struct sigv4__hooks hooks = sigv4__hooks_of(opts);
    struct sigv4_loop *loop = sigv4__alloc_zero(&hooks.alloc, 1, sizeof *loop);
    if (!loop)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a loop");
    loop->hooks = hooks;
    loop->owner = pthread_self();
    loop->alive = sigv4__alive_new();
    int rc = loop->alive ? init_locks(loop) : SIGV4_E_NOMEM;
    if (rc) {
        sigv4__fail(err, rc, "no memory for a loop: %s", strerror(errno));
        goto out;
    }
    loop->engine = opts->engine;
    if (!loop->engine)
        rc = sigv4__curl_engine_new(&loop->engine, &loop->hooks, opts, err);
out:
    if (rc) {
        release(loop);
        return rc;
    }
    *out = loop;
    return SIGV4_OK;
}

static bool has_work(struct sigv4_loop *loop)
{
    return has_posted(loop) || !sigv4__job_list_empty(&loop->on_loop.notices) ||
           atomic_load(&loop->owed) > 0;
}

void sigv4_loop_free(struct sigv4_loop *loop)
{
    if (!loop)
        return;
    if (sigv4_loop_check(loop) == SIGV4_OK) {
        size_t progress;
        sigv4_loop_stop(loop);
        while (has_work(loop) && !iterate(loop, (struct stimulus){.timeout_ms = 100}, &progress)) {
        }
        loop->engine->ops->free(loop->engine);
        pthread_mutex_destroy(&loop->locked.mutex);
        pthread_cond_destroy(&loop->locked.stepped);
    }
    /* In a child the engine stays: closing its connections would speak on the parent's sockets. */
    release(loop);
}
