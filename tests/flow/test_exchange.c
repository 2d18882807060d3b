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

/* ---- clock and keys ---- */

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

/* ---- bodies ---- */

struct stream {
    struct world *w;
    struct sigv4_call *call;
    unsigned chunks, pause_at, stop_at;
    char text[64];
};

static enum sigv4_flow on_chunk(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk)
{
    struct stream *s = (struct stream *)((char *)ctx - offsetof(struct stream, text));
    assert_int_equal(head->http_status, 200);
    if (s->pause_at && s->chunks == s->pause_at) {
        s->pause_at = 0;
        return SIGV4_PAUSE;
    }
    s->chunks++;
    strncat(s->text, chunk.ptr, chunk.len);
    return s->stop_at && s->chunks == s->stop_at ? SIGV4_STOP : SIGV4_GO_ON;
}

static struct outcome streamed;

static void on_streamed(void *ctx, const struct sigv4_response *r)
{
    (void)ctx;
    on_done(&streamed, r);
}

static void resume(void *ctx)
{
    sigv4_call_resume(((struct stream *)ctx)->call);
}

static void stream_body(struct stream *s)
{
    struct sigv4_request r = request(s->w);
    struct sigv4_timer *timer;
    r.on_chunk = on_chunk;
    r.on_done = on_streamed;
    r.ctx = s->text;
    memset(&streamed, 0, sizeof streamed);
    assert_int_equal(sigv4_timer_new(&timer, s->w->loop, resume, s), SIGV4_OK);
    assert_int_equal(sigv4_send(s->w->client, &r, &s->call, NULL), SIGV4_OK);
    sigv4_timer_set(timer, 500);
    assert_int_equal(sigv4_call_wait(s->call, -1), SIGV4_OK);
    sigv4_call_release(s->call);
    sigv4_timer_free(timer);
    assert_int_equal(streamed.calls, 1);
}

static void test_streaming(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct stream s = {.w = w, .pause_at = 2};
    fake_script(w->fake, (struct fake_answer){.body = "abcdefgh", .chunk = 2, .times = 1});
    stream_body(&s);
    assert_int_equal(streamed.error.status, SIGV4_OK);
    assert_string_equal(s.text, "abcdefgh");
    assert_true(fake_now_ms(w->fake) >= 500); /* it waited for resume */

    s = (struct stream){.w = w, .stop_at = 2};
    fake_script(w->fake, (struct fake_answer){.body = "abcdefgh", .chunk = 2, .times = 1});
    stream_body(&s);
    assert_int_equal(streamed.error.status, SIGV4_E_CANCELED);
    assert_string_equal(s.text, "abcd");

    /* Bytes were handed out: a cut connection is not repeated behind the user's back. */
    s = (struct stream){.w = w};
    fake_script(w->fake, (struct fake_answer){.outcome = FAKE_CUT, .body = "abcdefgh"});
    stream_body(&s);
    assert_int_equal(streamed.error.status, SIGV4_E_NETWORK);
    assert_int_equal(streamed.attempts, 1);
    world_free(w);
}

static void test_answer_too_large(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    char *large = malloc(200000);
    memset(large, 'x', 199999);
    large[199999] = '\0';
    fake_script(w->fake, (struct fake_answer){.body = large});
    r.max_body = 100000;
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_E_PROTOCOL);
    assert_int_equal(w->outcome.attempts, 1);
    free(large);
    world_free(w);
}

static void test_error_inside_success(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    r.flags = SIGV4_ERROR_IN_200;
    fake_script(w->fake, (struct fake_answer){.times = 1,
                                              .body = "<Error><Code>InternalError</Code></Error>"});
    fake_script(w->fake, (struct fake_answer){.body = "<Result/>"});
    send(w, &r);
    assert_int_equal(w->outcome.error.status, SIGV4_OK);
    assert_int_equal(w->outcome.attempts, 2);
    world_free(w);
}

static void *taken;
static size_t taken_len, taken_cap;

static void take_body(void *ctx, const struct sigv4_response *r)
{
    taken = sigv4_response_take_body(r, &taken_len, &taken_cap);
    on_done(ctx, r);
}

static void test_block_is_used_again(void **state)
{
    (void)state;
    struct world *w = world_new("eu-test-1", 0);
    struct sigv4_request r = request(w);
    void *block = malloc(4096);
    fake_script(w->fake, (struct fake_answer){.body = "into the block"});
    r.reuse = block;
    r.reuse_cap = 4096;
    r.on_done = take_body;
    send(w, &r);
    assert_ptr_equal(taken, block);
    assert_int_equal(taken_cap, 4096);
    assert_memory_equal(taken, "into the block", taken_len);
    free(taken);
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
        cmocka_unit_test(test_clock_is_corrected_once),
        cmocka_unit_test(test_clock_is_corrected_for_all_under_way),
        cmocka_unit_test(test_expired_keys_are_renewed_once),
        cmocka_unit_test(test_date_and_signature_agree),
        cmocka_unit_test(test_no_keys),
        cmocka_unit_test(test_anonymous),
        cmocka_unit_test(test_no_region),
        cmocka_unit_test(test_region_of_the_instance),
        cmocka_unit_test(test_streaming),
        cmocka_unit_test(test_answer_too_large),
        cmocka_unit_test(test_error_inside_success),
        cmocka_unit_test(test_block_is_used_again),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_client_freed_under_way),
        cmocka_unit_test(test_bad_requests_are_refused),
        cmocka_unit_test(test_presigned_url),
        cmocka_unit_test(test_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
