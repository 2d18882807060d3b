/* Container credentials: where, as whom, how patiently, and what goes wrong. */
#include "flow/scene.h"

#define DOCUMENT                                                                                   \
    "{\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"" SECRET "/\\/k\",\"Token\":\"" SECRET        \
    "-t\",\"Expiration\":\"2026-01-01T06:00:00Z\",\"AccountId\":\"123456789012\",\"RoleArn\":"     \
    "\"arn:aws:iam::123456789012:role/x\"}"

static struct sigv4_provider *begin(struct scene *s)
{
    struct sigv4_provider *provider;
    scene_begin(s);
    assert_int_equal(sigv4_provider_new_container(&provider, &s->alloc), 0);
    return provider;
}

static void relative_uri_wins(void **state)
{
    (void)state;
    struct scene s;
    struct outcome o = {0};
    struct sigv4_provider *provider = begin(&s);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x?a=1", 1);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/y", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET "-auth", 1);
    fake_script(s.fake, (struct fake_answer){.method = "GET",
                                             .url = "http://169.254.170.2/v2/x?a=1",
                                             .body = DOCUMENT});
    scene_fetch(&s, provider, &o);
    assert_keys(&o, "AKID", SECRET "//k", SECRET "-t");
    struct sigv4_keys keys = sigv4_credentials_keys(o.creds);
    assert_int_equal(keys.expires_unix, 1767225600 + 6 * 3600);
    assert_slice(keys.account_id, "123456789012");
    assert_slice(keys.origin, "container endpoint 169.254.170.2");
    const struct fake_request *request = fake_request(s.fake, 0);
    assert_string_equal(fake_header(s.fake, request, "host"), "169.254.170.2");
    assert_string_equal(fake_header(s.fake, request, "accept"), "application/json");
    assert_string_equal(fake_header(s.fake, request, "authorization"), SECRET "-auth");
    assert_string_equal(request->proxy, ""); /* never through a proxy */
    assert_int_equal(request->timeout_ms, 2000);
    outcome_clear(&o);
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void full_uri_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"http://localhost:8080/c", true},
        {"http://127.0.0.1/c", true},
        {"http://127.9.9.9:1/c", true},
        {"http://[::1]:80/c", true},
        {"http://169.254.170.2/c", true},
        {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/c", true},
        {"http://[fd00:ec2:0::23]:80/c", true},
        {"https://anything.example/c", true},
        {"http://anything.example/c", false},
        {"http://169.254.170.24/c", false},
        {"http://128.0.0.1/c", false},
        {"http://127.1/c", false},
        {"http://[::2]/c", false},
        {"http://[fd00:ec2::24]/c", false},
        {"http://127.0.0.1@evil.example/c", false},
        {"http://127.0.0.1.evil.example/c", false},
        {"http://localhost.evil.example/c", false},
        {"http://127.0.0.1#.evil.example/c", false},
        {"http://", false},
        {"http://[::1/c", false},
        {"http://[::1]evil.example/c", false},
        {"http://[::1]:x/c", false},
        {"http://127.0.0.1:80:evil/c", false},
        {"ftp://localhost/c", false},
        {"localhost/c", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        struct outcome o = {0};
        struct sigv4_provider *provider = begin(&s);
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", cases[i].url, 1);
        fake_script(s.fake, (struct fake_answer){.url = cases[i].url, .body = DOCUMENT});
        scene_fetch(&s, provider, &o);
        if (cases[i].allowed != !!o.creds)
            print_error("%s: %s\n", cases[i].url, o.err.message);
        if (cases[i].allowed)
            assert_keys(&o, "AKID", SECRET "//k", SECRET "-t");
        else
            assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration", "container: AWS_");
        assert_int_equal(fake_request_count(s.fake), cases[i].allowed);
        outcome_clear(&o);
        sigv4_provider_free(provider);
        scene_end(&s);
    }
}

