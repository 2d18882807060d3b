/* A handle on one operation under way: counted, cancelable, waitable. */
#include "transport/call.h"

#include "base/memory.h"
#include "transport/loop.h"

#include <stdatomic.h>

struct sigv4_call {
    struct sigv4_job cancel_job;
    struct sigv4_loop *loop;
    void (*cancel)(void *ctx);
    void *ctx;
    atomic_uint holders;
    atomic_bool cancel_posted;
    atomic_bool finished;
};

static void call_unhold(struct sigv4_call *call)
{
    if (atomic_fetch_sub(&call->holders, 1) == 1)
        sigv4__alloc_put(sigv4_loop_alloc(call->loop), call, sizeof *call);
}

static void run_cancel(struct sigv4_job *job)
{
    struct sigv4_call *call = (struct sigv4_call *)job;
    if (!atomic_load(&call->finished))
        call->cancel(call->ctx);
    call_unhold(call);
}

int sigv4_call_new(struct sigv4_call **out, struct sigv4_loop *loop, void (*cancel)(void *ctx),
                   void *ctx)
{
    struct sigv4_call *call = sigv4__alloc_zero(sigv4_loop_alloc(loop), 1, sizeof *call);
    if (!call)
        return SIGV4_E_NOMEM;
    call->cancel_job.run = run_cancel;
    call->loop = loop;
    call->cancel = cancel;
    call->ctx = ctx;
    atomic_init(&call->holders, 2);
    sigv4__loop_owe(loop, 1);
    *out = call;
    return SIGV4_OK;
}

void sigv4_call_finish(struct sigv4_call *call)
{
    atomic_store(&call->finished, true);
    sigv4__loop_owe(call->loop, -1);
    call_unhold(call);
}

void sigv4_call_cancel(struct sigv4_call *call)
{
    if (atomic_load(&call->finished) || atomic_exchange(&call->cancel_posted, true))
        return;
    atomic_fetch_add(&call->holders, 1);
    sigv4_loop_post(call->loop, &call->cancel_job);
}

static bool call_is_finished(void *ctx)
{
    return sigv4_call_finished(ctx);
}

int sigv4_call_wait(struct sigv4_call *call, int timeout_ms)
{
    return sigv4_loop_wait(call->loop, call_is_finished, call, timeout_ms);
}

bool sigv4_call_finished(const struct sigv4_call *call)
{
    return atomic_load(&call->finished);
}

void sigv4_call_release(struct sigv4_call *call)
{
    if (call)
        call_unhold(call);
}

void *sigv4__call_ctx(struct sigv4_call *call, void (*cancel)(void *ctx))
{
    return call->cancel == cancel && !atomic_load(&call->finished) ? call->ctx : NULL;
}
