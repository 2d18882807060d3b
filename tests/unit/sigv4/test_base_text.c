/* Views, numbers, and writing into a caller's text. */
#include "base/fail.h"
#include "base/text.h"
#include "edge.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void test_comparing(void **state)
{
    (void)state;
    assert_true(sigv4__equal(SIGV4_LIT(""), sigv4_bytes(NULL, 0)));
    assert_true(sigv4__equal(SIGV4_LIT("a\0b"), SIGV4_LIT("a\0b")));
    assert_false(sigv4__equal(SIGV4_LIT("a\0b"), SIGV4_LIT("a\0c")));
    assert_false(sigv4__equal(SIGV4_LIT("a"), SIGV4_LIT("ab")));
    assert_true(sigv4__equal_str(SIGV4_LIT("ab"), "ab"));
    assert_true(sigv4__equal_nocase(SIGV4_LIT("X-aMz@[`{"), SIGV4_LIT("x-AmZ@[`{")));
    assert_false(sigv4__equal_nocase(SIGV4_LIT("@"), SIGV4_LIT("`")));
    assert_false(sigv4__equal_nocase(SIGV4_LIT("["), SIGV4_LIT("{")));
    assert_true(sigv4__starts_with(SIGV4_LIT("abc"), "ab"));
    assert_true(sigv4__starts_with(sigv4_bytes(NULL, 0), ""));
    assert_false(sigv4__starts_with(SIGV4_LIT("a"), "ab"));
    assert_true(sigv4__ends_with(SIGV4_LIT("abc"), "bc"));
    assert_false(sigv4__ends_with(SIGV4_LIT("c"), "bc"));
}

static void check_slice(struct sigv4_slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.len ? s.ptr : "", expected, s.len);
}

static void test_cutting(void **state)
{
    struct sigv4_slice s = SIGV4_LIT("abc");
    (void)state;
    check_slice(sigv4__trim(SIGV4_LIT(" \t\r\n a b\n")), "a b");
    check_slice(sigv4__trim(SIGV4_LIT(" \n ")), "");
    check_slice(sigv4__trim(sigv4_bytes(NULL, 0)), "");
    check_slice(sigv4__from(s, 1), "bc");
    check_slice(sigv4__from(s, 3), "");
    check_slice(sigv4__from(s, 99), "");
    check_slice(sigv4__from(sigv4_bytes(NULL, 0), 4), "");
    check_slice(sigv4__first(s, 2), "ab");
    check_slice(sigv4__first(s, 99), "abc");
    assert_int_equal(sigv4__find(s, 'c'), 2);
    assert_int_equal(sigv4__find(s, 'x'), 3);
    assert_int_equal(sigv4__find(sigv4_bytes(NULL, 0), 'x'), 0);
}

