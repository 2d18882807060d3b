/* One request carried to its end; the states are drawn in exchange.h. */
#include "client/exchange.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/head.h"
#include "client/outcome.h"
#include "client/request.h"
#include "config/proxy.h"
#include "credentials/provider.h"
#include "transport/call.h"
#include "transport/loop.h"

enum { MAX_HEAD = 128 * 1024, OWN_HEADERS = 6 };

static void step_place(struct sigv4__exchange *x);
static void step_pace(struct sigv4__exchange *x);
static void step_keys(struct sigv4__exchange *x);
static void step_send(struct sigv4__exchange *x);

/* ---- the end ---- */

static void free_if_over(struct sigv4__exchange *x)
{
    if (x->called && !x->fetching_keys)
        sigv4__exchange_free(x);
}

/* Step 5 of the loop: the user is called, once. */
static void run_done(struct sigv4_job *job)
{
    struct sigv4__exchange *x =
        (struct sigv4__exchange *)((char *)job - offsetof(struct sigv4__exchange, done_job));
    struct sigv4_call *call = x->call;
    if (x->request.on_done)
        x->request.on_done(x->request.ctx, &x->answer.response);
    x->call = NULL;
    x->called = true;
    free_if_over(x);
    sigv4_call_finish(call);
}

static void fill_response(struct sigv4__exchange *x)
{
    struct sigv4_response *r = &x->answer.response;
    r->error = x->error.status ? &x->error : NULL;
    r->attempts = x->retry.attempts;
    r->maybe_done = x->maybe_done;
    r->body = sigv4__buffer_view(&x->answer.body);
    r->request_id = sigv4__answer_find(&x->answer, "x-amzn-requestid");
    if (r->request_id.len == 0)
        r->request_id = sigv4__answer_find(&x->answer, "x-amz-request-id");
    r->region = x->target.region;
    r->host = "";
    if (x->url.host.len) {
        /* The host's text ends somewhere inside the URL: cut it there, it is needed no more. */
        char *end =
            x->target.url + ((const char *)x->url.host.ptr - x->target.url) + x->url.host.len;
        *end = '\0';
        r->host = x->url.host.ptr;
    }
    r->address = x->http.address;
    r->http = x->http.size ? &x->http : NULL;
}

/* x->error says how it ended (status 0: well). */
static void finish(struct sigv4__exchange *x)
{
    x->state = SIGV4__DONE;
    sigv4_timer_set(&x->deadline, -1);
    sigv4_timer_set(&x->pause, -1);
    fill_response(x);
    sigv4_loop_notify(x->client->loop, &x->done_job);
}

static void fail(struct sigv4__exchange *x, int status, const char *what)
{
    sigv4__fail(&x->error, status, "%s: %s", x->request.operation, what);
    finish(x);
}

void sigv4__exchange_end(struct sigv4__exchange *x, int verdict)
{
    if (x->state == SIGV4__DONE)
        return;
    x->verdict = verdict;
    if (x->state == SIGV4__SENDING) {
        struct sigv4_engine *engine = sigv4_loop_engine(x->client->loop);
        engine->ops->abort(engine, &x->transfer);
        return;
    }
    if (verdict == SIGV4_E_TIMEOUT && x->error.status)
        finish(x); /* the last attempt's failure says more than "too late" */
    else
        fail(x, verdict, sigv4_status_text(verdict));
}

void sigv4__exchange_cancel(void *exchange)
{
    sigv4__exchange_end(exchange, SIGV4_E_CANCELED);
}

static void on_deadline(void *ctx)
{
    sigv4__exchange_end(ctx, SIGV4_E_TIMEOUT);
}

/* ---- place, pace and keys ---- */

static int64_t mono_ms(const struct sigv4__exchange *x)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(x->client->loop);
    return clock->mono_ms(clock->ctx);
}

