/* Checksums by name and in their text form. */
#include "wire/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "unit/counted_alloc.h"

static const struct {
    enum s3_checksum kind;
    const char *name, *header, *element, *hello_world;
} known[] = {
    {S3_CHECKSUM_CRC32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", "DUoRhQ=="},
    {S3_CHECKSUM_CRC32C, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", "yZRlqg=="},
    {S3_CHECKSUM_CRC64NVME, "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME",
     "jSnVw/bqjr4="},
    {S3_CHECKSUM_SHA256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256",
     "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="},
    {S3_CHECKSUM_NONE, "NONE", "", "", ""},
};
enum { KNOWN = sizeof known / sizeof *known };

static void all_kinds(void **state)
{
    char text[S3__CHECKSUM_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        struct s3__checksum c;
        assert_int_equal(s3__checksum_init(&c, known[i].kind, NULL), 0);
        assert_int_equal(s3__checksum_add(&c, SIGV4_LIT("not this")), 0);
        assert_int_equal(s3__checksum_begin(&c), 0);
        assert_int_equal(s3__checksum_add(&c, SIGV4_LIT("hello ")), 0);
        assert_int_equal(s3__checksum_add(&c, SIGV4_LIT("")), 0);
        assert_int_equal(s3__checksum_add(&c, SIGV4_LIT("world")), 0);
        assert_int_equal(s3__checksum_text(&c, text), 0);
        assert_string_equal(text, known[i].hello_world);
        s3__checksum_free(&c);
    }
}

static void names(void **state)
{
    enum s3_checksum parsed;
    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        assert_string_equal(s3_checksum_name(known[i].kind), known[i].name);
        assert_string_equal(s3__checksum_header(known[i].kind), known[i].header);
        assert_string_equal(s3__checksum_element(known[i].kind), known[i].element);
        assert_true(s3_checksum_parse(sigv4_str(known[i].name), &parsed));
        assert_int_equal(parsed, known[i].kind);
    }
    assert_true(s3_checksum_parse(SIGV4_LIT("crc64nvme"), &parsed));
    assert_int_equal(parsed, S3_CHECKSUM_CRC64NVME);
    assert_false(s3_checksum_parse(SIGV4_LIT("CRC64"), &parsed));
    assert_false(s3_checksum_parse(SIGV4_LIT("DEFAULT"), &parsed));
    assert_false(s3_checksum_parse(SIGV4_LIT(""), &parsed));
    assert_string_equal(s3_checksum_name((enum s3_checksum)77), "NONE");
}

static void texts_are_read_strictly(void **state)
{
    uint64_t crc = 0;
    (void)state;
    assert_true(s3__crc_parse(S3_CHECKSUM_CRC64NVME, SIGV4_LIT("rosUhgp5mIg="), &crc));
    assert_int_equal(crc, UINT64_C(0xae8b14860a799888));
    assert_true(s3__crc_parse(S3_CHECKSUM_CRC32, SIGV4_LIT("y/Q5Jg=="), &crc));
    assert_int_equal(crc, 0xcbf43926u);
    static const char *const bad[] = {
        "", "y/Q5Jg=", "y/Q5Jg==-2", "y/Q5Jh==", "y/Q5J===", "y/Q5!g==", "====", "rosUhgp5mIg="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(s3__crc_parse(S3_CHECKSUM_CRC32, sigv4_str(bad[i]), &crc));
    assert_false(s3__crc_parse(S3_CHECKSUM_SHA256, sigv4_str(known[3].hello_world), &crc));
}

static void memory(void **state)
{
    struct counted_alloc counted = {.fail_at = 1};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct s3__checksum c;
    (void)state;
    assert_int_equal(s3__checksum_init(&c, S3_CHECKSUM_SHA256, &alloc), SIGV4_E_NOMEM);
    s3__checksum_free(&c);
    assert_int_equal(s3__checksum_init(&c, S3_CHECKSUM_DEFAULT, &alloc), SIGV4_E_INVALID);
    s3__checksum_free(&c);
    assert_int_equal(counted.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds),
        cmocka_unit_test(names),
        cmocka_unit_test(texts_are_read_strictly),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
