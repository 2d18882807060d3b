/* Exchanges in virtual time: what is sent, what is repeated and when, and how each one ends. */
#include "failing_alloc.h"
#include "flow/exchange_world.h"

/* ---- what is sent, what comes back ---- */

static void test_success(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_slice body[] = {SIGV4_LIT("one "), SIGV4_LIT(""), SIGV4_LIT("two")};
    struct sigv4_header headers[] = {{SIGV4_LIT("X-Mine"), SIGV4_LIT("yes")}};
    struct sigv4_request r = request(w);
    fake_script(w->fake, (struct fake_answer){.url = "http://service.test/a/b?q=1",
                                              .body = "hello",
                                              .headers = "x-test: seen\nx-amzn-RequestId: id-1\n"});
    r.path = SIGV4_LIT("/a/b");
    r.query = SIGV4_LIT("q=1");
    r.body = body;
    r.body_count = 3;
    r.headers = headers;
    r.header_count = 1;
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_int_equal(w->outcome.http_status, 200);
    assert_int_equal(w->outcome.attempts, 1);
    assert_string_equal(w->outcome.body, "hello");
    assert_string_equal(w->outcome.request_id, "id-1");
    assert_string_equal(w->outcome.host, "service.test");
    assert_string_equal(w->outcome.header, "seen");
    assert_string_equal(fake_request(w->fake, 0)->body, "one two");
    assert_true(header_has(w, 0, "host", "service.test"));
    assert_true(header_has(w, 0, "x-mine", "yes"));
    assert_true(header_has(w, 0, "x-amz-date", "20260101T0000"));
    assert_true(header_has(w, 0, "x-amz-security-token", "token1"));
    assert_true(header_has(w, 0, "authorization",
                           "Credential=AKIDEXAMPLE/20260101/eu-test-1/test/aws4_request"));
    assert_true(header_has(w, 0, "authorization", "host;x-amz-date;x-amz-security-token;x-mine"));
    assert_true(header_has(w, 0, "user-agent", "libsigv4/"));
    world_free(w);
}

static void test_error_is_told(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake,
                (struct fake_answer){.status = 400,
                                     .headers = "x-amzn-RequestId: id-2\n",
                                     .body = "{\"__type\":\"ns#ResourceNotFoundException\","
                                             "\"message\":\"no stream\"}"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(w->outcome.error.code, "ResourceNotFoundException");
    assert_string_equal(w->outcome.error.request_id, "id-2");
    assert_int_equal(w->outcome.error.http_status, 400);
    assert_int_equal(w->outcome.attempts, 1);
    assert_non_null(strstr(w->outcome.error.message, "Ask"));
    assert_non_null(strstr(w->outcome.error.message, "no stream"));
    world_free(w);
}

/* ---- what is repeated, and when ---- */

static void test_repeats_then_succeeds(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake, (struct fake_answer){.status = 503, .times = 1, .body = "<html>"});
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_RESET, .times = 1});
    fake_script(w->fake, (struct fake_answer){.body = "fine"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_int_equal(w->outcome.attempts, 3);
    assert_string_equal(w->outcome.body, "fine");
    assert_false(w->outcome.maybe_done);
    /* Full jitter below 50 ms, then below 100. */
    assert_true(fake_request(w->fake, 1)->at_ms - fake_request(w->fake, 0)->at_ms <= 51);
    assert_true(fake_request(w->fake, 2)->at_ms - fake_request(w->fake, 1)->at_ms <= 101);
    assert_int_equal(w->source.fetches, 3); /* each attempt is signed with what is valid then */
    world_free(w);
}

static void test_gives_up(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake, (struct fake_answer){.status = 500, .body = "no"});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_SERVICE);
    assert_int_equal(w->outcome.attempts, 3);
    assert_true(w->outcome.error.retryable);
    assert_int_equal(fake_request_count(w->fake), 3);
    world_free(w);
}

