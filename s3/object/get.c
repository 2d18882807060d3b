/* s3_get: the bytes of an object in order, each once.
 *
 *   ASKING --all bytes came--> over (the checksum of a whole object is compared first)
 *     |  \--broke off--> WAITING --a while--> ASKING for the rest of the same version
 *     |                  (given up after five tries that brought no byte)
 *     \--refused, changed meanwhile, or stopped--> over
 */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/attributes.h"
#include "object/operation.h"
#include "object/payload.h"
#include "object/result.h"
#include "wire/checksum.h"

#include <stdio.h>

enum {
    TRIES = 5,
    FIRST_WAIT_MS = 100,
    LONGEST_WAIT_MS = 10000,
    ETAG_MAX = 256,
    DEFAULT_MAX_BODY = 16 << 20
};

enum get_state { ASKING, WAITING };

struct get {
    struct s3__operation op;
    enum get_state state;
    struct s3__request request;
    struct s3__header_mark without_range;
    struct sigv4_timer *timer;
    struct s3_get asked; /* only numbers and callbacks are valid */

    bool started;   /* the head of a good answer was seen */
    bool head_seen; /* that of the answer under way */
    bool stopped;   /* by the user's callback */
    bool end_known; /* the answer had a length */
    unsigned tries; /* since the last byte */
    uint64_t first, next, end, length;
    char etag[ETAG_MAX + 1];
    struct s3__checksum sum; /* kind NONE: nothing to compare */
    char expected[64];
    struct s3_result so_far;
    struct sigv4__buffer body; /* without on_chunk */
};

static struct get *of(struct s3__operation *op)
{
    return (struct get *)op;
}

/* ---- the head of an answer ---- */

static int refuse(struct get *g, int status, const char *why)
{
    return sigv4__fail(&g->op.error, status, "GetObject: %s", why);
}

/* A checksum covers what the service stored: the whole object, unless it is composite. */
static int expect_checksum(struct get *g)
{
    const struct s3_result *r = &g->so_far;
    bool whole = r->first_byte == 0 && r->byte_count == r->length;
    bool composite = sigv4__find(r->checksum_value, '-') < r->checksum_value.len;
    if (!whole || composite || g->asked.flags & S3_GET_UNVERIFIED ||
        r->checksum == S3_CHECKSUM_NONE || r->checksum_value.len >= sizeof g->expected)
        return SIGV4_OK;
    if (s3__checksum_init(&g->sum, r->checksum, g->op.client->alloc))
        return refuse(g, SIGV4_E_NOMEM, "out of memory");
    sigv4__fixed_copy(g->expected, sizeof g->expected, r->checksum_value);
    return SIGV4_OK;
}

static int begin(struct get *g, const struct sigv4_response *response)
{
    const struct s3_result *r = &g->so_far;
    bool ranged = g->asked.first_byte || g->asked.byte_count || g->asked.last_bytes;
    if (s3__result_is_foreign(r))
        return refuse(g, SIGV4_E_PROTOCOL, s3__foreign_words);
    if (ranged && response->http_status != 206)
        return refuse(g, SIGV4_E_PROTOCOL, "the service ignored the range");
    if (!g->asked.last_bytes && r->first_byte != g->asked.first_byte)
        return refuse(g, SIGV4_E_PROTOCOL, "the service answered with another range");
    if (g->asked.byte_count && r->byte_count > g->asked.byte_count)
        return refuse(g, SIGV4_E_PROTOCOL, "the service answered with a longer range");
    g->started = true;
    g->end_known =
        response->http_status == 206 || sigv4_response_header(response, "Content-Length").len > 0;
    g->first = g->next = r->first_byte;
    g->end = g->end_known ? g->first + r->byte_count : UINT64_MAX;
    g->length = r->length;
    if (r->etag.len <= ETAG_MAX)
        sigv4__fixed_copy(g->etag, sizeof g->etag, r->etag);
    return expect_checksum(g);
}

static int go_on(struct get *g, const struct sigv4_response *response)
{
    const struct s3_result *r = &g->so_far;
    if (response->http_status != 206 || r->first_byte != g->next ||
        r->first_byte + r->byte_count != g->end)
        return refuse(g, SIGV4_E_PROTOCOL, "the service answered with another range");
    if (!sigv4__equal_str(r->etag, g->etag) || r->length != g->length)
        return refuse(g, SIGV4_E_CONFLICT, "the object changed while it was read");
    return SIGV4_OK;
}

static int see_head(struct get *g, const struct sigv4_response *response)
{
    s3__result_fill(&g->so_far, response, NULL, &g->op.error);
    g->head_seen = true;
    if (g->so_far.error)
        return g->so_far.error->status;
    return g->started ? go_on(g, response) : begin(g, response);
}