static void step_place(struct sigv4__exchange *x)
{
    struct sigv4_place place;
    struct sigv4__setting endpoint;
    x->state = SIGV4__PLACE;
    if (!sigv4__client_has_region(x->client))
        return; /* sigv4__exchange_region goes on */
    memset(&x->error, 0, sizeof x->error);
    x->target.size = sizeof x->target;
    int rc = sigv4__client_place(x->client, x->request.service_id, &place, &endpoint, &x->error);
    if (!rc)
        rc = x->request.resolve(x->request.resolve_ctx, &place, &x->target, &x->error);
    if (!rc)
        rc = sigv4_url_parse(sigv4_str(x->target.url), &x->url, &x->error);
    if (rc) {
        sigv4__setting_blame(&endpoint, &x->error);
        finish(x);
        return;
    }
    sigv4__client_announce(x->client, x->request.service_id, &x->target, &endpoint);
    step_pace(x);
}

void sigv4__exchange_region(struct sigv4__exchange *x, const struct sigv4_error *err)
{
    if (x->state != SIGV4__PLACE)
        return;
    if (err) {
        x->error = *err;
        finish(x);
    } else {
        step_place(x);
    }
}

/* The adaptive mode holds requests back once it was throttled. */
static void step_pace(struct sigv4__exchange *x)
{
    uint32_t wait_ms = 0;
    if (x->client->adaptive && !x->presign && !(x->request.flags & SIGV4_REQUEST_UNPACED))
        wait_ms = sigv4__pace_take(&x->client->pace, mono_ms(x));
    if (wait_ms == 0) {
        step_keys(x);
        return;
    }
    x->state = SIGV4__WAITING;
    sigv4_timer_set(&x->pause, wait_ms);
}

static void use_keys(struct sigv4__exchange *x, struct sigv4_credentials *creds)
{
    struct sigv4_credentials *old = x->creds;
    x->creds = sigv4_credentials_hold(creds);
    sigv4_credentials_release(old);
    struct sigv4_slice origin = sigv4_credentials_keys(creds).origin;
    if (!sigv4__equal_str(origin, x->client->keys_origin))
        sigv4__fixed_copy(x->client->keys_origin, sizeof x->client->keys_origin, origin);
    step_send(x);
}

static void on_keys(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct sigv4__exchange *x = ctx;
    x->fetching_keys = false;
    if (x->state == SIGV4__DONE) {
        free_if_over(x);
        return;
    }
    if (!creds) {
        x->error = *err;
        finish(x);
        return;
    }
    use_keys(x, creds);
}

static void step_keys(struct sigv4__exchange *x)
{
    struct sigv4_credentials *at_hand;
    x->state = SIGV4__KEYS;
    if ((x->request.flags & SIGV4_UNSIGNED) || (x->client->flags & SIGV4_ANONYMOUS)) {
        step_send(x);
        return;
    }
    at_hand = sigv4__provider_now(x->client->provider, x->client->loop);
    if (at_hand) {
        use_keys(x, at_hand);
        return;
    }
    x->fetching_keys = true;
    int rc = sigv4_provider_fetch(x->client->provider, x->client->loop, on_keys, x);
    if (rc) {
        x->fetching_keys = false;
        fail(x, rc, "cannot ask for credentials");
    }
}

/* ---- one attempt ---- */

static void on_header(void *ctx, struct sigv4_slice name, struct sigv4_slice value)
{
    struct sigv4__exchange *x = ctx;
    sigv4__answer_header(&x->answer, name, value);
}

static enum sigv4_flow on_body(void *ctx, struct sigv4_slice chunk)
{
    struct sigv4__exchange *x = ctx;
    bool good = sigv4__is_success(x->transfer.http_status);
    x->answer.response.http_status = x->transfer.http_status;
    if (!good || !x->request.on_chunk)
        return sigv4__answer_collect(&x->answer, chunk, !good);
    x->answer.streamed = true;
    return x->request.on_chunk(x->request.ctx, &x->answer.response, chunk);
}

static void on_transferred(void *ctx, const struct sigv4_http_result *result);

static void choose_proxy(struct sigv4__exchange *x)
{
    struct sigv4__setting proxy;
    sigv4__proxy_of(x->client->config, &x->url, &proxy);
    x->how = x->client->http;
    x->how.proxy = proxy.value ? proxy.value : "";
    if (x->request.flags & SIGV4_REQUEST_FRESH)
        x->how.flags |= SIGV4_HTTP_FRESH;
}

