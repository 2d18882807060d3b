/* Points in time: compared with the C library over the whole range, and what must be refused. */
#include "base/moment.h"
#include "edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

#define FIRST (-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST  253402300799   /* 9999-12-31T23:59:59Z */

static void check_against_libc(int64_t seconds, int ms)
{
    char iso[25], amz[17], http[64], expected[64];
    struct tm tm;
    time_t t = (time_t)seconds;
    int64_t parsed = -1;
    assert_non_null(gmtime_r(&t, &tm));
    sigv4__moment_iso(seconds * 1000 + ms, iso);
    snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
    assert_string_equal(iso, expected);
    assert_true(sigv4__moment_parse_iso(sigv4_str(iso), &parsed));
    assert_true(parsed == seconds * 1000 + ms);
    sigv4__moment_amz(seconds, amz);
    snprintf(expected, sizeof expected, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    assert_string_equal(amz, expected);
    size_t n = strftime(http, sizeof http, "%a, %d %b ", &tm);
    n += (size_t)snprintf(http + n, sizeof http - n, "%04d", tm.tm_year + 1900);
    strftime(http + n, sizeof http - n, " %H:%M:%S GMT", &tm);
    assert_true(sigv4__moment_parse_http(sigv4_str(http), &parsed));
    assert_true(parsed == seconds * 1000);
}

static void test_the_whole_range(void **state)
{
    (void)state;
    check_against_libc(FIRST, 0);
    check_against_libc(LAST, 999);
    check_against_libc(0, 0);
    check_against_libc(-1, 999);
    /* A step that visits all months, leap days, hours and seconds. */
    for (int64_t s = FIRST; s <= LAST; s += 86400 * 29 + 3661)
        check_against_libc(s, (int)((s - FIRST) % 1000));
}

static void test_out_of_range_is_clamped(void **state)
{
    char amz[17], iso[25];
    (void)state;
    sigv4__moment_amz(INT64_MIN, amz);
    assert_string_equal(amz, "00010101T000000Z");
    sigv4__moment_amz(INT64_MAX, amz);
    assert_string_equal(amz, "99991231T235959Z");
    sigv4__moment_iso(INT64_MIN, iso);
    sigv4__moment_iso(INT64_MAX, iso);
}

struct text_case {
    const char *text;
    bool ok;
    int64_t ms;
};

static void run_cases(bool (*parse)(struct sigv4_slice, int64_t *), const struct text_case *cases,
                      size_t count)
{
    struct edge edge = edge_make(64);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(cases[i].text);
        int64_t ms = 77;
        bool ok = parse(sigv4_bytes(edge_put(&edge, cases[i].text, n), n), &ms);
        if (ok != cases[i].ok || ms != (ok ? cases[i].ms : 77))
            fail_msg("'%s': expected %d %lld, got %d %lld", cases[i].text, cases[i].ok,
                     (long long)cases[i].ms, ok, (long long)ms);
    }
    edge_drop(&edge);
}

static void test_iso_forms(void **state)
{
    static const struct text_case cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"1970-01-01t00:00:00z", true, 0},
        {"1970-01-01T00:00:00.5Z", true, 500},
        {"1970-01-01T00:00:00.123999999999999999Z", true, 123},
        {"1970-01-01T02:00:00+02:00", true, 0},
        {"1969-12-31T23:30:00-00:30", true, 0},
        {"1969-12-31T23:59:59.999Z", true, -1},
        {"2016-12-31T23:59:60Z", true, 1483228800000},
        {"2024-02-29T00:00:00Z", true, 1709164800000},
        {"2023-02-29T00:00:00Z", false, 0},
        {"1900-02-29T00:00:00Z", false, 0},
        {"2000-02-30T00:00:00Z", false, 0},
        {"1970-13-01T00:00:00Z", false, 0},
        {"1970-00-01T00:00:00Z", false, 0},
        {"1970-01-00T00:00:00Z", false, 0},
        {"1970-04-31T00:00:00Z", false, 0},
        {"1970-01-01T24:00:00Z", false, 0},
        {"1970-01-01T00:60:00Z", false, 0},
        {"1970-01-01T00:00:61Z", false, 0},
        {"0000-01-01T00:00:00Z", false, 0},
        {"1970-01-01T00:00:00", false, 0},
        {"1970-01-01T00:00:00.Z", false, 0},
        {"1970-01-01T00:00:00Zx", false, 0},
        {"1970-01-01 00:00:00Z", false, 0},
        {"1970-01-01T00:00:00+2:00", false, 0},
        {"1970-01-01T00:00:00+24:00", false, 0},
        {"1970-01-01T00:00:00+00:60", false, 0},
        {"1970-1-01T00:00:00Z", false, 0},
        {"+970-01-01T00:00:00Z", false, 0},
        {"1970-01-01T00:00", false, 0},
        {"", false, 0},
        {"Z", false, 0},
    };
    (void)state;
    run_cases(sigv4__moment_parse_iso, cases, sizeof cases / sizeof *cases);
}

static void test_http_forms(void **state)
{
    static const struct text_case cases[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777000},
        {"Thu, 01 Jan 1970 00:00:00.25 GMT", true, 250},
        {"Thu, 01 Jan 1970 00:00:00 UTC", false, 0},
        {"Thu, 01 Foo 1970 00:00:00 GMT", false, 0},
        {"Thu, 1 Jan 1970 00:00:00 GMT", false, 0},
        {"Thu, 01 Jan 1970 00:00:00", false, 0},
        {"Thu, 01 Jan 1970 00:00:00 GMT ", false, 0},
        {"Thursday, 01-Jan-70 00:00:00 GMT", false, 0},
        {"Thu Jan  1 00:00:00 1970", false, 0},
        {"Thu", false, 0},
        {"", false, 0},
    };
    (void)state;
    run_cases(sigv4__moment_parse_http, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_range),
        cmocka_unit_test(test_out_of_range_is_clamped),
        cmocka_unit_test(test_iso_forms),
        cmocka_unit_test(test_http_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
