/* Keys by single sign-on: the token from the cache, renewed if need be, then the role's keys.
 *
 *     token file --good for 15 min--> GetRoleCredentials --> keys
 *          \--older, with a session--> CreateToken --^                                */
#include "credentials/sso.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "credentials/document.h"
#include "credentials/reach.h"
#include "credentials/source.h"
#include "credentials/sso_token.h"
#include "transport/loop.h"

#include <stdio.h>

enum {
    RENEW_MS = 15 * 60 * 1000,
    CONNECT_MS = 3000,
    TIMEOUT_MS = 10000,
    ATTEMPTS = 3,
    PAUSE_MS = 500,
    MAX_CA_PATH = 4096
};

struct asking {
    struct sigv4__errand errand; /* first */
    const struct sigv4__profile_source *self;
    const char *region, *session; /* session NULL: the older form */
    struct sigv4__sso_token token;
    struct sigv4__buffer ca_bundle;
};

static void forget(struct sigv4__errand *errand)
{
    struct asking *asking = (struct asking *)errand;
    sigv4__sso_token_free(&asking->token);
    sigv4__buffer_free(&asking->ca_bundle);
}

static const char *get(const struct asking *asking, const char *name)
{
    return sigv4__config_get(asking->self->config, SIGV4__PROFILE, asking->self->profile, name);
}

static int64_t now_ms(const struct asking *asking)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(asking->errand.loop);
    return clock->wall_ms(clock->ctx);
}

static int log_in(const struct asking *asking, const char *because, struct sigv4_error *err)
{
    const char *profile = asking->self->profile;
    return sigv4__unusable(err, "SsoLoginRequired",
                           "profile %s: %s; run 'aws sso login --profile %s'", profile, because,
                           profile);
}

/* ---- questions ---- */

static int portal_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                          struct sigv4_error *err)
{
    (void)ctx;
    return sigv4_regional_resolve("portal.sso", "awsssoportal", SIGV4_GOV_PLAIN_FIPS, place, out,
                                  err);
}

static int oidc_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                        struct sigv4_error *err)
{
    (void)ctx;
    return sigv4_regional_resolve("oidc", "sso-oauth", SIGV4_GOV_PLAIN_FIPS, place, out, err);
}

struct service {
    const char *id; /* for endpoint overrides */
    sigv4_resolve_fn *resolve;
};

/* Nobody there: once is enough to know. */
static bool worth_another(void *ctx, const struct sigv4__answer *answer)
{
    (void)ctx;
    if (answer->http_status == 0)
        return answer->err.retryable && !answer->connect_timed_out;
    return answer->http_status == 429 || answer->http_status >= 500;
}

/* path is appended to the service's URL. */
static int ask(struct asking *asking, struct sigv4__question *question, struct service service,
               const char *path, sigv4__fetch_fn *answered, struct sigv4_error *err)
{
    struct sigv4_target target = {.size = sizeof target};
    char url[sizeof target.url + 1024];
    struct sigv4__reach where = {.config = asking->self->config,
                                 .way = asking->self->source.way,
                                 .service_id = service.id,
                                 .region = asking->region,
                                 .resolve = service.resolve};
    sigv4__buffer_clear(&asking->ca_bundle);
    int status = sigv4__reach(&where, &target, &question->proxy, &asking->ca_bundle, err);
    if (status)
        return status;
    if ((size_t)snprintf(url, sizeof url, "%s%s", target.url, path) >= sizeof url)
        return sigv4__unusable(err, "InvalidConfiguration", "SSO: the URL is too long");
    question->url = url;
    question->ca_bundle = asking->ca_bundle.len ? asking->ca_bundle.ptr : NULL;
    question->any_certificate = where.way && where.way->any_certificate;
    question->again = worth_another;
    question->connect_timeout_ms = CONNECT_MS;
    question->timeout_ms = TIMEOUT_MS;
    question->attempts = ATTEMPTS;
    question->pause_ms = PAUSE_MS;
    status = sigv4__errand_ask(&asking->errand, question, answered);
    return status ? sigv4__fail(err, status, "SSO: %s", sigv4_status_text(status)) : SIGV4_OK;
}

/* ---- the role's keys ---- */

static int malformed(struct sigv4_error *err)
{
    return sigv4__unusable(err, "MalformedDocument", "SSO: the answer has no proper keys");
}