static void check_number(const char *text, uint64_t max, bool ok, uint64_t expected)
{
    uint64_t n = 77;
    struct edge edge = edge_make(64);
    struct sigv4_slice s = sigv4_bytes(edge_put(&edge, text, strlen(text)), strlen(text));
    assert_int_equal(sigv4__parse_uint(s, max, &n), ok);
    assert_true(n == (ok ? expected : 77));
    edge_drop(&edge);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number("0", 0, true, 0);
    check_number("1", 0, false, 0);
    check_number("000123", 123, true, 123);
    check_number("123", 122, false, 0);
    check_number("9", 5, false, 0);
    check_number("15", 15, true, 15);
    check_number("16", 15, false, 0);
    check_number("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
    check_number("18446744073709551616", UINT64_MAX, false, 0);
    check_number("99999999999999999999999", UINT64_MAX, false, 0);
    check_number("", UINT64_MAX, false, 0);
    check_number("-1", UINT64_MAX, false, 0);
    check_number("+1", UINT64_MAX, false, 0);
    check_number(" 1", UINT64_MAX, false, 0);
    check_number("1x", UINT64_MAX, false, 0);
}

static void test_character_classes_are_ascii(void **state)
{
    unsigned alnum = 0, digits = 0, lowered = 0;
    (void)state;
    for (int c = 0; c < 256; c++) {
        alnum += sigv4__is_alnum((char)c);
        digits += sigv4__is_digit((char)c);
        lowered += sigv4__lower((char)c) != (char)c;
    }
    assert_int_equal(alnum, 62);
    assert_int_equal(digits, 10);
    assert_int_equal(lowered, 26);
}

static void test_hex(void **state)
{
    char out[9] = "xxxxxxxx";
    (void)state;
    sigv4__hex("\x00\x1f\xab", 3, out);
    assert_string_equal(out, "001fabxx");
}

static void test_text_counts_on_past_its_end(void **state)
{
    char room[4];
    struct sigv4_text t = {room, sizeof room, 0};
    (void)state;
    sigv4__text_str(&t, "ab");
    sigv4__text_char(&t, 'c');
    assert_int_equal(sigv4__text_status(&t), SIGV4_OK);
    sigv4__text_slice(&t, SIGV4_LIT("def"));
    assert_memory_equal(room, "abcd", 4);
    assert_int_equal(t.len, 6);
    sigv4__text_append(&t, NULL, 0);
    sigv4__text_append(&t, "g", 1);
    assert_memory_equal(room, "abcd", 4);
    assert_int_equal(t.len, 7);
    assert_int_equal(sigv4__text_status(&t), SIGV4_E_TOO_LARGE);
    t.len = SIZE_MAX - 1;
    sigv4__text_append(&t, "ab", 2);
    assert_true(t.len == SIZE_MAX);
}

/* All byte values: 66 characters stay, or 67 with the slash. */
static void test_percent_encoding(void **state)
{
    char room[1024], all[256];
    (void)state;
    for (int c = 0; c < 256; c++)
        all[c] = (char)c;
    struct sigv4_text t = {room, sizeof room, 0};
    sigv4__text_encode(&t, sigv4_bytes(all, sizeof all), false);
    assert_int_equal(t.len, 66 + 190 * 3);
    t.len = 0;
    sigv4__text_encode(&t, sigv4_bytes(all, sizeof all), true);
    assert_int_equal(t.len, 67 + 189 * 3);
    t.len = 0;
    sigv4__text_encode(&t, SIGV4_LIT("a/b c+\xC3\xA4~"), false);
    check_slice(sigv4_bytes(room, t.len), "a%2Fb%20c%2B%C3%A4~");
}

static void test_error_messages_are_one_clean_line(void **state)
{
    struct sigv4_error err;
    char fixed[8];
    (void)state;
    memset(&err, 0xFF, sizeof err);
    assert_int_equal(sigv4__fail(&err, SIGV4_E_IO, "two\nlines\x01 %s", "x"), SIGV4_E_IO);
    assert_string_equal(err.message, "two lines? x");
    assert_int_equal(err.status, SIGV4_E_IO);
    assert_int_equal(err.http_status, 0);
    assert_string_equal(err.code, "");
    assert_int_equal(sigv4__fail(NULL, SIGV4_E_IO, "x"), SIGV4_E_IO);
    assert_int_equal(sigv4__fail(&err, SIGV4_E_IO, "again: %s", err.message), SIGV4_E_IO);
    assert_string_equal(err.message, "again: two lines? x");
    sigv4__fixed_copy(fixed, sizeof fixed, SIGV4_LIT("12345\xE2\x82\xAC"));
    assert_string_equal(fixed, "12345");
    sigv4__fixed_copy(fixed, sizeof fixed, SIGV4_LIT("1234\xE2\x82\xAC"));
    assert_string_equal(fixed, "1234\xE2\x82\xAC");
    sigv4__fixed_copy(fixed, sizeof fixed, sigv4_bytes(NULL, 0));
    assert_string_equal(fixed, "");
}

static void test_long_messages_are_cut_between_characters(void **state)
{
    struct sigv4_error err;
    char text[2000];
    (void)state;
    for (size_t i = 0; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    text[sizeof text - 2] = '\0';
    assert_int_equal(sigv4__fail(&err, SIGV4_E_IO, "%s", text), SIGV4_E_IO);
    assert_int_equal(strlen(err.message), (sizeof err.message - 1) / 3 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparing),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_character_classes_are_ascii),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_text_counts_on_past_its_end),
        cmocka_unit_test(test_percent_encoding),
        cmocka_unit_test(test_error_messages_are_one_clean_line),
        cmocka_unit_test(test_long_messages_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
