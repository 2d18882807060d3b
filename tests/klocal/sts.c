/* STS over the query protocol: GetCallerIdentity, AssumeRole, AssumeRoleWithWebIdentity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_apply.h"
#include "request.h"

#define BODY_LIMIT ((uint64_t)1 << 20)
#define NAMESPACE  "https://sts.amazonaws.com/doc/2011-06-15/"

static void begin(struct request *request)
{
    const struct body_plan plan = {
        .store = &request->klocal->blobs, .room = BODY_LIMIT, .in_memory = true, .sha256 = true};
    body_begin(&request->body, &plan);
}

static void set_headers(struct request *request)
{
    response_header(&request->response, "Content-Type", "text/xml");
    response_header(&request->response, "x-amzn-RequestId", "%s", request->id);
}

static void refuse(struct request *request, unsigned status, const char *code, const char *message)
{
    struct text *out = &request->response.body;
    response_clear(&request->response);
    set_headers(request);
    request->response.status = status;
    text_printf(out,
                "<ErrorResponse xmlns=\"" NAMESPACE "\"><Error><Type>Sender</Type><Code>%s</Code>",
                code);
    text_put_element(out, "Message", message);
    text_printf(out, "</Error><RequestId>%s</RequestId></ErrorResponse>", request->id);
}

static void refuse_signature(struct request *request, enum sigv4_verdict verdict)
{
    static const struct {
        unsigned status;
        const char *code;
        const char *message;
    } answers[] = {
        [SIGV4_ANONYMOUS] = {403, "MissingAuthenticationToken",
                             "Request is missing Authentication Token"},
        [SIGV4_TWICE] = {400, "IncompleteSignature", "Found a signature in header and query"},
        [SIGV4_OTHER_SCHEME] = {400, "IncompleteSignature", "Use AWS4-HMAC-SHA256"},
        [SIGV4_INCOMPLETE] = {400, "IncompleteSignature", "The signature is not complete"},
        [SIGV4_UNKNOWN_KEY] = {403, "InvalidClientTokenId",
                               "The security token included in the request is invalid."},
        [SIGV4_BAD_TOKEN] = {403, "InvalidClientTokenId",
                             "The security token included in the request is invalid."},
        [SIGV4_EXPIRED_TOKEN] = {403, "ExpiredToken",
                                 "The security token included in the request is expired"},
        [SIGV4_SCOPE_DATE] = {403, "SignatureDoesNotMatch",
                              "Date in Credential scope does not match the date of the request"},
        [SIGV4_SCOPE_REGION] = {403, "SignatureDoesNotMatch",
                                "Credential should be scoped to a valid region."},
        [SIGV4_SCOPE_SERVICE] = {403, "SignatureDoesNotMatch",
                                 "Credential should be scoped to correct service: 'sts'."},
        [SIGV4_SCOPE_TERMINATOR] = {403, "SignatureDoesNotMatch",
                                    "Credential should be scoped with a valid terminator: "
                                    "'aws4_request'."},
        [SIGV4_TOO_OLD] = {403, "SignatureDoesNotMatch", "Signature expired (5 min.)"},
        [SIGV4_TOO_NEW] = {403, "SignatureDoesNotMatch", "Signature not yet current (5 min.)"},
        [SIGV4_URL_EXPIRED] = {403, "SignatureDoesNotMatch", "Signature expired"},
        [SIGV4_HOST_UNSIGNED] = {403, "SignatureDoesNotMatch", "'Host' must be signed"},
        [SIGV4_HEADER_UNSIGNED] = {403, "SignatureDoesNotMatch", "All x-amz-* must be signed"},
        [SIGV4_MISMATCH] = {403, "SignatureDoesNotMatch",
                            "The request signature we calculated does not match the signature you "
                            "provided. Check your AWS Secret Access Key and signing method. "
                            "Consult the service documentation for details."},
    };
    refuse(request, answers[verdict].status, answers[verdict].code, answers[verdict].message);
}

static bool authorized(struct request *request, struct credential_identity *identity)
{
    const struct sigv4_rules rules = {.service = "sts",
                                      .region = request->klocal->options.region,
                                      .other_region = "us-east-1",
                                      .skew_ms = 5 * 60 * 1000,
                                      .path_rule = CANONICAL_PATH_NORMALIZED,
                                      .payload_hash = request->body.sha256_hex};
    struct sigv4_result result;
    request_check(request, &rules, &result);
    bool good = result.verdict == SIGV4_GOOD || request->klocal->options.no_auth;
    *identity = result.identity;
    if (!good)
        refuse_signature(request, result.verdict);
    sigv4_result_free(&result);
    return good;
}

static const char *field(const struct header_list *form, const char *name)
{
    const struct header *item = header_find_exact(form, name);
    return item == NULL ? NULL : item->value;
}

static void open_answer(struct request *request, const char *action)
{
    request->response.status = 200;
    text_printf(&request->response.body, "<%sResponse xmlns=\"" NAMESPACE "\"><%sResult>", action,
                action);
}

static void close_answer(struct request *request, const char *action)
{
    text_printf(&request->response.body,
                "</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>"
                "</%sResponse>",
                action, request->id, action);
}

static void caller_identity(struct request *request)
{
    struct credential_identity identity;
    struct text *out = &request->response.body;
    if (!authorized(request, &identity))
        return;
    open_answer(request, "GetCallerIdentity");
    text_put_element(out, "Arn", identity.arn);
    text_put_element(out, "UserId", identity.user_id);
    text_put_element(out, "Account", request->klocal->options.account);
    close_answer(request, "GetCallerIdentity");
}

/* RoleArn, RoleSessionName and DurationSeconds, as both AssumeRoles want them. */
static bool read_role(struct request *request, const struct header_list *form, char role[160],
                      long long *seconds)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
    const char *arn = field(form, "RoleArn"), *session = field(form, "RoleSessionName");
    const char *duration = field(form, "DurationSeconds");
    const char *name = arn == NULL ? NULL : strstr(arn, ":role/");
    char *end = NULL;
    *seconds = duration == NULL ? 3600 : strtoll(duration, &end, 10);
    if (name == NULL || strncmp(arn, "arn:aws", 7) != 0 || name[6] == '\0')
        refuse(request, 400, "ValidationError", "RoleArn is invalid");
    else if (session == NULL || strlen(session) < 2 || strlen(session) > 64 ||
             strspn(session, letters) != strlen(session))
        refuse(request, 400, "ValidationError",
               "1 validation error detected: RoleSessionName must be 2 to 64 of [\\w+=,.@-]");
    else if ((end != NULL && *end != '\0') || *seconds < 900 || *seconds > 43200)
        refuse(request, 400, "ValidationError", "DurationSeconds must be from 900 to 43200");
    else {
        const char *last = strrchr(name, '/');
        snprintf(role, 160, "%.64s/%.64s", last + 1, session);
        return true;
    }
    return false;
}

