/* What services answer, read for cause, action and advice. */
#include "diagnose/action.h"
#include "diagnose/vpc_service.h"

#include <sigv4/diagnose.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

struct scene {
    int status, http_status;
    const char *code, *message, *service_id, *operation, *right_region;
    bool not_sent;
    enum sigv4_cause cause;
    const char *verdict, *likely, *remedy; /* parts of them; NULL: must be empty */
};

#define KINESIS_DENIED(policy)                                                                     \
    "PutRecord: AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized to perform: " \
    "kinesis:PutRecord on resource: arn:aws:kinesis:us-east-2:1:stream/s " policy

static const struct scene scenes[] = {
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("because no identity-based policy allows the kinesis:PutRecord action"),
     "KINESIS", "PutRecord", NULL, false, SIGV4_CAUSE_NOT_PERMITTED, "is not authorized", NULL,
     "allow kinesis:PutRecord in the policy of this identity"},
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("because no VPC endpoint policy allows the kinesis:PutRecord action"),
     "KINESIS", "PutRecord", NULL, false, SIGV4_CAUSE_ENDPOINT_POLICY, "is not authorized", NULL,
     "allow kinesis:PutRecord in the policy of the VPC endpoint"},
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("with an explicit deny in a VPC endpoint policy"), "KINESIS", "PutRecord", NULL,
     false, SIGV4_CAUSE_ENDPOINT_POLICY, "explicit deny", NULL, "policy of the VPC endpoint"},
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("with an explicit deny in a service control policy"), "KINESIS", "PutRecord",
     NULL, false, SIGV4_CAUSE_NOT_PERMITTED, "", NULL, "organisation's service control policy"},
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("with an explicit deny in a resource-based policy"), "KINESIS", "PutRecord",
     NULL, false, SIGV4_CAUSE_NOT_PERMITTED, "", NULL, "policy of the resource (a Deny)"},
    {SIGV4_E_DENIED, 400, "AccessDeniedException",
     KINESIS_DENIED("because no permissions boundary allows it"), "KINESIS", "PutRecord", NULL,
     false, SIGV4_CAUSE_NOT_PERMITTED, "", NULL, "permissions boundary"},
    {SIGV4_E_DENIED, 403, "AccessDenied", "PutObject: AccessDenied: Access Denied", "S3",
     "PutObject", NULL, false, SIGV4_CAUSE_NOT_PERMITTED, "Access Denied",
     "s3:PutObject is what this call needs; the service did not say", "allow s3:PutObject"},
    {SIGV4_E_DENIED, 403, "", "HeadObject: access denied (HTTP 403)", "S3", "HeadObject", NULL,
     false, SIGV4_CAUSE_NOT_PERMITTED, "", "s3:GetObject", "allow s3:GetObject"},
    {SIGV4_E_DENIED, 403, "AccessDenied", "X: AccessDenied", "OTHER", "X", NULL, false,
     SIGV4_CAUSE_NOT_PERMITTED, "", NULL, "ask for the permission"},
    {SIGV4_E_DENIED, 400, "KMSAccessDeniedException", "PutRecord: KMSAccessDeniedException: no",
     "KINESIS", "PutRecord", NULL, false, SIGV4_CAUSE_NOT_PERMITTED, "", "kinesis:PutRecord",
     "for the KMS key"},
    {SIGV4_E_DENIED, 403, "RequestTimeTooSkewed", "PutObject: RequestTimeTooSkewed", "S3",
     "PutObject", NULL, false, SIGV4_CAUSE_CLOCK, "", NULL, "set this host's clock"},
    {SIGV4_E_NO_CREDENTIALS, 400, "InvalidSignatureException",
     "PutRecord: InvalidSignatureException: Signature expired: 1 is now earlier than 2", "KINESIS",
     "PutRecord", NULL, false, SIGV4_CAUSE_CLOCK, "", NULL, "set this host's clock"},
    {SIGV4_E_NO_CREDENTIALS, 400, "InvalidSignatureException",
     "PutRecord: InvalidSignatureException: Credential should be scoped to a valid region, not 'x'",
     "KINESIS", "PutRecord", NULL, false, SIGV4_CAUSE_WRONG_REGION,
     "does not accept signatures for region 'us-east-2'", NULL, "'us-east-2'"},
    {SIGV4_E_NO_CREDENTIALS, 400, "InvalidSignatureException", "PutRecord: the signature",
     "KINESIS", "PutRecord", NULL, false, SIGV4_CAUSE_WRONG_CREDENTIALS,
     "refuses these keys: InvalidSignatureException (HTTP 400)", NULL, "check the secret key"},
    {SIGV4_E_NO_CREDENTIALS, 403, "InvalidAccessKeyId", "PutObject: InvalidAccessKeyId", "S3",
     "PutObject", NULL, false, SIGV4_CAUSE_WRONG_CREDENTIALS, "refuses these keys", NULL,
     "check the keys"},
    {SIGV4_E_NO_CREDENTIALS, 400, "ExpiredTokenException", "PutRecord: expired", "KINESIS",
     "PutRecord", NULL, false, SIGV4_CAUSE_EXPIRED_CREDENTIALS, "as expired", NULL, "get new keys"},
    {SIGV4_E_NO_CREDENTIALS, 0, "", "no credentials: ...", "KINESIS", "PutRecord", NULL, true,
     SIGV4_CAUSE_NO_CREDENTIALS, "no credentials", NULL, "AWS_ACCESS_KEY_ID"},
    {SIGV4_E_NO_CREDENTIALS, 401, "ContainerRefused", "container endpoint: HTTP 401", "KINESIS",
     "PutRecord", NULL, true, SIGV4_CAUSE_NO_CREDENTIALS, "container", NULL, "mend that source"},
    {SIGV4_E_NO_CREDENTIALS, 403, "SignatureDoesNotMatch", "STS: no", "KINESIS", "PutRecord", NULL,
     true, SIGV4_CAUSE_WRONG_CREDENTIALS, "STS: no", NULL, "check the secret key"},
    {SIGV4_E_INVALID, 301, "PermanentRedirect", "GetObject: PermanentRedirect", "S3", "GetObject",
     "eu-west-1", false, SIGV4_CAUSE_WRONG_REGION, "b is in eu-west-1", NULL, "--region eu-west-1"},
    {SIGV4_E_INVALID, 400, "AuthorizationHeaderMalformed",
     "GetObject: the region 'us-east-2' is wrong; expecting 'eu-west-1'", "S3", "GetObject", NULL,
     false, SIGV4_CAUSE_WRONG_REGION, "does not accept", NULL, "--region"},
    {SIGV4_E_NOT_FOUND, 400, "ResourceNotFoundException", "PutRecord: no stream", "KINESIS",
     "PutRecord", NULL, false, SIGV4_CAUSE_NO_SUCH, "no stream", NULL, "name of the stream"},
    {SIGV4_E_NOT_FOUND, 404, "NoSuchBucket", "PutObject: no bucket", "S3", "PutObject", NULL, false,
     SIGV4_CAUSE_NO_SUCH, "no bucket", NULL, "name of the bucket"},
    {SIGV4_E_THROTTLED, 400, "LimitExceededException", "x", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_THROTTLED, "x", NULL, "try again later"},
    {SIGV4_E_SERVICE, 500, "InternalFailure", "x", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_SERVICE, "x", NULL, "try again later"},
    {SIGV4_E_INVALID, 0, "", "no region: pass --region", "KINESIS", "ListStreams", NULL, true,
     SIGV4_CAUSE_NO_REGION, "no region", NULL, "AWS_REGION"},
    {SIGV4_E_PROTOCOL, 200, "", "malformed", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_OTHER, "malformed", NULL, NULL},
    {SIGV4_E_DENIED, 403, "", "foreign: access denied", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_OTHER, "access denied", "no request id", "look who answers"},
    {SIGV4_E_SERVICE, 503, "", "foreign: blocked", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_SERVICE, "blocked", "no request id", "look who answers"},
    {SIGV4_E_INVALID, 302, "", "foreign: elsewhere", "KINESIS", "ListStreams", NULL, false,
     SIGV4_CAUSE_OTHER, "elsewhere", "no request id", "look who answers"},
    {SIGV4_OK, 200, "", "", "KINESIS", "ListStreams", NULL, false, SIGV4_CAUSE_NONE, "", NULL,
     NULL},
};

