/* When a request is due, what goes into it, and how it is taken apart again. */
#include "producer/again.h"
#include "producer/batch.h"
#include "producer/histogram.h"
#include "producer/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/counted_alloc.h"

static struct counted_alloc counted;
static struct sigv4_alloc alloc;
static struct kinesis__lanes lanes;
static struct kinesis__gates gates;
static struct kinesis__limits limits;
static struct kinesis__record records[600];

static int set_up(void **state)
{
    (void)state;
    counted = (struct counted_alloc){0};
    alloc = counted_alloc(&counted);
    kinesis__lanes_init(&lanes, &alloc);
    gates = (struct kinesis__gates){0};
    limits = (struct kinesis__limits){
        .batch_records = 500, .batch_bytes = 10000, .linger_ms = 50, .deadline_ms = 30000};
    for (unsigned i = 0; i < 600; i++)
        records[i] = (struct kinesis__record){.number = i + 1,
                                              .gate = KINESIS__NO_GATE,
                                              .data = "0123456789",
                                              .data_len = 10,
                                              .key_len = 1,
                                              .texts = "k"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kinesis__lanes_free(&lanes);
    return counted.live == 0 ? 0 : -1;
}

static void wait_all(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        kinesis__lanes_add(&lanes, &lanes.anywhere, &records[i]);
}

static struct kinesis__source source(void)
{
    return (struct kinesis__source){.lanes = &lanes,
                                    .gates = &gates,
                                    .limits = &limits,
                                    .stream = SIGV4_LIT("s"),
                                    .now_ms = 100};
}

static void it_is_due_when_full_or_old(void **state)
{
    (void)state;
    int64_t when;
    assert_false(kinesis__batch_due(&lanes, &limits, 0, &when));
    assert_int_equal(when, INT64_MAX);
    wait_all(1);
    assert_false(kinesis__batch_due(&lanes, &limits, 49, &when));
    assert_int_equal(when, 50);
    assert_true(kinesis__batch_due(&lanes, &limits, 50, &when));
    limits.batch_bytes = 11;
    assert_true(kinesis__batch_due(&lanes, &limits, 0, &when));
    limits.batch_bytes = 12;
    assert_false(kinesis__batch_due(&lanes, &limits, 0, &when));
    limits.batch_records = 1;
    assert_true(kinesis__batch_due(&lanes, &limits, 0, &when));
    limits.aggregate_bytes = 100; /* then the number of records is no limit */
    assert_false(kinesis__batch_due(&lanes, &limits, 0, &when));
    records[0].attempts = 1; /* one that goes again does not linger */
    assert_true(kinesis__batch_due(&lanes, &limits, 0, &when));
}

static struct kinesis__batch *filled(uint32_t cap)
{
    struct kinesis__batch *b;
    struct kinesis__source from = source();
    assert_int_equal(kinesis__batch_new(&b, &alloc, cap), 0);
    assert_int_equal(kinesis__batch_fill(b, &from), 0);
    return b;
}

static void it_is_filled_up_to_its_limits(void **state)
{
    (void)state;
    wait_all(600);
    struct kinesis__batch *b = filled(500);
    assert_int_equal(b->count, 500);
    assert_int_equal(b->live.count, 500);
    assert_int_equal(lanes.sendable.count, 100);
    assert_int_equal(lanes.anywhere.under_way, 500);
    assert_int_equal(records[0].attempts, 1);
    assert_true(records[499].flags & KINESIS__UNDER_WAY);
    assert_ptr_equal(kinesis__batch_of(&records[3]), b);
    assert_int_equal(b->last_deadline_ms, 30000);
    kinesis__batch_empty(b, &lanes);
    assert_int_equal(lanes.sendable.count, 600);
    assert_int_equal(lanes.anywhere.under_way, 0);
    for (unsigned i = 0; i < 600; i++) {
        assert_ptr_equal(kinesis__queue_pop(&lanes.anywhere.waiting), &records[i]);
        assert_int_equal(records[i].attempts, 0);
        assert_int_equal(records[i].flags, 0);
    }
    kinesis__batch_free(b, &alloc);
}

static void bytes_are_a_limit_too(void **state)
{
    (void)state;
    wait_all(600);
    limits.batch_bytes = 32;
    struct kinesis__batch *b = filled(500);
    assert_int_equal(b->count, 2);
    kinesis__batch_empty(b, &lanes);
    limits.batch_bytes = 5; /* a record that is larger goes alone */
    struct kinesis__source from = source();
    assert_int_equal(kinesis__batch_fill(b, &from), 0);
    assert_int_equal(b->count, 1);
    kinesis__batch_empty(b, &lanes);
    kinesis__batch_free(b, &alloc);
}

static void a_lonely_record_has_no_company(void **state)
{
    (void)state;
    records[2].flags = KINESIS__ALONE;
    wait_all(5);
    struct kinesis__source from = source();
    struct kinesis__batch *b = filled(500);
    assert_int_equal(b->count, 2);
    kinesis__batch_free(b, &alloc);
    assert_int_equal(kinesis__batch_new(&b, &alloc, 500), 0);
    assert_int_equal(kinesis__batch_fill(b, &from), 0);
    assert_int_equal(b->count, 1);
    assert_ptr_equal(b->entries[0].records.first, &records[2]);
    kinesis__batch_free(b, &alloc);
}

static void a_paced_lane_gives_what_it_may(void **state)
{
    (void)state;
    wait_all(100);
    kinesis__pace_throttled(&lanes.anywhere.pace, 0, 0, 0);
    struct kinesis__batch *b = filled(500);
    print_message("%zu of 100 after 100 ms\n", b->count);
    assert_in_range(b->count, 30, 50);
    assert_int_equal(lanes.anywhere.state, KINESIS__LANE_PACED);
    assert_null(kinesis__lanes_first(&lanes));
    kinesis__batch_free(b, &alloc);
}

static void no_allocation_is_missed(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct kinesis__batch *b;
        struct kinesis__source from = source();
        set_up(NULL);
        wait_all(20);
        counted.fail_at = n;
        int rc = kinesis__batch_new(&b, &alloc, 500);
        if (!rc) {
            rc = kinesis__batch_fill(b, &from);
            assert_int_equal(b->live.count + lanes.sendable.count, 20);
            kinesis__batch_empty(b, &lanes);
            kinesis__batch_free(b, &alloc);
        }
        bool over = counted.requests < n;
        kinesis__lanes_free(&lanes);
        assert_int_equal(counted.live, 0);
        if (over) {
            assert_int_equal(rc, 0);
            break;
        }
    }
    set_up(NULL);
}