static void put_session(struct request *request, const char *role, long long seconds)
{
    struct klocal *klocal = request->klocal;
    struct text *out = &request->response.body;
    int64_t now = clock_service_ms(&klocal->clock);
    struct credential_session session;
    char expires[21];
    credential_issue(&klocal->credentials, role, now, now + seconds * 1000, &session);
    clock_format_iso_seconds(session.expires_ms, expires);
    text_printf(out, "<AssumedRoleUser><AssumedRoleId>AROAKLOCALROLE000000:%s</AssumedRoleId>",
                strchr(role, '/') + 1);
    text_printf(out, "<Arn>arn:aws:sts::%s:assumed-role/%s</Arn></AssumedRoleUser><Credentials>",
                klocal->options.account, role);
    text_put_element(out, "AccessKeyId", session.access_key);
    text_put_element(out, "SecretAccessKey", session.secret);
    text_put_element(out, "SessionToken", session.token);
    text_put_element(out, "Expiration", expires);
    text_puts(out, "</Credentials>");
}

/* The role "mfa" wants the code 271828 of some device. */
static bool mfa_good(const struct header_list *form, const char *role)
{
    const char *serial = field(form, "SerialNumber"), *code = field(form, "TokenCode");
    return strncmp(role, "mfa/", 4) != 0 ||
           (serial != NULL && *serial != '\0' && code != NULL && strcmp(code, "271828") == 0);
}

