/* Keys from the environment, and a set of keys that is simply there. */
#include "flow/scene.h"

static void all_members(void **state)
{
    (void)state;
    struct scene s;
    struct sigv4_provider *provider;
    struct outcome o = {0};
    scene_begin(&s);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET "1", 1);
    setenv("AWS_SESSION_TOKEN", SECRET "2", 1);
    setenv("AWS_SECURITY_TOKEN", SECRET "old", 1);
    setenv("AWS_ACCOUNT_ID", "123456789012", 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T01:00:00+01:00", 1);
    assert_int_equal(sigv4_provider_new_environment(&provider, &s.alloc), 0);
    scene_fetch(&s, provider, &o);
    assert_keys(&o, "AKID", SECRET "1", SECRET "2");
    struct sigv4_keys keys = sigv4_credentials_keys(o.creds);
    assert_slice(keys.account_id, "123456789012");
    assert_slice(keys.origin, "environment");
    assert_int_equal(keys.expires_unix, 1767225600);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_CREDENTIAL_EXPIRATION");
    scene_fetch(&s, provider, &o); /* read anew; the old name of the token */
    assert_keys(&o, "AKID", SECRET "1", SECRET "old");
    assert_int_equal(sigv4_credentials_keys(o.creds).expires_unix, SIGV4_NEVER);
    outcome_clear(&o);
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void what_is_wrong(void **state)
{
    (void)state;
    struct scene s;
    struct sigv4_provider *provider;
    struct outcome o = {0};
    scene_begin(&s);
    assert_int_equal(sigv4_provider_new_environment(&provider, &s.alloc), 0);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "", "AWS_ACCESS_KEY_ID not set");
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "PartialCredentials",
                  "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "PartialCredentials",
                  "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not");
    setenv("AWS_ACCESS_KEY_ID", "AKID\r", 1);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "MalformedCredentials", "environment: ");
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "InvalidExpiration", "AWS_CREDENTIAL_EXPIRATION");
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void fixed_keys_are_held(void **state)
{
    (void)state;
    struct scene s;
    struct sigv4_provider *provider;
    struct sigv4_credentials *creds;
    struct outcome o = {0};
    scene_begin(&s);
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("A"),
                              .secret_access_key = SIGV4_LIT(SECRET)};
    assert_int_equal(sigv4_credentials_new(&creds, &keys, &s.alloc, NULL), 0);
    assert_int_equal(sigv4_provider_new_static(&provider, creds, &s.alloc), 0);
    sigv4_credentials_release(creds);
    scene_fetch(&s, provider, &o);
    assert_ptr_equal(o.creds, creds);
    sigv4_provider_refuse(provider, creds); /* means nothing here */
    scene_fetch(&s, provider, &o);
    assert_keys(&o, "A", SECRET, NULL);
    /* Freed with an answer on its way: it still comes. */
    assert_int_equal(scene_ask(&s, provider, &o), 0);
    sigv4_provider_free(provider);
    fake_run_until(s.fake, s.loop, outcome_is_set, &o);
    assert_keys(&o, "A", SECRET, NULL);
    outcome_clear(&o);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(fixed_keys_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