static bool fits(const char *text, const char *part)
{
    return part ? strstr(text, part) != NULL : text[0] == '\0';
}

static void check(const struct scene *s)
{
    struct sigv4_error err = {.status = s->status, .http_status = s->http_status};
    struct sigv4_diagnosis d = {.size = sizeof d};
    snprintf(err.code, sizeof err.code, "%s", s->code);
    snprintf(err.message, sizeof err.message, "%s", s->message);
    if (s->http_status && strncmp(s->message, "foreign", 7) != 0)
        strcpy(err.request_id, "an-id");
    struct sigv4_refusal refusal = {.size = sizeof refusal,
                                    .error = &err,
                                    .service_id = s->service_id,
                                    .region = "us-east-2",
                                    .operation = s->operation,
                                    .resource = "b",
                                    .right_region = s->right_region,
                                    .not_sent = s->not_sent};
    sigv4_diagnose_refusal(&refusal, &d);
    if (d.cause != s->cause || !fits(d.verdict, s->verdict[0] ? s->verdict : "") ||
        !fits(d.likely, s->likely) || !fits(d.remedy, s->remedy))
        fail_msg("%s %s: %s, expected %s\n  '%s'\n  '%s'\n  '%s'", s->code, s->message,
                 sigv4_cause_name(d.cause), sigv4_cause_name(s->cause), d.verdict, d.likely,
                 d.remedy);
}

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        check(&scenes[i]);
}

