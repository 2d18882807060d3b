/* Retry decisions: classes, delays, hints, quota. */
#include "client/retry.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static enum sigv4__retry_class of_answer(int http_status, const char *code)
{
    struct sigv4__failed_attempt a = {.http_status = http_status, .code = code};
    return sigv4__retry_classify(&a);
}

static enum sigv4__retry_class of_transport(int status, bool connect_timed_out, bool reached)
{
    struct sigv4__failed_attempt a = {.status = status,
                                      .code = "",
                                      .connect_timed_out = connect_timed_out,
                                      .host_was_reached = reached};
    return sigv4__retry_classify(&a);
}

static void test_classes_of_answers(void **state)
{
    static const struct {
        int http_status;
        const char *code;
        enum sigv4__retry_class expected;
    } cases[] = {
        {400, "ProvisionedThroughputExceededException", SIGV4__RETRY_THROTTLE},
        {400, "ThrottlingException", SIGV4__RETRY_THROTTLE},
        {400, "LimitExceededException", SIGV4__RETRY_THROTTLE},
        {400, "KMSThrottlingException", SIGV4__RETRY_THROTTLE},
        {503, "SlowDown", SIGV4__RETRY_THROTTLE},
        {500, "SlowDown", SIGV4__RETRY_THROTTLE},
        {429, "", SIGV4__RETRY_THROTTLE},
        {509, "", SIGV4__RETRY_THROTTLE},
        {500, "", SIGV4__RETRY_TRANSIENT},
        {502, NULL, SIGV4__RETRY_TRANSIENT},
        {503, "Whatever", SIGV4__RETRY_TRANSIENT},
        {504, "", SIGV4__RETRY_TRANSIENT},
        {408, "", SIGV4__RETRY_TRANSIENT},
        {400, "RequestTimeout", SIGV4__RETRY_TRANSIENT},
        {400, "BadDigest", SIGV4__RETRY_TRANSIENT},
        {409, "OperationAborted", SIGV4__RETRY_TRANSIENT},
        {409, "ConditionalRequestConflict", SIGV4__RETRY_TRANSIENT},
        {200, "InternalError", SIGV4__RETRY_TRANSIENT},
        {403, "RequestTimeTooSkewed", SIGV4__RETRY_CLOCK},
        {403, "SignatureDoesNotMatch", SIGV4__RETRY_CLOCK},
        {400, "InvalidSignatureException", SIGV4__RETRY_CLOCK},
        {400, "ExpiredTokenException", SIGV4__RETRY_EXPIRED},
        {400, "ExpiredToken", SIGV4__RETRY_EXPIRED},
        {400, "", SIGV4__RETRY_NEVER},
        {400, "ValidationException", SIGV4__RETRY_NEVER},
        {400, "slowdown", SIGV4__RETRY_NEVER},
        {400, "ExpiredIteratorException", SIGV4__RETRY_NEVER},
        {403, "AccessDenied", SIGV4__RETRY_NEVER},
        {404, "NoSuchKey", SIGV4__RETRY_NEVER},
        {412, "PreconditionFailed", SIGV4__RETRY_NEVER},
        {501, "NotImplemented", SIGV4__RETRY_NEVER},
        {301, "PermanentRedirect", SIGV4__RETRY_NEVER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum sigv4__retry_class got = of_answer(cases[i].http_status, cases[i].code);
        if (got != cases[i].expected)
            fail_msg("%d %s: expected %d, got %d", cases[i].http_status, cases[i].code,
                     (int)cases[i].expected, (int)got);
    }
}

static void test_classes_of_transport_failures(void **state)
{
    (void)state;
    assert_int_equal(of_transport(SIGV4_E_NETWORK, false, false), SIGV4__RETRY_TRANSIENT);
    assert_int_equal(of_transport(SIGV4_E_TIMEOUT, false, false), SIGV4__RETRY_TIMEOUT);
    /* A host that never answered is not worth three time-outs. */
    assert_int_equal(of_transport(SIGV4_E_NETWORK, true, false), SIGV4__RETRY_NEVER);
    assert_int_equal(of_transport(SIGV4_E_TIMEOUT, true, false), SIGV4__RETRY_NEVER);
    assert_int_equal(of_transport(SIGV4_E_NETWORK, true, true), SIGV4__RETRY_TIMEOUT);
    assert_int_equal(of_transport(SIGV4_E_TLS, false, false), SIGV4__RETRY_NEVER);
    assert_int_equal(of_transport(SIGV4_E_TLS, false, true), SIGV4__RETRY_TRANSIENT);
    assert_int_equal(of_transport(SIGV4_E_PROTOCOL, false, true), SIGV4__RETRY_NEVER);
    assert_int_equal(of_transport(SIGV4_E_NOMEM, false, true), SIGV4__RETRY_NEVER);
    assert_int_equal(of_transport(SIGV4_E_CANCELED, false, true), SIGV4__RETRY_NEVER);
}

struct run {
    struct sigv4__retry_policy policy;
    struct sigv4__quota quota;
    struct sigv4__retry_state state;
    struct sigv4__retry_hints hints;
};

static struct run fresh_run(uint32_t max_attempts)
{
    struct run r = {.policy = {.max_attempts = max_attempts}};
    r.hints = (struct sigv4__retry_hints){-1, -1, UINT32_MAX};
    sigv4__quota_init(&r.quota, 0);
    return r;
}

static struct sigv4__retry_decision failed(struct run *r, enum sigv4__retry_class c)
{
    r->state.attempts++;
    return sigv4__retry_decide(&r->policy, &r->quota, &r->state, c, &r->hints);
}

static void test_delays_double_up_to_a_limit(void **state)
{
    static const uint32_t transient[] = {50,   100,  200,   400,   800,  1600,
                                         3200, 6400, 12800, 20000, 20000};
    static const uint32_t throttle[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    struct run r = fresh_run(100);
    (void)state;
    for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
        assert_int_equal(failed(&r, SIGV4__RETRY_TRANSIENT).delay_ms, transient[i]);
    r = fresh_run(100);
    for (size_t i = 0; i < sizeof throttle / sizeof *throttle; i++)
        assert_int_equal(failed(&r, SIGV4__RETRY_THROTTLE).delay_ms, throttle[i]);
    r = fresh_run(100);
    r.policy.older = true;
    for (size_t i = 0; i < sizeof throttle / sizeof *throttle; i++)
        assert_int_equal(failed(&r, SIGV4__RETRY_TRANSIENT).delay_ms, throttle[i]);
    /* No overflow however long it goes on. */
    r = fresh_run(UINT32_MAX);
    r.state.attempts = 4000000000u;
    assert_int_equal(failed(&r, SIGV4__RETRY_TRANSIENT).delay_ms, 20000);
}

static void test_jitter_is_full(void **state)
{
    struct run r = fresh_run(100);
    (void)state;
    r.hints.random = 0;
    assert_int_equal(failed(&r, SIGV4__RETRY_THROTTLE).delay_ms, 0);
    r.state.attempts = 0;
    r.hints.random = UINT32_MAX / 2;
    assert_int_equal(failed(&r, SIGV4__RETRY_THROTTLE).delay_ms, 499);
    r.state.attempts = 0;
    r.hints.random = UINT32_MAX / 4 * 3;
    assert_int_equal(failed(&r, SIGV4__RETRY_THROTTLE).delay_ms, 749);
}

static uint32_t hinted(int64_t amz_ms, int64_t seconds, bool older)
{
    struct run r = fresh_run(3);
    r.policy.older = older;
    r.hints.amz_retry_after_ms = amz_ms;
    r.hints.retry_after_s = seconds;
    return failed(&r, SIGV4__RETRY_TRANSIENT).delay_ms;
}

static void test_hints_of_the_service(void **state)
{
    (void)state;
    assert_int_equal(hinted(1500, -1, false), 1500);
    assert_int_equal(hinted(0, -1, false), 50);
    assert_int_equal(hinted(5050, -1, false), 5050);
    assert_int_equal(hinted(5051, -1, false), 5050);
    assert_int_equal(hinted(INT64_MAX, -1, false), 5050);
    assert_int_equal(hinted(-1, 2, false), 2000);
    assert_int_equal(hinted(-1, 0, false), 50);
    assert_int_equal(hinted(-1, 3600, false), 20000);
    assert_int_equal(hinted(-1, INT64_MAX, false), 20000);
    assert_int_equal(hinted(100, 9, false), 100); /* theirs is the better informed */
    assert_int_equal(hinted(1500, -1, true), 1000);
    assert_int_equal(hinted(1500, 3, true), 3000);
}

static void test_attempts_are_counted_before_the_quota(void **state)
{
    struct run r = fresh_run(2);
    (void)state;
    assert_true(failed(&r, SIGV4__RETRY_TRANSIENT).again);
    assert_int_equal(r.quota.tokens, 486);
    struct sigv4__retry_decision d = failed(&r, SIGV4__RETRY_TRANSIENT);
    assert_false(d.again);
    assert_false(d.quota_empty);
    assert_int_equal(r.quota.tokens, 486);
}

static void test_costs(void **state)
{
    struct run r = fresh_run(100);
    (void)state;
    (void)failed(&r, SIGV4__RETRY_THROTTLE);
    assert_int_equal(r.quota.tokens, 495);
    (void)failed(&r, SIGV4__RETRY_TIMEOUT);
    assert_int_equal(r.quota.tokens, 481);
    r = fresh_run(100);
    r.policy.older = true;
    (void)failed(&r, SIGV4__RETRY_THROTTLE);
    assert_int_equal(r.quota.tokens, 495);
    (void)failed(&r, SIGV4__RETRY_TIMEOUT);
    assert_int_equal(r.quota.tokens, 485);
}

static void test_an_empty_quota_ends_it(void **state)
{
    struct run r = fresh_run(100);
    (void)state;
    sigv4__quota_init(&r.quota, 30);
    assert_true(failed(&r, SIGV4__RETRY_TRANSIENT).again);
    assert_true(failed(&r, SIGV4__RETRY_TRANSIENT).again);
    struct sigv4__retry_decision d = failed(&r, SIGV4__RETRY_TRANSIENT);
    assert_false(d.again);
    assert_true(d.quota_empty);
    assert_int_equal(r.quota.tokens, 2);
}

static void test_success_gives_back(void **state)
{
    struct run r = fresh_run(100);
    (void)state;
    sigv4__retry_succeeded(&r.quota, &r.state); /* never above its capacity */
    assert_int_equal(r.quota.tokens, 500);
    (void)failed(&r, SIGV4__RETRY_TRANSIENT);
    (void)failed(&r, SIGV4__RETRY_THROTTLE);
    assert_int_equal(r.quota.tokens, 481);
    sigv4__retry_succeeded(&r.quota, &r.state);
    assert_int_equal(r.quota.tokens, 486);
    sigv4__retry_succeeded(&r.quota, &r.state);
    assert_int_equal(r.quota.tokens, 487);
}

static void test_other_classes_are_not_decided_here(void **state)
{
    static const enum sigv4__retry_class others[] = {SIGV4__RETRY_NEVER, SIGV4__RETRY_CLOCK,
                                                     SIGV4__RETRY_EXPIRED};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct run r = fresh_run(100);
        struct sigv4__retry_decision d = failed(&r, others[i]);
        assert_false(d.again);
        assert_false(d.quota_empty);
        assert_int_equal(r.quota.tokens, 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_of_answers),
        cmocka_unit_test(test_classes_of_transport_failures),
        cmocka_unit_test(test_delays_double_up_to_a_limit),
        cmocka_unit_test(test_jitter_is_full),
        cmocka_unit_test(test_hints_of_the_service),
        cmocka_unit_test(test_attempts_are_counted_before_the_quota),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_an_empty_quota_ends_it),
        cmocka_unit_test(test_success_gives_back),
        cmocka_unit_test(test_other_classes_are_not_decided_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
