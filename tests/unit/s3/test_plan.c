/* Cutting lengths into parts. */
#include "transfer/plan.h"

#include <s3/transfer.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define TIB (UINT64_C(1) << 40)

static void usual_and_larger_parts(void **state)
{
    static const struct {
        uint64_t length, asked, part_size;
        uint32_t count;
    } cases[] = {
        {0, 0, 8 * MIB, 1},
        {1, 0, 8 * MIB, 1},
        {8 * MIB, 0, 8 * MIB, 1},
        {8 * MIB + 1, 0, 8 * MIB, 2},
        {80000 * MIB, 0, 8 * MIB, 10000},
        {80000 * MIB + 1, 0, 9 * MIB, 8889},
        {100, 10, 10, 10},
        {100, 33, 33, 4},
        {TIB, 0, 105 * MIB, 9987},
        {TIB, 6 * 1024 * MIB, 5 * 1024 * MIB, 205},
        {50000 * 1024 * MIB, 0, 5 * 1024 * MIB, 10000}, /* 48.8 TiB: the most there is */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct s3__plan p;
        uint64_t sum = 0;
        assert_int_equal(s3__plan_make(&p, cases[i].length, cases[i].asked, 10000), 0);
        assert_int_equal(p.part_size, cases[i].part_size);
        assert_int_equal(p.count, cases[i].count);
        for (uint32_t k = 0; k < p.count; k++) {
            assert_int_equal(s3__plan_offset(&p, k), sum);
            assert_true(s3__plan_size(&p, k) <= p.part_size);
            sum += s3__plan_size(&p, k);
        }
        assert_int_equal(sum, cases[i].length);
    }
}

static void too_large(void **state)
{
    struct s3__plan p;
    (void)state;
    assert_int_equal(s3__plan_make(&p, 50000 * 1024 * MIB + 1, 0, 10000), SIGV4_E_TOO_LARGE);
    assert_int_equal(s3__plan_make(&p, UINT64_MAX, 0, 10000), SIGV4_E_TOO_LARGE);
    assert_int_equal(s3__plan_make(&p, INT64_MAX, 1, 10000), SIGV4_E_TOO_LARGE);
}

static void streams_grow(void **state)
{
    uint64_t sum = 0, before = 0;
    (void)state;
    assert_int_equal(s3_stream_part_size(0, 1), 8 * MIB);
    assert_int_equal(s3_stream_part_size(0, 500), 8 * MIB);
    assert_int_equal(s3_stream_part_size(0, 501), 16 * MIB);
    assert_int_equal(s3_stream_part_size(10, 1), 10);
    assert_int_equal(s3_stream_part_size(UINT64_MAX, 1), S3_MAX_PART_SIZE);
    for (uint32_t n = 1; n <= 10000; n++) {
        uint64_t size = s3_stream_part_size(0, n);
        assert_true(size >= before && size <= S3_MAX_PART_SIZE);
        before = size;
        sum += size;
    }
    assert_true(sum > 28 * TIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_and_larger_parts),
        cmocka_unit_test(too_large),
        cmocka_unit_test(streams_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
