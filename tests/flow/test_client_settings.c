/* What a client makes of its settings: retry modes acted on, keys at hand used at once, and the log
 * that says what was chosen and why. */
#include "failing_alloc.h"
#include "flow/exchange_world.h"

static struct world *world_with(const char *variable, const char *value)
{
    clear_environment();
    if (variable)
        setenv(variable, value, 1);
    return world_new("eu-test-1", 0);
}

static void ask_times(struct world *w, unsigned n, uint32_t flags)
{
    for (unsigned i = 0; i < n; i++) {
        struct sigv4_request r = request(w);
        r.flags = flags;
        w->outcome.calls = 0;
        send(w, &r);
    }
}

/* A service that throttles the fourth request and is content with all others. */
static void script_one_throttle(struct world *w)
{
    fake_script(w->fake, (struct fake_answer){.delay_ms = 100, .times = 3});
    fake_script(w->fake,
                (struct fake_answer){.delay_ms = 100,
                                     .times = 1,
                                     .status = 400,
                                     .headers = "x-amzn-errortype: ThrottlingException\n"});
    fake_script(w->fake, (struct fake_answer){.delay_ms = 10});
}

static int64_t longest_gap(const struct world *w, size_t first)
{
    int64_t longest = 0;
    for (size_t i = first + 1; i < fake_request_count(w->fake); i++) {
        int64_t gap = fake_request(w->fake, i)->at_ms - fake_request(w->fake, i - 1)->at_ms;
        longest = gap > longest ? gap : longest;
    }
    return longest;
}

static void test_adaptive_holds_back_after_a_throttle(void **state)
{
    (void)state;
    struct world *w = world_with("AWS_RETRY_MODE", "adaptive");
    script_one_throttle(w);
    ask_times(w, 30, 0);
    assert_int_equal(fake_request_count(w->fake), 31);
    /* Ten per second were sent when it was throttled; thirty with 10 ms each would be a hundred. */
    int64_t ms = fake_request(w->fake, 30)->at_ms - fake_request(w->fake, 4)->at_ms;
    if (ms < 1000)
        fail_msg("26 requests within %lld ms", (long long)ms);
    assert_true(longest_gap(w, 4) <= 2000);
    assert_non_null(strstr(w->log, "exchange: retry mode adaptive (AWS_RETRY_MODE)\n"));
    world_free(w);
}

static void test_requests_with_their_own_pace_are_left_alone(void **state)
{
    (void)state;
    struct world *w = world_with("AWS_RETRY_MODE", "adaptive");
    script_one_throttle(w);
    ask_times(w, 5, 0);
    ask_times(w, 30, SIGV4_REQUEST_UNPACED);
    assert_int_equal(longest_gap(w, 6), 10);
    world_free(w);
}

static void test_standard_does_not_hold_back(void **state)
{
    (void)state;
    struct world *w = world_with(NULL, NULL);
    script_one_throttle(w);
    ask_times(w, 30, 0);
    assert_int_equal(longest_gap(w, 4), 10);
    assert_null(strstr(w->log, "retry mode"));
    world_free(w);
}

/* A request that waits for its turn still ends when its time is over. */
static void test_waiting_has_the_deadline_too(void **state)
{
    (void)state;
    struct world *w = world_with("AWS_RETRY_MODE", "adaptive");
    struct sigv4_request r = request(w);
    fake_script(w->fake,
                (struct fake_answer){.status = 400, .headers = "x-amzn-errortype: SlowDown\n"});
    r.max_attempts = 1;
    for (int i = 0; i < 20; i++) {
        w->outcome.calls = 0;
        send(w, &r);
    }
    size_t sent = fake_request_count(w->fake);
    int64_t before = fake_now_ms(w->fake);
    r.timeout_ms = 100;
    w->outcome.calls = 0;
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_TIMEOUT);
    assert_int_equal(fake_now_ms(w->fake) - before, 100);
    assert_int_equal(fake_request_count(w->fake), sent);
    world_free(w);
}

static void test_legacy_is_said_to_be_standard(void **state)
{
    (void)state;
    struct world *w = world_with("AWS_RETRY_MODE", "legacy");
    assert_non_null(strstr(w->log, "retry mode standard (AWS_RETRY_MODE), in place of legacy"));
    world_free(w);
}

