/* The JSON documents with keys: every shape, input that ends at a page, and texts that jansson
 * never sees. */
#include "credentials/document.h"
#include "credentials/veil.h"
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

struct read {
    int status;
    struct sigv4_credentials *creds;
    struct sigv4_error err;
};

/* Reads text as it lies before an unreadable page. */
static struct read read_text(enum sigv4__document_kind kind, const char *text, size_t n,
                             struct counted_alloc *memory)
{
    struct read r = {0};
    struct sigv4_alloc alloc = counted_alloc(memory);
    struct edge edge = edge_make(n);
    struct sigv4__document document = {kind, sigv4_bytes(edge_put(&edge, text, n), n), "here",
                                       "999"};
    memory->secret = SECRET;
    r.status = sigv4__document_read(&r.creds, &document, &alloc, &r.err);
    assert_true(!r.creds == !!r.status);
    edge_drop(&edge);
    return r;
}

static void done_with(struct read *r, struct counted_alloc *memory)
{
    sigv4_credentials_release(r->creds);
    assert_int_equal(memory->live, 0);
    assert_false(memory->found_secret);
}

static void good_documents(void **state)
{
    (void)state;
    static const struct {
        enum sigv4__document_kind kind;
        const char *text, *id, *secret, *token, *account;
        int64_t expires;
    } cases[] = {
        {SIGV4__DOCUMENT_CONTAINER,
         "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\",\"Token\":\"T\","
         "\"Expiration\":\"2009-02-13T23:31:30Z\",\"AccountId\":\"1\",\"x\":[\"" SECRET
         "\",{\"y\":null}]}",
         "A", SECRET, "T", "1", 1234567890},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\"}", "A", "b",
         "", "999", SIGV4_NEVER},
        {SIGV4__DOCUMENT_IMDS,
         " {\r\n\t\"Code\" : \"Success\", \"AccessKeyId\" : \"A\", \"SecretAccessKey\" : \"" SECRET
         "\", \"Token\" : \"" SECRET "\", \"Expiration\" : \"2009-02-13T23:31:30.5Z\" } ",
         "A", SECRET, SECRET, "999", 1234567890},
        {SIGV4__DOCUMENT_PROCESS,
         "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET
         "\",\"SessionToken\":\"T\",\"Expiration\":\"2009-02-14T00:31:30+01:00\"}\n",
         "A", SECRET, "T", "999", 1234567890},
        {SIGV4__DOCUMENT_PROCESS,
         "{\"Version\":1,\"AccessKeyId\":\"\\u0041\\u004b\",\"SecretAccessKey\":\"\\/" SECRET
         "\\\\\\\"\\u002F\",\"SessionToken\":null,\"Expiration\":null}",
         "AK", "/" SECRET "\\\"/", "", "999", SIGV4_NEVER},
        {SIGV4__DOCUMENT_PROCESS, /* an escaped name is the same name */
         "{\"Version\":1,\"\\u0041ccessKeyId\":\"A\",\"Secret\\u0041ccessKey\":\"" SECRET "\"}",
         "A", SECRET, "", "999", SIGV4_NEVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct counted_alloc memory = {0};
        struct read r = read_text(cases[i].kind, cases[i].text, strlen(cases[i].text), &memory);
        if (r.status)
            print_error("%s: %s\n", cases[i].text, r.err.message);
        assert_int_equal(r.status, 0);
        struct sigv4_keys keys = sigv4_credentials_keys(r.creds);
        assert_slice(keys.access_key_id, cases[i].id);
        assert_slice(keys.secret_access_key, cases[i].secret);
        assert_slice(keys.session_token, cases[i].token);
        assert_slice(keys.account_id, cases[i].account);
        assert_slice(keys.origin, "here");
        assert_int_equal(keys.expires_unix, cases[i].expires);
        done_with(&r, &memory);
    }
}

