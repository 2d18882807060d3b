/* Each time is kept to within 1 %, and no quantile is above the largest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "histogram.h"

static struct histogram h;

static void one_value_is_itself_within_a_percent(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < UINT64_C(3800000000); us += us / 37 + 1) {
        memset(&h, 0, sizeof h);
        histogram_add(&h, us);
        histogram_add(&h, us + us / 8); /* so that the largest does not stand in for it */
        uint64_t seen = histogram_quantile(&h, 0.5);
        if (seen < us || seen > us + us / 100)
            fail_msg("%llu became %llu", (unsigned long long)us, (unsigned long long)seen);
    }
}

static void what_is_longer_counts_as_the_longest(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    histogram_add(&h, UINT64_MAX);
    assert_int_equal(h.count, 1);
    assert_true(histogram_quantile(&h, 1) > UINT64_C(3600000000));
}

static void quantiles(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    for (uint64_t us = 1; us <= 200; us++)
        histogram_add(&h, us);
    assert_int_equal(histogram_quantile(&h, 0), 1);
    assert_int_equal(histogram_quantile(&h, 0.5), 100);
    assert_int_equal(histogram_quantile(&h, 0.99), 198);
    assert_int_equal(histogram_quantile(&h, 1), 200);
}

static void the_printed_form_adds_up(void **state)
{
    (void)state;
    char text[4096] = "";
    memset(&h, 0, sizeof h);
    for (uint64_t us = 1000; us <= 5000; us += 1000)
        histogram_add(&h, us);
    FILE *out = fmemopen(text, sizeof text, "w");
    histogram_print(&h, out);
    fclose(out);
    assert_non_null(strstr(text, "Value     Percentile TotalCount 1/(1-Percentile)"));
    assert_non_null(strstr(text, "5.000 1.000000000000          5\n"));
    assert_non_null(strstr(text, "#[Max     =        5.000]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_is_itself_within_a_percent),
        cmocka_unit_test(what_is_longer_counts_as_the_longest),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(the_printed_form_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
