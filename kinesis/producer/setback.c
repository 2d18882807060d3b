/* The whole request failed: could it have been done, can it be mended, and who has to know? */
#include "producer/verdict.h"

enum { POISON_SUSPECTED = 3, TROUBLE_EVERY_MS = 1000 };

/* May the service have acted on it? Only its own refusal, or a request that did not leave this
 * machine, proves that it did not. */
bool kinesis__is_maybe_done(const struct sigv4_response *response)
{
    int status = response->http_status;
    if (response->maybe_done)
        return true;
    if (status == 0)
        return response->http && response->http->request_sent;
    if (status >= 300 && status < 500)
        return false;
    return !(status == 503 && response->error && response->error->code[0]);
}

/* Would the same request fare better later? */
static bool is_final(const struct kinesis_producer *p, const struct sigv4_error *err)
{
    switch (err->status) {
    case SIGV4_E_INVALID:
    case SIGV4_E_TOO_LARGE:
    case SIGV4_E_DENIED:
    case SIGV4_E_NOT_FOUND:
    case SIGV4_E_IO:
        return !err->retryable;
    case SIGV4_E_CONFLICT: /* a stream that is being created, a key that is being changed */
        return strcmp(err->code, "KMSDisabledException") == 0;
    case SIGV4_E_NO_CREDENTIALS:
    case SIGV4_E_TLS:
        return !p->on_loop.ever_succeeded; /* it worked before: it may work again */
    default:
        return false;
    }
}

static void tell_all(struct kinesis__verdict *v, const struct sigv4_error *error)
{
    struct kinesis__record *r;
    for (size_t i = 0; i < v->b->count; i++) {
        while ((r = kinesis__queue_pop(&v->b->entries[i].records))) {
            struct kinesis__outcome outcome = {
                .fate = r->flags & KINESIS__MAYBE ? KINESIS_MAYBE_WRITTEN : KINESIS_NOT_WRITTEN,
                .error = error,
            };
            kinesis__leave_gate(v->p, r);
            kinesis__tell(v->p, r, &outcome, v->done);
        }
    }
}

/* One record the service does not take makes it refuse all: each goes alone now, so that only that
 * one fails. Not when lone records are refused as well: then it is not the record. */
static bool isolate(struct kinesis__verdict *v, const struct sigv4_error *err)
{
    struct kinesis_producer *p = v->p;
    if (err->status != SIGV4_E_INVALID && err->status != SIGV4_E_TOO_LARGE)
        return false;
    if (v->b->count == 1)
        p->on_loop.poison++;
    if (v->b->count == 1 || p->on_loop.poison >= POISON_SUSPECTED)
        return false;
    for (size_t i = 0; i < v->b->count; i++)
        kinesis__mark(&v->b->entries[i], KINESIS__REQUEST_FAILED, KINESIS__ALONE);
    return true;
}

static void tell_trouble(const struct kinesis__verdict *v)
{
    struct kinesis_producer *p = v->p;
    int64_t since = p->on_loop.now_ms - p->on_loop.trouble_told_ms;
    if (!p->on_trouble || p->on_loop.freed || (p->on_loop.troubled && since < TROUBLE_EVERY_MS))
        return;
    p->on_loop.troubled = true;
    p->on_loop.trouble_told_ms = p->on_loop.now_ms;
    p->on_trouble(p->ctx, &p->on_loop.request_error, v->response);
}

void kinesis__judge_failure(struct kinesis__verdict *v, const struct sigv4_error *err, bool maybe)
{
    struct kinesis_producer *p = v->p;
    p->on_loop.request_error = *err;
    kinesis__count(&p->counters.requests_failed, 1);
    kinesis__count(&p->counters.requests_maybe_done, maybe);
    kinesis__count(&p->counters.throttles, err->status == SIGV4_E_THROTTLED);
    for (size_t i = 0; i < v->b->count; i++)
        kinesis__mark(&v->b->entries[i], KINESIS__REQUEST_FAILED, maybe ? KINESIS__MAYBE : 0);
    bool alone = isolate(v, err);
    if (!alone && !v->b->canceled) {
        kinesis__again_failed(&p->on_loop.again, p->on_loop.now_ms, v->b->sent_ms, v->chance);
        kinesis__say(p, SIGV4_INFO, "%s", err->message);
        tell_trouble(v);
    }
    if (!alone && is_final(p, err)) {
        tell_all(v, &p->on_loop.request_error);
        return;
    }
    for (size_t i = 0; i < v->b->count; i++)
        kinesis__tell_given_up(v, &v->b->entries[i]);
    for (size_t i = v->b->count; i-- > 0;)
        kinesis__send_back(v, &v->b->entries[i], NULL, KINESIS__TO_ITS_PLACE);
}
