/* CRC-32C by its own instruction, CRC-64/NVME by carry-less multiplication.
 *
 * Folding: a 128-bit block may be replaced by anything congruent to it D bits further on. Of a
 * block, the first 8 bytes (the high degrees) are multiplied by x^(64+D) and the last 8 by x^D,
 * both modulo the polynomial. In the reflected order bits have here, a carry-less product comes out
 * one bit short, so the constants are x^(64+D-1) and x^(D-1). */
#include "wire/crc.h"

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sse4.2"))) uint32_t s3__crc32c_sse42(uint32_t crc, const void *bytes,
                                                            size_t n)
{
    const unsigned char *p = bytes;
    uint64_t wide = (uint32_t)~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        wide = _mm_crc32_u64(wide, v);
    }
    uint32_t narrow = (uint32_t)wide;
    while (n--)
        narrow = _mm_crc32_u8(narrow, *p++);
    return ~narrow;
}

/* The constants of a fold over D bits, for the first and the last half of a block. */
#define FOLD_128           0x21e9761e252621ac, 0xeadc41fd2ba3d420
#define FOLD_512           0x62242240ace5045a, 0x0c32cdb31e18a84a
#define FOLD_1024          0x5f852fb61e8d92dc, 0xa1ca681e733f9c40
#define PAIR(...)          PAIR_(__VA_ARGS__)
#define PAIR_(last, first) _mm_set_epi64x((long long)UINT64_C(last), (long long)UINT64_C(first))

#define CLMUL __attribute__((target("pclmul,sse4.1")))

CLMUL static __m128i fold(__m128i block, __m128i constants, __m128i next)
{
    __m128i first = _mm_clmulepi64_si128(block, constants, 0x00);
    __m128i last = _mm_clmulepi64_si128(block, constants, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, last), next);
}

CLMUL static __m128i load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Folds what is left in 128-bit steps, and lets the tables divide the last block and the tail. */
CLMUL static uint64_t finish(__m128i block, const unsigned char *p, size_t n)
{
    for (; n >= 16; p += 16, n -= 16)
        block = fold(block, PAIR(FOLD_128), load(p));
    unsigned char last[16];
    _mm_storeu_si128((__m128i *)(void *)last, block);
    /* The block stands for all so far: its remainder from an empty register is the register. */
    uint64_t crc = s3__crc64nvme_portable(UINT64_MAX, last, sizeof last);
    return s3__crc64nvme_portable(crc, p, n);
}

CLMUL uint64_t s3__crc64nvme_pclmul(uint64_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    if (n < 64)
        return s3__crc64nvme_portable(crc, bytes, n);
    __m128i lane[4];
    for (int i = 0; i < 4; i++)
        lane[i] = load(p + 16 * i);
    lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi64_si128((long long)~crc));
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
        for (int i = 0; i < 4; i++)
            lane[i] = fold(lane[i], PAIR(FOLD_512), load(p + 16 * i));
    __m128i block = lane[0];
    for (int i = 1; i < 4; i++)
        block = fold(block, PAIR(FOLD_128), lane[i]);
    return finish(block, p, n);
}

#define WIDE __attribute__((target("vpclmulqdq,pclmul,avx2")))

WIDE static __m256i load_wide(const unsigned char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

WIDE uint64_t s3__crc64nvme_vpclmul(uint64_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    if (n < 256)
        return s3__crc64nvme_pclmul(crc, bytes, n);
    const __m256i constants = _mm256_broadcastsi128_si256(PAIR(FOLD_1024));
    __m256i lane[4];
    for (int i = 0; i < 4; i++)
        lane[i] = load_wide(p + 32 * i);
    lane[0] = _mm256_xor_si256(lane[0], _mm256_zextsi128_si256(_mm_cvtsi64_si128((long long)~crc)));
    for (p += 128, n -= 128; n >= 128; p += 128, n -= 128)
        for (int i = 0; i < 4; i++) {
            __m256i first = _mm256_clmulepi64_epi128(lane[i], constants, 0x00);
            __m256i last = _mm256_clmulepi64_epi128(lane[i], constants, 0x11);
            lane[i] = _mm256_xor_si256(_mm256_xor_si256(first, last), load_wide(p + 32 * i));
        }
    __m128i block = _mm256_castsi256_si128(lane[0]);
    for (int i = 1; i < 8; i++) {
        __m256i half = lane[i / 2];
        __m128i next = i % 2 ? _mm256_extracti128_si256(half, 1) : _mm256_castsi256_si128(half);
        block = fold(block, PAIR(FOLD_128), next);
    }
    return finish(block, p, n);
}
#endif
