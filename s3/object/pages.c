/* Listings, page by page. */
#include "object/pages.h"

#include "base/fail.h"
#include "base/memory.h"
#include "object/result.h"
#include "wire/key.h"

enum { MAX_BROKEN = 2 };

static struct s3__pages *of(struct s3__operation *op)
{
    return (struct s3__pages *)op;
}

static void fetch(struct s3__pages *p)
{
    p->state = S3__PAGES_FETCHING;
    if (s3__request_send(&p->request, &p->op.error))
        s3__operation_fail(&p->op);
}

/* Asks for the page after this one; a place that does not move would go on for ever. */
static int turn(struct s3__pages *p)
{
    struct sigv4__buffer before, *query = &p->request.query;
    sigv4__buffer_init(&before, p->op.client->alloc, S3__REQUEST_TEXT);
    sigv4__buffer_slice(&before, sigv4__buffer_view(query));
    query->len = p->base_query;
    s3__request_query(&p->request, p->next_name, s3__page_text(&p->page, p->page.next));
    bool stuck = before.len == query->len && memcmp(before.ptr, query->ptr, before.len) == 0;
    int status = before.failed ? before.failed : query->failed;
    sigv4__buffer_free(&before);
    if (status)
        return sigv4__fail(&p->op.error, status, "%s: cannot ask for the next page",
                           p->request.operation);
    if (stuck)
        return sigv4__fail(&p->op.error, SIGV4_E_PROTOCOL,
                           "%s: the next page is the same as this one", p->request.operation);
    return SIGV4_OK;
}

/* Where users may be called. last: the answer the page came in, NULL after a pause. */
static void tell_on(struct s3__pages *p, const struct sigv4_response *last)
{
    struct s3_result result = {.size = sizeof result, .checksum = S3_CHECKSUM_NONE};
    p->state = S3__PAGES_TELLING;
    result.response = last;
    while (p->told < p->page.count && !p->canceled) {
        enum sigv4_flow flow = p->tell(p, p->told);
        if (flow == SIGV4_PAUSE) {
            p->state = S3__PAGES_PAUSED;
            return;
        }
        p->told++;
        p->canceled |= flow == SIGV4_STOP;
    }
    if (p->canceled) {
        sigv4__fail(&p->op.error, SIGV4_E_CANCELED, "%s: canceled", p->request.operation);
    } else if (p->page.truncated && turn(p) == SIGV4_OK) {
        fetch(p);
        return;
    }
    if (p->op.error.status)
        s3__result_fail(&result, &p->op.error);
    s3__operation_end(&p->op, &result);
}

static void fetch_again(void *ctx)
{
    fetch(ctx);
}

static void run_tell(struct sigv4_job *job)
{
    tell_on((struct s3__pages *)((char *)job - offsetof(struct s3__pages, tell_job)), NULL);
}

static void on_answer(void *ctx, const struct sigv4_response *response,
                      const struct sigv4_error *error)
{
    struct s3__pages *p = ctx;
    struct s3_result result;
    struct sigv4_error why;
    s3__result_fill(&result, response, error, &p->op.error);
    result.length = result.byte_count = 0; /* those of the document */
    /* Who lists parts does so to find out what is left, and tries again by itself. */
    if (result.error && !p->canceled && p->kind != S3__PAGE_PARTS &&
        s3__again_later(&p->again, result.error)) {
        p->state = S3__PAGES_RESTING;
        return;
    }
    if (result.error) {
        s3__operation_end(&p->op, &result);
        return;
    }
    s3__page_free(&p->page);
    p->told = 0;
    int status = s3__page_parse(&p->page, p->kind, response->body, p->op.client->alloc, &why);
    if (status == SIGV4_OK) {
        p->broken = 0;
        p->again.tries = 0;
        tell_on(p, response);
    } else if (status == SIGV4_E_PROTOCOL && p->broken < MAX_BROKEN && !p->canceled) {
        /* An answer that is no page is taken for a failure inside the service (facts, 6.7). */
        p->broken++;
        fetch(p);
    } else {
        sigv4__fail(&p->op.error, status, "%s: %s", p->request.operation, why.message);
        s3__result_fail(&result, &p->op.error);
        s3__operation_end(&p->op, &result);
    }
}

static void start(struct s3__operation *op)
{
    fetch(of(op));
}

static void cancel(struct s3__operation *op)
{
    struct s3__pages *p = of(op);
    p->canceled = true;
    if (p->state == S3__PAGES_FETCHING)
        s3__request_cancel(&p->request);
    else if (p->state == S3__PAGES_PAUSED || s3__again_stop(&p->again))
        s3__operation_fail(op);
}

static void resume(struct s3__operation *op)
{
    struct s3__pages *p = of(op);
    if (p->state != S3__PAGES_PAUSED)
        return;
    p->state = S3__PAGES_TELLING;
    sigv4_loop_notify(op->client->loop, &p->tell_job);
}

static void pages_free(struct s3__operation *op)
{
    struct s3__pages *p = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__request_free(&p->request);
    s3__again_free(&p->again);
    s3__page_free(&p->page);
    sigv4__alloc_put(alloc, p, sizeof *p);
}

static const struct s3__operation_ops pages_ops = {start, cancel, resume, pages_free};

int s3__pages_new(struct s3__pages **out, struct s3_client *client, const char *operation,
                  enum s3__page_kind kind, struct sigv4_error *err)
{
    struct s3__pages *p = sigv4__alloc_zero(client->alloc, 1, sizeof *p);
    if (!p)
        return sigv4__fail(err, SIGV4_E_NOMEM, "%s: out of memory", operation);
    p->op.ops = &pages_ops;
    p->op.client = client;
    p->kind = kind;
    p->tell_job.run = run_tell;
    s3__request_init(&p->request, client, operation, "GET");
    p->request.flags = SIGV4_ERROR_IN_200;
    p->request.on_done = on_answer;
    p->request.ctx = p;
    *out = p;
    return SIGV4_OK;
}

int s3__pages_begin(struct s3__pages *pages, int status, struct sigv4_call **call,
                    struct sigv4_error *err)
{
    if (status == SIGV4_OK)
        status = s3__request_check(&pages->request, err);
    pages->base_query = pages->request.query.len;
    if (status == SIGV4_OK && s3__again_init(&pages->again, pages->op.client, fetch_again, pages))
        status = sigv4__fail(err, SIGV4_E_NOMEM, "%s: out of memory", pages->request.operation);
    if (status == SIGV4_OK)
        status = s3__operation_begin(&pages->op, call, err);
    if (status)
        pages_free(&pages->op);
    return status;
}