static void token_file_is_read_each_time(void **state)
{
    (void)state;
    struct scene s;
    struct outcome o = {0};
    char path[128];
    struct sigv4_provider *provider = begin(&s);
    snprintf(path, sizeof path, "%s/token", s.home);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not-this", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    fake_script(s.fake, (struct fake_answer){.body = DOCUMENT});
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "TokenFileUnreadable", path);
    scene_write(&s, "token", SECRET "-first");
    scene_fetch(&s, provider, &o);
    assert_non_null(o.creds);
    scene_write(&s, "token", SECRET "-second");
    scene_fetch(&s, provider, &o);
    assert_int_equal(fake_request_count(s.fake), 2);
    assert_string_equal(fake_header(s.fake, fake_request(s.fake, 0), "Authorization"),
                        SECRET "-first");
    assert_string_equal(fake_header(s.fake, fake_request(s.fake, 1), "Authorization"),
                        SECRET "-second");
    scene_write(&s, "token", SECRET "\r\nx-evil: 1");
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "InvalidToken", "line break");
    scene_write(&s, "token", "");
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "InvalidToken", "empty");
    assert_int_equal(fake_request_count(s.fake), 2);
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void three_attempts_a_second_apart(void **state)
{
    (void)state;
    struct scene s;
    struct outcome o = {0};
    struct sigv4_provider *provider = begin(&s);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
    fake_script(s.fake, (struct fake_answer){.times = 1, .outcome = FAKE_SILENT});
    fake_script(s.fake, (struct fake_answer){.times = 1, .status = 503});
    fake_script(s.fake, (struct fake_answer){.times = 1, .body = DOCUMENT, .chunk = 7});
    scene_fetch(&s, provider, &o);
    assert_keys(&o, "AKID", SECRET "//k", SECRET "-t");
    assert_int_equal(fake_request_count(s.fake), 3);
    assert_int_equal(fake_request(s.fake, 1)->at_ms, 3000);
    assert_int_equal(fake_request(s.fake, 2)->at_ms, 4000);
    fake_script(s.fake, (struct fake_answer){.times = 3, .outcome = FAKE_REFUSED});
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "ContainerUnreachable",
                  "container endpoint 169.254.170.2: connection refused");
    assert_true(o.err.retryable);
    assert_int_equal(fake_request_count(s.fake), 6);
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void bad_answers(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *code, *part;
    } cases[] = {
        {403, "{\"code\":\"AccessDenied\",\"message\":\"go away\"}", "AccessDenied",
         "HTTP 403: go away"},
        {404, "not json", "ContainerRefused", "HTTP 404"},
        {302, "", "ContainerRefused", "HTTP 302"},
        {200, "", "MalformedDocument", "not valid JSON"},
        {200, "<html>", "MalformedDocument", "not valid JSON"},
        {200, "[]", "MalformedDocument", "not a JSON object"},
        {200, "{}", "MalformedDocument", "no AccessKeyId"},
        {200, "{\"AccessKeyId\":\"A\"}", "MalformedDocument", "no SecretAccessKey"},
        {200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":7}", "MalformedDocument",
         "not a proper text"},
        {200, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\",\"Expiration\":\"soon\"}",
         "MalformedDocument", "Expiration"},
        {200, "{\"AccessKeyId\":\"A\\n\",\"SecretAccessKey\":\"" SECRET "\"}",
         "MalformedCredentials", "container endpoint"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        struct outcome o = {0};
        struct sigv4_provider *provider = begin(&s);
        setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
        fake_script(s.fake, (struct fake_answer){.status = cases[i].status, .body = cases[i].body});
        scene_fetch(&s, provider, &o);
        assert_failed(&o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        assert_int_equal(fake_request_count(s.fake), 1);
        sigv4_provider_free(provider);
        scene_end(&s);
    }
}

static void a_long_answer_is_stopped(void **state)
{
    (void)state;
    struct scene s;
    struct outcome o = {0};
    struct sigv4_provider *provider = begin(&s);
    char *body = malloc(70000);
    memset(body, ' ', 69999);
    body[69999] = '\0';
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
    fake_script(s.fake, (struct fake_answer){.body = body, .chunk = 5000});
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_PROTOCOL, "", "longer than 64 KiB");
    free(body);
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void not_set_and_not_relative(void **state)
{
    (void)state;
    struct scene s;
    struct outcome o = {0};
    struct sigv4_provider *provider = begin(&s);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "", "not set");
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".evil.example/x", 1);
    scene_fetch(&s, provider, &o);
    assert_failed(&o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration", "does not start with '/'");
    sigv4_provider_free(provider);
    scene_end(&s);
}

static void freed_while_asking_and_while_pausing(void **state)
{
    (void)state;
    for (int pausing = 0; pausing < 2; pausing++) {
        struct scene s;
        struct outcome o = {0}, second = {0};
        struct sigv4_provider *provider = begin(&s);
        setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
        fake_script(s.fake, (struct fake_answer){.outcome = pausing ? FAKE_REFUSED : FAKE_SILENT});
        assert_int_equal(scene_ask(&s, provider, &o), 0);
        assert_int_equal(scene_ask(&s, provider, &second), 0);
        fake_run_ms(s.fake, s.loop, 500);
        assert_int_equal(o.done, 0);
        sigv4_provider_free(provider);
        sigv4_provider_free(provider); /* nothing more happens */
        assert_true(fake_run_until(s.fake, s.loop, outcome_is_set, &second));
        assert_int_equal(fake_now_ms(s.fake), 500);
        assert_int_equal(o.done, 1);
        assert_failed(&o, SIGV4_E_CANCELED, "", "canceled");
        assert_failed(&second, SIGV4_E_CANCELED, "", "canceled");
        scene_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relative_uri_wins),
        cmocka_unit_test(full_uri_hosts),
        cmocka_unit_test(token_file_is_read_each_time),
        cmocka_unit_test(three_attempts_a_second_apart),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(a_long_answer_is_stopped),
        cmocka_unit_test(not_set_and_not_relative),
        cmocka_unit_test(freed_while_asking_and_while_pausing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
