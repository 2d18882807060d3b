/* What the writer writes, jansson reads back. */
#include "wire/json_writer.h"
#include "wire/plain_text.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_character_comes_back(void **state)
{
    (void)state;
    char text[200];
    for (unsigned c = 0; c < 0x110000; c += c < 0x900 ? 1 : 997) {
        if (c >= 0xd800 && c < 0xe000)
            continue;
        json_t *escaped = NULL;
        /* jansson makes the UTF-8: a string with the character at a place that moves. */
        char source[64];
        if (c < 0x10000)
            snprintf(source, sizeof source, "\"\\u%04x\"", c);
        else
            snprintf(source, sizeof source, "\"\\u%04x\\u%04x\"", 0xd800 + ((c - 0x10000) >> 10),
                     0xdc00 + ((c - 0x10000) & 0x3ff));
        escaped = json_loads(source, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(escaped);
        size_t before = c % 40, n = json_string_length(escaped), count;
        memset(text, 'x', before);
        memcpy(text + before, json_string_value(escaped), n);
        memset(text + before + n, 'y', 20);
        struct sigv4_slice all = sigv4_bytes(text, before + n + 20);
        assert_true(kinesis__utf8_count(all, &count));
        assert_int_equal(count, before + 21);

        struct sigv4__buffer b;
        sigv4__buffer_init(&b, NULL, 1000);
        kinesis__json_write_string(&b, all);
        assert_int_equal(b.failed, 0);
        assert_int_equal(b.len, kinesis__json_string_length(all));
        json_t *again = json_loadb(b.ptr, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(again);
        assert_int_equal(json_string_length(again), all.len);
        assert_memory_equal(json_string_value(again), all.ptr, all.len);
        json_decref(again);
        json_decref(escaped);
        sigv4__buffer_free(&b);
    }
}

static void members_are_joined(void **state)
{
    (void)state;
    struct sigv4__buffer b;
    sigv4__buffer_init(&b, NULL, 1000);
    sigv4__buffer_char(&b, '{');
    kinesis__json_write_text(&b, "A", sigv4_str("q\"\x1f\\"));
    kinesis__json_write_text(&b, "B", sigv4_str(""));
    kinesis__json_write_uint(&b, "C", UINT64_MAX);
    kinesis__json_write_moment(&b, "D", 1700000000005);
    kinesis__json_write_moment(&b, "E", -1);
    kinesis__json_write_moment(&b, "F", INT64_MIN);
    sigv4__buffer_char(&b, '}');
    assert_string_equal(sigv4__buffer_cstr(&b),
                        "{\"A\":\"q\\\"\\u001f\\\\\",\"C\":18446744073709551615,"
                        "\"D\":1700000000.005,\"E\":-0.001,\"F\":-9223372036854775.808}");
    sigv4__buffer_free(&b);
}

static void the_bound_holds(void **state)
{
    (void)state;
    struct sigv4__buffer b;
    sigv4__buffer_init(&b, NULL, 10);
    kinesis__json_write_string(&b, sigv4_str("12345678"));
    assert_int_equal(b.len, 10);
    kinesis__json_write_string(&b, sigv4_str(""));
    assert_int_equal(b.failed, SIGV4_E_TOO_LARGE);
    sigv4__buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(members_are_joined),
        cmocka_unit_test(the_bound_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