/* Messages are cut; the body is whole. */
static void test_the_body_counts_before_the_message(void **state)
{
    struct sigv4_error err = {.status = SIGV4_E_DENIED, .http_status = 400};
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_refusal refusal = {
        .size = sizeof refusal,
        .error = &err,
        .body = SIGV4_LIT("{\"message\":\"x is not authorized to perform: kinesis:GetRecords on y "
                          "because no VPC endpoint policy allows it\"}")};
    (void)state;
    sigv4_diagnose_refusal(&refusal, &d);
    assert_int_equal(d.cause, SIGV4_CAUSE_ENDPOINT_POLICY);
    assert_non_null(strstr(d.remedy, "kinesis:GetRecords"));
}

static void test_actions_said(void **state)
{
    static const char *const none[] = {"", "to perform: ", "to perform: kinesis",
                                       "to perform:kinesis:PutRecord", "to perform: \x01:x"};
    char out[96], longest[200];
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(sigv4__action_said(sigv4_str(none[i]), out));
    assert_true(sigv4__action_said(SIGV4_LIT("to perform: s3:PutObject"), out));
    assert_string_equal(out, "s3:PutObject");
    assert_true(sigv4__action_said(SIGV4_LIT("to perform: s3:Put\nsecret"), out));
    assert_string_equal(out, "s3:Put");
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "to perform: s3:", 15);
    assert_false(sigv4__action_said(sigv4_bytes(longest, sizeof longest), out));
}

static void test_service_names(void **state)
{
    char out[128];
    (void)state;
    assert_true(sigv4__vpc_service("KINESIS", "us-east-2", out));
    assert_string_equal(out, "com.amazonaws.us-east-2.kinesis-streams");
    assert_true(sigv4__vpc_service("S3", "", out));
    assert_string_equal(out, "com.amazonaws.REGION.s3");
    assert_true(sigv4__vpc_service("KINESIS", "cn-north-1", out));
    assert_string_equal(out, "cn.com.amazonaws.cn-north-1.kinesis-streams");
    assert_true(sigv4__vpc_service("S3", "cn-north-1", out));
    assert_string_equal(out, "com.amazonaws.cn-north-1.s3");
    assert_true(sigv4__vpc_service("STS", "us-gov-west-1", out));
    assert_string_equal(out, "com.amazonaws.us-gov-west-1.sts");
    assert_true(sigv4__vpc_service("STS", "us-iso-east-1", out));
    assert_string_equal(out, "....us-iso-east-1.sts");
    assert_false(sigv4__vpc_service("KMS", "us-east-2", out));
    assert_string_equal(out, "");
}

static void test_names_of_causes(void **state)
{
    (void)state;
    assert_string_equal(sigv4_cause_name(SIGV4_CAUSE_NONE), "none");
    assert_string_equal(sigv4_cause_name(SIGV4_CAUSE_TIMED_OUT), "timeout");
    assert_string_equal(sigv4_cause_name(SIGV4_CAUSE_SERVICE), "service");
    assert_string_equal(sigv4_cause_name((enum sigv4_cause)99), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_body_counts_before_the_message),
        cmocka_unit_test(test_actions_said),
        cmocka_unit_test(test_service_names),
        cmocka_unit_test(test_names_of_causes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