static void prepare_transfer(struct sigv4__exchange *x, const char *url)
{
    choose_proxy(x);
    if (x->request.flags & SIGV4_REQUEST_HTTP2)
        x->how.flags |= SIGV4_HTTP_2;
    x->transfer = (struct sigv4_transfer){
        .size = sizeof x->transfer,
        .method = x->request.method,
        .url = url,
        .headers = x->headers,
        .header_count = x->header_count,
        .body = x->request.body,
        .body_count = x->request.body_count,
        .body_length = x->request.body_length,
        .options = &x->how,
        .on_header = on_header,
        .on_body = on_body,
        .on_done = on_transferred,
        .ctx = x,
    };
}

/* A reader keeps its own ctx: the transfer's is the exchange. */
static int read_body(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    struct sigv4__exchange *x = ctx;
    return x->request.read(x->request.ctx, offset, buf, cap, got);
}

static void step_send(struct sigv4__exchange *x)
{
    const char *url;
    struct sigv4_engine *engine = sigv4_loop_engine(x->client->loop);
    memset(&x->error, 0, sizeof x->error);
    if (x->presign) {
        (void)sigv4__head_presign(x, &x->error);
        finish(x);
        return;
    }
    if (sigv4__head_build(x, &url, &x->error)) {
        finish(x);
        return;
    }
    sigv4__answer_clear(&x->answer);
    prepare_transfer(x, url);
    if (x->request.read)
        x->transfer.read = read_body;
    x->state = SIGV4__SENDING;
    x->retry.attempts++;
    sigv4__loop_log(x->client->loop, SIGV4_DEBUG, "exchange", "%s: attempt %u: %.*s %s",
                    x->request.operation, x->retry.attempts, (int)x->request.method.len,
                    (const char *)x->request.method.ptr, x->presign ? "" : url);
    int rc = engine->ops->start(engine, &x->transfer);
    if (rc)
        fail(x, rc, "cannot start the transfer");
}

/* ---- what became of it ---- */

static bool refresh_keys(struct sigv4__exchange *x)
{
    if (x->keys_refreshed || !x->creds)
        return false;
    x->keys_refreshed = true;
    sigv4_provider_refuse(x->client->provider, x->creds);
    return true;
}

static int64_t header_number(const struct sigv4__exchange *x, const char *name)
{
    uint64_t n;
    struct sigv4_slice value = sigv4__answer_find(&x->answer, name);
    return sigv4__parse_uint(value, INT32_MAX, &n) ? (int64_t)n : -1;
}

static uint32_t random_u32(const struct sigv4__exchange *x)
{
    const struct sigv4_random *random = sigv4_loop_random(x->client->loop);
    uint32_t r;
    random->fill(random->ctx, &r, sizeof r);
    return r;
}

static void on_pause_over(void *ctx)
{
    step_pace(ctx);
}

static void step_again(struct sigv4__exchange *x, enum sigv4__retry_class c)
{
    struct sigv4__retry_policy policy = x->client->policy;
    struct sigv4__retry_hints hints = {
        .amz_retry_after_ms = header_number(x, "x-amz-retry-after"),
        .retry_after_s = header_number(x, "retry-after"),
        .random = random_u32(x),
    };
    if (x->request.max_attempts)
        policy.max_attempts = x->request.max_attempts;
    struct sigv4__retry_decision d =
        sigv4__retry_decide(&policy, &x->client->quota, &x->retry, c, &hints);
    if (!d.again) {
        finish(x);
        return;
    }
    sigv4__loop_log(x->client->loop, SIGV4_INFO, "exchange", "%s; trying again in %u ms",
                    x->error.message, (unsigned)d.delay_ms);
    x->state = SIGV4__WAITING;
    sigv4_timer_set(&x->pause, d.delay_ms);
}

