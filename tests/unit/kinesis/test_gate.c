/* Gates and the queues behind them: who may go, who waits, and in which order they come back. */
#include "producer/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/counted_alloc.h"

static struct kinesis__record record(uint64_t number, const char *key)
{
    struct kinesis__record r = {.number = number, .gate = KINESIS__NO_GATE};
    r.key_len = (uint16_t)strlen(key);
    memcpy(r.texts, key, r.key_len);
    return r;
}

static struct kinesis__gates gates_of(struct counted_alloc *counted)
{
    struct kinesis__gates g;
    struct sigv4_alloc alloc = counted_alloc(counted);
    assert_int_equal(kinesis__gates_init(&g, &alloc, 1000), 0);
    assert_int_equal(g.count, 1024);
    return g;
}

static void one_of_a_key_goes_at_a_time(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct kinesis__gates g = gates_of(&counted);
    struct kinesis__record a = record(1, "k"), b = record(2, "k"), c = record(3, "k"),
                           other = record(4, "other");
    assert_true(kinesis__gates_enter(&g, &a));
    assert_false(kinesis__gates_enter(&g, &b));
    assert_false(kinesis__gates_enter(&g, &c));
    assert_true(kinesis__gates_enter(&g, &other));
    assert_ptr_equal(kinesis__gates_leave(&g, a.gate), &b);
    assert_ptr_equal(kinesis__gates_leave(&g, b.gate), &c);
    assert_null(kinesis__gates_leave(&g, c.gate));
    assert_true(kinesis__gates_enter(&g, &a));
    assert_null(kinesis__gates_leave(&g, KINESIS__NO_GATE));
    kinesis__gates_free(&g);
    assert_int_equal(counted.live, 0);
}

static void records_without_key_pass(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct kinesis__gates g = gates_of(&counted), none = {0};
    struct kinesis__record a = record(1, "abcd"), b = record(2, "abcd");
    a.flags = b.flags = KINESIS__SPREAD;
    assert_true(kinesis__gates_enter(&g, &a));
    assert_true(kinesis__gates_enter(&g, &b));
    assert_int_equal(b.gate, KINESIS__NO_GATE);
    b.flags = 0;
    assert_true(kinesis__gates_enter(&none, &b)); /* order does not matter */
    assert_null(kinesis__gates_peek(&none, &b));
    assert_false(kinesis__gates_return(&none, &b));
    kinesis__gates_free(&g);
}

static void several_follow_and_return_in_order(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct kinesis__gates g = gates_of(&counted);
    struct kinesis__record r[4] = {record(1, "k"), record(2, "k"), record(3, "k"), record(4, "k")};
    assert_true(kinesis__gates_enter(&g, &r[0]));
    for (int i = 1; i < 4; i++)
        assert_false(kinesis__gates_enter(&g, &r[i]));
    for (int i = 1; i < 3; i++) {
        assert_ptr_equal(kinesis__gates_peek(&g, &r[0]), &r[i]);
        kinesis__gates_follow(&g, &r[i]);
    }
    /* 1, 2 and 3 are under way and fail: from the last to the first, only 1 stays beyond. */
    assert_true(kinesis__gates_return(&g, &r[2]));
    assert_true(kinesis__gates_return(&g, &r[1]));
    assert_false(kinesis__gates_return(&g, &r[0]));
    for (int i = 1; i < 4; i++)
        assert_ptr_equal(kinesis__gates_leave(&g, r[0].gate), &r[i]);
    assert_null(kinesis__gates_leave(&g, r[0].gate));
    kinesis__gates_free(&g);
}

static void a_stuck_gate_opens_with_its_request(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct kinesis__gates g = gates_of(&counted);
    struct kinesis__record a = record(1, "k"), b = record(2, "k"), c = record(3, "k"),
                           x = record(4, "x"), spread = record(5, "s");
    uint32_t row = KINESIS__NO_GATE;
    spread.flags = KINESIS__SPREAD;
    kinesis__gates_enter(&g, &a);
    kinesis__gates_enter(&g, &b);
    kinesis__gates_enter(&g, &c);
    kinesis__gates_enter(&g, &x);
    kinesis__gates_enter(&g, &spread);
    kinesis__gates_follow(&g, &b);
    kinesis__gates_stick(&g, &a, &row);
    kinesis__gates_stick(&g, &x, &row);
    kinesis__gates_stick(&g, &b, &row);
    kinesis__gates_stick(&g, &spread, &row);
    assert_int_equal(row, x.gate);
    assert_null(kinesis__gates_unstick(&g, &row)); /* nobody waits behind x */
    assert_ptr_equal(kinesis__gates_unstick(&g, &row), &c);
    assert_int_equal(row, KINESIS__NO_GATE);
    kinesis__gates_free(&g);
}

static void numbers_stay_in_order_however_they_are_inserted(void **state)
{
    (void)state;
    struct kinesis__record r[200];
    struct kinesis__queue q = {0};
    struct kinesis__tally sum = {0};
    kinesis__queue_count_in(&q, &sum);
    srand(1);
    for (unsigned i = 0; i < 200; i++)
        r[i] = record(i * 7919u % 200, "kk");
    for (unsigned i = 0; i < 200; i++) {
        kinesis__queue_insert(&q, &r[i]);
        if (i % 5 == 4) { /* some leave in between, the last inserted among them */
            struct kinesis__record *out = i % 2 ? &r[i] : &r[rand() % (int)i];
            if (out->home)
                kinesis__queue_remove(out);
        }
    }
    size_t n = 0;
    for (struct kinesis__record *at = q.first; at; at = at->next, n++) {
        assert_true(!at->next || at->next->number > at->number);
        assert_true(!at->next || at->next->prev == at);
    }
    assert_int_equal(q.has.count, n);
    assert_int_equal(sum.count, n);
    assert_int_equal(sum.bytes, 2 * n);
    kinesis__queue_count_in(&q, NULL);
    assert_int_equal(sum.count, 0);
    while (kinesis__queue_pop(&q))
        n--;
    assert_int_equal(n, 0);
    assert_null(q.inserted);
}

static void no_memory_no_gates(void **state)
{
    (void)state;
    struct counted_alloc counted = {.fail_at = 1};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct kinesis__gates g;
    assert_int_equal(kinesis__gates_init(&g, &alloc, 10), SIGV4_E_NOMEM);
    kinesis__gates_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_a_key_goes_at_a_time),
        cmocka_unit_test(records_without_key_pass),
        cmocka_unit_test(several_follow_and_return_in_order),
        cmocka_unit_test(a_stuck_gate_opens_with_its_request),
        cmocka_unit_test(numbers_stay_in_order_however_they_are_inserted),
        cmocka_unit_test(no_memory_no_gates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