/* ---- again ---- */

static void waits_grow_with_the_attempts(void **state)
{
    (void)state;
    struct kinesis__again a = {0};
    int64_t due[12];
    for (uint16_t i = 1; i <= 12; i++) {
        records[0].attempts = i;
        kinesis__again_wait(&a, &records[0], 1000, UINT32_MAX);
        due[i - 1] = kinesis__again_due(&a) - 1000;
        assert_null(kinesis__again_next(&a, 999 + due[i - 1]));
        assert_ptr_equal(kinesis__again_next(&a, 1000 + due[i - 1]), &records[0]);
        assert_int_equal(kinesis__again_due(&a), INT64_MAX);
    }
    assert_int_equal(due[0], 50);
    assert_int_equal(due[1], 100);
    assert_int_equal(due[6], 3200);
    assert_int_equal(due[7], 5000);
    assert_int_equal(due[11], 5000);
}

static void one_request_tries_until_it_succeeds(void **state)
{
    (void)state;
    struct kinesis__again a = {0};
    assert_int_equal(kinesis__again_requests(&a, 0, 8), 8);
    for (int i = 0; i < 8; i++) /* all that were under way fail together */
        kinesis__again_failed(&a, 1000 + i, 900, UINT32_MAX);
    assert_int_equal(a.failures, 1);
    assert_int_equal(kinesis__again_requests(&a, 1099, 8), 0);
    assert_int_equal(kinesis__again_requests(&a, 1100, 8), 1);
    kinesis__again_failed(&a, 1200, 1100, 0); /* the trial; chance says no wait at all */
    assert_int_equal(kinesis__again_requests(&a, 1209, 8), 0);
    assert_int_equal(kinesis__again_requests(&a, 1210, 8), 1);
    for (int i = 0; i < 20; i++)
        kinesis__again_failed(&a, 10000 * (i + 1), 10000 * (i + 1), UINT32_MAX);
    assert_int_equal(a.quiet_until_ms, 200000 + 5000);
    kinesis__again_succeeded(&a);
    assert_int_equal(kinesis__again_requests(&a, 0, 8), 8);
}

/* ---- store ---- */

static void blocks_are_used_again_and_bounded(void **state)
{
    (void)state;
    struct kinesis__store s;
    kinesis__store_init(&s, &alloc, 4096);
    assert_int_equal(kinesis__store_block_size(1), 64);
    assert_int_equal(kinesis__store_block_size(65), 96);
    assert_int_equal(kinesis__store_block_size(97), 128);
    assert_int_equal(kinesis__store_block_size(16 << 20), 16 << 20);
    struct kinesis__record *a = kinesis__store_get(&s);
    a->block = kinesis__store_get_block(&s, a->block_size = 1024);
    void *block = a->block;
    kinesis__store_put(&s, a);
    struct kinesis__record *b = kinesis__store_get(&s);
    assert_ptr_equal(a, b);
    b->block = kinesis__store_get_block(&s, b->block_size = 1024);
    assert_ptr_equal(b->block, block);
    kinesis__store_put(&s, b);
    /* Another size needs the room: what is kept goes. */
    b = kinesis__store_get(&s);
    b->block = kinesis__store_get_block(&s, b->block_size = 4096);
    assert_int_equal(s.kept_bytes, 0);
    assert_int_equal(s.held_bytes, 4096);
    kinesis__store_put(&s, b);
    kinesis__store_free(&s);
}

/* ---- histogram ---- */

static void percentiles_are_near(void **state)
{
    (void)state;
    struct kinesis__histogram *h = calloc(1, sizeof *h);
    assert_int_equal(kinesis__histogram_value(h, 500), 0);
    for (uint32_t i = 1; i <= 1000; i++)
        kinesis__histogram_add(h, i);
    assert_in_range(kinesis__histogram_value(h, 500), 500, 530);
    assert_in_range(kinesis__histogram_value(h, 990), 990, 1050);
    kinesis__histogram_add(h, UINT32_MAX);
    assert_int_equal(kinesis__histogram_value(h, 1000), UINT32_MAX);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_due_when_full_or_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_filled_up_to_its_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_are_a_limit_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lonely_record_has_no_company, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paced_lane_gives_what_it_may, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_allocation_is_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_grow_with_the_attempts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_request_tries_until_it_succeeds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blocks_are_used_again_and_bounded, set_up, tear_down),
        cmocka_unit_test(percentiles_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
