/* The chain, the profile's static keys, and the default order of sources. */
#include "flow/provider_stage.h"

#define DOCUMENT                                                                                   \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"AKID-http\",\"SecretAccessKey\":\"" SECRET            \
    "\",\"Token\":\"" SECRET "-t\",\"Expiration\":\"2026-01-01T06:00:00Z\"}"

static void begin(struct stage *t, const char *profile)
{
    stage_begin(t);
    assert_int_equal(sigv4_provider_new_default(&t->provider, profile, &t->s.alloc, NULL), 0);
}

static void write_profiles(struct stage *t)
{
    scene_write(&t->s, ".aws/config",
                "[default]\nregion = x\n"
                "[profile dev]\naws_access_key_id = AKID-dev\naws_secret_access_key = " SECRET
                "-dev\naws_session_token = " SECRET "-dev-t\naws_account_id = 123456789012\n"
                "[profile half]\naws_access_key_id = AKID-half\n"
                "[profile other]\naws_secret_access_key = " SECRET "\n"
                "[profile both]\naws_access_key_id = no\naws_secret_access_key = no\n"
                "[profile quoted]\naws_access_key_id = \"AKID\"\naws_secret_access_key = '" SECRET
                "'\n"
                "[profile empty]\nregion = y\n");
    scene_write(&t->s, ".aws/credentials",
                "[both]\naws_access_key_id = AKID-both\naws_secret_access_key = " SECRET "-both\n");
}

static void set_environment_keys(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKID-env", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET "-env", 1);
}

static void profiles(void **state)
{
    (void)state;
    struct scene s;
    struct stage t;
    struct sigv4_provider *provider;
    struct outcome o = {0};
    static const struct {
        const char *option, *variable, *id, *code, *text;
        int status;
    } cases[] = {
        {"dev", "half", "AKID-dev", NULL, "profile dev in ~/.aws/config", 0},
        {NULL, "dev", "AKID-dev", NULL, "profile dev in ~/.aws/config", 0},
        {NULL, "both", "AKID-both", NULL, "profile both in ~/.aws/credentials", 0},
        {"half", NULL, NULL, "PartialCredentials", "aws_secret_access_key is not",
         SIGV4_E_NO_CREDENTIALS},
        {"other", NULL, NULL, "PartialCredentials", "aws_access_key_id is not",
         SIGV4_E_NO_CREDENTIALS},
        {"quoted", NULL, NULL, "MalformedCredentials", "take the quotes away",
         SIGV4_E_NO_CREDENTIALS},
        {"empty", NULL, NULL, "", "profile empty: no keys in it", SIGV4_E_NO_CREDENTIALS},
        {NULL, NULL, NULL, "", "profile default: no keys in it", SIGV4_E_NO_CREDENTIALS},
        {"gone", NULL, NULL, "", "no profile 'gone' (from option)", SIGV4_E_INVALID},
        {NULL, "gone", NULL, "", "no profile 'gone' (from AWS_PROFILE)", SIGV4_E_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene_begin(&s);
        t.s = s;
        write_profiles(&t);
        if (cases[i].variable)
            setenv("AWS_PROFILE", cases[i].variable, 1);
        assert_int_equal(sigv4_provider_new_profile(&provider, cases[i].option, &s.alloc), 0);
        scene_fetch(&s, provider, &o);
        if (cases[i].id) {
            assert_slice(sigv4_credentials_keys(o.creds).access_key_id, cases[i].id);
            assert_slice(sigv4_credentials_keys(o.creds).origin, cases[i].text);
        } else {
            assert_failed(&o, cases[i].status, cases[i].code, cases[i].text);
        }
        outcome_clear(&o);
        sigv4_provider_free(provider);
        scene_end(&s);
    }
}

static void all_of_a_profile_and_malformed_files(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "dev");
    write_profiles(&t);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID-dev", SECRET "-dev", SECRET "-dev-t");
    assert_slice(sigv4_credentials_keys(t.o.creds).account_id, "123456789012");
    stage_end(&t);
    begin(&t, NULL);
    scene_write(&t.s, ".aws/config", "[default]\n= x\n");
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_INVALID, "", "~/.aws/config");
    stage_end(&t);
}

