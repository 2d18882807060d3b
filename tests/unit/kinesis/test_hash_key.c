/* Hash keys: text and back, order, and the MD5 of keys. */
#include "base/text.h"
#include "shards/hash_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *text;
    uint64_t high, low;
} pairs[] = {
    {"0", 0, 0},
    {"9", 0, 9},
    {"10", 0, 10},
    {"4294967295", 0, 0xffffffff},
    {"4294967296", 0, 0x100000000},
    {"18446744073709551615", 0, UINT64_MAX},
    {"18446744073709551616", 1, 0},
    {"79228162514264337593543950336", 0x100000000, 0},
    {"170141183460469231731687303715884105728", 0x8000000000000000, 0},
    {"191415658344158766168031473277922803570", 0x900150983cd24fb0, 0xd6963f7d28e17f72},
    {"340282366920938463463374607431768211455", UINT64_MAX, UINT64_MAX},
};

static void text_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct kinesis__hash hash = {77, 77};
        char text[KINESIS__HASH_TEXT];
        assert_true(kinesis__hash_parse(sigv4_str(pairs[i].text), &hash));
        if (hash.high != pairs[i].high || hash.low != pairs[i].low)
            fail_msg("%s: %llx %llx", pairs[i].text, (unsigned long long)hash.high,
                     (unsigned long long)hash.low);
        assert_int_equal(kinesis__hash_format(hash, text), strlen(pairs[i].text));
        assert_string_equal(text, pairs[i].text);
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            struct kinesis__hash other = {pairs[k].high, pairs[k].low};
            int order = kinesis__hash_compare(hash, other);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

static void random_numbers_come_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252ull;
    for (int i = 0; i < 100000; i++) {
        struct kinesis__hash hash, again;
        char text[KINESIS__HASH_TEXT];
        for (int k = 0; k < 2; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            *(k ? &hash.low : &hash.high) = x >> (i % 60);
        }
        size_t n = kinesis__hash_format(hash, text);
        assert_true(kinesis__hash_parse(sigv4_bytes(text, n), &again));
        assert_int_equal(kinesis__hash_compare(hash, again), 0);
    }
}

static void what_is_no_hash_key(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-1",
                                      "01",
                                      "1 ",
                                      "a",
                                      "340282366920938463463374607431768211456",
                                      "3402823669209384634633746074317682114550"};
    struct kinesis__hash hash;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(kinesis__hash_parse(sigv4_str(bad[i]), &hash));
}

static void keys_are_hashed(void **state)
{
    (void)state;
    struct sigv4__digest *md5;
    struct kinesis__hash hash;
    char text[KINESIS__HASH_TEXT];
    assert_int_equal(sigv4__digest_new_md5(&md5, NULL), SIGV4_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(kinesis__hash_of_key(md5, SIGV4_LIT("abc"), &hash), SIGV4_OK);
        kinesis__hash_format(hash, text);
        assert_string_equal(text, "191415658344158766168031473277922803570");
        assert_int_equal(kinesis__hash_of_key(md5, SIGV4_LIT("abcd"), &hash), SIGV4_OK);
        kinesis__hash_format(hash, text);
        assert_string_equal(text, "301716283811389038011477436469853762335");
    }
    sigv4__digest_free(md5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(random_numbers_come_back),
        cmocka_unit_test(what_is_no_hash_key),
        cmocka_unit_test(keys_are_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