static void on_transferred(void *ctx, const struct sigv4_http_result *result)
{
    struct sigv4__exchange *x = ctx;
    x->http = *result;
    x->answer.response.http_status = result->http_status;
    sigv4__outcome_log(x);
    if (result->http_status)
        sigv4__client_set_reached(x->client, x->url.host);
    else
        x->maybe_done = x->maybe_done || result->request_sent;
    sigv4__outcome_explain(x);
    enum sigv4__retry_class c = x->error.status ? sigv4__outcome_class(x) : SIGV4__RETRY_NEVER;
    if (result->http_status && !(x->request.flags & SIGV4_REQUEST_UNPACED))
        sigv4__pace_answered(&x->client->pace, mono_ms(x), c == SIGV4__RETRY_THROTTLE);
    if (x->error.status == SIGV4_OK) {
        x->maybe_done = false;
        sigv4__retry_succeeded(&x->client->quota, &x->retry);
        finish(x);
        return;
    }
    if ((c == SIGV4__RETRY_CLOCK && sigv4__outcome_correct_clock(x)) ||
        (c == SIGV4__RETRY_EXPIRED && refresh_keys(x)))
        step_pace(x);
    else if (c == SIGV4__RETRY_NEVER || c == SIGV4__RETRY_CLOCK || c == SIGV4__RETRY_EXPIRED)
        finish(x);
    else
        step_again(x, c);
}

/* ---- life ---- */

static void link_to_client(struct sigv4__exchange *x)
{
    x->next = x->client->exchanges;
    if (x->next)
        x->next->prev = x;
    x->client->exchanges = x;
}

static void run_start(struct sigv4_job *job)
{
    struct sigv4__exchange *x =
        (struct sigv4__exchange *)((char *)job - offsetof(struct sigv4__exchange, start_job));
    link_to_client(x);
    if (atomic_load(&x->client->closing)) {
        fail(x, SIGV4_E_CANCELED, "the client was freed");
        return;
    }
    if (x->request.timeout_ms)
        sigv4_timer_set(&x->deadline, x->request.timeout_ms);
    step_place(x);
}

void sigv4__exchange_start(struct sigv4__exchange *x)
{
    sigv4_loop_post(x->client->loop, &x->start_job);
}

static void init_timers(struct sigv4__exchange *x)
{
    x->deadline = (struct sigv4_timer){.loop = x->client->loop, .fire = on_deadline, .ctx = x};
    x->pause = (struct sigv4_timer){.loop = x->client->loop, .fire = on_pause_over, .ctx = x};
}

int sigv4__exchange_new(struct sigv4__exchange **out, struct sigv4_client *client,
                        const struct sigv4_request *request, struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(client->loop);
    int rc = sigv4__request_check(request, err);
    if (rc)
        return rc;
    struct sigv4__exchange *x = sigv4__alloc_zero(alloc, 1, sizeof *x);
    if (!x)
        return sigv4__fail(err, SIGV4_E_NOMEM, "%s: no memory", request->operation);
    x->client = client;
    sigv4__client_hold(client);
    x->start_job.run = run_start;
    x->done_job.run = run_done;
    init_timers(x);
    sigv4__buffer_init(&x->head, alloc, MAX_HEAD);
    sigv4__answer_init(&x->answer, alloc, request->max_body, NULL, 0);
    x->header_cap = request->header_count + OWN_HEADERS;
    x->headers = sigv4__alloc_zero(alloc, x->header_cap, sizeof *x->headers);
    rc = sigv4__request_copy(request, alloc, &x->request, &x->block, &x->block_size);
    if (!x->headers)
        rc = SIGV4_E_NOMEM;
    if (!rc)
        rc = sigv4_call_new(&x->call, client->loop, sigv4__exchange_cancel, x);
    if (rc) {
        sigv4__exchange_free(x);
        return sigv4__fail(err, rc, "%s: no memory", request->operation);
    }
    /* Only an accepted request gives its spare block away. */
    x->answer.body.ptr = request->reuse;
    x->answer.body.cap = request->reuse ? request->reuse_cap : 0;
    *out = x;
    return SIGV4_OK;
}

void sigv4__exchange_free(struct sigv4__exchange *x)
{
    struct sigv4_client *client = x->client;
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(client->loop);
    if (x->prev)
        x->prev->next = x->next;
    else if (client->exchanges == x)
        client->exchanges = x->next;
    if (x->next)
        x->next->prev = x->prev;
    sigv4_credentials_release(x->creds);
    sigv4__buffer_free_secret(&x->head); /* the session token was in it */
    sigv4__answer_free(&x->answer);
    sigv4__alloc_put(alloc, x->headers, x->header_cap * sizeof *x->headers);
    sigv4__alloc_put(alloc, x->block, x->block_size);
    sigv4__alloc_put(alloc, x, sizeof *x);
    sigv4__client_unhold(client);
}