static void assume_role(struct request *request, const struct header_list *form)
{
    struct credential_identity identity;
    char role[160];
    long long seconds = 0;
    if (!authorized(request, &identity) || !read_role(request, form, role, &seconds))
        return;
    if (strstr(identity.arn, ":assumed-role/") != NULL && seconds > 3600) {
        refuse(request, 400, "ValidationError",
               "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
               "by role chaining");
        return;
    }
    if (!mfa_good(form, role)) {
        refuse(request, 403, "AccessDenied",
               "MultiFactorAuthentication failed with invalid MFA one time pass code.");
        return;
    }
    open_answer(request, "AssumeRole");
    put_session(request, role, seconds);
    close_answer(request, "AssumeRole");
}

/* Unsigned. The token "expired" is expired, "rejected" is rejected, "trouble" a passing failure. */
static void assume_role_with_web_identity(struct request *request, const struct header_list *form)
{
    const char *token = field(form, "WebIdentityToken");
    char role[160];
    long long seconds = 0;
    if (!read_role(request, form, role, &seconds))
        return;
    if (token != NULL && strcmp(token, "expired") == 0)
        refuse(request, 400, "ExpiredTokenException", "Token expired");
    else if (token != NULL && strcmp(token, "rejected") == 0)
        refuse(request, 403, "IDPRejectedClaim", "The identity provider rejected the claim");
    else if (token != NULL && strcmp(token, "trouble") == 0)
        refuse(request, 400, "IDPCommunicationError", "The identity provider did not answer");
    else if (token == NULL || strlen(token) < 4 || strlen(token) > 20000)
        refuse(request, 400, "InvalidIdentityToken", "No valid web identity token");
    else {
        open_answer(request, "AssumeRoleWithWebIdentity");
        put_session(request, role, seconds);
        text_puts(&request->response.body, "<Provider>klocal</Provider><Audience>sts</Audience>"
                                           "<SubjectFromWebIdentityToken>klocal</"
                                           "SubjectFromWebIdentityToken>");
        close_answer(request, "AssumeRoleWithWebIdentity");
    }
}

static void finish(struct request *request)
{
    struct header_list form = {0};
    canonical_split_query(body_string(&request->body), &form);
    const char *action = field(&form, "Action"), *version = field(&form, "Version");
    if (action == NULL) { /* a presigned GET */
        action = request_param(request, "Action");
        version = request_param(request, "Version");
    }
    set_headers(request);
    request->subject.operation = action;
    if (fault_answers(request))
        action = NULL;
    else if (action == NULL || version == NULL || strcmp(version, "2011-06-15") != 0)
        refuse(request, 400, "InvalidAction", "Could not find the operation for that version");
    else if (strcmp(action, "GetCallerIdentity") == 0)
        caller_identity(request);
    else if (strcmp(action, "AssumeRole") == 0)
        assume_role(request, &form);
    else if (strcmp(action, "AssumeRoleWithWebIdentity") == 0)
        assume_role_with_web_identity(request, &form);
    else
        refuse(request, 400, "InvalidAction", "Could not find the operation");
    request->subject.operation = NULL; /* it was the form's */
    header_list_free(&form);
}

const struct service service_sts = {
    .name = "sts", .begin = begin, .finish = finish, .refuse = refuse};
