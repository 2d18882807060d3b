/* Exchanges: the clock, the keys and the region they are signed with. */
#include "flow/exchange_world.h"

static void test_clock_is_corrected_once(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake,
                (struct fake_answer){.status = 400,
                                     .times = 1,
                                     .headers = "Date: Thu, 01 Jan 2026 01:00:00 GMT\n",
                                     .body = "{\"__type\":\"InvalidSignatureException\"}"});
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_true(header_has(w, 1, "x-amz-date", "20260101T0100"));
    /* From then on the corrected clock is used, and a further refusal is final. */
    fake_forget_script(w->fake);
    fake_script(w->fake,
                (struct fake_answer){.status = 400,
                                     .headers = "Date: Thu, 01 Jan 2026 01:00:00 GMT\n",
                                     .body = "{\"__type\":\"InvalidSignatureException\"}"});
    w->outcome.calls = 0;
    ask(w);
    assert_int_equal(w->outcome.attempts, 1);
    assert_true(header_has(w, 2, "x-amz-date", "20260101T0100"));
    assert_int_not_equal(w->outcome.error.status, SIGV4_OK);
    world_free(w);
}

/* Signed by the wrong clock and under way together: each gets its second attempt. */
static void test_clock_is_corrected_for_all_under_way(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct outcome outcomes[3] = {0};
    struct sigv4_call *calls[3];
    for (int i = 0; i < 3; i++)
        fake_script(w->fake,
                    (struct fake_answer){.status = 400,
                                         .times = 1,
                                         .delay_ms = 100 + 10 * i,
                                         .headers = "Date: Thu, 01 Jan 2026 01:00:00 GMT\n",
                                         .body = "{\"__type\":\"InvalidSignatureException\"}"});
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    for (int i = 0; i < 3; i++) {
        struct sigv4_request r = request(w);
        r.ctx = &outcomes[i];
        assert_int_equal(sigv4_send(w->client, &r, &calls[i], NULL), SIGV4_OK);
        fake_run_ms(w->fake, w->loop, 5);
    }
    assert_int_equal(fake_in_flight(w->fake), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sigv4_call_wait(calls[i], -1), SIGV4_OK);
        sigv4_call_release(calls[i]);
        assert_int_equal(outcomes[i].error.status, SIGV4_OK);
        assert_int_equal(outcomes[i].attempts, 2);
    }
    world_free(w);
}

static void test_expired_keys_are_renewed_once(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake, (struct fake_answer){.status = 400,
                                              .body = "{\"__type\":\"ExpiredTokenException\"}"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NO_CREDENTIALS);
    assert_int_equal(w->outcome.attempts, 2);
    assert_true(header_has(w, 0, "x-amz-security-token", "token1"));
    assert_true(header_has(w, 1, "x-amz-security-token", "token2"));
    world_free(w);
}

/* A clock that is never twice the same second. */
static int64_t hasty_wall_ms(void *ctx)
{
    static int64_t calls;
    return fake_wall_ms(ctx) + 1000 * calls++;
}

static int64_t steady_mono_ms(void *ctx)
{
    return fake_now_ms(ctx);
}

