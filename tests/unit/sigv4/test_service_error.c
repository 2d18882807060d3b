/* Failures of services: both forms, foreign pages, hostile and cut bodies; what status and message
 * they become. */
#include "client/error_body.h"
#include "client/service_error.h"
#include "edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

static struct sigv4_error read_error(int http_status, const char *error_type, const char *body)
{
    struct edge edge = edge_make(strlen(body) + 1);
    struct sigv4_error err;
    struct sigv4__error_answer in = {.http_status = http_status,
                                     .error_type = sigv4_str(error_type),
                                     .operation = "PutRecord",
                                     .host = "kinesis.test"};
    in.body = sigv4_bytes(edge_put(&edge, body, strlen(body)), strlen(body));
    memset(&err, 0xFF, sizeof err);
    sigv4__service_error(&in, &err);
    assert_int_equal(err.http_status, http_status);
    assert_int_equal(err.os_errno, 0);
    assert_non_null(memchr(err.message, '\0', sizeof err.message));
    edge_drop(&edge);
    return err;
}

static void test_json(void **state)
{
    struct sigv4_error err =
        read_error(400, "",
                   "{\"__type\":\"com.amazonaws.kinesis.v20131202#ResourceNotFoundException\","
                   "\"message\":\"Stream x\\nunder account 1 not found.\"}");
    (void)state;
    assert_int_equal(err.status, SIGV4_E_NOT_FOUND);
    assert_false(err.retryable);
    assert_string_equal(err.code, "ResourceNotFoundException");
    assert_string_equal(err.message, "PutRecord: ResourceNotFoundException: Stream x under account "
                                     "1 not found. (HTTP 400 from kinesis.test)");
}

static void test_where_json_codes_come_from(void **state)
{
    (void)state;
    assert_string_equal(read_error(500, "A", "{\"code\":\"B\",\"__type\":\"C\"}").code, "A");
    assert_string_equal(read_error(500, "", "{\"code\":\"B\",\"__type\":\"C\"}").code, "B");
    assert_string_equal(read_error(500, "", "{\"code\":7,\"__type\":\"C\"}").code, "C");
    assert_string_equal(read_error(500, "n#A:http://x#y/", "").code, "A");
    assert_string_equal(read_error(500, "", "{\"__type\":\"a#b#c\"}").code, "");
    assert_string_equal(read_error(500, "bad code!", "{\"__type\":\"C\"}").code, "C");
    assert_string_equal(read_error(500, "", "{\"__type\":\"<script>\"}").code, "");
    assert_string_equal(
        read_error(500, "",
                   "{\"__type\":\"A23456789012345678901234567890123456789012345678901234567890123"
                   "4\"}")
            .code,
        "");
    assert_non_null(strstr(read_error(500, "", "{\"Message\":\"Big M\"}").message, "Big M"));
    assert_non_null(strstr(read_error(500, "", "{\"message\":\"m\",\"Message\":\"M\"}").message,
                           ": m (HTTP 500"));
}