static void the_order(void **state)
{
    (void)state;
    struct stage t;
    /* The environment first, even with AWS_PROFILE. */
    begin(&t, NULL);
    write_profiles(&t);
    set_environment_keys();
    setenv("AWS_PROFILE", "dev", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID-env", SECRET "-env", NULL);
    stage_end(&t);
    /* A profile named by the caller before the environment. */
    begin(&t, "dev");
    write_profiles(&t);
    set_environment_keys();
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID-dev", SECRET "-dev", SECRET "-dev-t");
    stage_end(&t);
    /* A profile without keys lets the container answer, a container the instance. */
    begin(&t, "empty");
    write_profiles(&t);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
    fake_script(t.s.fake, (struct fake_answer){.url = "http://169.254.170.2/x", .body = DOCUMENT});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID-http", SECRET, SECRET "-t");
    scene_fetch(&t.s, t.provider, &t.o); /* the cache's */
    assert_int_equal(fake_request_count(t.s.fake), 1);
    stage_end(&t);
    begin(&t, NULL);
    fake_script(t.s.fake, (struct fake_answer){.method = "PUT", .body = "tok"});
    fake_script(t.s.fake,
                (struct fake_answer){.url = "http://169.254.169.254/latest/meta-data/iam/security-"
                                            "credentials/",
                                     .body = "r"});
    fake_script(t.s.fake, (struct fake_answer){.body = DOCUMENT});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID-http", SECRET, SECRET "-t");
    stage_end(&t);
}

static void a_source_that_is_meant_and_fails_ends_the_chain(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, NULL);
    write_profiles(&t);
    setenv("AWS_ACCESS_KEY_ID", "AKID-env", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "PartialCredentials", "environment");
    stage_end(&t);
    begin(&t, NULL);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x", 1);
    fake_script(t.s.fake, (struct fake_answer){.url = "http://127.0.0.1:1/x", .status = 403});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ContainerRefused",
                  "container endpoint 127.0.0.1:1");
    assert_int_equal(fake_request_count(t.s.fake), 1); /* IMDS was not asked */
    stage_end(&t);
    begin(&t, "gone");
    set_environment_keys();
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_INVALID, "", "no profile 'gone'");
    stage_end(&t);
}

static void nothing_anywhere_is_one_clear_line(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "no credentials: set AWS_ACCESS_KEY_ID", "environment: AWS_ACCESS_KEY_ID not set",
        "profile default: not in the files", "container: AWS_CONTAINER_CREDENTIALS_* not set",
        "IMDS: no answer from 169.254.169.254"};
    struct stage t;
    begin(&t, NULL);
    fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_FILTER});
    scene_fetch(&t.s, t.provider, &t.o);
    print_message("%s\n", t.o.err.message);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "", parts[i]);
    assert_int_equal(fake_now_ms(t.s.fake), 1000);
    stage_end(&t);
    begin(&t, NULL);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "", "IMDS: off by AWS_EC2_METADATA_DISABLED");
    assert_int_equal(fake_request_count(t.s.fake), 0);
    stage_end(&t);
}

static void an_empty_chain_and_a_chain_in_a_chain(void **state)
{
    (void)state;
    struct stage t;
    struct sigv4_provider *links[2], *chain;
    begin(&t, NULL);
    assert_int_equal(sigv4_provider_new_chain(&links[0], NULL, 0, &t.s.alloc), 0);
    assert_int_equal(sigv4_provider_new_environment(&links[1], &t.s.alloc), 0);
    assert_int_equal(sigv4_provider_new_chain(&chain, links, 2, &t.s.alloc), 0);
    scene_fetch(&t.s, chain, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "", "no credentials");
    set_environment_keys();
    scene_fetch(&t.s, chain, &t.o);
    assert_keys(&t.o, "AKID-env", SECRET "-env", NULL);
    sigv4_provider_refuse(chain, t.o.creds);
    sigv4_provider_free(chain);
    stage_end(&t);
}

static void freed_while_imds_is_asked(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, NULL);
    fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_SILENT});
    assert_int_equal(scene_ask(&t.s, t.provider, &t.o), 0);
    fake_run_ms(t.s.fake, t.s.loop, 500);
    sigv4_provider_free(t.provider);
    t.provider = NULL;
    assert_true(fake_run_until(t.s.fake, t.s.loop, outcome_is_set, &t.o));
    assert_failed(&t.o, SIGV4_E_CANCELED, "", "canceled");
    assert_int_equal(fake_now_ms(t.s.fake), 500);
    stage_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles),
        cmocka_unit_test(all_of_a_profile_and_malformed_files),
        cmocka_unit_test(the_order),
        cmocka_unit_test(a_source_that_is_meant_and_fails_ends_the_chain),
        cmocka_unit_test(nothing_anywhere_is_one_clear_line),
        cmocka_unit_test(an_empty_chain_and_a_chain_in_a_chain),
        cmocka_unit_test(freed_while_imds_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
