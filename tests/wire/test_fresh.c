/* SIGV4_REQUEST_FRESH: a request that pays for its own lookup and connection, among others that
 * share one. */
#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/local_service.h"

static struct local_service service;

static void on_done(void *ctx, const struct sigv4_response *r)
{
    assert_int_equal(r->http_status, 200);
    *(struct sigv4_http_result *)ctx = *r->http;
}

static struct sigv4_http_result list_streams(struct sigv4_client *client, uint32_t flags)
{
    struct sigv4_http_result http;
    struct sigv4_call *call;
    const struct sigv4_slice body = SIGV4_LIT("{}");
    const struct sigv4_header headers[] = {
        {SIGV4_LIT("Content-Type"), SIGV4_LIT("application/x-amz-json-1.1")},
        {SIGV4_LIT("X-Amz-Target"), SIGV4_LIT("Kinesis_20131202.ListStreams")}};
    const struct sigv4_request request = {.size = sizeof request,
                                          .service_id = "KINESIS",
                                          .resolve = kinesis_resolve,
                                          .operation = "ListStreams",
                                          .method = SIGV4_LIT("POST"),
                                          .headers = headers,
                                          .header_count = 2,
                                          .body = &body,
                                          .body_count = 1,
                                          .flags = flags,
                                          .on_done = on_done,
                                          .ctx = &http};
    assert_int_equal(sigv4_send(client, &request, &call, NULL), 0);
    assert_int_equal(sigv4_call_wait(call, 120000), 0);
    sigv4_call_release(call);
    return http;
}

static void test_a_fresh_one_among_kept_ones(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    assert_int_equal(sigv4_client_new(&client, loop, NULL, NULL), 0);
    assert_false(list_streams(client, 0).reused);
    assert_true(list_streams(client, 0).reused);
    struct sigv4_http_result fresh = list_streams(client, SIGV4_REQUEST_FRESH);
    assert_false(fresh.reused);
    assert_true(fresh.connect_ms > 0);
    assert_false(list_streams(client, SIGV4_REQUEST_FRESH).reused);
    assert_true(list_streams(client, 0).reused); /* the shared one is still there */
    sigv4_client_free(client);
    sigv4_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_fresh_one_among_kept_ones)};
    if (!local_service_start(&service, NULL)) {
        print_message("SKIP: no klocal\n");
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    local_service_stop(&service);
    return failed;
}
