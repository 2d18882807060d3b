/* One GET from IMDS: with the session's token, asked for when there is none, renewed once when it
 * is refused, and left out where the service knows no tokens.
 *
 *     PUT token --200--> GET path --200--> got
 *        |  \                \--401, first time--> PUT token
 *        |   \--403 404 405, silence (and v1 allowed)--> GET without a token
 *        \--nothing listens, 400--> got(error)                                     */
#include "credentials/metadata.h"

#include "base/fail.h"
#include "base/text.h"

#include <stdio.h>

enum { TOKEN_SECONDS = 21600, SPARE_SECONDS = 60, MAX_TOKEN = 4096, PAUSE_MS = 200 };

void sigv4__metadata_session_init(struct sigv4__metadata_session *session,
                                  const struct sigv4_alloc *alloc)
{
    sigv4__buffer_init(&session->token, alloc, MAX_TOKEN);
    session->token_until_ms = 0;
}

void sigv4__metadata_session_free(struct sigv4__metadata_session *session)
{
    sigv4__buffer_free_secret(&session->token);
}

static int64_t now_ms(const struct sigv4__metadata_ask *ask)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(ask->errand.loop);
    return clock->mono_ms(clock->ctx);
}

/* "169.254.169.254", for people. */
static int host(const struct sigv4__metadata_ask *ask, const char **text)
{
    struct sigv4_slice authority = sigv4__fetch_authority(ask->place.base);
    *text = authority.ptr;
    return (int)authority.len;
}

static void give_error(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer,
                       const struct sigv4_error *err)
{
    struct sigv4__answer failed = *answer;
    failed.err = *err;
    failed.err.os_errno = answer->err.os_errno;
    failed.body = sigv4_str("");
    ask->got(ask, &failed);
}

/* No HTTP answer: canceled, out of memory, or nobody there. */
static void give_silence(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct sigv4_error err = answer->err;
    const char *text;
    int n = host(ask, &text);
    if (err.status == SIGV4_E_NOMEM || err.status == SIGV4_E_CANCELED)
        sigv4__named(&err, "IMDS");
    else if (ask->without_token && answer->connected)
        sigv4__unusable(&err, "ImdsSilent",
                        "IMDS: %.*s is there but its answers do not arrive; inside a container, "
                        "raise the instance's metadata hop limit to 2",
                        n, text);
    else
        sigv4__not_here(&err, "IMDS: no answer from %.*s", n, text);
    give_error(ask, answer, &err);
}

static void give_refusal(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer,
                         const char *what)
{
    struct sigv4_error err;
    const char *hint = "";
    if (answer->http_status == 401 && ask->without_token)
        hint = "; it wants a token, but none could be had: inside a container, raise the "
               "instance's metadata hop limit to 2";
    else if (answer->http_status == 403)
        hint = "; access to it is switched off for this instance";
    if (answer->http_status == 404)
        sigv4__not_here(&err, "IMDS: no %s", what);
    else
        sigv4__unusable(&err, "ImdsRefused", "IMDS: HTTP %d for %s%s", answer->http_status, what,
                        hint);
    err.http_status = answer->http_status;
    err.retryable = answer->http_status >= 500;
    give_error(ask, answer, &err);
}

static void give_status(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer,
                        int status)
{
    struct sigv4_error err;
    sigv4__fail(&err, status, "IMDS: %s", sigv4_status_text(status));
    give_error(ask, answer, &err);
}

/* ---- the path ---- */

static int put_token(struct sigv4__metadata_ask *ask);

static void path_answered(void *ctx, const struct sigv4__answer *answer)
{
    struct sigv4__metadata_ask *ask = ctx;
    if (answer->http_status == 200) {
        ask->got(ask, answer);
    } else if (answer->http_status == 401 && !ask->renewed && !ask->without_token) {
        ask->renewed = true;
        sigv4__buffer_clear(&ask->session->token);
        int status = put_token(ask);
        if (status)
            give_status(ask, answer, status);
    } else if (answer->http_status) {
        give_refusal(ask, answer, ask->path);
    } else {
        give_silence(ask, answer);
    }
}

