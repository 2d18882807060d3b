/* flush, push, abandon, finish, close, free: all leave a wish under the lock and knock. */
#include "producer/producer.h"

struct flush {
    struct kinesis_producer *p;
    uint64_t upto;
};

static bool has_told(void *ctx)
{
    const struct flush *w = ctx;
    return atomic_load(&w->p->told_upto) >= w->upto;
}

static uint64_t wish_push(struct kinesis_producer *p)
{
    pthread_mutex_lock(&p->mutex);
    uint64_t upto = p->locked.last_number;
    p->locked.push_upto = upto;
    kinesis__knock(p);
    pthread_mutex_unlock(&p->mutex);
    return upto;
}

int kinesis_producer_flush(struct kinesis_producer *p, int timeout_ms)
{
    struct flush w = {p, 0};
    int rc = sigv4_loop_check(p->loop);
    if (rc)
        return rc;
    if (sigv4_loop_inside(p->loop))
        return SIGV4_E_WRONG_THREAD;
    w.upto = wish_push(p);
    return sigv4_loop_wait(p->loop, has_told, &w, timeout_ms);
}

void kinesis_producer_push(struct kinesis_producer *p)
{
    if (sigv4_loop_check(p->loop) == SIGV4_OK)
        (void)wish_push(p);
}

void kinesis_producer_abandon(struct kinesis_producer *p)
{
    if (sigv4_loop_check(p->loop))
        return;
    pthread_mutex_lock(&p->mutex);
    p->locked.abandon_upto = p->locked.last_number;
    kinesis__knock(p);
    pthread_mutex_unlock(&p->mutex);
}

int kinesis_producer_finish(struct kinesis_producer *p, int timeout_ms,
                            kinesis_closed_fn *on_closed, void *ctx)
{
    int rc = sigv4_loop_check(p->loop);
    if (rc)
        return rc;
    int64_t finish_ms = timeout_ms < 0 ? INT64_MAX : kinesis__now(p) + timeout_ms;
    pthread_mutex_lock(&p->mutex);
    if (p->locked.refusing) {
        rc = SIGV4_E_CLOSED;
    } else {
        p->locked.refusing = true;
        p->locked.on_closed = on_closed;
        p->locked.closed_ctx = ctx;
        p->locked.finish_ms = finish_ms;
        kinesis__knock(p);
    }
    pthread_mutex_unlock(&p->mutex);
    return rc;
}

static bool is_closed(void *ctx)
{
    struct kinesis_producer *p = ctx;
    return atomic_load(&p->closed);
}

static bool is_true(void *ctx)
{
    (void)ctx;
    return true;
}

int kinesis_producer_close(struct kinesis_producer *p, int timeout_ms,
                           struct kinesis_producer_counts *counts)
{
    struct kinesis_producer_counts sum = {.size = sizeof sum};
    int rc = sigv4_loop_wait(p->loop, is_true, NULL, 0); /* may it be waited for here? */
    if (!rc)
        rc = kinesis_producer_finish(p, timeout_ms, NULL, NULL);
    if (!rc)
        rc = sigv4_loop_wait(p->loop, is_closed, p, -1);
    if (rc)
        return rc;
    kinesis__add_up(p, &sum);
    if (counts) {
        sum.size = counts->size < sizeof sum ? counts->size : sizeof sum;
        memcpy(counts, &sum, sum.size);
    }
    if (sum.written == sum.accepted)
        return SIGV4_OK;
    return atomic_load(&p->cut_short) ? SIGV4_E_TIMEOUT : SIGV4_E_SERVICE;
}

void kinesis_producer_free(struct kinesis_producer *p)
{
    if (!p)
        return;
    if (sigv4_loop_check(p->loop)) {
        kinesis__destroy(p); /* a child's copy: nothing is under way here, and nobody is told */
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->locked.refusing = p->locked.freed = true;
    p->locked.abandon_upto = UINT64_MAX;
    kinesis__knock(p);
    pthread_mutex_unlock(&p->mutex);
}
