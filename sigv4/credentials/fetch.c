/* One small HTTP question over the loop's engine, with attempts and a pause between them. */
#include "credentials/fetch.h"

#include "base/buffer.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "transport/loop.h"

struct sigv4__fetch {
    struct sigv4_loop *loop;
    const struct sigv4_alloc *alloc; /* the loop's */
    struct sigv4__question question; /* its texts lie in text */
    sigv4__fetch_fn *done;
    void *ctx;
    struct sigv4__buffer text;
    struct sigv4_header headers[SIGV4__FETCH_MAX_HEADERS + 1];
    struct sigv4_http_options options;
    struct sigv4_transfer transfer;
    struct sigv4_timer *pause;
    bool flying, canceled;
    /* The attempt's answer. */
    struct sigv4__answer answer;
    struct sigv4__buffer body;
    char request_id[64];
};

struct sigv4_slice sigv4__fetch_authority(const char *url)
{
    struct sigv4_slice rest = sigv4_str(url);
    if (sigv4__starts_with(rest, "http://"))
        rest = sigv4__from(rest, 7);
    else if (sigv4__starts_with(rest, "https://"))
        rest = sigv4__from(rest, 8);
    else
        return sigv4_str("");
    struct sigv4_slice host = sigv4__first(rest, sigv4__find(rest, '/'));
    host = sigv4__first(host, sigv4__find(host, '?'));
    return sigv4__find(host, '@') < host.len ? sigv4_str("") : host;
}

static void fetch_free(struct sigv4__fetch *fetch)
{
    sigv4_timer_free(fetch->pause);
    sigv4__buffer_free_secret(&fetch->text);
    sigv4__buffer_free_secret(&fetch->body);
    sigv4__alloc_put(fetch->alloc, fetch, sizeof *fetch);
}

static void deliver(struct sigv4__fetch *fetch)
{
    fetch->done(fetch->ctx, &fetch->answer);
    fetch_free(fetch);
}

/* ---- the answer arrives ---- */

static void on_header(void *ctx, struct sigv4_slice name, struct sigv4_slice value)
{
    struct sigv4__fetch *fetch = ctx;
    const struct sigv4_clock *clock = sigv4_loop_clock(fetch->loop);
    int64_t theirs;
    if (sigv4__equal_nocase(name, SIGV4_LIT("date")) && sigv4__moment_parse_http(value, &theirs))
        fetch->answer.skew_ms = theirs - clock->wall_ms(clock->ctx);
    if (sigv4__equal_nocase(name, SIGV4_LIT("x-amzn-requestid")) ||
        sigv4__equal_nocase(name, SIGV4_LIT("x-amz-request-id")))
        sigv4__fixed_copy(fetch->request_id, sizeof fetch->request_id, value);
}

/* Grows by moving to a wider block, so that the block left behind can be wiped. */
static int widen(struct sigv4__buffer *body, size_t more)
{
    struct sigv4__buffer wider;
    if (more > body->max - body->len)
        return SIGV4_E_TOO_LARGE;
    size_t need = body->len + more;
    sigv4__buffer_init(&wider, &body->alloc, body->max);
    int status = sigv4__buffer_reserve(&wider, need < body->max / 2 ? need * 2 : body->max);
    if (status)
        return status;
    sigv4__buffer_slice(&wider, sigv4__buffer_view(body));
    sigv4__buffer_free_secret(body);
    *body = wider;
    return SIGV4_OK;
}

static enum sigv4_flow on_body(void *ctx, struct sigv4_slice chunk)
{
    struct sigv4__fetch *fetch = ctx;
    int status = SIGV4_OK;
    if (chunk.len > fetch->body.cap - fetch->body.len)
        status = widen(&fetch->body, chunk.len);
    if (status) {
        const char *what = status == SIGV4_E_NOMEM ? "no memory for the answer"
                                                   : "the answer is longer than 64 KiB";
        sigv4__fail(&fetch->answer.err, status == SIGV4_E_NOMEM ? status : SIGV4_E_PROTOCOL, "%s",
                    what);
        return SIGV4_STOP;
    }
    sigv4__buffer_slice(&fetch->body, chunk);
    return SIGV4_GO_ON;
}

