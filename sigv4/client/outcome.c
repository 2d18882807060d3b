/* What became of an attempt: told to the log, to the user, and to the retry rules. */
#include "client/outcome.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "client/service_error.h"
#include "transport/loop.h"

#include <stdio.h>

enum { SKEW_MS = 4 * 60 * 1000 }; /* a smaller offset does not explain a refused signature */

bool sigv4__is_success(int http_status)
{
    return http_status >= 200 && http_status < 300;
}

/* "name 0.3 connect 1.2 tls 4.0 first byte 9.1 total 9.2 ms": what was reached, since the start. */
static void write_phases(const struct sigv4_http_result *h, char out[128])
{
    const struct {
        const char *word;
        double ms;
    } phases[] = {{"name", h->name_ms},
                  {"connect", h->connect_ms},
                  {"tls", h->tls_ms},
                  {"first byte", h->first_byte_ms},
                  {"total", h->total_ms}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (phases[i].ms >= 0 && n < 100)
            n += (size_t)snprintf(out + n, 128 - n, "%s %.1f ", phases[i].word,
                                  phases[i].ms < 1e9 ? phases[i].ms : 1e9);
    snprintf(out + n, 128 - n, "ms");
}

/* What support asks for: S3 has two ids. */
static void write_ids(const struct sigv4__exchange *x, char out[192])
{
    struct sigv4_slice id = sigv4__answer_find(&x->answer, "x-amzn-requestid");
    struct sigv4_slice more = sigv4__answer_find(&x->answer, "x-amz-id-2");
    char text[160];
    if (!id.len)
        id = sigv4__answer_find(&x->answer, "x-amz-request-id");
    sigv4__fixed_copy(text, 64, id);
    size_t n = (size_t)snprintf(out, 192, "%s%s", text[0] ? ", request id " : "", text);
    sigv4__fixed_copy(text, 100, more);
    if (text[0])
        snprintf(out + n, 192 - n, ", id 2 %s", text);
}

void sigv4__outcome_log(struct sigv4__exchange *x)
{
    char phases[128], ids[192];
    const struct sigv4_http_result *h = &x->http;
    const struct sigv4_log *log = sigv4_loop_log(x->client->loop);
    if (!log->write || log->level < SIGV4_DEBUG)
        return;
    write_phases(h, phases);
    write_ids(x, ids);
    sigv4__loop_log(x->client->loop, SIGV4_DEBUG, "exchange",
                    "%s: attempt %u: %s from %s, HTTP %d%s; %s%s%s%s", x->request.operation,
                    x->retry.attempts, sigv4_status_name(h->status),
                    h->address[0] ? h->address : "nowhere", h->http_status, ids, phases,
                    h->reused ? ", connection reused" : "", h->detail[0] ? ": " : "", h->detail);
}

/* No usable answer: the transfer failed. */
static void explain_transport(struct sigv4__exchange *x, int status)
{
    const struct sigv4_http_result *h = &x->http;
    struct sigv4_slice host = x->url.host;
    const char *hint = h->connect_timed_out ? " (no address answered)" : "";
    /* What we ended ourselves needs no word of libcurl's about it. */
    const char *what = h->detail[0] && !x->verdict ? h->detail : sigv4_status_text(status);
    sigv4__fail(&x->error, status, "%s: %.*s%s%s%s: %s%s", x->request.operation, (int)host.len,
                (const char *)host.ptr, h->address[0] ? " (" : "", h->address,
                h->address[0] ? ")" : "", what, hint);
    x->error.http_status = h->http_status;
    x->error.os_errno = h->os_errno;
    x->error.retryable = status == SIGV4_E_NETWORK || status == SIGV4_E_TIMEOUT;
}

static void explain_service(struct sigv4__exchange *x)
{
    char host[256];
    struct sigv4_slice id = sigv4__answer_find(&x->answer, "x-amzn-requestid");
    sigv4__fixed_copy(host, sizeof host, x->url.host);
    struct sigv4__error_answer in = {
        .http_status = x->http.http_status,
        .error_type = sigv4__answer_find(&x->answer, "x-amzn-errortype"),
        .request_id = id.len ? id : sigv4__answer_find(&x->answer, "x-amz-request-id"),
        .body = sigv4__buffer_view(&x->answer.body),
        .operation = x->request.operation,
        .host = host,
    };
    sigv4__service_error(&in, &x->error);
}

/* Fills x->error; its status stays 0 when the attempt went well. */
void sigv4__outcome_explain(struct sigv4__exchange *x)
{
    const struct sigv4_http_result *h = &x->http;
    bool cut_error = x->answer.enough && !sigv4__is_success(h->http_status);
    memset(&x->error, 0, sizeof x->error);
    if (x->answer.too_large)
        explain_transport(x, SIGV4_E_PROTOCOL);
    else if (x->answer.body.failed || x->answer.headers.failed)
        explain_transport(x, SIGV4_E_NOMEM);
    else if (x->verdict)
        explain_transport(x, x->verdict);
    else if (h->status && !cut_error)
        explain_transport(x, h->status);
    else if (!sigv4__is_success(h->http_status) ||
             ((x->request.flags & SIGV4_ERROR_IN_200) &&
              sigv4__is_error_xml(sigv4__buffer_view(&x->answer.body))))
        explain_service(x);
}

enum sigv4__retry_class sigv4__outcome_class(struct sigv4__exchange *x)
{
    struct sigv4__failed_attempt a = {
        .status = x->answer.enough ? SIGV4_OK : x->http.status,
        .http_status = x->http.http_status,
        .code = x->error.code,
        .connect_timed_out = x->http.connect_timed_out,
        .host_was_reached = sigv4__client_reached(x->client, x->url.host),
    };
    /* A failure inside a 200 is a failure of the service like any 500. */
    if (a.status == SIGV4_OK && sigv4__is_success(a.http_status))
        a.http_status = 500;
    if (x->verdict || x->answer.too_large || x->answer.streamed)
        return SIGV4__RETRY_NEVER;
    if ((x->request.flags & SIGV4_NOT_AGAIN) && x->http.request_sent)
        return SIGV4__RETRY_NEVER;
    return sigv4__retry_classify(&a);
}

/* The service's clock against ours. True when it explains the refusal and is corrected now. */
bool sigv4__outcome_correct_clock(struct sigv4__exchange *x)
{
    int64_t theirs;
    struct sigv4_slice date = sigv4__answer_find(&x->answer, "date");
    if (x->clock_corrected || !sigv4__moment_parse_http(date, &theirs))
        return false;
    int64_t off = theirs - sigv4__client_unix_ms(x->client);
    int64_t was_off = off + x->client->skew_ms - x->signed_skew_ms;
    if (was_off < SKEW_MS && was_off > -SKEW_MS)
        return false;
    x->clock_corrected = true;
    if (off < SKEW_MS && off > -SKEW_MS)
        return true; /* by another exchange, while this one was under way */
    x->client->skew_ms += off;
    sigv4__loop_log(x->client->loop, SIGV4_WARN, "clock",
                    "this machine's clock is %lld s %s the service's; corrected for this client",
                    (long long)((off < 0 ? -off : off) / 1000), off < 0 ? "ahead of" : "behind");
    return true;
}
