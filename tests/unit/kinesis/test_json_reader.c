/* The pull scanner: values, structure, numbers, and the same judgement as jansson on damaged text.
 */
#include "edge.h"
#include "wire/json_reader.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char memory[4096];

static void begin_n(struct kinesis__json *r, const char *text, size_t n)
{
    assert_true(n <= sizeof memory);
    memcpy(memory, text, n);
    kinesis__json_open(r, memory, n);
}

static void begin(struct kinesis__json *r, const char *text)
{
    begin_n(r, text, strlen(text));
}

static void assert_slice(struct sigv4_slice s, const char *expected, size_t n)
{
    if (s.len != n || memcmp(s.ptr, expected, n) != 0)
        fail_msg("\"%.*s\" (%zu), not \"%s\" (%zu)", (int)s.len, (const char *)s.ptr, s.len,
                 expected, n);
}

static void objects_and_arrays(void **state)
{
    (void)state;
    struct kinesis__json r;
    struct sigv4_slice name, number = {NULL, 0};
    struct kinesis__json_string s;
    bool truth;
    begin(&r, " { \"a\" : [ 1 , -2.5e3 ] , \"b\\u0063\":true,\"d\":{},\"e\":[],\"f\":null,"
              "\"g\":\"x\\ny\"}\n");
    assert_true(kinesis__json_object(&r));
    assert_true(kinesis__json_member(&r, &name));
    assert_slice(name, "a", 1);
    assert_true(kinesis__json_array(&r));
    assert_true(kinesis__json_element(&r) && kinesis__json_number(&r, &number));
    assert_slice(number, "1", 1);
    assert_true(kinesis__json_element(&r) && kinesis__json_number(&r, &number));
    assert_slice(number, "-2.5e3", 6);
    assert_false(kinesis__json_element(&r));
    assert_true(kinesis__json_member(&r, &name));
    assert_slice(name, "bc", 2);
    assert_true(kinesis__json_bool(&r, &truth) && truth);
    assert_true(kinesis__json_member(&r, &name) && kinesis__json_object(&r));
    assert_false(kinesis__json_member(&r, &name));
    assert_true(kinesis__json_member(&r, &name) && kinesis__json_array(&r));
    assert_false(kinesis__json_element(&r));
    assert_true(kinesis__json_member(&r, &name) && kinesis__json_null(&r));
    assert_true(kinesis__json_member(&r, &name) && kinesis__json_string(&r, &s));
    assert_true(s.escaped);
    assert_slice(kinesis__json_text(&s), "x\ny", 3);
    assert_false(kinesis__json_member(&r, &name));
    assert_null(r.trouble);
    assert_true(kinesis__json_finish(&r));
}

static void escapes_become_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        size_t n;
    } cases[] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"\\u0000\\u001f\\u007f\"", "\0\x1f\x7f", 3},
        {"\"\\u0080\\u07ff\"", "\xc2\x80\xdf\xbf", 4},
        {"\"\\u0800\\uFfFf\\ud7ff\\ue000\"", "\xe0\xa0\x80\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80",
         12},
        {"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
        {"\"\xc3\xa9\\u00e9\xf0\x9f\x98\x80 ends with plain text\"",
         "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80 ends with plain text", 29},
        {"\"\"", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kinesis__json r;
        struct kinesis__json_string s;
        begin(&r, cases[i].text);
        assert_true(kinesis__json_string(&r, &s));
        assert_slice(kinesis__json_text(&s), cases[i].expected, cases[i].n);
        assert_true(kinesis__json_finish(&r));
    }
}

static void bad_strings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"",
        "\"abc",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\n\"",
        "\"\\udc00\"",
        "\"\\ud800\\ud800\"",
        "\"a\nb\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xc3\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xe0\x9f\xbf\"",
        "\"\xf0\x8f\xbf\xbf\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xe2\x82\"",
        "\"\x80\"",
        "'a'",
        "a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct kinesis__json r;
        struct kinesis__json_string s;
        begin(&r, bad[i]);
        if (kinesis__json_string(&r, &s))
            fail_msg("%zu, %s, is taken", i, bad[i]);
        assert_non_null(r.trouble);
        assert_true(r.at >= r.start && r.at <= r.end);
    }
}

static void trouble_says_where(void **state)
{
    (void)state;
    struct kinesis__json r;
    struct sigv4_error err;
    begin(&r, "{\"a\":[1,2,x]}");
    assert_false(kinesis__json_skip(&r));
    assert_int_equal(kinesis__json_fail(&r, "ListShards answer", &err), SIGV4_E_PROTOCOL);
    assert_string_equal(err.message, "ListShards answer, byte 10: not a value");
    assert_false(kinesis__json_refuse(&r, "something later"));
    assert_string_equal(r.trouble, "not a value");
    assert_false(kinesis__json_array(&r));
    assert_int_equal(kinesis__json_peek(&r), 0);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (size_t depth = KINESIS__JSON_DEPTH; depth <= KINESIS__JSON_DEPTH + 1; depth++) {
        char text[200];
        struct kinesis__json r;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        begin_n(&r, text, 2 * depth);
        assert_int_equal(kinesis__json_skip(&r) && kinesis__json_finish(&r),
                         depth == KINESIS__JSON_DEPTH);
    }
}