static void set_canceled(struct sigv4__answer *answer)
{
    answer->http_status = 0;
    sigv4__fail(&answer->err, SIGV4_E_CANCELED, "canceled");
}

static void judge(struct sigv4__fetch *fetch, const struct sigv4_http_result *result)
{
    struct sigv4__answer *answer = &fetch->answer;
    answer->connected = result->connected;
    answer->request_sent = result->request_sent;
    answer->connect_timed_out = result->connect_timed_out;
    answer->authority = sigv4__fetch_authority(fetch->transfer.url);
    answer->request_id = sigv4_str(fetch->request_id);
    if (fetch->canceled) {
        set_canceled(answer);
    } else if (answer->err.status == SIGV4_OK && result->status == SIGV4_OK) {
        answer->http_status = result->http_status;
        answer->body = sigv4__buffer_view(&fetch->body);
    } else if (answer->err.status == SIGV4_OK) {
        sigv4__fail(&answer->err, result->status, "%s",
                    result->detail[0] ? result->detail : sigv4_status_text(result->status));
        answer->err.os_errno = result->os_errno;
        answer->err.retryable =
            result->status == SIGV4_E_NETWORK || result->status == SIGV4_E_TIMEOUT;
    }
}

static bool worth_another(struct sigv4__fetch *fetch)
{
    const struct sigv4__answer *answer = &fetch->answer;
    if (fetch->canceled || answer->attempts >= fetch->question.attempts)
        return false;
    if (fetch->question.again)
        return fetch->question.again(fetch->ctx, answer);
    return answer->http_status == 0 || answer->http_status == 429 || answer->http_status >= 500;
}

/* As exchanges are told of, but for the path: a container's is as good as a password. */
static void tell(const struct sigv4__fetch *fetch, const struct sigv4_http_result *result)
{
    struct sigv4_slice method = fetch->transfer.method, host = fetch->answer.authority;
    sigv4__loop_log(
        fetch->loop, SIGV4_DEBUG, "credentials",
        "%.*s %.*s: attempt %u: %s from %s, HTTP %d%s%s; total %.1f ms%s%s", (int)method.len,
        (const char *)method.ptr, host.len < 200 ? (int)host.len : 200, (const char *)host.ptr,
        fetch->answer.attempts, sigv4_status_name(result->status),
        result->address[0] ? result->address : "nowhere", result->http_status,
        fetch->request_id[0] ? ", request id " : "", fetch->request_id,
        result->total_ms > 0 ? result->total_ms : 0, result->detail[0] ? ": " : "", result->detail);
}

static void on_done(void *ctx, const struct sigv4_http_result *result)
{
    struct sigv4__fetch *fetch = ctx;
    fetch->flying = false;
    judge(fetch, result);
    tell(fetch, result);
    if (worth_another(fetch))
        sigv4_timer_set(fetch->pause, fetch->question.pause_ms);
    else
        deliver(fetch);
}

/* ---- the question leaves ---- */

static int attempt(struct sigv4__fetch *fetch)
{
    struct sigv4_engine *engine = sigv4_loop_engine(fetch->loop);
    unsigned attempts = fetch->answer.attempts + 1;
    fetch->answer = (struct sigv4__answer){.attempts = attempts};
    fetch->request_id[0] = '\0';
    sigv4__buffer_clear(&fetch->body);
    int status = engine->ops->start(engine, &fetch->transfer);
    fetch->flying = status == SIGV4_OK;
    return status;
}

static void on_pause_over(void *ctx)
{
    struct sigv4__fetch *fetch = ctx;
    if (fetch->canceled) {
        set_canceled(&fetch->answer);
        deliver(fetch);
        return;
    }
    int status = attempt(fetch);
    if (status) {
        sigv4__fail(&fetch->answer.err, status, "%s", sigv4_status_text(status));
        deliver(fetch);
    }
}

static struct sigv4_slice keep(struct sigv4__buffer *text, struct sigv4_slice part)
{
    size_t at = text->len;
    sigv4__buffer_slice(text, part);
    return sigv4_bytes(text->ptr + at, part.len);
}