static void test_a_mode_that_is_none(void **state)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    struct sigv4_client *client;
    struct sigv4_error err;
    (void)state;
    clear_environment();
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    setenv("AWS_RETRY_MODE", "quick", 1);
    assert_int_equal(sigv4_client_new(&client, loop, &o, &err), SIGV4_E_INVALID);
    assert_string_equal(
        err.message,
        "retry_mode 'quick' (from AWS_RETRY_MODE): must be standard, adaptive or legacy");
    unsetenv("AWS_RETRY_MODE");
    sigv4_loop_free(loop);
    fake_free(fake);
}

static void check_attempts(const char *variable, const char *value, unsigned expected)
{
    struct world *w = world_with(variable, value);
    fake_script(w->fake, (struct fake_answer){.status = 500});
    ask(w);
    assert_int_equal(w->outcome.attempts, expected);
    world_free(w);
}

static void test_attempts(void **state)
{
    (void)state;
    char path[] = "/tmp/client-settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "[default]\nmax_attempts = 4\nretry_mode = adaptive\n") > 0);
    close(fd);
    check_attempts("AWS_MAX_ATTEMPTS", "5", 5);
    check_attempts("AWS_MAX_ATTEMPTS", "1", 1);
    check_attempts(NULL, NULL, 3);
    check_attempts("AWS_CONFIG_FILE", path, 4);
    unlink(path);
}

/* The generation before 2026 waits up to a second from the first repetition on. */
static int64_t first_pause(const char *value)
{
    struct world *w = world_with("AWS_NEW_RETRIES_2026", value);
    int64_t longest = 0;
    fake_script(w->fake, (struct fake_answer){.status = 500});
    for (int i = 0; i < 20; i++) {
        w->outcome.calls = 0;
        ask(w);
        size_t n = fake_request_count(w->fake);
        int64_t pause = fake_request(w->fake, n - 2)->at_ms - fake_request(w->fake, n - 3)->at_ms;
        longest = pause > longest ? pause : longest;
    }
    world_free(w);
    return longest;
}

static void test_generations(void **state)
{
    (void)state;
    assert_in_range(first_pause("true"), 1, 51);
    assert_in_range(first_pause("false"), 52, 1001);
}

static void test_says_where_and_why_once(void **state)
{
    (void)state;
    struct world *w = world_with(NULL, NULL);
    const char *line = "endpoint: TEST: http://service.test (the region's); region eu-test-1 "
                       "(option), signed for test in eu-test-1\n";
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask_times(w, 3, 0);
    const char *at = strstr(w->log, line);
    assert_non_null(at);
    assert_null(strstr(at + 1, line));
    world_free(w);
    w = world_with("AWS_ENDPOINT_URL_TEST", "http://other.test");
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask(w);
    assert_non_null(strstr(w->log, "http://other.test (AWS_ENDPOINT_URL_TEST); region"));
    unsetenv("AWS_ENDPOINT_URL_TEST");
    world_free(w);
}

/* Keys that are simply there cost no look-up: their provider allocates for none. */
static void test_keys_at_hand(void **state)
{
    (void)state;
    struct world *w = world_with(NULL, NULL);
    struct failing_alloc memory = {0};
    struct sigv4_alloc alloc = failing_alloc_hooks(&memory);
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    struct sigv4_provider *provider;
    struct sigv4_credentials *creds;
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKIDSTATIC"),
                              .secret_access_key = SIGV4_LIT("secret"),
                              .origin = SIGV4_LIT("test")};
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), SIGV4_OK);
    assert_int_equal(sigv4_provider_new_static(&provider, creds, &alloc), SIGV4_OK);
    sigv4_credentials_release(creds);
    sigv4_client_free(w->client);
    o.region = "eu-test-1";
    o.credentials = provider;
    assert_int_equal(sigv4_client_new(&w->client, w->loop, &o, NULL), SIGV4_OK);
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    failing_alloc_fail(&memory, 0);
    ask_times(w, 5, 0);
    assert_true(header_has(w, 4, "authorization", "AKIDSTATIC"));
    assert_int_equal(memory.requests, 0);
    world_free(w);
    sigv4_provider_free(provider);
    assert_true(failing_alloc_clean(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adaptive_holds_back_after_a_throttle),
        cmocka_unit_test(test_requests_with_their_own_pace_are_left_alone),
        cmocka_unit_test(test_standard_does_not_hold_back),
        cmocka_unit_test(test_waiting_has_the_deadline_too),
        cmocka_unit_test(test_legacy_is_said_to_be_standard),
        cmocka_unit_test(test_a_mode_that_is_none),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_says_where_and_why_once),
        cmocka_unit_test(test_keys_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
