/* From a service's failure to an error object. Rules: facts, 1.7, 2.1, 6.7. */
#include "client/service_error.h"

#include "base/fail.h"
#include "base/text.h"
#include "client/error_body.h"
#include "client/error_xml.h"
#include "client/retry.h"

#include <stdio.h>

enum { MAX_HOST = 100 };

struct meaning {
    const char *code;
    int status;
    const char *advice; /* NULL: the service's own message is enough */
};

static const char unknown_key[] = "the service does not know these keys";
static const char wrong_secret[] = "wrong secret for this key id, or something changed the request";
static const char old_keys[] = "get new keys";
static const char clock[] = "check this machine's clock";

/* Codes whose status does not follow from the HTTP status. Throttles are retry.c's. */
static const struct meaning meanings[] = {
    {"ExpiredToken", SIGV4_E_NO_CREDENTIALS, old_keys},
    {"ExpiredTokenException", SIGV4_E_NO_CREDENTIALS, old_keys},
    {"TokenRefreshRequired", SIGV4_E_NO_CREDENTIALS, old_keys},
    {"InvalidAccessKeyId", SIGV4_E_NO_CREDENTIALS, unknown_key},
    {"InvalidClientTokenId", SIGV4_E_NO_CREDENTIALS, unknown_key},
    {"InvalidToken", SIGV4_E_NO_CREDENTIALS, unknown_key},
    {"UnrecognizedClientException", SIGV4_E_NO_CREDENTIALS, unknown_key},
    {"InvalidSignatureException", SIGV4_E_NO_CREDENTIALS, wrong_secret},
    {"SignatureDoesNotMatch", SIGV4_E_NO_CREDENTIALS, wrong_secret},
    {"AuthFailure", SIGV4_E_NO_CREDENTIALS, NULL},
    {"IncompleteSignature", SIGV4_E_NO_CREDENTIALS, NULL},
    {"IncompleteSignatureException", SIGV4_E_NO_CREDENTIALS, NULL},
    {"MissingAuthenticationToken", SIGV4_E_NO_CREDENTIALS, NULL},
    {"MissingAuthenticationTokenException", SIGV4_E_NO_CREDENTIALS, NULL},

    {"AccessDenied", SIGV4_E_DENIED, NULL},
    {"AccessDeniedException", SIGV4_E_DENIED, NULL},
    {"KMSAccessDeniedException", SIGV4_E_DENIED, NULL},
    {"KMSOptInRequired", SIGV4_E_DENIED, NULL},
    {"NotAuthorized", SIGV4_E_DENIED, NULL},
    {"OptInRequired", SIGV4_E_DENIED, NULL},
    {"UnauthorizedOperation", SIGV4_E_DENIED, NULL},
    {"RequestExpired", SIGV4_E_DENIED, clock},
    {"RequestInTheFuture", SIGV4_E_DENIED, clock},
    {"RequestTimeTooSkewed", SIGV4_E_DENIED, clock},

    {"KMSNotFoundException", SIGV4_E_NOT_FOUND, NULL},
    {"NoSuchBucket", SIGV4_E_NOT_FOUND, NULL},
    {"NoSuchKey", SIGV4_E_NOT_FOUND, NULL},
    {"NoSuchUpload", SIGV4_E_NOT_FOUND, NULL},
    {"NoSuchVersion", SIGV4_E_NOT_FOUND, NULL},
    {"ResourceNotFoundException", SIGV4_E_NOT_FOUND, NULL},

    {"BucketAlreadyExists", SIGV4_E_CONFLICT, NULL},
    {"BucketAlreadyOwnedByYou", SIGV4_E_CONFLICT, NULL},
    {"BucketNotEmpty", SIGV4_E_CONFLICT, NULL},
    {"ConditionalRequestConflict", SIGV4_E_CONFLICT, NULL},
    {"InvalidObjectState", SIGV4_E_CONFLICT, NULL},
    {"KMSDisabledException", SIGV4_E_CONFLICT, NULL},
    {"KMSInvalidStateException", SIGV4_E_CONFLICT, NULL},
    {"OperationAborted", SIGV4_E_CONFLICT, NULL},
    {"PreconditionFailed", SIGV4_E_CONFLICT, NULL},
    {"ResourceInUseException", SIGV4_E_CONFLICT, NULL},

    {"RequestTimeout", SIGV4_E_TIMEOUT, NULL},
    {"RequestTimeoutException", SIGV4_E_TIMEOUT, NULL},
    {"EntityTooLarge", SIGV4_E_TOO_LARGE, NULL},
    {"RequestEntityTooLarge", SIGV4_E_TOO_LARGE, NULL},
    {"InternalError", SIGV4_E_SERVICE, NULL},
    {"InternalFailure", SIGV4_E_SERVICE, NULL},
    {"InternalFailureException", SIGV4_E_SERVICE, NULL},
    {"ServiceUnavailable", SIGV4_E_SERVICE, NULL},
};

static const struct meaning *find_meaning(const char *code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp(code, meanings[i].code) == 0)
            return &meanings[i];
    return NULL;
}