static void decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int scale;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", 3, true, 0},
        {"-0", 3, true, 0},
        {"1", 3, true, 1000},
        {"1441215410.867", 3, true, 1441215410867},
        {"1.441215410867E9", 3, true, 1441215410867},
        {"1.441215410867e+9", 3, true, 1441215410867},
        {"1441215410867e-3", 3, true, 1441215410867},
        {"1.7e9", 3, true, 1700000000000},
        {"1700000000.1234", 3, true, 1700000000123},
        {"1700000000.1235", 3, true, 1700000000124},
        {"1700000000.123499999999999999999", 3, true, 1700000000123},
        {"-1.0005", 3, true, -1001},
        {"0.0004999", 3, true, 0},
        {"0.0005", 3, true, 1},
        {"0.000000000000000000000000000001e30", 3, true, 1000},
        {"100000000000000000000000000000e-29", 3, true, 1000},
        {"9223372036854775807", 0, true, INT64_MAX},
        {"9223372036854775808", 0, false, 0},
        {"123456789012345678", 0, true, 123456789012345678},
        {"1e18", 0, true, 1000000000000000000},
        {"1e19", 0, false, 0},
        {"1e999999999999999999999", 0, false, 0},
        {"1e-999999999999999999999", 0, true, 0},
        {"0e999999999999999999999", 0, true, 0},
        {"1e-19", 0, true, 0},
        {"9999999999999999999e-19", 0, true, 1},
        {"9999999999999999999e-20", 0, true, 0},
        {"-9223372036854775807", 0, true, -INT64_MAX},
        {"18446744073709551616", 0, false, 0},
        {"999999999999999999e-18", 0, true, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        bool good = kinesis__json_decimal(sigv4_str(cases[i].text), cases[i].scale, &value);
        if (good != cases[i].good || (good && value != cases[i].value))
            fail_msg("%s: %d, %lld; not %d, %lld", cases[i].text, good, (long long)value,
                     cases[i].good, (long long)cases[i].value);
    }
}

static bool ours_takes(const char *text, size_t n)
{
    struct kinesis__json r;
    begin_n(&r, text, n);
    return kinesis__json_skip(&r) && kinesis__json_finish(&r);
}

/* jansson differs where numbers overflow and where a name holds NUL: neither occurs here. */
static bool jansson_takes(const char *text, size_t n)
{
    json_t *value =
        json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    json_decref(value);
    return value != NULL;
}

static void damage_is_judged_like_jansson(void **state)
{
    (void)state;
    static const char model[] =
        "{\"Records\":[{\"Data\":\"QUJD\",\"Key\":\"\\u00e9\\n \xc3\xa9\",\"At\":1.7e9},{}],"
        "\"Next\":null,\"Ok\":true,\"No\":[false,-0.5,[],[[1]]]}";
    static const char letters[] = "{}[]\",:\\u0eE+-.ntf \x01\xc3\xa9\xed";
    unsigned taken = 0, refused = 0, seed = 1;
    for (int round = 0; round < 200000; round++) {
        char text[sizeof model + 4];
        size_t n = sizeof model - 1;
        memcpy(text, model, n);
        for (int changes = rand_r(&seed) % 3 + 1; changes > 0; changes--) {
            size_t at = (size_t)rand_r(&seed) % n;
            char c = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
            if (rand_r(&seed) % 4) {
                text[at] = c;
            } else {
                memmove(text + at, text + at + 1, n - at - 1);
                n--;
            }
        }
        bool a = ours_takes(text, n), b = jansson_takes(text, n);
        if (a != b)
            fail_msg("round %d: ours %d, jansson %d: %.*s", round, a, b, (int)n, text);
        *(a ? &taken : &refused) += 1;
    }
    print_message("%u damaged texts taken, %u refused, all as by jansson\n", taken, refused);
    assert_true(taken > 1000 && refused > 1000);
}

static void no_byte_behind_the_end_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":\"\\ud83d\\ude00\xf0\x9f\x98\x80 0123456789abcdefghijklmnop\","
        "\"b\":[true,false,null,-1.25e-7]}";
    struct edge edge = edge_make(sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        struct kinesis__json r;
        kinesis__json_open(&r, edge_put(&edge, text, n), n);
        bool good = kinesis__json_skip(&r) && kinesis__json_finish(&r);
        assert_int_equal(good, n == sizeof text - 1);
    }
    edge_drop(&edge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays),
        cmocka_unit_test(escapes_become_utf8),
        cmocka_unit_test(bad_strings_are_refused),
        cmocka_unit_test(trouble_says_where),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(decimals),
        cmocka_unit_test(damage_is_judged_like_jansson),
        cmocka_unit_test(no_byte_behind_the_end_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