/* Copies everything into one block of the right size, which never moves. */
static int copy_question(struct sigv4__fetch *fetch, const struct sigv4__question *question)
{
    struct sigv4__buffer *text = &fetch->text;
    struct sigv4_slice host = sigv4__fetch_authority(question->url);
    struct sigv4_header *headers = fetch->headers;
    size_t n = 0, size = strlen(question->url) + 1 + question->method.len + question->body.len;
    if (!host.len || question->header_count > SIGV4__FETCH_MAX_HEADERS)
        return SIGV4_E_INVALID;
    if (question->header_count == 0 ||
        !sigv4__equal_nocase(question->headers[0].name, SIGV4_LIT("host")))
        headers[n++] = (struct sigv4_header){SIGV4_LIT("host"), host};
    for (size_t i = 0; i < question->header_count; i++)
        headers[n++] = question->headers[i];
    for (size_t i = 0; i < n; i++)
        size += headers[i].name.len + headers[i].value.len;

    sigv4__buffer_init(text, fetch->alloc, size);
    int status = sigv4__buffer_reserve(text, size);
    if (status)
        return status;
    fetch->transfer.url = keep(text, sigv4_bytes(question->url, strlen(question->url) + 1)).ptr;
    fetch->transfer.method = keep(text, question->method);
    fetch->question.body = keep(text, question->body);
    for (size_t i = 0; i < n; i++) {
        headers[i].name = keep(text, headers[i].name);
        headers[i].value = keep(text, headers[i].value);
    }
    fetch->transfer.header_count = n;
    return SIGV4_OK;
}

static void describe(struct sigv4__fetch *fetch)
{
    const struct sigv4__question *question = &fetch->question;
    fetch->options = (struct sigv4_http_options){
        .size = sizeof fetch->options,
        .connect_timeout_ms = question->connect_timeout_ms,
        .stall_timeout_ms = question->timeout_ms,
        .timeout_ms = question->timeout_ms,
        .ca_bundle = question->ca_bundle,
        .proxy = question->proxy,
        .flags = question->any_certificate ? SIGV4_HTTP_NO_VERIFY : 0,
    };
    struct sigv4_transfer *transfer = &fetch->transfer;
    transfer->size = sizeof *transfer;
    transfer->headers = fetch->headers;
    transfer->body = &fetch->question.body;
    transfer->body_count = question->body.len ? 1 : 0;
    transfer->body_length = question->body.len;
    transfer->options = &fetch->options;
    transfer->on_header = on_header;
    transfer->on_body = on_body;
    transfer->on_done = on_done;
    transfer->ctx = fetch;
}

int sigv4__fetch_start(struct sigv4__fetch **out, struct sigv4_loop *loop,
                       const struct sigv4__question *question, sigv4__fetch_fn *done, void *ctx)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(loop);
    struct sigv4__fetch *fetch = sigv4__alloc_zero(alloc, 1, sizeof *fetch);
    if (!fetch)
        return SIGV4_E_NOMEM;
    fetch->loop = loop;
    fetch->alloc = alloc;
    fetch->done = done;
    fetch->ctx = ctx;
    fetch->question = *question;
    if (!fetch->question.timeout_ms)
        fetch->question.timeout_ms = 1000;
    if (!fetch->question.connect_timeout_ms)
        fetch->question.connect_timeout_ms = fetch->question.timeout_ms;
    sigv4__buffer_init(&fetch->body, alloc, SIGV4__FETCH_MAX_BODY);
    int status = copy_question(fetch, question);
    if (status)
        goto out;
    describe(fetch);
    status = sigv4_timer_new(&fetch->pause, loop, on_pause_over, fetch);
    if (status)
        goto out;
    status = attempt(fetch);
out:
    if (status)
        fetch_free(fetch);
    else
        *out = fetch;
    return status;
}

void sigv4__fetch_cancel(struct sigv4__fetch *fetch)
{
    struct sigv4_engine *engine = sigv4_loop_engine(fetch->loop);
    fetch->canceled = true;
    if (fetch->flying)
        engine->ops->abort(engine, &fetch->transfer);
    else
        sigv4_timer_set(fetch->pause, 0);
}