/* What the Authorization header would be for the date that was sent. */
static void sign_again(struct world *w, char *out, size_t cap)
{
    const struct fake_request *sent = fake_request(w->fake, 0);
    char date[32];
    int month = 0, day = 0, hour = 0, minute = 0, second = 0;
    snprintf(date, sizeof date, "%s", fake_header(w->fake, sent, "x-amz-date"));
    assert_int_equal(sscanf(date, "2026%2d%2dT%2d%2d%2dZ", &month, &day, &hour, &minute, &second),
                     5);
    struct sigv4_header headers[] = {{SIGV4_LIT("Host"), SIGV4_LIT("service.test")},
                                     {SIGV4_LIT("X-Amz-Date"), sigv4_str(date)},
                                     {SIGV4_LIT("X-Amz-Security-Token"), SIGV4_LIT("token1")}};
    struct sigv4_to_sign in = {.size = sizeof in,
                               .method = SIGV4_LIT("POST"),
                               .path = SIGV4_LIT("/"),
                               .headers = headers,
                               .header_count = 3,
                               .payload_hash = SIGV4_EMPTY_SHA256,
                               .region = SIGV4_LIT("eu-test-1"),
                               .service = SIGV4_LIT("test"),
                               /* 2026-01-01T00:00:00Z is where the fake begins */
                               .unix_seconds = 1767225600 + ((day - 1) * 24 + hour) * 3600 +
                                               minute * 60 + second};
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKIDEXAMPLE"),
                              .secret_access_key = SIGV4_LIT("secret"),
                              .session_token = SIGV4_LIT("token1"),
                              .origin = SIGV4_LIT("test")};
    struct sigv4_credentials *creds;
    struct sigv4_text text = {out, cap - 1, 0};
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), SIGV4_OK);
    assert_int_equal(sigv4_authorization(&in, creds, NULL, &text, NULL), SIGV4_OK);
    out[text.len] = '\0';
    sigv4_credentials_release(creds);
}

/* The second may turn while a request is built: its date and its signature must still agree. */
static void test_date_and_signature_agree(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_clock clock = {w->fake, hasty_wall_ms, steady_mono_ms};
    struct sigv4_loop_options lo = SIGV4_LOOP_OPTIONS;
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    char expected[1024];
    sigv4_client_free(w->client);
    sigv4_loop_free(w->loop);
    lo.engine = fake_engine(w->fake);
    lo.clock = &clock;
    lo.random = fake_random(w->fake);
    assert_int_equal(sigv4_loop_new(&w->loop, &lo, NULL), SIGV4_OK);
    o.region = "eu-test-1";
    o.credentials = w->source.provider;
    assert_int_equal(sigv4_client_new(&w->client, w->loop, &o, NULL), SIGV4_OK);
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask(w);
    sign_again(w, expected, sizeof expected);
    assert_string_equal(fake_header(w->fake, fake_request(w->fake, 0), "authorization"), expected);
    world_free(w);
}

static void test_no_keys(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    w->source.refuse = true;
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NO_CREDENTIALS);
    assert_int_equal(fake_request_count(w->fake), 0);
    world_free(w);
}

static void test_anonymous(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", SIGV4_ANONYMOUS);
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_null(fake_header(w->fake, fake_request(w->fake, 0), "authorization"));
    assert_int_equal(w->source.fetches, 0);
    world_free(w);
}

static void test_no_region(void **state)
{
    (void)state;
    struct world *w = world_new(NULL, 0);
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_INVALID);
    assert_non_null(strstr(w->outcome.error.message, "--region"));
    world_free(w);
}

static void test_region_of_the_instance(void **state)
{
    (void)state;
    unsetenv("AWS_EC2_METADATA_DISABLED");
    struct world *w = world_new(NULL, 0);
    fake_script(w->fake, (struct fake_answer){.method = "PUT",
                                              .url = "http://169.254.169.254/latest/api/token",
                                              .body = "TOKEN"});
    fake_script(w->fake, (struct fake_answer){
                             .url = "http://169.254.169.254/latest/meta-data/placement/region",
                             .body = "eu-north-9"});
    fake_script(w->fake, (struct fake_answer){.url = "http://service.test/", .body = "x"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_true(header_has(w, fake_request_count(w->fake) - 1, "authorization", "/eu-north-9/"));
    world_free(w);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

int main(void)
{
    clear_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_is_corrected_once),
        cmocka_unit_test(test_clock_is_corrected_for_all_under_way),
        cmocka_unit_test(test_expired_keys_are_renewed_once),
        cmocka_unit_test(test_date_and_signature_agree),
        cmocka_unit_test(test_no_keys),
        cmocka_unit_test(test_anonymous),
        cmocka_unit_test(test_no_region),
        cmocka_unit_test(test_region_of_the_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