static int ask_for(struct sigv4__metadata_ask *ask, struct sigv4_slice method, const char *path,
                   struct sigv4_header header, sigv4__fetch_fn *answered)
{
    char url[sizeof ask->place.base + sizeof ask->path];
    snprintf(url, sizeof url, "%s%s", ask->place.base, path);
    struct sigv4__question question = {
        .method = method,
        .url = url,
        .headers = {header},
        .header_count = header.name.len ? 1 : 0,
        .connect_timeout_ms = ask->place.connect_timeout_ms,
        .timeout_ms = ask->place.timeout_ms,
        .attempts = ask->place.attempts,
        .pause_ms = PAUSE_MS,
        .proxy = "",
    };
    return sigv4__errand_ask(&ask->errand, &question, answered);
}

static int get_path(struct sigv4__metadata_ask *ask)
{
    struct sigv4_header header = {SIGV4_LIT("x-aws-ec2-metadata-token"),
                                  sigv4__buffer_view(&ask->session->token)};
    if (ask->without_token)
        header.name = sigv4_str("");
    return ask_for(ask, SIGV4_LIT("GET"), ask->path, header, path_answered);
}

/* ---- the token ---- */

static bool is_token(struct sigv4_slice text)
{
    const char *p = text.ptr;
    for (size_t i = 0; i < text.len; i++)
        if (p[i] <= ' ' || p[i] > '~')
            return false;
    return text.len > 0 && text.len <= MAX_TOKEN;
}

static bool knows_no_tokens(const struct sigv4__answer *answer)
{
    int http = answer->http_status;
    bool silent = answer->err.status == SIGV4_E_TIMEOUT && answer->connected;
    return http == 403 || http == 404 || http == 405 || silent;
}

static void token_answered(void *ctx, const struct sigv4__answer *answer)
{
    struct sigv4__metadata_ask *ask = ctx;
    struct sigv4__metadata_session *session = ask->session;
    struct sigv4_slice token = sigv4__trim(answer->body);
    int status = SIGV4_OK;
    sigv4__buffer_clear(&session->token);
    if (answer->http_status == 200 && is_token(token)) {
        sigv4__buffer_reserve(&session->token, MAX_TOKEN); /* never moves: it is wiped at the end */
        sigv4__buffer_slice(&session->token, token);
        session->token_until_ms = now_ms(ask) + (TOKEN_SECONDS - SPARE_SECONDS) * INT64_C(1000);
        status = session->token.failed ? session->token.failed : get_path(ask);
    } else if (knows_no_tokens(answer) && ask->place.v1_allowed) {
        ask->without_token = true;
        status = get_path(ask);
    } else if (answer->http_status) {
        give_refusal(ask, answer, "a session token");
    } else {
        ask->without_token = true; /* for the message */
        give_silence(ask, answer);
    }
    if (status)
        give_status(ask, answer, status);
}

static int put_token(struct sigv4__metadata_ask *ask)
{
    struct sigv4_header ttl = {SIGV4_LIT("x-aws-ec2-metadata-token-ttl-seconds"),
                               SIGV4_LIT("21600")};
    return ask_for(ask, SIGV4_LIT("PUT"), "/latest/api/token", ttl, token_answered);
}

int sigv4__metadata_get(struct sigv4__metadata_ask *ask, const char *path,
                        void (*got)(struct sigv4__metadata_ask *ask,
                                    const struct sigv4__answer *answer))
{
    if ((size_t)snprintf(ask->path, sizeof ask->path, "%s", path) >= sizeof ask->path)
        return SIGV4_E_TOO_LARGE;
    ask->got = got;
    if (ask->without_token ||
        (ask->session->token.len && now_ms(ask) < ask->session->token_until_ms))
        return get_path(ask);
    return put_token(ask);
}
