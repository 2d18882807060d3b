/* Exchanges: bodies that are streamed, too large, errors after all, or put into a block. */
#include "flow/exchange_world.h"

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

int main(void)
{
    clear_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streaming),
        cmocka_unit_test(test_answer_too_large),
        cmocka_unit_test(test_error_inside_success),
        cmocka_unit_test(test_block_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