static void test_xml_of_s3(void **state)
{
    struct sigv4_error err = read_error(
        404, "",
        "\n  <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The "
        "key does &lt;not&gt; exist.</Message><Key>k</Key><RequestId>R1</RequestId></Error>");
    (void)state;
    assert_int_equal(err.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(err.code, "NoSuchKey");
    assert_string_equal(err.request_id, "R1");
    assert_string_equal(err.message, "PutRecord: NoSuchKey: The key does <not> exist. (HTTP 404 "
                                     "from kinesis.test)");
}

static void test_xml_of_sts(void **state)
{
    struct sigv4_error err = read_error(
        403, "",
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
        "</Type><Code>AccessDenied</Code><Message>No.</Message><Detail><Code>Wrong</Code></Detail>"
        "</Error><Error><Code>Second</Code></Error><RequestId>R2</RequestId></ErrorResponse>");
    (void)state;
    assert_int_equal(err.status, SIGV4_E_DENIED);
    assert_string_equal(err.code, "AccessDenied");
    assert_string_equal(err.request_id, "R2");
    assert_non_null(strstr(err.message, ": No. ("));
    assert_string_equal(
        read_error(400, "", "<e:Error xmlns:e='x'><e:Code>NoSuchKey</e:Code></e:Error>").code,
        "NoSuchKey");
    assert_string_equal(
        read_error(400, "", "<Error><Message><b>x</b></Message><Code>A</Code></Error>").code, "A");
}

static void test_codes_in_odd_places(void **state)
{
    static const char *const bodies[] = {
        "<Error><Detail><Code>B</Code></Detail><Code>A</Code></Error>",
        "<Error><Code>A</Code><Code>B</Code></Error>",
        "<Error><Code>A<x>B</x>C</Code></Error>",
        "<Error><Code><![CDATA[A]]></Code></Error>",
        "<Error><Code>\n A \n</Code></Error>",
        "<R><Errors><Error><Code>A</Code></Error></Errors></R>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_string_equal(read_error(400, "", bodies[i]).code, "A");
    assert_string_equal(read_error(400, "", "<a><b><c><Error><Code>A</Code></Error>").code, "");
}

/* However it is cut, no half of a character remains. */
static void test_messages_are_cut_between_characters(void **state)
{
    char text[2000] = "<Error><Message>";
    struct sigv4__error_body body;
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        size_t n = strlen("<Error><Message>");
        memset(text + n, 'x', shift);
        for (n += shift; n + 3 < sizeof text; n += 3)
            memcpy(text + n, "\xE2\x82\xAC", 3);
        sigv4__error_body_read(sigv4_bytes(text, n), &body);
        assert_int_equal(strlen(body.message), shift + (sizeof body.message - 1 - shift) / 3 * 3);
    }
}

/* Two failures are not mixed into one. */
static void test_only_the_first_error_of_several(void **state)
{
    (void)state;
    assert_string_equal(read_error(400, "",
                                   "<R><Error><Message>m</Message></Error>"
                                   "<Error><Code>Second</Code></Error></R>")
                            .code,
                        "");
}

static void test_a_request_id_in_a_header_wins(void **state)
{
    struct sigv4_error err;
    struct sigv4__error_answer in = {.http_status = 500,
                                     .request_id = SIGV4_LIT("from header\n"),
                                     .body =
                                         SIGV4_LIT("<Error><RequestId>body</RequestId></Error>")};
    (void)state;
    sigv4__service_error(&in, &err);
    assert_string_equal(err.request_id, "from header ");
    assert_string_equal(err.message, "failure inside the service (HTTP 500)");
}

/* A body that broke off still tells what it told before. */
static void test_cut_bodies(void **state)
{
    static const char xml[] = "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message>"
                              "<RequestId>R</RequestId></Error>";
    static const char json[] = "{\"__type\":\"ThrottlingException\",\"message\":\"Rate\"}";
    char cut[200];
    (void)state;
    for (size_t n = 0; n < sizeof xml; n++) {
        snprintf(cut, n + 1, "%s", xml);
        struct sigv4_error err = read_error(503, "", cut);
        if (n >= strlen("<Error><Code>SlowDown</Code>"))
            assert_int_equal(err.status, SIGV4_E_THROTTLED);
        else
            assert_true(err.status == SIGV4_E_SERVICE || err.status == SIGV4_E_THROTTLED);
        assert_true(err.retryable);
    }
    for (size_t n = 0; n < sizeof json; n++) {
        snprintf(cut, n + 1, "%s", json);
        assert_true(read_error(500, "", cut).retryable);
    }
}

static void test_pages_of_others(void **state)
{
    struct sigv4_error err = read_error(503, "",
                                        "<!DOCTYPE html><html><head>\n<title>503 Busy</title>\n"
                                        "</head><body><h1>Try\tlater</h1>\x1b[2J\xff</body>");
    (void)state;
    assert_int_equal(err.status, SIGV4_E_SERVICE);
    assert_true(err.retryable);
    assert_string_equal(err.code, "");
    assert_string_equal(err.message, "PutRecord: failure inside the service: \"503 Busy Try later "
                                     "[2J?\" (HTTP 503 from kinesis.test)");
    assert_non_null(strstr(read_error(403, "", "Forbidden by proxy").message,
                           "PutRecord: access denied: \"Forbidden by proxy\" (HTTP 403"));
    assert_non_null(strstr(read_error(403, "", "[1,2]").message, "\"[1,2]\""));
    assert_non_null(strstr(read_error(403, "", "").message, "PutRecord: access denied (HTTP 403"));
    assert_non_null(strstr(read_error(301, "", "").message, "redirected"));
}

/* No entity is expanded, no depth or length is believed. */
static void test_hostile_bodies(void **state)
{
    enum { BIG = 300000 };
    char *body = malloc(BIG + 1);
    (void)state;
    struct sigv4_error err =
        read_error(400, "",
                   "<!DOCTYPE Error [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;\">]>"
                   "<Error><Code>&b;</Code></Error>");
    assert_string_equal(err.code, "");
    assert_int_equal(err.status, SIGV4_E_INVALID);
    for (size_t i = 0; i < BIG; i += 3)
        memcpy(body + i, "<a>", 3);
    body[BIG] = '\0';
    assert_int_equal(read_error(500, "", body).status, SIGV4_E_SERVICE);
    memset(body, '[', BIG);
    assert_int_equal(read_error(500, "", body).status, SIGV4_E_SERVICE);
    for (size_t i = 0; i + 5 <= BIG; i += 5)
        memcpy(body + i, "{\"a\":", 5);
    assert_int_equal(read_error(500, "", body).status, SIGV4_E_SERVICE);
    size_t n = (size_t)sprintf(body, "<Error><Code>NoSuchKey</Code><Message>");
    for (; n + 3 < 60000; n += 3)
        memcpy(body + n, "\xE2\x82\xAC", 3);
    strcpy(body + n, "</Message></Error>");
    err = read_error(404, "", body);
    assert_string_equal(err.code, "NoSuchKey");
    assert_non_null(strstr(err.message, "\xE2\x82\xAC (HTTP 404 from kinesis.test)"));
    memset(body, ' ', BIG);
    assert_string_equal(read_error(500, "", body).code, "");
    free(body);
}

/* The canonical request in the service's message holds the session token. */
static void test_tokens_are_not_repeated(void **state)
{
    struct sigv4_error err = read_error(
        403, "",
        "{\"__type\":\"InvalidSignatureException\",\"message\":\"The Canonical String is 'POST\\n"
        "X-Amz-Security-Token:planted'\"}");
    (void)state;
    assert_null(strstr(err.message, "planted"));
    assert_non_null(strstr(err.message, "The Canonical String is"));
    assert_non_null(strstr(err.message, "wrong secret"));
    assert_int_equal(err.status, SIGV4_E_NO_CREDENTIALS);
}

static void test_statuses(void **state)
{
    static const struct {
        int http_status;
        const char *code;
        int expected;
        bool retryable;
    } cases[] = {
        {400, "ProvisionedThroughputExceededException", SIGV4_E_THROTTLED, true},
        {400, "LimitExceededException", SIGV4_E_THROTTLED, true},
        {503, "SlowDown", SIGV4_E_THROTTLED, true},
        {429, "", SIGV4_E_THROTTLED, true},
        {400, "ExpiredTokenException", SIGV4_E_NO_CREDENTIALS, false},
        {400, "UnrecognizedClientException", SIGV4_E_NO_CREDENTIALS, false},
        {403, "InvalidAccessKeyId", SIGV4_E_NO_CREDENTIALS, false},
        {403, "RequestTimeTooSkewed", SIGV4_E_DENIED, false},
        {400, "AccessDeniedException", SIGV4_E_DENIED, false},
        {403, "", SIGV4_E_DENIED, false},
        {401, "", SIGV4_E_DENIED, false},
        {404, "", SIGV4_E_NOT_FOUND, false},
        {400, "ResourceNotFoundException", SIGV4_E_NOT_FOUND, false},
        {400, "ResourceInUseException", SIGV4_E_CONFLICT, false},
        {409, "BucketNotEmpty", SIGV4_E_CONFLICT, false},
        {409, "OperationAborted", SIGV4_E_CONFLICT, true},
        {412, "PreconditionFailed", SIGV4_E_CONFLICT, false},
        {304, "", SIGV4_E_CONFLICT, false},
        {400, "ValidationException", SIGV4_E_INVALID, false},
        {400, "InvalidArgumentException", SIGV4_E_INVALID, false},
        {416, "InvalidRange", SIGV4_E_INVALID, false},
        {301, "PermanentRedirect", SIGV4_E_INVALID, false},
        {400, "EntityTooLarge", SIGV4_E_TOO_LARGE, false},
        {413, "", SIGV4_E_TOO_LARGE, false},
        {400, "RequestTimeout", SIGV4_E_TIMEOUT, true},
        {500, "InternalFailure", SIGV4_E_SERVICE, true},
        {503, "", SIGV4_E_SERVICE, true},
        {501, "NotImplemented", SIGV4_E_SERVICE, false},
        {200, "InternalError", SIGV4_E_SERVICE, true},
        {200, "", SIGV4_E_SERVICE, true},
        {101, "", SIGV4_E_PROTOCOL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sigv4_error err = read_error(cases[i].http_status, cases[i].code, "");
        if (err.status != cases[i].expected || err.retryable != cases[i].retryable)
            fail_msg("%d %s: expected %s %d, got %s %d", cases[i].http_status, cases[i].code,
                     sigv4_status_name(cases[i].expected), cases[i].retryable,
                     sigv4_status_name(err.status), err.retryable);
    }
}

/* The longest of everything: the place is kept, the service's words are cut. */
static void test_long_messages_fit(void **state)
{
    char host[300], body[1200] = "{\"__type\":\"ExpiredTokenException\",\"message\":\"";
    struct sigv4_error err;
    struct sigv4__error_answer in = {.http_status = 400, .host = host};
    (void)state;
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    memset(body + strlen(body), 'm', 1000);
    strcpy(body + 1045, "\"}");
    in.operation = "DescribeStreamSummary";
    in.body = sigv4_str(body);
    sigv4__service_error(&in, &err);
    assert_true(strlen(err.message) >= sizeof err.message - 4);
    assert_non_null(strstr(err.message, "mmm; get new keys (HTTP 400 from hhh"));
    in.operation = host;
    sigv4__service_error(&in, &err);
    assert_true(strlen(err.message) < sizeof err.message);
}

static bool is_error(const char *body)
{
    struct edge edge = edge_make(strlen(body) + 1);
    bool is = sigv4__is_error_xml(sigv4_bytes(edge_put(&edge, body, strlen(body)), strlen(body)));
    edge_drop(&edge);
    return is;
}

static void test_failures_inside_a_200(void **state)
{
    (void)state;
    assert_true(is_error("<Error/>"));
    assert_true(is_error(" \r\n <?xml version=\"1.0\"?><!-- c --><Error><Code>X</Code>"));
    assert_true(is_error("<Error><Code>Inte"));
    assert_false(is_error("<Err"));
    assert_false(is_error(""));
    assert_false(is_error("   "));
    assert_false(is_error("<CompleteMultipartUploadResult><Error/>"));
    assert_false(is_error("<ErrorResponse><Error/>"));
    assert_false(is_error("<Errors/>"));
    assert_false(is_error("Error"));
    assert_false(is_error("<!DOCTYPE Error><Error/>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_where_json_codes_come_from),
        cmocka_unit_test(test_xml_of_s3),
        cmocka_unit_test(test_xml_of_sts),
        cmocka_unit_test(test_codes_in_odd_places),
        cmocka_unit_test(test_messages_are_cut_between_characters),
        cmocka_unit_test(test_only_the_first_error_of_several),
        cmocka_unit_test(test_a_request_id_in_a_header_wins),
        cmocka_unit_test(test_cut_bodies),
        cmocka_unit_test(test_pages_of_others),
        cmocka_unit_test(test_hostile_bodies),
        cmocka_unit_test(test_tokens_are_not_repeated),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_long_messages_fit),
        cmocka_unit_test(test_failures_inside_a_200),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
