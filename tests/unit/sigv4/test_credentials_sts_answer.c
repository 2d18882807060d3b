/* STS's XML: members wherever the root puts them, bounds, and input that ends at a page. */
#include "credentials/sts_answer.h"
#include "edge.h"
#include "unit/counted_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECRET "s3cr3t"

static void assert_slice(struct sigv4_slice got, const char *expected)
{
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)got.len, got.len ? (const char *)got.ptr : "");
    assert_string_equal(text, expected);
}

static int parse(struct sigv4__sts_answer *a, const char *text, size_t n,
                 struct counted_alloc *memory)
{
    struct sigv4_alloc alloc = counted_alloc(memory);
    struct edge edge = edge_make(n);
    int status = sigv4__sts_answer_parse(a, sigv4_bytes(edge_put(&edge, text, n), n), &alloc);
    memory->secret = SECRET;
    edge_drop(&edge); /* nothing points into the document */
    return status;
}

static void done_with(struct sigv4__sts_answer *a, struct counted_alloc *memory)
{
    sigv4__sts_answer_free(a);
    assert_int_equal(memory->live, 0);
    assert_false(memory->found_secret);
}

static const char keys[] =
    "<?xml version=\"1.0\"?><AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
    "<AssumeRoleResult><Audience>x</Audience><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/a/b"
    "</Arn></AssumedRoleUser><Credentials> <AccessKeyId>AKID</AccessKeyId>\n<SecretAccessKey>" SECRET
    "&#47;&amp;<![CDATA[<x>]]></SecretAccessKey><SessionToken>\n  " SECRET "\n</SessionToken>"
    "<Expiration>2026-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>"
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>\n";

static void members(void **state)
{
    (void)state;
    struct counted_alloc memory = {0};
    struct sigv4__sts_answer a;
    assert_int_equal(parse(&a, keys, strlen(keys), &memory), 0);
    assert_slice(a.access_key_id, "AKID");
    assert_slice(a.secret_access_key, SECRET "/&<x>");
    assert_slice(a.session_token, SECRET);
    assert_slice(a.expiration, "2026-01-01T00:00:00Z");
    assert_slice(a.arn, "arn:aws:sts::1:assumed-role/a/b");
    assert_slice(a.code, "");
    done_with(&a, &memory);
    static const char failure[] =
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>"
        "</Error><RequestId>rq</RequestId></ErrorResponse>";
    assert_int_equal(parse(&a, failure, strlen(failure), &memory), 0);
    assert_slice(a.code, "AccessDenied");
    assert_slice(a.message, "no");
    assert_slice(a.request_id, "rq");
    assert_slice(a.access_key_id, "");
    done_with(&a, &memory);
    /* Elsewhere the same names mean nothing. */
    static const char elsewhere[] = "<A><AccessKeyId>x</AccessKeyId><Code>y</Code></A>";
    assert_int_equal(parse(&a, elsewhere, strlen(elsewhere), &memory), 0);
    assert_slice(a.access_key_id, "");
    assert_slice(a.code, "");
    done_with(&a, &memory);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char deep[] = /* one level too many */
        "<a><b><c><d><e><f><g><h><i><j><k><l><m><n><o><p><q/></p></o></n></m></l></k></j></i></h>"
        "</g></f></e></d></c></b></a>";
    static const char *const cases[] = {
        "",
        "{}",
        "<a>",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<a>&undeclared;</a>",
        "<1><2><3><4><5>",
        deep,
        "<a>\xff</a>",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct counted_alloc memory = {0};
        struct sigv4__sts_answer a;
        assert_int_equal(parse(&a, cases[i], strlen(cases[i]), &memory), SIGV4_E_PROTOCOL);
        done_with(&a, &memory);
    }
    /* Too long, and text that gets longer than its document. */
    struct counted_alloc memory = {0};
    struct sigv4__sts_answer a;
    char *text = malloc(70000);
    memset(text, ' ', 70000);
    memcpy(text, "<a/>", 4);
    assert_int_equal(parse(&a, text, 65537, &memory), SIGV4_E_PROTOCOL);
    done_with(&a, &memory);
    assert_int_equal(parse(&a, text, 65536, &memory), 0);
    done_with(&a, &memory);
    int n = sprintf(text, "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>");
    memset(text + n, '\xe9', 1000);
    strcpy(text + n + 1000, "</a>");
    assert_int_equal(parse(&a, text, strlen(text), &memory), SIGV4_E_PROTOCOL);
    done_with(&a, &memory);
    free(text);
}

static void every_prefix_and_every_allocation(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(keys) - 1; n++) {
        struct counted_alloc memory = {0};
        struct sigv4__sts_answer a;
        assert_int_equal(parse(&a, keys, n, &memory), SIGV4_E_PROTOCOL);
        done_with(&a, &memory);
    }
    struct counted_alloc memory = {.fail_at = 1};
    struct sigv4__sts_answer a;
    assert_int_equal(parse(&a, keys, strlen(keys), &memory), SIGV4_E_NOMEM);
    done_with(&a, &memory);
    assert_int_equal(parse(&a, keys, strlen(keys), &memory), 0);
    done_with(&a, &memory);
    assert_int_equal(memory.requests, 2); /* there is no other */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(every_prefix_and_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