static int status_of_http(int http_status)
{
    switch (http_status) {
    case 401:
    case 403:
        return SIGV4_E_DENIED;
    case 404:
    case 410:
        return SIGV4_E_NOT_FOUND;
    case 304:
    case 409:
    case 412:
        return SIGV4_E_CONFLICT;
    case 413:
        return SIGV4_E_TOO_LARGE;
    default:
        break;
    }
    if (http_status >= 300 && http_status < 500)
        return SIGV4_E_INVALID;
    /* A failure inside a 2xx is one of the service as well. */
    return http_status >= 200 && http_status < 600 ? SIGV4_E_SERVICE : SIGV4_E_PROTOCOL;
}

static bool is_code(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '.' && p[i] != '_' && p[i] != '-')
            return false;
    return s.len > 0;
}

/* "com.amazon.coral#Name:http://..." is Name. */
static bool take_code(struct sigv4_error *out, struct sigv4_slice raw)
{
    raw = sigv4__trim(sigv4__first(raw, sigv4__find(raw, ':')));
    size_t hash = sigv4__find(raw, '#');
    if (hash < raw.len)
        raw = sigv4__from(raw, hash + 1);
    if (!is_code(raw) || raw.len >= sizeof out->code)
        return false;
    sigv4__fixed_copy(out->code, sizeof out->code, raw);
    return true;
}

/* Services repeat the canonical request of a wrong signature, session token and all. */
static void hide_token(char *message)
{
    const struct sigv4_slice name = SIGV4_LIT("x-amz-security-token");
    for (struct sigv4_slice rest = sigv4_str(message); rest.len; rest = sigv4__from(rest, 1))
        if (sigv4__equal_nocase(sigv4__first(rest, name.len), name)) {
            message[strlen(message) - rest.len] = '\0';
            return;
        }
}

/* For answers that give no code of their own. */
static const char *words_for(const struct sigv4_error *out)
{
    if (out->http_status >= 300 && out->http_status < 400 && out->http_status != 304)
        return "redirected, as for a bucket of another region";
    return out->status == SIGV4_E_INVALID ? "refused" : sigv4_status_text(out->status);
}

static void put_place(struct sigv4_text *t, const struct sigv4__error_answer *in,
                      const char *advice)
{
    char http[24];
    snprintf(http, sizeof http, " (HTTP %d", in->http_status);
    sigv4__text_str(t, advice ? "; " : "");
    sigv4__text_str(t, advice ? advice : "");
    sigv4__text_str(t, http);
    sigv4__text_str(t, in->host && *in->host ? " from " : "");
    sigv4__text_slice(t, sigv4__first(sigv4_str(in->host), MAX_HOST));
    sigv4__text_char(t, ')');
}

/* "PutRecord: code: the service's words; advice (HTTP 400 from host)". The words get what room the
 * rest leaves. */
static void write_message(const struct sigv4__error_answer *in, struct sigv4__error_body *body,
                          const char *advice, struct sigv4_error *out)
{
    char tail[256], words[sizeof out->message];
    struct sigv4_text t = {out->message, sizeof out->message - 1, 0}, end = {tail, sizeof tail, 0};
    sigv4__text_str(&t, in->operation ? in->operation : "");
    sigv4__text_str(&t, in->operation ? ": " : "");
    sigv4__text_str(&t, out->code[0] ? out->code : words_for(out));
    put_place(&end, in, advice);
    hide_token(body->message);
    size_t taken = t.len + end.len + strlen(": \"\"");
    sigv4__fixed_copy(words, taken < t.cap ? t.cap - taken + 1 : 1, sigv4_str(body->message));
    const char *quote = body->foreign ? "\"" : "";
    if (words[0]) {
        sigv4__text_str(&t, ": ");
        sigv4__text_str(&t, quote);
        sigv4__text_str(&t, words);
        sigv4__text_str(&t, quote);
    }
    sigv4__text_append(&t, tail, end.len);
    out->message[t.len < t.cap ? t.len : t.cap] = '\0';
}

static bool makes_sense_again(enum sigv4__retry_class c)
{
    return c == SIGV4__RETRY_TRANSIENT || c == SIGV4__RETRY_TIMEOUT || c == SIGV4__RETRY_THROTTLE;
}

void sigv4__service_error(const struct sigv4__error_answer *in, struct sigv4_error *out)
{
    struct sigv4__error_body body;
    sigv4__error_body_read(in->body, &body);
    memset(out, 0, sizeof *out);
    out->http_status = in->http_status;
    if (!take_code(out, in->error_type))
        (void)take_code(out, sigv4_str(body.code));
    sigv4__fixed_copy(out->request_id, sizeof out->request_id,
                      in->request_id.len ? in->request_id : sigv4_str(body.request_id));
    bool inside_success = in->http_status >= 200 && in->http_status < 300;
    struct sigv4__failed_attempt attempt = {.http_status = inside_success ? 500 : in->http_status,
                                            .code = out->code};
    enum sigv4__retry_class again = sigv4__retry_classify(&attempt);
    const struct meaning *meaning = find_meaning(out->code);
    out->retryable = makes_sense_again(again);
    if (again == SIGV4__RETRY_THROTTLE)
        out->status = SIGV4_E_THROTTLED;
    else
        out->status = meaning ? meaning->status : status_of_http(in->http_status);
    write_message(in, &body, meaning ? meaning->advice : NULL, out);
}

bool sigv4__is_error_xml(struct sigv4_slice body)
{
    char root[16];
    return sigv4__error_xml_root(body, root, sizeof root) && strcmp(root, "Error") == 0;
}
