/* Ten minutes without the service, in virtual time: memory stays where it is, nothing spins, and
 * afterwards everything that is still wanted arrives. */
#include "flow/rig_producer.h"
#include "unit/counted_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MINUTE = 60 * 1000, BUDGET = 16 << 20, SIZE = 1024, START = 10 * 1000 };

/* Counts bytes, to see what a producer holds. */
struct weighed {
    size_t now, most;
};

static void *weigh_get(void *ctx, size_t n)
{
    struct weighed *w = ctx;
    w->now += n;
    w->most = w->now > w->most ? w->now : w->most;
    return malloc(n);
}
static void *weigh_resize(void *ctx, void *p, size_t old_n, size_t n)
{
    struct weighed *w = ctx;
    w->now += n - old_n;
    w->most = w->now > w->most ? w->now : w->most;
    return realloc(p, n);
}
static void weigh_put(void *ctx, void *p, size_t n)
{
    struct weighed *w = ctx;
    w->now -= p ? n : 0;
    free(p);
}

struct outage {
    struct fake *fake;
    int64_t from, to;
    enum fake_answered how;
};

static void out(void *ctx, struct fake_put *put)
{
    const struct outage *o = ctx;
    int64_t now = fake_now_ms(o->fake);
    if (now >= o->from && now < o->to)
        put->answered = o->how;
}

/* A writer that puts as much as there is room for, every 100 ms. */
static void write_for(struct rig *rig, int64_t until, unsigned *refused)
{
    static char data[SIZE];
    while (fake_now_ms(rig->fake) < until) {
        for (int i = 0; i < 80; i++) {
            size_t tag = rig->count + 1;
            int rc = kinesis_producer_put(
                rig->producer, KINESIS_PUT(.partition_key = SIGV4_LIT("k"), .data = {data, SIZE},
                                           .tag = (void *)tag, .flags = KINESIS_COPY));
            *refused += rc == SIGV4_E_FULL;
            if (rc)
                break;
            rig->count = tag;
        }
        fake_run_ms(rig->fake, rig->loop, 100);
    }
}

static void ten_minutes(enum fake_answered how, uint32_t deadline_ms)
{
    struct rig rig;
    struct outage o = {.from = START, .to = START + 10 * MINUTE, .how = how};
    struct weighed w = {0};
    struct sigv4_alloc alloc = {&w, weigh_get, weigh_resize, weigh_put};
    unsigned refused = 0;
    rig_init(&rig, 2000000, 4, out, &o);
    o.fake = rig.fake;
    rig.options.max_buffered_bytes = BUDGET;
    rig.options.max_batch_bytes = 128 * 1024; /* parsing them is what takes this test its time */
    rig.options.record_deadline_ms = deadline_ms;
    assert_int_equal(rig_open(&rig, &alloc), 0);
    write_for(&rig, START, &refused);
    assert_int_equal(refused, 0);
    write_for(&rig, START + 2 * MINUTE, &refused);
    size_t early = w.most;
    unsigned requests = fake_stream_puts(rig.stream);
    write_for(&rig, START + 10 * MINUTE, &refused);
    requests = fake_stream_puts(rig.stream) - requests;
    print_message("held at most %zu MiB after 2, %zu MiB after 10 minutes; %u requests in 8 "
                  "minutes; FULL %u times; %u troubles told\n",
                  early >> 20, w.most >> 20, requests, refused, rig.troubles);
    assert_true(w.most <= early + (1 << 20));
    assert_true(w.most < 3 * (size_t)BUDGET);
    assert_true(requests < 8 * 60 * 2);
    assert_true(rig.troubles <= 10 * 60 + 1);
    unsigned told = (unsigned)rig.told;
    int64_t back = fake_now_ms(rig.fake);
    assert_true(rig_run(&rig));
    print_message("%u results during it, the last %lld ms after it\n", told,
                  (long long)(fake_now_ms(rig.fake) - back));
    assert_true(rig_each_told_once(&rig));
    if (deadline_ms > 10 * MINUTE)
        assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), rig.count);
    assert_true(fake_now_ms(rig.fake) - back < 20000);
    rig_end(&rig);
}

static void unreachable(void **state)
{
    (void)state;
    ten_minutes(FAKE_UNSENT, 30000);
    ten_minutes(FAKE_UNSENT, 20 * MINUTE);
}

static void silent(void **state)
{
    (void)state;
    ten_minutes(FAKE_SWALLOWED, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreachable),
        cmocka_unit_test(silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
