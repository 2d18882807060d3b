/* Shard iterators, sequence numbers, hash keys, base64, checksums: what klocal's answers are made
 * of. */
#include "iterator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base64.h"
#include "checksum.h"
#include "hash.h"
#include "sequence.h"
#include "token.h"

static void iterators(void **state)
{
    struct klocal klocal = {.secret = "secret"};
    const struct iterator in = {
        .stream_id = UINT64_MAX, .shard = UINT32_MAX, .position = 7, .created_ms = 1795382186254};
    struct iterator out = {0};
    (void)state;
    char *text = iterator_write(&klocal, &in);
    assert_true(strlen(text) <= 512);
    assert_true(iterator_read(&klocal, text, &out));
    assert_true(in.stream_id == out.stream_id && in.shard == out.shard);
    assert_true(in.position == out.position && in.created_ms == out.created_ms);
    for (size_t i = 0; text[i] != '\0'; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        assert_false(iterator_read(&klocal, text, &out));
        text[i] = kept;
    }
    text[strlen(text) - 4] = '\0';
    assert_false(iterator_read(&klocal, text, &out));
    assert_false(iterator_read(&klocal, "", &out));
    free(text);
    text = token_seal(&klocal, "shards", "00000000000000000001 0000000001 0 0");
    assert_false(iterator_read(&klocal, text, &out)); /* a token of another kind */
    free(text);
}

static void sequences(void **state)
{
    struct klocal klocal = {0};
    char before[SEQUENCE_SIZE] = "", after[SEQUENCE_SIZE];
    struct sequence parsed;
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct sequence sequence = sequence_next(&klocal, i % 3);
        sequence_format(sequence, after);
        assert_int_equal(strlen(after), 56);
        assert_true(strcmp(before, after) < 0);
        assert_true(sequence_parse(after, &parsed));
        assert_int_equal(sequence_compare(sequence, parsed), 0);
        assert_int_equal(parsed.shard, i % 3);
        strcpy(before, after);
    }
    assert_false(sequence_parse("0", &parsed));
    after[10] = 'x';
    assert_false(sequence_parse(after, &parsed));
}

static void hash_keys(void **state)
{
    static const char top[] = "340282366920938463463374607431768211455";
    char text[HASH_KEY_SIZE];
    hash_key key = 0;
    (void)state;
    hash_format(HASH_KEY_MAX, text);
    assert_string_equal(text, top);
    assert_true(hash_parse(top, &key));
    assert_true(key == HASH_KEY_MAX);
    assert_false(hash_parse("340282366920938463463374607431768211456", &key));
    assert_false(hash_parse("01", &key));
    assert_false(hash_parse("", &key));
    assert_false(hash_parse("-1", &key));
    hash_format(hash_of_key("a", 1), text);
    assert_string_equal(text, "16955237001963240173058271559858726497");
}

static void base64(void **state)
{
    static const char *const bad[] = {"A",    "AA",   "AAA",   "AA=A", "A===", "AB==",
                                      "AAB=", "AA A", "AA\n=", "-_8=", "====", "AAAA=AAA"};
    unsigned char *out = NULL;
    size_t length = 0;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(base64_decode(bad[i], strlen(bad[i]), &out, &length));
    assert_true(base64_decode("", 0, &out, &length));
    assert_int_equal(length, 0);
    free(out);
    assert_true(base64_decode("AP/+eHk=", 8, &out, &length));
    assert_int_equal(length, 5);
    assert_memory_equal(out, "\x00\xff\xfexy", 5);
    free(out);
}

static void expect_sum(enum checksum_kind kind, const char *text, const char *wanted)
{
    struct checksum sum;
    char out[CHECKSUM_TEXT_SIZE];
    checksum_begin(&sum, kind);
    checksum_add(&sum, text, strlen(text));
    checksum_end(&sum, out);
    assert_string_equal(out, wanted);
}

static void checksums(void **state)
{
    (void)state;
    expect_sum(CHECKSUM_CRC32, "123456789", "y/Q5Jg==");
    expect_sum(CHECKSUM_CRC32C, "123456789", "4waSgw==");
    expect_sum(CHECKSUM_CRC64NVME, "123456789", "rosUhgp5mIg=");
    expect_sum(CHECKSUM_CRC64NVME, "hello world", "jSnVw/bqjr4=");
    expect_sum(CHECKSUM_SHA1, "", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
}

static void combined(void **state)
{
    static const char data[] = "the quick brown fox jumps over the lazy dog";
    size_t length = strlen(data);
    (void)state;
    for (int kind = CHECKSUM_CRC32; kind <= CHECKSUM_CRC64NVME; kind++)
        for (size_t cut = 0; cut <= length; cut++) {
            char sums[3][CHECKSUM_TEXT_SIZE];
            const size_t from[3] = {0, cut, 0}, size[3] = {cut, length - cut, length};
            for (int i = 0; i < 3; i++) {
                struct checksum sum;
                checksum_begin(&sum, (enum checksum_kind)kind);
                checksum_add(&sum, data + from[i], size[i]);
                checksum_end(&sum, sums[i]);
            }
            checksum_combine((enum checksum_kind)kind, sums[0], sums[1], size[1]);
            assert_string_equal(sums[0], sums[2]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iterators), cmocka_unit_test(sequences), cmocka_unit_test(hash_keys),
        cmocka_unit_test(base64),    cmocka_unit_test(checksums), cmocka_unit_test(combined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