static void bad_documents(void **state)
{
    (void)state;
    static const struct {
        enum sigv4__document_kind kind;
        const char *text, *code, *part;
    } cases[] = {
        {SIGV4__DOCUMENT_CONTAINER, "", "MalformedDocument", "not valid JSON"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"" SECRET, "MalformedDocument",
         "a text does not end"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"A\":\"\\", "MalformedDocument", "does not end"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"A\":\"\n\"}", "MalformedDocument", "does not end"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":" SECRET "}", "MalformedDocument",
         "not valid JSON (line 1)"},
        {SIGV4__DOCUMENT_CONTAINER, "{} {}", "MalformedDocument", "not valid JSON"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"a\":1,\"a\":2}", "MalformedDocument", "not valid JSON"},
        {SIGV4__DOCUMENT_CONTAINER, "\"text\"", "MalformedDocument", "not valid JSON"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":[\"" SECRET "\"]}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\x41\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\u00\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\u0000\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\ud800\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\udc00\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"\\ud800\\u0041\"}", "MalformedDocument",
         "not a proper text"},
        {SIGV4__DOCUMENT_CONTAINER,
         "{\"AccessKeyId\":\"\\ud83d\\ude00\",\"SecretAccessKey\":\"b\"}", "MalformedCredentials",
         "not ASCII"},
        {SIGV4__DOCUMENT_CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\\n\"}",
         "MalformedCredentials", "control characters"},
        {SIGV4__DOCUMENT_IMDS, "{\"Code\":\"Failed\"}", "Failed", "here: Failed"},
        {SIGV4__DOCUMENT_IMDS, "{\"Code\":\"Failed\",\"Message\":\"a\\nb\"}", "Failed",
         "here: Failed: a b"},
        {SIGV4__DOCUMENT_IMDS, "{\"Code\":7}", "MalformedDocument", "Code"},
        {SIGV4__DOCUMENT_PROCESS, "{\"AccessKeyId\":\"A\"}", "MalformedDocument", "Version"},
        {SIGV4__DOCUMENT_PROCESS, "{\"Version\":2}", "MalformedDocument", "Version"},
        {SIGV4__DOCUMENT_PROCESS, "{\"Version\":\"1\"}", "MalformedDocument", "Version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct counted_alloc memory = {0};
        struct read r = read_text(cases[i].kind, cases[i].text, strlen(cases[i].text), &memory);
        if (!strstr(r.err.message, cases[i].part))
            print_error("%s: %s\n", cases[i].text, r.err.message);
        assert_int_equal(r.status, SIGV4_E_NO_CREDENTIALS);
        assert_string_equal(r.err.code, cases[i].code);
        assert_non_null(strstr(r.err.message, cases[i].part));
        assert_null(strstr(r.err.message, SECRET));
        done_with(&r, &memory);
    }
}

static void every_prefix_fails_and_every_allocation(void **state)
{
    (void)state;
    static const char text[] =
        "{\"Version\":1,\"AccessKeyId\":\"A\\u00e9\\n\",\"SecretAccessKey\":\"" SECRET
        "\",\"SessionToken\":\"\\ud83d\\ude00\"}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct counted_alloc memory = {0};
        struct read r = read_text(SIGV4__DOCUMENT_PROCESS, text, n, &memory);
        assert_string_equal(r.err.code, "MalformedDocument");
        done_with(&r, &memory);
    }
    static const char good[] =
        "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\"}";
    for (unsigned n = 1;; n++) {
        struct counted_alloc memory = {.fail_at = n};
        struct read r = read_text(SIGV4__DOCUMENT_PROCESS, good, strlen(good), &memory);
        bool reached = memory.requests >= n;
        assert_int_equal(r.status, reached ? SIGV4_E_NOMEM : 0);
        done_with(&r, &memory);
        if (!reached)
            break;
    }
}

static void bounds(void **state)
{
    (void)state;
    struct counted_alloc memory = {0};
    char *text = malloc(70000);
    memset(text, ' ', 70000);
    memcpy(text, "{}", 2);
    struct read r = read_text(SIGV4__DOCUMENT_CONTAINER, text, 65537, &memory);
    assert_non_null(strstr(r.err.message, "longer than 65536"));
    r = read_text(SIGV4__DOCUMENT_CONTAINER, text, 65536, &memory);
    assert_non_null(strstr(r.err.message, "no AccessKeyId"));
    /* 65 texts; the shortest texts, which grow in the copy. */
    size_t n = 1;
    text[0] = '[';
    for (int i = 0; i < 65; i++)
        n += (size_t)sprintf(text + n, "\"\",");
    text[n - 1] = ']';
    r = read_text(SIGV4__DOCUMENT_CONTAINER, text, n, &memory);
    assert_non_null(strstr(r.err.message, "more than 64 texts"));
    text[n - 4] = ']';
    r = read_text(SIGV4__DOCUMENT_CONTAINER, text, n - 3, &memory);
    assert_non_null(strstr(r.err.message, "not a JSON object"));
    free(text);
    done_with(&r, &memory);
}

/* Looks at all that jansson holds. */
static void assert_without_secret(const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value))
        assert_null(strstr(json_string_value(value), SECRET));
    json_object_foreach((json_t *)(uintptr_t)value, key, member) assert_without_secret(member);
    json_array_foreach(value, i, member) assert_without_secret(member);
}

static void jansson_never_sees_a_text(void **state)
{
    (void)state;
    struct sigv4__veil veil;
    struct sigv4_slice text;
    static const char document[] =
        "{\"a\":\"" SECRET "\", \"b\" : [\"" SECRET "\", {\"c\":\"\\\"" SECRET "\"}], \""
        "d\":\"x\"}";
    assert_int_equal(sigv4__veil_open(&veil, sigv4_bytes(document, strlen(document)), NULL, NULL),
                     0);
    assert_without_secret(veil.root);
    assert_int_equal(veil.count, 4);
    assert_int_equal(sigv4__veil_text(&veil, veil.root, "a", &text), 0);
    assert_slice(text, SECRET);
    assert_int_equal(sigv4__veil_text(&veil, veil.root, "missing", &text), 0);
    assert_int_equal(text.len, 0);
    assert_int_equal(sigv4__veil_text(&veil, veil.root, "b", &text), SIGV4_E_PROTOCOL);
    const json_t *inner = json_array_get(json_object_get(veil.root, "b"), 1);
    assert_int_equal(sigv4__veil_text(&veil, inner, "c", &text), 0);
    assert_slice(text, "\"" SECRET);
    sigv4__veil_close(&veil);
}

static void complaints(void **state)
{
    (void)state;
    char code[64], message[200];
    sigv4__document_complaint(SIGV4_LIT("{\"code\":\"C\",\"Message\":\"no\"}"), NULL, code,
                              message);
    assert_string_equal(code, "C");
    assert_string_equal(message, "no");
    sigv4__document_complaint(SIGV4_LIT("<html>"), NULL, code, message);
    assert_string_equal(code, "");
    assert_string_equal(message, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(every_prefix_fails_and_every_allocation),
        cmocka_unit_test(bounds),
        cmocka_unit_test(jansson_never_sees_a_text),
        cmocka_unit_test(complaints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
