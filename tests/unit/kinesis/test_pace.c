/* Pacing against simulated shards: how much gets through, how much is refused in vain. */
#include "producer/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A shard as the service has it: 1000 records and 1 MiB a second, one second's worth saved up. */
struct shard {
    double records, bytes;
    int64_t at_ms;
};

static bool shard_takes(struct shard *s, int64_t now, uint32_t bytes)
{
    double ms = (double)(now - s->at_ms);
    s->records = s->records + ms > 1000 ? 1000 : s->records + ms;
    s->bytes = s->bytes + ms * 1048.576 > 1048576 ? 1048576 : s->bytes + ms * 1048.576;
    s->at_ms = now;
    if (s->records < 1 || s->bytes < bytes)
        return false;
    s->records -= 1;
    s->bytes -= bytes;
    return true;
}

struct writer {
    struct kinesis__pace pace;
    uint32_t seed;
    unsigned written, refused;
    unsigned per_tick; /* how many records it would like to write every 10 ms */
};

static uint32_t chance(struct writer *w)
{
    w->seed = w->seed * 1664525 + 1013904223;
    return w->seed;
}

static void tick(struct writer *w, struct shard *s, int64_t now, uint32_t bytes)
{
    bool fits[64];
    unsigned n = 0;
    while (n < w->per_tick && n < 64 && kinesis__pace_wait(&w->pace, now, bytes) == 0) {
        kinesis__pace_take(&w->pace, bytes);
        fits[n++] = shard_takes(s, now, bytes);
    }
    for (unsigned i = 0; i < n; i++) {
        w->written += fits[i];
        w->refused += !fits[i];
        if (fits[i])
            kinesis__pace_written(&w->pace, now + 5, bytes);
        else
            kinesis__pace_throttled(&w->pace, now + 5, now, chance(w));
    }
}

static void an_unlimited_shard_never_waits(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    for (int64_t now = 0; now < 1000; now++) {
        assert_int_equal(kinesis__pace_wait(&p, now, 1 << 20), 0);
        kinesis__pace_take(&p, 1 << 20);
        kinesis__pace_written(&p, now, 1 << 20);
    }
    assert_false(p.limited);
}

static void share_of(uint32_t bytes, double possible, double in_vain)
{
    struct writer w = {.seed = 1, .per_tick = 50};
    struct shard s = {1000, 1048576, 0};
    for (int64_t now = 0; now < 120000; now += 10)
        tick(&w, &s, now, bytes);
    print_message("records of %u: %u written of %.0f, %u refused\n", bytes, w.written,
                  120 * possible, w.refused);
    assert_true(w.written > 0.75 * 120 * possible);
    assert_true(w.refused < in_vain * w.written);
}

static void most_of_the_shard_is_used_and_little_is_refused(void **state)
{
    (void)state;
    share_of(100, 1000, 0.01);
    share_of(5000, 1048576 / 5000.0, 0.01);
    share_of(200000, 1048576 / 200000.0, 0.15); /* five a second */
}

static void two_writers_share_a_shard(void **state)
{
    (void)state;
    struct writer a = {.seed = 1, .per_tick = 50}, b = {.seed = 2, .per_tick = 50};
    struct shard s = {1000, 1048576, 0};
    for (int64_t now = 0; now < 20000; now += 10)
        tick(&a, &s, now, 100);
    a.written = a.refused = 0;
    for (int64_t now = 20000; now < 320000; now += 10) {
        tick(now % 20 ? &a : &b, &s, now, 100);
        tick(now % 20 ? &b : &a, &s, now, 100);
    }
    print_message("a %u (%u refused), b %u (%u refused)\n", a.written, a.refused, b.written,
                  b.refused);
    assert_true(a.written + b.written > 0.7 * 300000);
    assert_true(a.written < 2 * b.written && b.written < 2 * a.written);
    assert_true(a.refused + b.refused < 0.05 * (a.written + b.written));
}

static void it_comes_back_when_others_leave(void **state)
{
    (void)state;
    struct writer a = {.seed = 1, .per_tick = 50};
    struct shard s = {1000, 1048576, 0};
    for (int64_t now = 0; now < 60000; now += 10) {
        for (int i = 0; i < 8; i++) /* someone else who does not care */
            (void)shard_takes(&s, now, 100);
        tick(&a, &s, now, 100);
    }
    unsigned crowded = a.written;
    a.written = 0;
    for (int64_t now = 60000; now < 120000; now += 10)
        tick(&a, &s, now, 100);
    print_message("crowded %u of about 12000, alone %u of 60000\n", crowded, a.written);
    assert_true(crowded > 6000);
    assert_true(a.written > 40000);
}

static void a_limit_nobody_needs_is_dropped(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    kinesis__pace_throttled(&p, 1000, 1000, 0);
    assert_true(p.limited);
    for (int64_t now = 1000; now < 61000; now += 100)
        kinesis__pace_written(&p, now, 100);
    assert_false(p.limited);
}

static void pauses_grow_with_the_row_and_end(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    int64_t now = 1000, first = 0, last = 0;
    for (int i = 0; i < 12; i++) {
        kinesis__pace_throttled(&p, now, now, UINT32_MAX);
        last = kinesis__pace_wait(&p, now, 100);
        first = i == 0 ? last : first;
        assert_true(last > 0);
        assert_int_equal(kinesis__pace_wait(&p, now + last, 100), 0);
        now += last;
        kinesis__pace_take(&p, 100);
    }
    print_message("first pause %lld, twelfth %lld\n", (long long)first, (long long)last);
    assert_true(first <= 350);
    assert_true(last >= 5000 && last < 5500);
}

static void five_hundred_throttles_of_one_request_are_one_reason(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    kinesis__pace_throttled(&p, 1000, 1000, UINT32_MAX);
    double rate = p.records_per_ms;
    for (int i = 0; i < 499; i++)
        kinesis__pace_throttled(&p, 1000, 1000, UINT32_MAX);
    assert_true(p.records_per_ms == rate);
    assert_int_equal(p.row, 1);
}

static void a_clock_that_jumps_does_no_harm(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    kinesis__pace_throttled(&p, 1000000, 1000000, UINT32_MAX);
    kinesis__pace_written(&p, 500, 10);
    assert_true(kinesis__pace_wait(&p, 0, 10) < 10000);
    assert_int_equal(kinesis__pace_wait(&p, 1000000000, 10), 0);
}

static void a_record_larger_than_the_bucket_goes(void **state)
{
    (void)state;
    struct kinesis__pace p = {0};
    kinesis__pace_throttled(&p, 0, 0, 0);
    int64_t wait = kinesis__pace_wait(&p, 0, 10 << 20);
    assert_true(wait > 0 && wait < 1000);
    assert_int_equal(kinesis__pace_wait(&p, wait, 10 << 20), 0);
    kinesis__pace_take(&p, 10 << 20);
    assert_true(kinesis__pace_wait(&p, wait, 10) > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unlimited_shard_never_waits),
        cmocka_unit_test(most_of_the_shard_is_used_and_little_is_refused),
        cmocka_unit_test(two_writers_share_a_shard),
        cmocka_unit_test(it_comes_back_when_others_leave),
        cmocka_unit_test(a_limit_nobody_needs_is_dropped),
        cmocka_unit_test(pauses_grow_with_the_row_and_end),
        cmocka_unit_test(five_hundred_throttles_of_one_request_are_one_reason),
        cmocka_unit_test(a_clock_that_jumps_does_no_harm),
        cmocka_unit_test(a_record_larger_than_the_bucket_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