static int read_keys(struct asking *asking, struct sigv4__veil *veil,
                     struct sigv4_credentials **out, struct sigv4_error *err)
{
    const json_t *role = json_object_get(veil->root, "roleCredentials");
    const json_t *expiration = json_object_get(role, "expiration");
    char origin[160];
    snprintf(origin, sizeof origin, "SSO role %.60s of profile %.60s", get(asking, "sso_role_name"),
             asking->self->profile);
    struct sigv4_keys keys = {.size = sizeof keys,
                              .account_id = sigv4_str(get(asking, "sso_account_id")),
                              .origin = sigv4_str(origin)};
    if (sigv4__veil_text(veil, role, "accessKeyId", &keys.access_key_id) ||
        sigv4__veil_text(veil, role, "secretAccessKey", &keys.secret_access_key) ||
        sigv4__veil_text(veil, role, "sessionToken", &keys.session_token) ||
        !keys.access_key_id.len || !keys.secret_access_key.len || !keys.session_token.len ||
        !json_is_integer(expiration) || json_integer_value(expiration) <= 0)
        return malformed(err);
    keys.expires_unix = json_integer_value(expiration) / 1000;
    return sigv4__keys_accept(out, &keys, origin, &asking->errand.alloc, err);
}

static int refused(const struct asking *asking, const struct sigv4__answer *answer,
                   struct sigv4_error *err)
{
    char code[64], message[200];
    if (answer->http_status == 401)
        return log_in(asking, "the SSO session has ended", err);
    sigv4__document_complaint(answer->body, &asking->errand.alloc, code, message);
    sigv4__unusable(err, code[0] ? code : "SsoRefused", "SSO: HTTP %d%s%s", answer->http_status,
                    message[0] ? ": " : "", message);
    err->http_status = answer->http_status;
    err->retryable = answer->http_status >= 500;
    sigv4__fixed_copy(err->request_id, sizeof err->request_id, answer->request_id);
    return SIGV4_E_NO_CREDENTIALS;
}

static int unreachable(const struct sigv4__answer *answer, struct sigv4_error *err)
{
    int status = answer->err.status;
    if (status == SIGV4_E_NOMEM || status == SIGV4_E_CANCELED)
        return sigv4__fail(err, status, "SSO: %s", answer->err.message);
    sigv4__unusable(err, "SsoUnreachable", "SSO: %.*s: %s",
                    answer->authority.len < 120 ? (int)answer->authority.len : 120,
                    (const char *)answer->authority.ptr, answer->err.message);
    err->retryable = answer->err.retryable;
    err->os_errno = answer->err.os_errno;
    return SIGV4_E_NO_CREDENTIALS;
}

static void got_keys(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    struct sigv4__veil veil;
    if (answer->http_status != 200) {
        if (answer->http_status)
            refused(asking, answer, &err);
        else
            unreachable(answer, &err);
        sigv4__errand_end(&asking->errand, NULL, &err);
        return;
    }
    int status = sigv4__veil_open(&veil, answer->body, &asking->errand.alloc, &err);
    if (status == SIGV4_OK)
        read_keys(asking, &veil, &creds, &err);
    else if (status != SIGV4_E_NOMEM)
        malformed(&err);
    sigv4__veil_close(&veil);
    sigv4__errand_end(&asking->errand, creds, &err);
}

static int ask_for_keys(struct asking *asking, struct sigv4_error *err)
{
    char path[1024];
    struct sigv4_text text = {path, sizeof path - 1, 0};
    struct sigv4_slice token;
    if (sigv4__sso_token_text(&asking->token, &token))
        return log_in(asking, "the SSO session's token is damaged", err);
    sigv4__text_str(&text, "/federation/credentials?role_name=");
    sigv4__text_encode(&text, sigv4_str(get(asking, "sso_role_name")), false);
    sigv4__text_str(&text, "&account_id=");
    sigv4__text_encode(&text, sigv4_str(get(asking, "sso_account_id")), false);
    if (sigv4__text_status(&text))
        return sigv4__unusable(err, "InvalidProfile", "SSO: sso_role_name is too long");
    path[text.len] = '\0';
    struct sigv4__question question = {
        .method = SIGV4_LIT("GET"),
        .headers = {{SIGV4_LIT("x-amz-sso_bearer_token"), token}},
        .header_count = 1,
    };
    return ask(asking, &question, (struct service){"SSO", portal_resolve}, path, got_keys, err);
}

