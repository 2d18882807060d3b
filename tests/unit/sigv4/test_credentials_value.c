/* Sets of keys: copied, counted, wiped. */
#include "failing_alloc.h"

#include <setjmp.h>
#include <sigv4/credentials.h>
#include <stdarg.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

static struct sigv4_keys some_keys(void)
{
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKTEST"),
                              .secret_access_key = SIGV4_LIT("very secret"),
                              .session_token = SIGV4_LIT("token=="),
                              .account_id = SIGV4_LIT("123456789012"),
                              .origin = SIGV4_LIT("environment"),
                              .expires_unix = 1783141567};
    return keys;
}

static void check_slice(struct sigv4_slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_string_equal((const char *)s.ptr, expected); /* NUL behind it */
}

static void test_copies(void **state)
{
    struct sigv4_credentials *creds;
    char id[] = "AKTEST", secret[] = "very secret";
    struct sigv4_keys keys = some_keys(), got;
    (void)state;
    keys.access_key_id = sigv4_str(id);
    keys.secret_access_key = sigv4_str(secret);
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), SIGV4_OK);
    memset(id, 'x', sizeof id);
    memset(secret, 'x', sizeof secret);
    got = sigv4_credentials_keys(creds);
    assert_int_equal(got.size, sizeof got);
    check_slice(got.access_key_id, "AKTEST");
    check_slice(got.secret_access_key, "very secret");
    check_slice(got.session_token, "token==");
    check_slice(got.account_id, "123456789012");
    check_slice(got.origin, "environment");
    assert_int_equal(got.expires_unix, 1783141567);
    sigv4_credentials_release(creds);
}

static void test_defaults(void **state)
{
    struct sigv4_credentials *creds;
    struct sigv4_keys keys = {
        .size = sizeof keys, .access_key_id = SIGV4_LIT("A"), .secret_access_key = SIGV4_LIT("B")};
    (void)state;
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), SIGV4_OK);
    keys = sigv4_credentials_keys(creds);
    check_slice(keys.session_token, "");
    check_slice(keys.origin, "");
    assert_true(keys.expires_unix == SIGV4_NEVER);
    sigv4_credentials_release(creds);
    sigv4_credentials_release(NULL);
}

static void must_be_zero(void *ctx, const void *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const char *)block)[i], 0);
    ++*(size_t *)ctx;
}

static void test_wiped_when_the_last_holder_lets_go(void **state)
{
    size_t wiped = 0;
    struct failing_alloc alloc = {.inspect = must_be_zero, .inspect_ctx = &wiped};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4_credentials *creds;
    struct sigv4_keys keys = some_keys();
    (void)state;
    assert_int_equal(sigv4_credentials_new(&creds, &keys, &hooks, NULL), SIGV4_OK);
    assert_ptr_equal(sigv4_credentials_hold(creds), creds);
    sigv4_credentials_release(creds);
    assert_int_equal(wiped, 0);
    check_slice(sigv4_credentials_keys(creds).secret_access_key, "very secret");
    sigv4_credentials_release(creds);
    assert_int_equal(wiped, 1);
    assert_true(failing_alloc_clean(&alloc));
}

static void test_no_memory(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4_credentials *creds = NULL;
    struct sigv4_keys keys = some_keys();
    struct sigv4_error err;
    (void)state;
    failing_alloc_fail(&alloc, 1);
    assert_int_equal(sigv4_credentials_new(&creds, &keys, &hooks, &err), SIGV4_E_NOMEM);
    assert_int_equal(err.status, SIGV4_E_NOMEM);
    assert_null(creds);
    assert_true(failing_alloc_clean(&alloc));
}

/* The message names the part and never shows what is in it. */
static void check_refused(struct sigv4_keys keys, const char *word)
{
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, &err), SIGV4_E_INVALID);
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), SIGV4_E_INVALID);
    assert_int_equal(err.status, SIGV4_E_INVALID);
    assert_non_null(strstr(err.message, word));
    assert_null(strstr(err.message, "planted"));
    assert_null(creds);
}

static void test_refusals(void **state)
{
    static const char long_text[70000] = {0};
    struct sigv4_keys keys;
    (void)state;
#define REFUSE(member, value, word)                                                                \
    keys = some_keys();                                                                            \
    keys.member = value;                                                                           \
    check_refused(keys, word)
    REFUSE(size, 0, "size");
    REFUSE(access_key_id, SIGV4_LIT(""), "access key id is empty");
    REFUSE(access_key_id, SIGV4_LIT("planted\n"), "access key id");
    REFUSE(access_key_id, SIGV4_LIT("planted key"), "access key id");
    REFUSE(access_key_id, sigv4_bytes(long_text, 129), "access key id is longer");
    REFUSE(secret_access_key, SIGV4_LIT(""), "secret access key is empty");
    REFUSE(secret_access_key, SIGV4_LIT("planted\r\n"), "secret access key");
    REFUSE(secret_access_key, sigv4_bytes(long_text, 513), "secret access key is longer");
    REFUSE(session_token, SIGV4_LIT("planted\n"), "session token");
    REFUSE(session_token, sigv4_bytes(long_text, 65537), "session token is longer");
    REFUSE(account_id, SIGV4_LIT("planted\xC3\xA4"), "account id");
#undef REFUSE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wiped_when_the_last_holder_lets_go),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
