#ifndef SIGV4_LOOP_H
#define SIGV4_LOOP_H
/* The loop owns the connections, the timers and the thread rule: every callback of every object
 * built on a loop runs inside sigv4_loop_run(), on the loop's own thread, or inside
 * sigv4_loop_fired() and sigv4_loop_timer_fired(), and nowhere else.
 *
 * One iteration, in this order: (1) posted jobs run; (2) the engine moves bytes, waiting at most
 * until the next timer; (3) what finished is stepped, which only queues what users must hear; (4)
 * timers that are due fire, from a local list; (5) users are called, in order; what a callback
 * starts belongs to the next iteration; (6) threads in sigv4_loop_wait are told. */
#include <sigv4/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sigv4_loop;
struct sigv4_engine; /* sigv4/engine.h: how HTTP is done; replaced as a whole in tests */

struct sigv4_loop_options {
    size_t size;
    const struct sigv4_alloc *alloc;
    const struct sigv4_clock *clock;
    const struct sigv4_random *random;
    const struct sigv4_log *log;
    uint32_t max_connections;          /* 0: 64 */
    uint32_t max_connections_per_host; /* 0: 16 */
    struct sigv4_engine *engine; /* NULL: libcurl. Taken over by a successful sigv4_loop_new */
};
#define SIGV4_LOOP_OPTIONS                                                                         \
    {                                                                                              \
        .size = sizeof(struct sigv4_loop_options)                                                  \
    }

/* @thread owner (the thread that made the loop) for this part, unless said otherwise.
 * A loop belongs to the process that made it: after fork() every call on the child's copy returns
 * FORKED, and freeing it there only releases memory. Errors: NOMEM, INVALID, NETWORK (libcurl would
 * not start). opts NULL: all defaults. */
SIGV4_API int sigv4_loop_new(struct sigv4_loop **out, const struct sigv4_loop_options *opts,
                             struct sigv4_error *err) SIGV4_MUST_CHECK;
/* After every object built on it was freed: delivers what is still owed to users, then frees. */
SIGV4_API void sigv4_loop_free(struct sigv4_loop *loop);

/* Way 1, the caller's thread: iterate until at least one callback, job or timer ran or timeout_ms
 * passed (-1: no limit, 0: do not wait). Errors: WRONG_THREAD (from a callback, or while a
 * background thread runs). */
SIGV4_API int sigv4_loop_run(struct sigv4_loop *loop, int timeout_ms);

/* Way 2, a background thread. stop joins it after the iteration under way; WRONG_THREAD from a
 * callback. start may follow stop. */
SIGV4_API int sigv4_loop_start(struct sigv4_loop *loop, struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_loop_stop(struct sigv4_loop *loop);

/* Way 3, inside epoll, libuv, libevent, ...: you watch what you are asked to and say what fired. */
#define SIGV4_READABLE 0x1u
#define SIGV4_WRITABLE 0x2u
struct sigv4_loop_hooks {
    size_t size;
    void *ctx;
    void (*watch)(void *ctx, int fd, unsigned events); /* events 0: forget fd. Idempotent */
    void (*timer)(void *ctx, int timeout_ms);          /* one timer, one shot; -1: disarm */
};
SIGV4_API int sigv4_loop_embed(struct sigv4_loop *loop, const struct sigv4_loop_hooks *hooks,
                               struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_loop_fired(struct sigv4_loop *loop, int fd, unsigned events);
SIGV4_API int sigv4_loop_timer_fired(struct sigv4_loop *loop);

/* @thread any. Makes a waiting iteration return now. Not for signal handlers. */
SIGV4_API void sigv4_loop_wake(struct sigv4_loop *loop);

/* @thread any @blocks. Until done(ctx) is true (asked after each iteration, must be thread-safe),
 * or timeout_ms passed (-1: no limit): TIMEOUT. Drives the loop on the owner's thread when there is
 * no background thread. WRONG_THREAD from a callback, from a foreign thread without a background
 * thread, or with an embedded loop. */
SIGV4_API int sigv4_loop_wait(struct sigv4_loop *loop, bool (*done)(void *ctx), void *ctx,
                              int timeout_ms);

/* ---- For building further objects on a loop: all that libkinesis and libs3 themselves use. ----
 */

/* A job is embedded in the poster's struct; frozen layout. It may be posted again once it runs. */
struct sigv4_job {
    struct sigv4_job *next;
    void (*run)(struct sigv4_job *job);
};
/* @thread any. Runs once on the loop, in order of posting (step 1); cannot fail; wakes the loop
 * once per burst. The job's memory must live until it ran. */
SIGV4_API void sigv4_loop_post(struct sigv4_loop *loop, struct sigv4_job *job);
/* @thread loop. Runs the job in step 5 of this iteration (from step 5: of the next): for calling
 * users. */
SIGV4_API void sigv4_loop_notify(struct sigv4_loop *loop, struct sigv4_job *job);

/* Timers. fire runs in step 4 and must not call users directly (use sigv4_loop_notify).
 * set: one shot, replaces; after_ms < 0 disarms. Timers due at the same time fire in the order they
 * were set. @thread loop for set and free; new on any thread. */
struct sigv4_timer;
SIGV4_API int sigv4_timer_new(struct sigv4_timer **out, struct sigv4_loop *loop,
                              void (*fire)(void *ctx), void *ctx) SIGV4_MUST_CHECK;
SIGV4_API void sigv4_timer_set(struct sigv4_timer *timer, int64_t after_ms);
SIGV4_API void sigv4_timer_free(struct sigv4_timer *timer);

/* @thread any. The loop's hooks, never NULL, valid as long as the loop. */
SIGV4_API const struct sigv4_alloc *sigv4_loop_alloc(const struct sigv4_loop *loop);
SIGV4_API const struct sigv4_clock *sigv4_loop_clock(const struct sigv4_loop *loop);
SIGV4_API const struct sigv4_random *sigv4_loop_random(const struct sigv4_loop *loop);
SIGV4_API const struct sigv4_log *sigv4_loop_log(const struct sigv4_loop *loop);
SIGV4_API struct sigv4_engine *sigv4_loop_engine(const struct sigv4_loop *loop);
/* @thread any. OK; FORKED in a child of the process that made the loop. Costs one memory read. */
SIGV4_API int sigv4_loop_check(const struct sigv4_loop *loop);
/* @thread any. True on the thread that is inside an iteration of this loop. */
SIGV4_API bool sigv4_loop_inside(const struct sigv4_loop *loop);

/* One operation under way, of any library here. Its done callback fires exactly once, on the loop,
 * also after cancel; the handle stays valid until it is released, also after that callback.
 * Who builds operations: new (held twice: by the operation and by the caller) with what cancel
 * means (runs on the loop, at most once, never after finish), finish when the user has been
 * called. */
struct sigv4_call;
SIGV4_API int sigv4_call_new(struct sigv4_call **out, struct sigv4_loop *loop,
                             void (*cancel)(void *ctx), void *ctx) SIGV4_MUST_CHECK;
SIGV4_API void sigv4_call_finish(struct sigv4_call *call);              /* @thread loop */
SIGV4_API void sigv4_call_cancel(struct sigv4_call *call);              /* @thread any */
SIGV4_API int sigv4_call_wait(struct sigv4_call *call, int timeout_ms); /* as sigv4_loop_wait */
SIGV4_API bool sigv4_call_finished(const struct sigv4_call *call);      /* @thread any */
SIGV4_API void sigv4_call_release(struct sigv4_call *call); /* @thread any; the operation goes on */

#ifdef __cplusplus
}
#endif
#endif