/* ---- a newer token ---- */

static int not_renewed(const struct asking *asking, const struct sigv4__answer *answer,
                       struct sigv4_error *err)
{
    char because[256];
    if (answer->http_status)
        snprintf(because, sizeof because,
                 "the SSO session has expired and could not be renewed (HTTP %d)",
                 answer->http_status);
    else
        snprintf(because, sizeof because,
                 "the SSO session has expired and could not be renewed (%.160s)",
                 answer->err.message);
    return log_in(asking, because, err);
}

static void got_token(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct sigv4_error err = answer->err;
    bool written = false;
    int status = SIGV4_OK;
    if (answer->http_status == 200)
        status = sigv4__sso_token_renew(&asking->token, answer->body, now_ms(asking), &written);
    else if (err.status == SIGV4_E_CANCELED || err.status == SIGV4_E_NOMEM)
        status = err.status;
    if (answer->http_status == 200 && !status && !written)
        sigv4__loop_log(asking->errand.loop, SIGV4_WARN, "credentials",
                        "SSO: the renewed token could not be written to %s",
                        asking->token.path.ptr);
    if (status && status != SIGV4_E_PROTOCOL)
        sigv4__fail(&err, status, "SSO: %s", sigv4_status_text(status));
    else if (asking->token.expires_ms > now_ms(asking)) /* renewed, or still good */
        status = ask_for_keys(asking, &err);
    else
        status = not_renewed(asking, answer, &err);
    if (status)
        sigv4__errand_end(&asking->errand, NULL, &err);
}

static int ask_for_token(struct asking *asking, struct sigv4_error *err)
{
    struct sigv4__buffer body;
    sigv4__buffer_init(&body, &asking->errand.alloc, SIGV4__VEIL_MAX_BYTES + 512);
    int status = sigv4__sso_token_question(&asking->token, &body);
    struct sigv4__question question = {
        .method = SIGV4_LIT("POST"),
        .headers = {{SIGV4_LIT("content-type"), SIGV4_LIT("application/json")}},
        .header_count = 1,
        .body = sigv4__buffer_view(&body),
    };
    status = status ? sigv4__fail(err, status, "SSO: %s", sigv4_status_text(status))
                    : ask(asking, &question, (struct service){"SSO_OIDC", oidc_resolve}, "/token",
                          got_token, err);
    sigv4__buffer_free_secret(&body);
    return status;
}

/* ---- the way there ---- */

static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct asking *asking = (struct asking *)errand;
    asking->self = (struct sigv4__profile_source *)source;
    sigv4__buffer_init(&asking->ca_bundle, &source->alloc, MAX_CA_PATH);
    const struct sigv4__config *config = asking->self->config;
    const char *key = get(asking, "sso_start_url");
    asking->session = get(asking, "sso_session");
    asking->region = get(asking, "sso_region");
    if (asking->session) {
        key = asking->session;
        asking->region =
            sigv4__config_get(config, SIGV4__SSO_SESSION, asking->session, "sso_region");
    }
    if (!get(asking, "sso_role_name"))
        return sigv4__unusable(err, "InvalidProfile",
                               "its sso_session gives an access token but no keys; add "
                               "sso_account_id and sso_role_name");
    int status = sigv4__sso_token_load(&asking->token, config, key, &asking->errand.alloc, err);
    if (status == SIGV4_E_NO_CREDENTIALS) {
        struct sigv4_error why = *err;
        return log_in(asking, why.message, err);
    }
    if (status)
        return status;
    int64_t left_ms = asking->token.expires_ms - now_ms(asking);
    if (asking->session && left_ms < RENEW_MS &&
        sigv4__sso_token_renewable(&asking->token, now_ms(asking)))
        return ask_for_token(asking, err);
    if (left_ms <= 0)
        return log_in(asking, "the SSO session has expired", err);
    return ask_for_keys(asking, err);
}

int sigv4__provider_new_sso(struct sigv4_provider **out, const struct sigv4__config *config,
                            const char *profile, const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct sigv4__profile_source),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .forget = forget};
    return sigv4__profile_source_new(out, &kind, config, profile, alloc);
}
