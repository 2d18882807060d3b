/* The adaptive limit: open until the first throttle, then a bucket that learns. */
#include "client/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs setjmp, stdarg and stddef. */
#include <cmocka.h>

static void test_open_until_throttled(void **state)
{
    struct sigv4__pace p;
    (void)state;
    sigv4__pace_init(&p, 100000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sigv4__pace_take(&p, 100000), 0);
        sigv4__pace_answered(&p, 100000, false);
    }
    assert_false(p.on);
}

/* Sends as fast as it may to a service that allows a fixed rate; returns what got through per
 * second in the last ten seconds, and which part was refused. */
static double run(double allowed, int64_t length_ms, double *refused)
{
    struct sigv4__pace p;
    int64_t now = 1000000, end = now + length_ms, last = now;
    double room = 0, through = 0, tries = 0;
    sigv4__pace_init(&p, now);
    *refused = 0;
    for (; now < end; now++) {
        uint32_t wait = sigv4__pace_take(&p, now);
        now += wait;
        if (wait)
            continue;
        room = fmin(allowed, room + (double)(now - last) / 1000 * allowed);
        last = now;
        bool throttled = room < 1;
        room -= throttled ? 0 : 1;
        sigv4__pace_answered(&p, now, throttled);
        tries += now > end - 10000;
        through += now > end - 10000 && !throttled;
    }
    *refused = tries > 0 ? (tries - through) / tries : 1;
    return through / 10;
}

static void test_finds_the_rate_that_is_allowed(void **state)
{
    static const double allowed[] = {5, 20, 100};
    (void)state;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        double refused, through = run(allowed[i], 120000, &refused);
        if (through < allowed[i] * 0.6 || through > allowed[i] * 1.1 || refused > 0.2)
            fail_msg("allowed %.0f/s: %.1f/s got through, %.0f %% refused", allowed[i], through,
                     refused * 100);
    }
}

static void test_never_slower_than_one_in_two_seconds(void **state)
{
    struct sigv4__pace p;
    (void)state;
    sigv4__pace_init(&p, 100000);
    for (int i = 0; i < 50; i++)
        sigv4__pace_answered(&p, 100000 + i * 10000, true);
    assert_true(p.on);
    assert_true(p.rate >= 0.5);
    while (sigv4__pace_take(&p, 600000) == 0)
        ;
    uint32_t wait = sigv4__pace_take(&p, 600000);
    assert_in_range(wait, 1, 2000);
    assert_int_equal(sigv4__pace_take(&p, 600000 + wait), 0);
}

/* The curve comes back to where it was throttled, flat there, and goes on beyond. */
static void test_the_curve(void **state)
{
    struct sigv4__pace p;
    (void)state;
    sigv4__pace_init(&p, 0);
    assert_true(fabs(sigv4__pace_lower(&p, 10, 50) - 7) < 1e-9);
    assert_true(fabs(sigv4__pace_raise(&p, 50) - 7) < 1e-9);
    double there = 50 + p.window_s, before = sigv4__pace_raise(&p, there - 0.1);
    assert_true(fabs(sigv4__pace_raise(&p, there) - 10) < 1e-9);
    assert_true(before < 10 && before > 9.99);
    assert_true(sigv4__pace_raise(&p, there + 5) > 20);
}

/* Who sends little is not allowed to send much: never above twice what was measured. */
static void test_bounded_by_what_is_sent(void **state)
{
    struct sigv4__pace p;
    (void)state;
    sigv4__pace_init(&p, 100000);
    for (int i = 0; i < 400; i++)
        sigv4__pace_answered(&p, 100000 + i * 500, i == 10);
    assert_true(p.on);
    assert_true(fabs(p.measured - 2) < 1e-6);
    assert_true(fabs(p.rate - 4) < 1e-6);
}

/* What was saved at a high rate is not spent after it fell. */
static void test_a_lower_rate_takes_savings_away(void **state)
{
    struct sigv4__pace p;
    (void)state;
    sigv4__pace_init(&p, 100000);
    for (int i = 0; i < 1000; i++)
        sigv4__pace_answered(&p, 100000 + i * 10, i == 0);
    assert_int_equal(sigv4__pace_take(&p, 120000), 0);
    assert_true(p.tokens > 100);
    for (int i = 0; i < 20; i++)
        sigv4__pace_answered(&p, 120000, true);
    assert_true(p.rate < 10);
    (void)sigv4__pace_take(&p, 120000);
    assert_true(p.tokens <= p.capacity);
}

/* A clock that stands still or goes back gives nothing away. */
static void test_time_that_does_not_pass(void **state)
{
    struct sigv4__pace p;
    int taken = 0;
    (void)state;
    sigv4__pace_init(&p, 100000);
    for (int i = 0; i < 100; i++)
        sigv4__pace_answered(&p, 100000 + i * 10, i == 99);
    while (taken < 1000 && sigv4__pace_take(&p, 101000) == 0)
        taken++;
    assert_true(taken <= p.capacity);
    assert_true(sigv4__pace_take(&p, 90000) > 0);
    assert_true(sigv4__pace_take(&p, 101000) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_until_throttled),
        cmocka_unit_test(test_finds_the_rate_that_is_allowed),
        cmocka_unit_test(test_never_slower_than_one_in_two_seconds),
        cmocka_unit_test(test_the_curve),
        cmocka_unit_test(test_bounded_by_what_is_sent),
        cmocka_unit_test(test_a_lower_rate_takes_savings_away),
        cmocka_unit_test(test_time_that_does_not_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
