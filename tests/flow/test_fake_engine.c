/* The fake engine itself: what others' tests rely on. */
#include "flow/fake_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct probe {
    struct sigv4_transfer transfer;
    struct sigv4_http_options options;
    struct sigv4_header header;
    struct sigv4_slice body;
    struct sigv4_http_result result;
    char got[64], seen_header[64];
    enum sigv4_flow next_flow;
    unsigned done;
};

static void on_header(void *ctx, struct sigv4_slice name, struct sigv4_slice value)
{
    struct probe *p = ctx;
    snprintf(p->seen_header, sizeof p->seen_header, "%.*s=%.*s/%d", (int)name.len,
             (const char *)name.ptr, (int)value.len, (const char *)value.ptr,
             p->transfer.http_status);
}

static enum sigv4_flow on_body(void *ctx, struct sigv4_slice chunk)
{
    struct probe *p = ctx;
    enum sigv4_flow flow = p->next_flow;
    p->next_flow = SIGV4_GO_ON;
    if (flow == SIGV4_GO_ON)
        strncat(p->got, chunk.ptr, chunk.len);
    return flow;
}

static void on_done(void *ctx, const struct sigv4_http_result *result)
{
    struct probe *p = ctx;
    p->result = *result;
    p->done++;
}

static void ask(struct fake *fake, struct probe *p, const char *url)
{
    struct sigv4_engine *engine = fake_engine(fake);
    memset(p, 0, sizeof *p);
    p->options = (struct sigv4_http_options){.size = sizeof p->options, .stall_timeout_ms = 2000};
    p->header = (struct sigv4_header){SIGV4_LIT("Accept"), SIGV4_LIT("a/b")};
    p->body = SIGV4_LIT("question");
    p->transfer = (struct sigv4_transfer){.size = sizeof p->transfer,
                                          .method = SIGV4_LIT("POST"),
                                          .url = url,
                                          .headers = &p->header,
                                          .header_count = 1,
                                          .body = &p->body,
                                          .body_count = 1,
                                          .body_length = p->body.len,
                                          .options = &p->options,
                                          .on_header = on_header,
                                          .on_body = on_body,
                                          .on_done = on_done,
                                          .ctx = p};
    assert_int_equal(engine->ops->start(engine, &p->transfer), 0);
}

static bool is_done(void *ctx)
{
    return ((struct probe *)ctx)->done > 0;
}

static void answers_come_in_time_and_are_logged(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct probe slow, quick;
    fake_script(fake, (struct fake_answer){.url = "http://h/slow",
                                           .delay_ms = 700,
                                           .status = 404,
                                           .headers = "X-One: 1\nX-Two:2\n",
                                           .body = "abcdef",
                                           .chunk = 4});
    fake_script(fake, (struct fake_answer){.url = "http://h/*", .times = 1, .body = "q"});
    ask(fake, &slow, "http://h/slow");
    ask(fake, &quick, "http://h/quick");
    assert_int_equal(fake_in_flight(fake), 2);
    assert_true(fake_run_until(fake, loop, is_done, &quick));
    assert_int_equal(fake_now_ms(fake), 0);
    assert_int_equal(slow.done, 0);
    assert_true(fake_run_until(fake, loop, is_done, &slow));
    assert_int_equal(fake_now_ms(fake), 700);
    assert_int_equal(slow.result.http_status, 404);
    assert_string_equal(slow.got, "abcdef");
    assert_string_equal(slow.seen_header, "X-Two=2/404");
    assert_int_equal(fake_request_count_of(fake, "http://h/*"), 2);
    assert_string_equal(fake_request(fake, 0)->body, "question");
    assert_string_equal(fake_header(fake, fake_request(fake, 0), "accept"), "a/b");
    assert_null(fake_request(fake, 2));
    assert_int_equal(fake_max_in_flight(fake), 2);
    sigv4_loop_free(loop);
    fake_free(fake);
}

static void every_way_to_fail(void **state)
{
    (void)state;
    static const struct {
        enum fake_outcome outcome;
        int status;
        bool sent;
        int64_t after_ms;
    } ways[] = {
        {FAKE_REFUSED, SIGV4_E_NETWORK, false, 0},  {FAKE_FILTER, SIGV4_E_NETWORK, false, 3000},
        {FAKE_SILENT, SIGV4_E_TIMEOUT, true, 2000}, {FAKE_RESET, SIGV4_E_NETWORK, true, 0},
        {FAKE_CUT, SIGV4_E_NETWORK, true, 0},       {FAKE_NO_NAME, SIGV4_E_NETWORK, false, 0},
        {FAKE_BAD_TLS, SIGV4_E_TLS, false, 0},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct fake *fake = fake_new();
        struct sigv4_loop *loop = fake_loop(fake, NULL);
        struct probe p;
        fake_script(fake, (struct fake_answer){.outcome = ways[i].outcome, .body = "1234"});
        ask(fake, &p, "http://h/");
        assert_true(fake_run_until(fake, loop, is_done, &p));
        assert_int_equal(p.result.status, ways[i].status);
        assert_int_equal(p.result.request_sent, ways[i].sent);
        assert_int_equal(fake_now_ms(fake), ways[i].after_ms);
        assert_string_equal(p.got, ways[i].outcome == FAKE_CUT ? "12" : "");
        sigv4_loop_free(loop);
        fake_free(fake);
    }
}

static void pause_stop_and_abort(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct sigv4_engine *engine = fake_engine(fake);
    struct probe paused, stopped, aborted;
    fake_script(fake, (struct fake_answer){.body = "abcd", .chunk = 2});
    ask(fake, &paused, "http://h/1");
    paused.next_flow = SIGV4_PAUSE;
    ask(fake, &stopped, "http://h/2");
    stopped.next_flow = SIGV4_STOP;
    ask(fake, &aborted, "http://h/3");
    engine->ops->abort(engine, &aborted.transfer);
    fake_run_ms(fake, loop, 1000);
    assert_int_equal(paused.done, 0);
    assert_int_equal(stopped.result.status, SIGV4_E_CANCELED);
    assert_int_equal(aborted.result.status, SIGV4_E_CANCELED);
    engine->ops->resume(engine, &paused.transfer);
    fake_run_ms(fake, loop, 1);
    assert_int_equal(paused.done, 1);
    assert_int_equal(paused.result.status, 0);
    assert_string_equal(paused.got, "abcd");
    sigv4_loop_free(loop);
    fake_free(fake);
}

static void answer_by_attempt(void *ctx, const struct fake_request *request,
                              struct fake_answer *answer)
{
    (void)request;
    answer->status = 500 + (*(int *)ctx)++;
    answer->body = "decided";
}

static void a_line_can_decide(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct probe p;
    int n = 0;
    fake_script(fake, (struct fake_answer){.decide = answer_by_attempt, .ctx = &n});
    ask(fake, &p, "http://h/");
    fake_run_until(fake, loop, is_done, &p);
    ask(fake, &p, "http://h/");
    fake_run_until(fake, loop, is_done, &p);
    assert_int_equal(p.result.http_status, 501);
    assert_string_equal(p.got, "decided");
    fake_pass_ms(fake, 5000);
    assert_int_equal(fake_wall_ms(fake), INT64_C(1767225605000));
    sigv4_loop_free(loop);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_time_and_are_logged),
        cmocka_unit_test(every_way_to_fail),
        cmocka_unit_test(pause_stop_and_abort),
        cmocka_unit_test(a_line_can_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