/* ---- bytes ---- */

static enum sigv4_flow collect(struct get *g, struct sigv4_slice chunk)
{
    sigv4__buffer_slice(&g->body, chunk);
    if (g->body.failed == SIGV4_OK)
        return SIGV4_GO_ON;
    (void)refuse(g, g->body.failed,
                 g->body.failed == SIGV4_E_NOMEM ? "out of memory"
                                                 : "the object is longer than max_body");
    return SIGV4_STOP;
}

static enum sigv4_flow on_chunk(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk)
{
    struct get *g = ctx;
    if (!g->head_seen && see_head(g, head))
        return SIGV4_STOP;
    if (chunk.len > g->end - g->next) {
        (void)refuse(g, SIGV4_E_PROTOCOL, "more bytes came than were announced");
        return SIGV4_STOP;
    }
    enum sigv4_flow flow = g->asked.on_chunk
                               ? g->asked.on_chunk(g->op.ctx, &g->so_far, g->next, chunk)
                               : collect(g, chunk);
    if (flow == SIGV4_STOP)
        g->stopped = true;
    if (flow != SIGV4_GO_ON)
        return flow;
    if (s3__checksum_add(&g->sum, chunk)) {
        (void)refuse(g, SIGV4_E_NOMEM, "out of memory");
        return SIGV4_STOP;
    }
    g->next += chunk.len;
    g->tries = 0;
    return SIGV4_GO_ON;
}

/* ---- the end of an answer ---- */

static void end(struct get *g, struct s3_result *result)
{
    result->first_byte = g->first;
    result->byte_count = g->next - g->first;
    result->length = g->length;
    result->body = sigv4__buffer_view(&g->body);
    s3__operation_end(&g->op, result);
}

static void end_with_own_error(struct get *g, struct s3_result *result)
{
    if (g->stopped && g->op.error.status == SIGV4_OK)
        (void)refuse(g, SIGV4_E_CANCELED, "stopped by the caller");
    s3__result_fail(result, &g->op.error);
    end(g, result);
}

static int compare_checksum(struct get *g)
{
    char text[S3__CHECKSUM_TEXT_MAX];
    if (g->sum.kind == S3_CHECKSUM_NONE || g->sum.kind == S3_CHECKSUM_DEFAULT)
        return SIGV4_OK;
    if (s3__checksum_text(&g->sum, text))
        return refuse(g, SIGV4_E_NOMEM, "out of memory");
    if (strcmp(text, g->expected) == 0)
        return SIGV4_OK;
    return sigv4__fail(&g->op.error, SIGV4_E_PROTOCOL,
                       "GetObject: the bytes are damaged: their %s is %s, the object's is %s",
                       s3_checksum_name(g->sum.kind), text, g->expected);
}

static void wait_for_next_try(struct get *g)
{
    const struct sigv4_random *random = sigv4_loop_random(g->op.client->loop);
    uint32_t r, longest = (uint32_t)FIRST_WAIT_MS << g->tries;
    if (longest > LONGEST_WAIT_MS)
        longest = LONGEST_WAIT_MS;
    random->fill(random->ctx, &r, sizeof r);
    g->tries++;
    g->state = WAITING;
    sigv4_timer_set(g->timer, r % (longest + 1));
}

static bool may_go_on(const struct get *g, const struct sigv4_error *error)
{
    return g->started && g->end_known && g->etag[0] && g->tries < TRIES && error->retryable &&
           !g->request.canceled && !atomic_load(&g->op.client->closing);
}

static void on_failed(struct get *g, struct s3_result *result)
{
    if (g->started && result->response->http_status == 412) {
        (void)refuse(g, SIGV4_E_CONFLICT, "the object changed while it was read");
        end_with_own_error(g, result);
    } else if (may_go_on(g, result->error)) {
        wait_for_next_try(g);
    } else {
        end(g, result);
    }
}

static void on_answer(void *ctx, const struct sigv4_response *response,
                      const struct sigv4_error *error)
{
    struct get *g = ctx;
    struct sigv4_error ignored;
    struct s3_result result;
    s3__result_fill(&result, response, error, &ignored);
    if (!error && !g->head_seen && g->op.error.status == SIGV4_OK)
        (void)see_head(g, response);
    if (g->stopped || g->op.error.status) {
        end_with_own_error(g, &result);
    } else if (error) {
        on_failed(g, &result);
    } else if (g->end_known && g->next != g->end) {
        (void)refuse(g, SIGV4_E_PROTOCOL, "fewer bytes came than were announced");
        end_with_own_error(g, &result);
    } else if (compare_checksum(g)) {
        end_with_own_error(g, &result);
    } else {
        if (!g->end_known)
            g->length = g->next;
        result.error = NULL;
        end(g, &result);
    }
}

