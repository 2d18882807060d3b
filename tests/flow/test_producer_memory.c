/* Memory: every single allocation failing in turn, and none made in the steady state. */
#include "flow/rig_producer.h"
#include "unit/counted_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { RECORDS = 40 };

static void some_trouble(void *ctx, struct fake_put *put)
{
    (void)ctx;
    if (put->number == 0)
        put->entries[0] = FAKE_INTERNAL;
    if (put->number == 1)
        put->entries[0] = FAKE_THROTTLED;
    if (put->number == 2)
        put->answered = FAKE_DROPPED;
}

static void put_copied(struct rig *rig, unsigned i)
{
    char key[100], data[600];
    memset(data, 'x', sizeof data);
    snprintf(key, sizeof key, i % 2 ? "key%u" : "a key that is too long to be kept in the node %u",
             i % 5);
    size_t tag = rig->count + 1;
    if (kinesis_producer_put(rig->producer,
                             KINESIS_PUT(.partition_key = sigv4_str(key),
                                         .data = sigv4_bytes(data, sizeof data - i),
                                         .tag = (void *)tag, .flags = KINESIS_COPY)) == 0)
        rig->count = tag;
}

/* Returns false when there were fewer allocations than that. */
static bool run_failing(unsigned n, uint32_t flags)
{
    struct counted_alloc counted = {.fail_at = n};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    struct rig rig;
    rig_init(&rig, RECORDS, 4, some_trouble, NULL);
    rig.options.flags = flags;
    if (rig_open(&rig, &alloc) == 0) {
        for (unsigned i = 0; i < RECORDS; i++) {
            put_copied(&rig, i);
            if (i % 8 == 0)
                (void)kinesis_producer_flush(rig.producer, 100);
        }
        int rc = kinesis_producer_close(rig.producer, 60000, &counts);
        if (rc)
            fail_msg("allocation %u: close: %s", n, sigv4_status_name(rc));
        assert_int_equal(counts.accepted, rig.count);
        assert_int_equal(counts.written, rig.count);
        assert_true(rig_each_told_once(&rig));
    }
    rig_close(&rig);
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(counted.live, 0);
    rig_end(&rig);
    return counted.requests >= n;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    static const uint32_t modes[] = {0, KINESIS_KEEP_ORDER, KINESIS_AGGREGATE,
                                     KINESIS_AGGREGATE | KINESIS_KEEP_ORDER};
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        unsigned n = 1;
        while (run_failing(n, modes[m]))
            n++;
        print_message("flags %u: %u allocations\n", modes[m], n - 1);
        assert_true(n > 50);
    }
}

static void nothing_is_allocated_per_record(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct rig rig;
    int rc;
    unsigned before = 0, requests = 0;
    rig_init(&rig, 40000, 4, NULL, NULL);
    rig.options.max_requests_in_flight = 1;
    assert_int_equal(rig_open(&rig, &alloc), 0);
    for (int round = 0; round < 20; round++) {
        if (round == 10) {
            before = counted.requests;
            requests = fake_stream_puts(rig.stream);
        }
        for (int i = 0; i < 1000; i++)
            assert_true(rig_put(&rig, "key", "value", &rc));
        for (int i = 0; i < 1000; i++)
            put_copied(&rig, (unsigned)i % 500);
        assert_int_equal(kinesis_producer_flush(rig.producer, -1), 0);
    }
    unsigned made = counted.requests - before, sent = fake_stream_puts(rig.stream) - requests;
    print_message("%u allocations for 20000 records in %u requests\n", made, sent);
    assert_true(made <= 12 * sent); /* the exchange's own, per request */
    rig_end(&rig);
}

static void memory_is_bounded_by_the_budget(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_stats s = {.size = sizeof s};
    static char data[4001];
    memset(data, 'x', 4000);
    rig_init(&rig, 20000, 4, NULL, NULL);
    rig.options.max_buffered_bytes = 1 << 20;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (unsigned i = 0; i < 5000; i++) {
        size_t tag = rig.count + 1;
        assert_int_equal(kinesis_producer_put_wait(rig.producer,
                                                   KINESIS_PUT(.partition_key = SIGV4_LIT("k"),
                                                               .data = sigv4_bytes(data, i % 4000),
                                                               .tag = (void *)tag,
                                                               .flags = i % 3 ? KINESIS_COPY : 0),
                                                   -1),
                         0);
        rig.count = tag;
        assert_int_equal(kinesis_producer_stats(rig.producer, &s), 0);
        assert_true(s.buffered_bytes <= 1 << 20);
    }
    assert_true(rig_run(&rig));
    assert_int_equal(kinesis_producer_stats(rig.producer, &s), 0);
    assert_int_equal(s.buffered_bytes, 0);
    assert_in_range(s.max_seen_buffered_bytes, (1 << 20) - 4096, 1 << 20);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(nothing_is_allocated_per_record),
        cmocka_unit_test(memory_is_bounded_by_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
