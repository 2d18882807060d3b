/* A form to STS, signed by hand where somebody is asking, and what comes back. */
#include "credentials/sts.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "credentials/reach.h"
#include "credentials/sts_answer.h"

#include <openssl/crypto.h>
#include <sigv4/sign.h>
#include <stdio.h>

enum {
    CONNECT_MS = 3000,
    TIMEOUT_MS = 10000,
    ATTEMPTS = 3,
    PAUSE_MS = 500,
    MAX_CA_PATH = 4096,
    SKEW_MS = 4 * 60 * 1000 /* a smaller offset does not explain a refused signature */
};

void sigv4__sts_ask_init(struct sigv4__sts_ask *ask)
{
    sigv4__buffer_init(&ask->ca_bundle, &ask->errand.alloc, MAX_CA_PATH);
}

void sigv4__sts_ask_forget(struct sigv4__errand *ask)
{
    sigv4__buffer_free(&((struct sigv4__sts_ask *)ask)->ca_bundle);
}

/* ---- where ---- */

/* Without a region, one where STS of the role's partition surely is. */
static const char *region_of(const struct sigv4__role *role)
{
    char global[32];
    struct sigv4_arn arn;
    if (!sigv4_arn_parse(sigv4_str(role->arn), &arn))
        return "us-east-1";
    snprintf(global, sizeof global, "%.*s-global",
             arn.partition.len < 16 ? (int)arn.partition.len : 0, (const char *)arn.partition.ptr);
    return sigv4_partition_of(sigv4_str(global))->global_region;
}

static int find_sts(struct sigv4__sts_ask *ask, const struct sigv4__sts_request *request,
                    struct sigv4_target *target, const char **proxy, struct sigv4_error *err)
{
    struct sigv4__setting region, regional;
    struct sigv4_error why;
    const char *known = request->way ? request->way->region : "";
    if (sigv4__config_region(request->config, *known ? known : NULL, &region, &why))
        return sigv4__unusable(err, "InvalidConfiguration", "STS: %s", why.message);
    sigv4__config_setting(request->config, NULL, "AWS_STS_REGIONAL_ENDPOINTS",
                          "sts_regional_endpoints", &regional);
    struct sigv4_sts_place sts = {
        .size = sizeof sts, .global = regional.value && strcmp(regional.value, "legacy") == 0};
    struct sigv4__reach where = {.config = request->config,
                                 .way = request->way,
                                 .service_id = "STS",
                                 .region = region.value ? region.value : region_of(request->role),
                                 .resolve = sigv4_sts_resolve,
                                 .resolve_ctx = &sts};
    sigv4__buffer_clear(&ask->ca_bundle);
    return sigv4__reach(&where, target, proxy, &ask->ca_bundle, err);
}

/* ---- the form ---- */

static void field(struct sigv4__buffer *form, const char *name, struct sigv4_slice value)
{
    sigv4__buffer_char(form, '&');
    sigv4__buffer_str(form, name);
    sigv4__buffer_char(form, '=');
    if (sigv4__buffer_reserve(form, 3 * value.len))
        return;
    struct sigv4_text text = {form->ptr + form->len, form->cap - form->len, 0};
    sigv4__text_encode(&text, value, false);
    form->len += text.len;
}

/* Asks for a code where the role wants one. Errors: NO_CREDENTIALS. */
static int ask_mfa(const struct sigv4__sts_request *request, char code[16], struct sigv4_error *err)
{
    const struct sigv4__role *role = request->role;
    size_t digits = 0;
    memset(code, 0, 16);
    if (!request->creds || !role->mfa_serial)
        return SIGV4_OK;
    if (request->mfa.fn(request->mfa.ctx, role->mfa_serial, code))
        return sigv4__unusable(err, "MfaRequired",
                               "role %.120s: a new code of the device %.100s is needed", role->arn,
                               role->mfa_serial);
    code[15] = '\0';
    while (code[digits] >= '0' && code[digits] <= '9')
        digits++;
    if (digits == 6 && code[6] == '\0')
        return SIGV4_OK;
    OPENSSL_cleanse(code, 16);
    return sigv4__unusable(err, "InvalidMfaCode",
                           "role %.120s: a code of an MFA device has six digits", role->arn);
}