static void test_lost_answer_may_be_done(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    r.flags = SIGV4_NOT_AGAIN;
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_RESET});
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NETWORK);
    assert_int_equal(w->outcome.attempts, 1); /* it was sent: not again */
    assert_true(w->outcome.maybe_done);
    world_free(w);
}

static void test_refused_is_certainly_not_done(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    r.flags = SIGV4_NOT_AGAIN;
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_REFUSED});
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NETWORK);
    assert_int_equal(w->outcome.attempts, 3); /* nothing was sent: again */
    assert_false(w->outcome.maybe_done);
    world_free(w);
}

static void test_silent_host_is_tried_once(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_FILTER, .times = 1});
    ask(w);
    assert_int_equal(w->outcome.error.status, SIGV4_E_NETWORK);
    assert_int_equal(w->outcome.attempts, 1);
    assert_true(fake_now_ms(w->fake) >= 3000 && fake_now_ms(w->fake) < 3100);
    /* A host that answered before gets its three attempts. */
    fake_script(w->fake, (struct fake_answer){.times = 1, .body = "x"});
    w->outcome.calls = 0;
    ask(w);
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_FILTER});
    w->outcome.calls = 0;
    ask(w);
    assert_int_equal(w->outcome.attempts, 3);
    world_free(w);
}

static void test_service_says_when(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    fake_script(w->fake, (struct fake_answer){
                             .status = 503, .times = 1, .headers = "x-amz-retry-after: 1500\n"});
    fake_script(w->fake, (struct fake_answer){.body = "x"});
    ask(w);
    int64_t pause = fake_request(w->fake, 1)->at_ms - fake_request(w->fake, 0)->at_ms;
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_true(pause >= 1500 && pause < 1600);
    world_free(w);
}

static void test_deadline_covers_all(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    r.timeout_ms = 1000;
    r.max_attempts = 100;
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_SILENT});
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_TIMEOUT);
    assert_true(fake_now_ms(w->fake) >= 1000 && fake_now_ms(w->fake) < 1100);
    assert_true(w->outcome.maybe_done);
    world_free(w);
}

/* ---- ends ---- */

static void test_cancel(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    struct sigv4_call *call;
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_SILENT});
    assert_int_equal(sigv4_send(w->client, &r, &call, NULL), SIGV4_OK);
    fake_run_ms(w->fake, w->loop, 100);
    assert_int_equal(fake_in_flight(w->fake), 1);
    sigv4_call_cancel(call);
    assert_int_equal(sigv4_call_wait(call, 1000), SIGV4_OK);
    assert_int_equal(w->outcome.calls, 1);
    assert_int_equal(w->outcome.error.status, SIGV4_E_CANCELED);
    assert_true(w->outcome.maybe_done);
    sigv4_call_release(call);
    world_free(w);
}

static void test_client_freed_under_way(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct outcome outcomes[3] = {0};
    struct sigv4_request r = request(w);
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_SILENT});
    for (size_t i = 0; i < 3; i++) {
        r.ctx = &outcomes[i];
        assert_int_equal(sigv4_send(w->client, &r, NULL, NULL), SIGV4_OK);
        if (i == 0)
            fake_run_ms(w->fake, w->loop, 100); /* the first is under way, the others not begun */
    }
    sigv4_client_free(w->client);
    w->client = NULL;
    sigv4_loop_free(w->loop);
    w->loop = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].error.status, SIGV4_E_CANCELED);
    }
    world_free(w);
}

static void test_bad_requests_are_refused(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_error err;
    struct sigv4_header split = {SIGV4_LIT("X-A"), SIGV4_LIT("a\r\nX-B: b")};
    struct sigv4_request r = request(w);
    r.headers = &split;
    r.header_count = 1;
    assert_int_equal(sigv4_send(w->client, &r, NULL, &err), SIGV4_E_INVALID);
    split = (struct sigv4_header){SIGV4_LIT("content-length"), SIGV4_LIT("99")};
    assert_int_equal(sigv4_send(w->client, &r, NULL, &err), SIGV4_E_INVALID);
    r = request(w);
    r.path = SIGV4_LIT("/a b\n");
    assert_int_equal(sigv4_send(w->client, &r, NULL, &err), SIGV4_E_INVALID);
    r = request(w);
    r.resolve = NULL;
    assert_int_equal(sigv4_send(w->client, &r, NULL, &err), SIGV4_E_INVALID);
    /* An unsigned payload in clear is refused before anything leaves. */
    r = request(w);
    r.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_INVALID);
    assert_int_equal(fake_request_count(w->fake), 0);
    world_free(w);
}

