/* Which CRC implementation runs, and how CRCs of parts become the CRC of the whole. */
#include "wire/crc.h"

#include <zlib.h>

uint32_t s3__crc32(uint32_t crc, const void *bytes, size_t n)
{
    return n ? (uint32_t)crc32_z(crc, bytes, n) : crc;
}

s3__crc32_fn *s3__crc32c_variant(size_t i)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") && i-- == 0)
        return s3__crc32c_sse42;
#endif
    return i == 0 ? s3__crc32c_portable : NULL;
}

s3__crc64_fn *s3__crc64nvme_variant(size_t i)
{
#if defined(__x86_64__)
    bool pclmul = __builtin_cpu_supports("pclmul");
    bool wide = __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx2");
    if (pclmul && wide && i-- == 0)
        return s3__crc64nvme_vpclmul;
    if (pclmul && i-- == 0)
        return s3__crc64nvme_pclmul;
#endif
    return i == 0 ? s3__crc64nvme_portable : NULL;
}

uint32_t s3__crc32c(uint32_t crc, const void *bytes, size_t n)
{
    return s3__crc32c_variant(0)(crc, bytes, n);
}

uint64_t s3__crc64nvme(uint64_t crc, const void *bytes, size_t n)
{
    return s3__crc64nvme_variant(0)(crc, bytes, n);
}

/* A polynomial over GF(2), reflected: the top bit of the width is the coefficient of x^0. */
struct field {
    uint64_t polynomial, one;
};

static struct field field_of(enum s3_checksum kind)
{
    static const struct field crc32_field = {0xEDB88320u, UINT64_C(1) << 31};
    static const struct field crc32c_field = {0x82F63B78u, UINT64_C(1) << 31};
    static const struct field crc64nvme_field = {UINT64_C(0x9A6C9329AC4BC9B5), UINT64_C(1) << 63};
    switch (kind) {
    case S3_CHECKSUM_CRC32:
        return crc32_field;
    case S3_CHECKSUM_CRC32C:
        return crc32c_field;
    default:
        return crc64nvme_field;
    }
}

static uint64_t times_x(struct field f, uint64_t a)
{
    return (a >> 1) ^ (a & 1 ? f.polynomial : 0);
}

static uint64_t times(struct field f, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = f.one; bit; bit >>= 1) {
        if (b & bit)
            product ^= a;
        a = times_x(f, a);
    }
    return product;
}

/* Appending B shifts A's remainder by 8 bits for each byte of B; inversions at both ends cancel. */
uint64_t s3__crc_combine(enum s3_checksum kind, uint64_t a, uint64_t b, uint64_t length_of_b)
{
    struct field f = field_of(kind);
    uint64_t shift = f.one;       /* x^0 */
    uint64_t square = f.one >> 8; /* x^8: one byte */
    for (uint64_t n = length_of_b; n; n >>= 1) {
        if (n & 1)
            shift = times(f, shift, square);
        square = times(f, square, square);
    }
    return times(f, a, shift) ^ b;
}