static int write_form(const struct sigv4__sts_ask *ask, const struct sigv4__sts_request *request,
                      const char *mfa_code, struct sigv4__buffer *form)
{
    const struct sigv4__role *role = request->role;
    const struct sigv4_clock *clock = sigv4_loop_clock(ask->errand.loop);
    char name[64];
    snprintf(name, sizeof name, "libsigv4-%lld", (long long)clock->wall_ms(clock->ctx) / 1000);
    /* All at once, so that no unwiped part of a token stays behind. */
    sigv4__buffer_reserve(form, form->max);
    sigv4__buffer_str(form, request->creds ? "Action=AssumeRole&Version=2011-06-15"
                                           : "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    field(form, "RoleArn", sigv4_str(role->arn));
    field(form, "RoleSessionName", sigv4_str(role->session_name ? role->session_name : name));
    if (role->duration_seconds) {
        snprintf(name, sizeof name, "%u", role->duration_seconds);
        field(form, "DurationSeconds", sigv4_str(name));
    }
    if (request->creds && role->external_id)
        field(form, "ExternalId", sigv4_str(role->external_id));
    if (*mfa_code) {
        field(form, "SerialNumber", sigv4_str(role->mfa_serial));
        field(form, "TokenCode", sigv4_str(mfa_code));
    }
    if (!request->creds)
        field(form, "WebIdentityToken", request->web_token);
    return form->failed;
}

/* ---- the signature ---- */

struct signed_headers {
    char date[17], hash[65], authorization[512];
};

static void add(struct sigv4__question *question, struct sigv4_slice name, struct sigv4_slice value)
{
    question->headers[question->header_count++] = (struct sigv4_header){name, value};
}

static int sign(struct sigv4__question *question, struct signed_headers *own,
                const struct sigv4_target *target, struct sigv4_credentials *creds, int64_t now)
{
    struct sigv4_slice token = sigv4_credentials_keys(creds).session_token;
    struct sigv4_text text = {own->authorization, sizeof own->authorization, 0};
    struct sigv4_slice host = question->headers[0].value;
    sigv4_amz_date(now, own->date);
    add(question, SIGV4_LIT("x-amz-date"), sigv4_str(own->date));
    if (token.len)
        add(question, SIGV4_LIT("x-amz-security-token"), token);
    int status = sigv4_sha256_hex(question->body, own->hash);
    if (status)
        return status;
    struct sigv4_to_sign in = {
        .size = sizeof in,
        .method = question->method,
        .path = sigv4_str((const char *)host.ptr + host.len), /* what follows it in the URL */
        .headers = question->headers,
        .header_count = question->header_count,
        .payload_hash = sigv4_str(own->hash),
        .region = sigv4_str(target->region),
        .service = sigv4_str(target->service),
        .unix_seconds = now,
    };
    status = sigv4_authorization(&in, creds, NULL, &text, NULL);
    if (!status)
        add(question, SIGV4_LIT("authorization"), sigv4_bytes(own->authorization, text.len));
    return status;
}

/* ---- the question ---- */

static bool worth_another(void *ctx, const struct sigv4__answer *answer)
{
    struct sigv4__errand *errand = ctx;
    struct sigv4__sts_answer said;
    if (answer->http_status == 0)
        return answer->err.retryable && !answer->connect_timed_out;
    if (answer->http_status == 429 || answer->http_status >= 500)
        return true;
    bool again = sigv4__sts_answer_parse(&said, answer->body, &errand->alloc) == SIGV4_E_NOMEM ||
                 sigv4__equal_str(said.code, "IDPCommunicationError") ||
                 sigv4__equal_str(said.code, "Throttling") ||
                 sigv4__equal_str(said.code, "ThrottlingException");
    sigv4__sts_answer_free(&said);
    return again;
}

static int send(struct sigv4__sts_ask *ask, const struct sigv4__sts_request *request,
                const struct sigv4_target *target, const char *proxy, struct sigv4_slice form,
                sigv4__fetch_fn *answered)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(ask->errand.loop);
    struct signed_headers own;
    char url[sizeof target->url + 1];
    snprintf(url, sizeof url, "%s/", target->url);
    struct sigv4__question question = {
        .method = SIGV4_LIT("POST"),
        .url = url,
        .headers = {{SIGV4_LIT("host"), sigv4__fetch_authority(url)},
                    {SIGV4_LIT("content-type"),
                     SIGV4_LIT("application/x-www-form-urlencoded; charset=utf-8")}},
        .header_count = 2,
        .body = form,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = TIMEOUT_MS,
        .attempts = ATTEMPTS,
        .pause_ms = PAUSE_MS,
        .proxy = proxy,
        .ca_bundle = ask->ca_bundle.len ? ask->ca_bundle.ptr : NULL,
        .any_certificate = request->way && request->way->any_certificate,
        .again = worth_another,
    };
    int status = SIGV4_OK;
    if (request->creds)
        status = sign(&question, &own, target, request->creds,
                      (clock->wall_ms(clock->ctx) + request->skew_ms) / 1000);
    return status ? status : sigv4__errand_ask(&ask->errand, &question, answered);
}

int sigv4__sts_ask(struct sigv4__sts_ask *ask, const struct sigv4__sts_request *request,
                   sigv4__fetch_fn *answered, struct sigv4_error *err)
{
    const struct sigv4__role *role = request->role;
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4__buffer form;
    const char *proxy;
    char mfa_code[16] = "";
    size_t size = 1024 + 3 * (strlen(role->arn) + request->web_token.len);
    size += role->session_name ? 3 * strlen(role->session_name) : 0;
    size += role->external_id ? 3 * strlen(role->external_id) : 0;
    size += role->mfa_serial ? 3 * strlen(role->mfa_serial) : 0;
    sigv4__buffer_init(&form, &ask->errand.alloc, size);
    int status = find_sts(ask, request, &target, &proxy, err);
    if (!status)
        status = ask_mfa(request, mfa_code, err);
    if (status)
        goto out;
    status = write_form(ask, request, mfa_code, &form);
    if (!status)
        status = send(ask, request, &target, proxy, sigv4__buffer_view(&form), answered);
    if (status)
        sigv4__fail(err, status, "STS: %s", sigv4_status_text(status));
out:
    OPENSSL_cleanse(mfa_code, sizeof mfa_code);
    sigv4__buffer_free_secret(&form);
    return status;
}

