/* Quantiles and bootstrap intervals of kbench, on samples whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "finding.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void assert_near(double expected, double actual, double within)
{
    if (actual < expected - within || actual > expected + within)
        fail_msg("expected %g within %g, got %g", expected, within, actual);
}

static double random_unit(void)
{
    return (double)rand() / RAND_MAX;
}

static void quantiles_are_those_of_a_sorted_list(void **state)
{
    (void)state;
    srand(1);
    for (size_t count = 1; count < 60; count++) {
        double sorted[60], values[60];
        for (int turn = 0; turn < 20; turn++) {
            for (size_t i = 0; i < count; i++)
                sorted[i] = values[i] = (double)(rand() % 7); /* many that are equal */
            qsort(sorted, count, sizeof *sorted, ascending);
            double q = random_unit(), place = q * (double)(count - 1);
            size_t k = (size_t)place;
            double above = k + 1 < count ? sorted[k + 1] : sorted[k];
            assert_near(sorted[k] + (place - (double)k) * (above - sorted[k]),
                        quantile(values, count, q), 1e-9);
        }
    }
}

static void a_quantile_needs_values_beyond_it(void **state)
{
    (void)state;
    assert_false(quantile_is_known(0, 0.5));
    assert_true(quantile_is_known(2, 0.5));
    assert_false(quantile_is_known(99, 0.99));
    assert_true(quantile_is_known(100, 0.99));
    assert_false(quantile_is_known(999, 0.999));
    assert_true(quantile_is_known(1000, 0.999));
}

/* Blocks of readings around a base, some phases missing. */
static struct series made(size_t blocks, size_t each, double base, double spread)
{
    struct series s;
    assert_true(series_init(&s, blocks * each));
    for (size_t i = 0; i < blocks * each; i++) {
        struct reading r = {.block = (uint32_t)(i / each)};
        r.phase[PHASE_NAME] = -1;
        r.phase[PHASE_CONNECT] = base + spread * (random_unit() + random_unit() - 1);
        r.phase[PHASE_TLS] = r.phase[PHASE_FIRST_BYTE] = r.phase[PHASE_TOTAL] = 1;
        assert_true(series_add(&s, &r));
    }
    struct reading more = {0};
    assert_false(series_add(&s, &more));
    return s;
}

static void an_interval_covers_the_truth_nearly_always(void **state)
{
    (void)state;
    int covered = 0, differs = 0, found = 0;
    srand(2);
    for (int trial = 0; trial < 100; trial++) {
        struct series a = made(20, 10, 3, 1), b = made(20, 10, 8, 1), c = made(20, 10, 3, 1);
        struct phase_finding f;
        assert_true(finding_of(&a, &b, PHASE_CONNECT, &f));
        assert_int_equal(f.count_a, 200);
        assert_true(f.compared && f.known_a[0] && f.known_b[2] && !f.known_a[3]);
        covered += f.difference.low <= 5 && f.difference.high >= 5;
        found += finding_differs(&f.difference, 0.1);
        assert_near(5, f.difference.value, 0.5);
        assert_true(f.difference.low <= f.difference.value &&
                    f.difference.value <= f.difference.high);
        assert_true(finding_of(&a, &c, PHASE_CONNECT, &f));
        differs += finding_differs(&f.difference, 0.3);
        assert_true(finding_of(&a, &b, PHASE_NAME, &f));
        assert_false(f.compared);
        series_free(&a);
        series_free(&b);
        series_free(&c);
    }
    print_message("covered %d of 100, seen %d, where there was none %d\n", covered, found, differs);
    assert_true(covered >= 88); /* 95 are expected; fewer than 88 come about once in 700 runs */
    assert_int_equal(found, 100);
    assert_true(differs <= 2);
}

static void an_empty_side_is_not_compared(void **state)
{
    (void)state;
    struct series a = made(5, 4, 1, 0.1), none = {0};
    struct phase_finding f;
    assert_true(finding_of(&a, &none, PHASE_CONNECT, &f));
    assert_false(f.compared);
    assert_int_equal(f.count_b, 0);
    series_free(&a);
}

static void what_differs(void **state)
{
    (void)state;
    assert_true(finding_differs(&(struct interval){2, 1.9, 2.1}, 0.1));
    assert_true(finding_differs(&(struct interval){-2, -2.1, -1.9}, 0.1));
    assert_false(finding_differs(&(struct interval){2, -0.1, 4}, 0.1));
    assert_false(finding_differs(&(struct interval){0.05, 0.04, 0.06}, 0.1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_a_sorted_list),
        cmocka_unit_test(a_quantile_needs_values_beyond_it),
        cmocka_unit_test(an_interval_covers_the_truth_nearly_always),
        cmocka_unit_test(an_empty_side_is_not_compared),
        cmocka_unit_test(what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