/* ---- asking ---- */

static void set_range(struct get *g)
{
    struct s3__request *r = &g->request;
    const struct s3_get *a = &g->asked;
    char range[64] = "";
    if (g->started)
        snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)g->next,
                 (unsigned long long)(g->end - 1));
    else if (a->last_bytes)
        snprintf(range, sizeof range, "bytes=-%llu", (unsigned long long)a->last_bytes);
    else if (a->byte_count)
        snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)a->first_byte,
                 (unsigned long long)(a->first_byte + a->byte_count - 1));
    else if (a->first_byte)
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)a->first_byte);
    s3__request_header_str(r, "Range", range);
}

static void ask(struct get *g)
{
    g->state = ASKING;
    g->head_seen = false;
    if (s3__request_send(&g->request, &g->op.error))
        s3__operation_fail(&g->op);
}

static void on_waited(void *ctx)
{
    struct get *g = ctx;
    s3__request_back_to(&g->request, g->without_range);
    set_range(g);
    s3__add_etag(&g->request, "If-Match", g->etag);
    ask(g);
}

static void start(struct s3__operation *op)
{
    if (s3__payload_check(&of(op)->request, &op->error))
        s3__operation_fail(op);
    else
        ask(of(op));
}

static void cancel(struct s3__operation *op)
{
    struct get *g = of(op);
    if (g->state == ASKING) {
        s3__request_cancel(&g->request);
        return;
    }
    sigv4_timer_set(g->timer, -1);
    s3__operation_fail(op);
}

static void resume(struct s3__operation *op)
{
    s3__request_resume(&of(op)->request);
}

static void get_free(struct s3__operation *op)
{
    struct get *g = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__request_free(&g->request);
    s3__checksum_free(&g->sum);
    sigv4__buffer_free(&g->body);
    sigv4_timer_free(g->timer);
    sigv4__alloc_put(alloc, g, sizeof *g);
}

static const struct s3__operation_ops get_ops = {start, cancel, resume, get_free};

static int describe(struct get *g, const struct s3_get *get, struct sigv4_error *err)
{
    struct s3__request *r = &g->request;
    uint64_t last;
    if (get->last_bytes && (get->first_byte || get->byte_count))
        return sigv4__fail(err, SIGV4_E_INVALID, "GetObject: two ranges at once");
    if (__builtin_add_overflow(get->first_byte, get->byte_count, &last) || last > INT64_MAX)
        return sigv4__fail(err, SIGV4_E_INVALID, "GetObject: the range is too large");
    int status = s3__request_object(r, get->from, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(r, get->encryption, err);
    if (status)
        return status;
    if (!(get->flags & S3_GET_UNVERIFIED))
        s3__request_header_str(r, "x-amz-checksum-mode", "ENABLED");
    g->without_range = s3__request_mark(r);
    set_range(g);
    s3__add_conditions(r, get->conditions);
    return s3__request_check(r, err);
}

int s3_get(struct s3_client *client, const struct s3_get *get, struct sigv4_call **call,
           struct sigv4_error *err)
{
    if (!get->on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "GetObject: on_done is missing");
    struct get *g = sigv4__alloc_zero(client->alloc, 1, sizeof *g);
    if (!g)
        return sigv4__fail(err, SIGV4_E_NOMEM, "GetObject: out of memory");
    g->op = (struct s3__operation){
        .ops = &get_ops, .client = client, .on_done = get->on_done, .ctx = get->ctx};
    g->asked = *get;
    if (client->options.flags & S3_NO_CHECKSUMS)
        g->asked.flags |= S3_GET_UNVERIFIED;
    s3__request_init(&g->request, client, "GetObject", "GET");
    g->request.on_done = on_answer;
    g->request.on_chunk = on_chunk;
    g->request.ctx = g;
    sigv4__buffer_init(&g->body, client->alloc,
                       get->max_body ? (size_t)get->max_body : DEFAULT_MAX_BODY);
    int status = describe(g, &g->asked, err);
    if (status == SIGV4_OK && sigv4_timer_new(&g->timer, client->loop, on_waited, g))
        status = sigv4__fail(err, SIGV4_E_NOMEM, "GetObject: out of memory");
    if (status == SIGV4_OK)
        status = s3__operation_begin(&g->op, call, err);
    if (status)
        get_free(&g->op);
    return status;
}
