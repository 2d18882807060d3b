/* CRCs: every implementation against known values, against each other, and combined. */
#include "wire/crc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "edge.h"

enum { SIZE = 4096 };
static unsigned char noise[SIZE];

static int fill(void **state)
{
    uint32_t seed = 1;
    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        noise[i] = (unsigned char)(seed >> 24);
    }
    return 0;
}

/* Bit by bit, as the definition says. */
static uint64_t slow_crc(uint64_t polynomial, uint64_t ones, uint64_t crc, const unsigned char *p,
                         size_t n)
{
    crc ^= ones;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    }
    return crc ^ ones;
}

static void known_values(void **state)
{
    (void)state;
    for (size_t i = 0; s3__crc64nvme_variant(i); i++)
        assert_int_equal(s3__crc64nvme_variant(i)(0, "123456789", 9), UINT64_C(0xae8b14860a799888));
    for (size_t i = 0; s3__crc32c_variant(i); i++)
        assert_int_equal(s3__crc32c_variant(i)(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(s3__crc32(0, "123456789", 9), 0xcbf43926u);
    assert_int_equal(s3__crc32(0, NULL, 0), 0);
    assert_int_equal(s3__crc32(7, NULL, 0), 7);
}

/* All lengths around the steps of each implementation, from every alignment, with any start. */
static void variants_agree_with_the_definition(void **state)
{
    (void)state;
    for (size_t n = 0; n < 700; n++) {
        const unsigned char *p = noise + n % 17;
        uint64_t start = n * UINT64_C(0x9E3779B97F4A7C15);
        uint64_t want64 = slow_crc(UINT64_C(0x9A6C9329AC4BC9B5), UINT64_MAX, start, p, n);
        uint64_t want32 = slow_crc(0x82F63B78u, UINT32_MAX, (uint32_t)start, p, n);
        for (size_t i = 0; s3__crc64nvme_variant(i); i++)
            assert_int_equal(s3__crc64nvme_variant(i)(start, p, n), want64);
        for (size_t i = 0; s3__crc32c_variant(i); i++)
            assert_int_equal(s3__crc32c_variant(i)((uint32_t)start, p, n), want32);
    }
}

static void pieces_are_the_whole(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= SIZE; cut += 61) {
        uint64_t whole = s3__crc64nvme(0, noise, SIZE);
        uint64_t first = s3__crc64nvme(0, noise, cut);
        assert_int_equal(s3__crc64nvme(first, noise + cut, SIZE - cut), whole);
        uint64_t last = s3__crc64nvme(0, noise + cut, SIZE - cut);
        assert_int_equal(s3__crc_combine(S3_CHECKSUM_CRC64NVME, first, last, SIZE - cut), whole);
        assert_int_equal(s3__crc_combine(S3_CHECKSUM_CRC32C, s3__crc32c(0, noise, cut),
                                         s3__crc32c(0, noise + cut, SIZE - cut), SIZE - cut),
                         s3__crc32c(0, noise, SIZE));
        assert_int_equal(s3__crc_combine(S3_CHECKSUM_CRC32, s3__crc32(0, noise, cut),
                                         s3__crc32(0, noise + cut, SIZE - cut), SIZE - cut),
                         s3__crc32(0, noise, SIZE));
    }
}

/* Lengths no test can feed: zlib knows the answer for CRC-32, and combining is associative. */
static void combining_takes_any_length(void **state)
{
    static const uint64_t lengths[] = {1, UINT64_C(5) << 30, UINT64_C(1) << 45, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        assert_int_equal(s3__crc_combine(S3_CHECKSUM_CRC32, 0x12345678, 0x9abcdef0, lengths[i]),
                         crc32_combine(0x12345678, 0x9abcdef0, (z_off_t)lengths[i]));
    uint64_t a = 0x1122334455667788, b = 0x99aabbccddeeff00, c = 0x0f1e2d3c4b5a6978;
    uint64_t left = s3__crc_combine(S3_CHECKSUM_CRC64NVME, a, b, lengths[1]);
    left = s3__crc_combine(S3_CHECKSUM_CRC64NVME, left, c, lengths[2]);
    uint64_t right = s3__crc_combine(S3_CHECKSUM_CRC64NVME, b, c, lengths[2]);
    right = s3__crc_combine(S3_CHECKSUM_CRC64NVME, a, right, lengths[1] + lengths[2]);
    assert_int_equal(left, right);
}

static void nothing_is_read_past_the_end(void **state)
{
    struct edge e = edge_make(SIZE);
    (void)state;
    for (size_t n = 0; n < 300; n++) {
        const char *p = edge_put(&e, noise, n);
        for (size_t i = 0; s3__crc64nvme_variant(i); i++)
            assert_int_equal(s3__crc64nvme_variant(i)(0, p, n), s3__crc64nvme(0, noise, n));
        assert_int_equal(s3__crc32c(0, p, n), s3__crc32c(0, noise, n));
        assert_int_equal(s3__crc32(0, p, n), s3__crc32(0, noise, n));
    }
    edge_drop(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(variants_agree_with_the_definition),
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(combining_takes_any_length),
        cmocka_unit_test(nothing_is_read_past_the_end),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