static void test_presigned_url(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    char url[2048];
    struct sigv4_text out = {url, sizeof url - 1, 0};
    r.method = SIGV4_LIT("GET");
    r.path = SIGV4_LIT("/a");
    assert_int_equal(sigv4_presign_url(w->client, &r, 3600, &out, NULL), SIGV4_OK);
    url[out.len] = '\0';
    assert_ptr_equal(strstr(url, "http://service.test/a?"), url);
    assert_non_null(strstr(url, "X-Amz-Expires=3600"));
    assert_non_null(strstr(url, "X-Amz-Signature="));
    assert_int_equal(fake_request_count(w->fake), 0);
    world_free(w);
}

/* ---- memory ---- */

static void run_with_failing(struct failing_alloc *failing)
{
    static const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = fetch, .free = free_nothing};
    struct sigv4_alloc alloc = failing_alloc_hooks(failing);
    struct fake *fake = fake_new();
    struct source source = {0};
    struct outcome outcome = {0};
    struct sigv4_client *client = NULL;
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    struct world shell = {0};
    fake_script(fake, (struct fake_answer){.status = 503, .times = 1});
    fake_script(fake, (struct fake_answer){.body = "hello", .headers = "Content-Length: 5\n"});
    assert_int_equal(sigv4_provider_new(&source.provider, &ops, &source, NULL), SIGV4_OK);
    struct sigv4_loop *loop = fake_loop(fake, &alloc);
    o.region = "eu-test-1";
    o.credentials = source.provider;
    if (loop && sigv4_client_new(&client, loop, &o, NULL) == SIGV4_OK) {
        struct sigv4_request r = request(&shell);
        r.ctx = &outcome;
        int rc = sigv4_send(client, &r, NULL, NULL);
        assert_true(rc == SIGV4_OK || rc == SIGV4_E_NOMEM);
        sigv4_client_free(rc == SIGV4_OK ? NULL : client);
        if (rc == SIGV4_OK) {
            while (!outcome.calls)
                assert_true(sigv4_loop_run(loop, 1000) == SIGV4_OK);
            sigv4_client_free(client);
            assert_true(outcome.error.status == SIGV4_OK || outcome.error.status == SIGV4_E_NOMEM);
        }
        assert_int_equal(outcome.calls, rc == SIGV4_OK ? 1 : 0);
    }
    sigv4_loop_free(loop);
    sigv4_provider_free(source.provider);
    fake_free(fake);
}

static void test_every_allocation_failing(void **state)
{
    (void)state;
    struct failing_alloc failing = {0};
    size_t n = 0;
    do {
        failing_alloc_fail(&failing, ++n);
        run_with_failing(&failing);
        assert_int_equal(failing.live, 0);
        assert_int_equal(failing.wrong_sizes, 0);
    } while (failing.failures && n < 10000);
    print_message("%zu allocations failed one by one\n", n - 1);
    assert_true(n > 10);
}

int main(void)
{
    clear_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_error_is_told),
        cmocka_unit_test(test_repeats_then_succeeds),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_lost_answer_may_be_done),
        cmocka_unit_test(test_refused_is_certainly_not_done),
        cmocka_unit_test(test_silent_host_is_tried_once),
        cmocka_unit_test(test_service_says_when),
        cmocka_unit_test(test_deadline_covers_all),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_client_freed_under_way),
        cmocka_unit_test(test_bad_requests_are_refused),
        cmocka_unit_test(test_presigned_url),
        cmocka_unit_test(test_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