/* ---- the answer ---- */

static bool is_skewed(const struct sigv4__answer *answer)
{
    return answer->skew_ms >= SKEW_MS || answer->skew_ms <= -SKEW_MS;
}

bool sigv4__sts_blames_clock(const struct sigv4__answer *answer, const struct sigv4_alloc *alloc)
{
    struct sigv4__sts_answer said;
    if ((answer->http_status != 403 && answer->http_status != 400) || !is_skewed(answer))
        return false;
    bool blamed = sigv4__sts_answer_parse(&said, answer->body, alloc) == SIGV4_OK &&
                  (sigv4__equal_str(said.code, "SignatureDoesNotMatch") ||
                   sigv4__equal_str(said.code, "RequestExpired") ||
                   sigv4__equal_str(said.code, "InvalidSignatureException"));
    sigv4__sts_answer_free(&said);
    return blamed;
}

static int refused(const struct sigv4__answer *answer, const struct sigv4__sts_answer *said,
                   const char *arn, struct sigv4_error *err)
{
    char code[64], message[200];
    sigv4__fixed_copy(code, sizeof code, said->code.len ? said->code : SIGV4_LIT("StsRefused"));
    sigv4__fixed_copy(message, sizeof message, said->message);
    sigv4__unusable(err, code, "role %.120s: STS answered HTTP %d %s%s%s", arn, answer->http_status,
                    code, message[0] ? ": " : "", message);
    err->http_status = answer->http_status;
    err->retryable = answer->http_status >= 500 || answer->http_status == 429;
    sigv4__fixed_copy(err->request_id, sizeof err->request_id,
                      said->request_id.len ? said->request_id : answer->request_id);
    return SIGV4_E_NO_CREDENTIALS;
}

/* skew_ms: the keys' end is told by STS's clock and waited for by this machine's. */
static int take_keys(struct sigv4_credentials **out, const struct sigv4__sts_answer *said,
                     const struct sigv4__role *role, int64_t skew_ms,
                     const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    char origin[256];
    struct sigv4_arn arn = {.account_id = {NULL, 0}};
    int64_t expires_ms;
    if (!said->access_key_id.len || !said->secret_access_key.len || !said->session_token.len ||
        !sigv4__moment_parse_iso(said->expiration, &expires_ms))
        return sigv4__unusable(err, "MalformedDocument",
                               "role %.120s: STS's answer lacks a part of the keys", role->arn);
    snprintf(origin, sizeof origin, "role %.150s%s%.60s", role->arn,
             role->profile ? " of profile " : "", role->profile ? role->profile : "");
    if (!sigv4_arn_parse(said->arn, &arn))
        arn.account_id = sigv4_str("");
    struct sigv4_keys keys = {
        .size = sizeof keys,
        .access_key_id = said->access_key_id,
        .secret_access_key = said->secret_access_key,
        .session_token = said->session_token,
        .account_id = arn.account_id,
        .origin = sigv4_str(origin),
        .expires_unix = (expires_ms - skew_ms) / 1000,
    };
    return sigv4__keys_accept(out, &keys, origin, alloc, err);
}

int sigv4__sts_accept(struct sigv4_credentials **out, const struct sigv4__answer *answer,
                      const struct sigv4__role *role, const struct sigv4_alloc *alloc,
                      struct sigv4_error *err)
{
    struct sigv4__sts_answer said;
    if (answer->http_status == 0) {
        int status = answer->err.status;
        if (status == SIGV4_E_NOMEM || status == SIGV4_E_CANCELED)
            return sigv4__fail(err, status, "role %.120s: %s", role->arn, answer->err.message);
        sigv4__unusable(err, "StsUnreachable", "role %.120s: STS: %.*s: %s", role->arn,
                        answer->authority.len < 120 ? (int)answer->authority.len : 120,
                        (const char *)answer->authority.ptr, answer->err.message);
        err->os_errno = answer->err.os_errno;
        err->retryable = answer->err.retryable;
        return SIGV4_E_NO_CREDENTIALS;
    }
    int status = sigv4__sts_answer_parse(&said, answer->body, alloc);
    if (status == SIGV4_E_NOMEM)
        sigv4__fail(err, status, "role %.120s: out of memory", role->arn);
    else if (answer->http_status != 200)
        status = refused(answer, &said, role->arn, err);
    else if (status)
        status = sigv4__unusable(err, "MalformedDocument", "role %.120s: STS's answer is not XML",
                                 role->arn);
    else
        status = take_keys(out, &said, role, is_skewed(answer) ? answer->skew_ms : 0, alloc, err);
    sigv4__sts_answer_free(&said);
    return status;
}
