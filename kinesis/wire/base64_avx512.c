/* Base64 with AVX-512 VBMI: 48 bytes to 64 characters at a time and back, with whole-table lookups.
 * The method is W. Mula's and D. Lemire's, "Base64 encoding and decoding at almost the speed of a
 * memory copy", Software: Practice and Experience 50(2), 2020. */
#include "wire/base64.h"

#if defined(__x86_64__)
#ifndef AVX512 /* a test defines it when it puts an emulation in the place of the instructions */
#include <immintrin.h>
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))
#endif

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define X 0x80 /* not in the alphabet */
static const unsigned char values[128] = {
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  62,
    X,  X,  X,  63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X,  X,  X,  X,  X,  X,  X,  0,
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, X,  X,  X,  X,  X,  X,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
    39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X,  X,  X,  X,  X,
};
#undef X

/* Byte 1, 0, 2, 1 of each three: what the shifts of encode pick six bits from. */
static const unsigned char triples[64] = {
    1,  0,  2,  1,  4,  3,  5,  4,  7,  6,  8,  7,  10, 9,  11, 10, 13, 12, 14, 13, 16, 15,
    17, 16, 19, 18, 20, 19, 22, 21, 23, 22, 25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31,
    34, 33, 35, 34, 37, 36, 38, 37, 40, 39, 41, 40, 43, 42, 44, 43, 46, 45, 47, 46,
};

/* The three bytes of each 32-bit word, most significant first. */
static const unsigned char packed[64] = {
    2,  1,  0,  6,  5,  4,  10, 9,  8,  14, 13, 12, 18, 17, 16, 22, 21, 20, 26, 25, 24, 30,
    29, 28, 34, 33, 32, 38, 37, 36, 42, 41, 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57,
    56, 62, 61, 60, 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
};

enum { IN = 48, OUT = 64 };
static const unsigned long long front = 0xffffffffffffull; /* of 64 bytes the first 48 */

AVX512 static size_t encode(char *dst, const unsigned char *src, size_t n)
{
    const __m512i order = _mm512_loadu_si512(triples);
    const __m512i table = _mm512_loadu_si512(alphabet);
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
    size_t i = 0;
    for (; i + IN <= n; i += IN, dst += OUT) {
        __m512i bytes = _mm512_maskz_loadu_epi8(front, src + i);
        __m512i sixes = _mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(order, bytes));
        _mm512_storeu_si512(dst, _mm512_permutexvar_epi8(sixes, table));
    }
    return i;
}

AVX512 static size_t decode(unsigned char *dst, const char *src, size_t n)
{
    const __m512i order = _mm512_loadu_si512(packed);
    const __m512i low = _mm512_loadu_si512(values), high = _mm512_loadu_si512(values + 64);
    size_t i = 0;
    for (; i + OUT <= n; i += OUT, dst += IN) {
        __m512i text = _mm512_loadu_si512(src + i);
        __m512i sixes = _mm512_permutex2var_epi8(low, text, high);
        if (_mm512_movepi8_mask(_mm512_or_si512(sixes, text)))
            break; /* above 127, or marked in the table */
        __m512i pairs = _mm512_maddubs_epi16(sixes, _mm512_set1_epi32(0x01400140));
        __m512i words = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
        _mm512_mask_storeu_epi8(dst, front, _mm512_permutexvar_epi8(order, words));
    }
    return i;
}

const struct kinesis__base64 kinesis__base64_avx512 = {"avx512vbmi", encode, decode};
#endif
