/* Which records are taken. */
#include "wire/put_item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct kinesis__put_item item_with_key(struct sigv4_slice key)
{
    struct kinesis__put_item item = {key, {NULL, 0}, SIGV4_LIT("data")};
    return item;
}

static void keys_are_counted_in_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a",        "\x01",         "\"",
                                             "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        char text[2000];
        size_t n = strlen(characters[i]);
        for (size_t k = 0; k < 300; k++)
            memcpy(text + k * n, characters[i], n);
        struct sigv4_error err = {0};
        struct kinesis__put_item item = item_with_key(sigv4_bytes(text, 256 * n));
        assert_int_equal(kinesis__put_item_check(&item, 2000, &err), SIGV4_OK);
        item = item_with_key(sigv4_bytes(text, 257 * n));
        assert_int_equal(kinesis__put_item_check(&item, 2000, &err), SIGV4_E_INVALID);
        assert_string_equal(err.message,
                            "the partition key has 257 characters, the service takes 256");
    }
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    struct sigv4_error err = {0};
    struct kinesis__put_item item = item_with_key(sigv4_str(""));
    assert_int_equal(kinesis__put_item_check(&item, 100, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "the partition key is empty: give 1 to 256 characters");
    item = item_with_key(sigv4_str("caf\xe9"));
    assert_int_equal(kinesis__put_item_check(&item, 100, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "the partition key is not valid UTF-8");
    assert_int_equal(kinesis__put_item_check(&item, 100, NULL), SIGV4_E_INVALID);
}

static void hash_keys(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "1", "99", "340282366920938463463374607431768211455",
                                       "99999999999999999999999999999999999999"};
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "0x1",
                                      "340282366920938463463374607431768211456",
                                      "999999999999999999999999999999999999999",
                                      "1000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(kinesis__hash_key_valid(sigv4_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(kinesis__hash_key_valid(sigv4_str(bad[i])));
    struct sigv4_error err = {0};
    struct kinesis__put_item item = item_with_key(sigv4_str("k"));
    item.explicit_hash_key = sigv4_str("x");
    assert_int_equal(kinesis__put_item_check(&item, 100, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message,
                        "the explicit hash key is not a decimal number from 0 to 2^128-1");
}

static void sizes_count_data_and_key(void **state)
{
    (void)state;
    struct sigv4_error err = {0};
    struct kinesis__put_item item = item_with_key(sigv4_str("key"));
    assert_int_equal(kinesis__put_item_size(&item), 7);
    assert_int_equal(kinesis__put_item_check(&item, 7, &err), SIGV4_OK);
    for (size_t max = 0; max < 7; max++)
        assert_int_equal(kinesis__put_item_check(&item, max, &err), SIGV4_E_TOO_LARGE);
    assert_string_equal(err.message,
                        "the record has 7 bytes with its key, more than the 6 allowed");
    item.data = sigv4_bytes(NULL, 0);
    assert_int_equal(kinesis__put_item_check(&item, 3, &err), SIGV4_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_counted_in_characters),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(hash_keys),
        cmocka_unit_test(sizes_count_data_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
