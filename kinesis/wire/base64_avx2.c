/* Base64 with AVX2: 24 bytes to 32 characters at a time and back.
 * The method is W. Mula's and D. Lemire's, "Faster Base64 Encoding and Decoding using AVX2
 * Instructions", ACM TWEB 12(3), 2018. */
#include "wire/base64.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Twelve bytes per half, in the order of the 16-bit multiplications that follow. */
AVX2 static inline __m256i load_first_24(const unsigned char *src)
{
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)src);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(src + 12));
    const __m256i order = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0,
                                           2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    return _mm256_shuffle_epi8(_mm256_set_m128i(high, low), order);
}

/* The same with one load, which also touches the four bytes before src. */
AVX2 static inline __m256i load_24(const unsigned char *src)
{
    __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)(src - 4));
    const __m256i order = _mm256_setr_epi8(5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14,
                                           1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    return _mm256_shuffle_epi8(both, order);
}

/* Each 24 bits spread into four bytes of six. */
AVX2 static inline __m256i spread(__m256i v)
{
    __m256i first_third = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                                             _mm256_set1_epi32(0x04000040));
    __m256i second_fourth = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                               _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(first_third, second_fourth);
}

/* 0 to 63 to the alphabet: which of its ranges, then the range's distance to ASCII. */
AVX2 static inline __m256i to_text(__m256i v)
{
    const __m256i distance =
        _mm256_setr_epi8(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0, 71, -4, -4,
                         -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);
    __m256i range = _mm256_subs_epu8(v, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), v);
    range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(v, _mm256_shuffle_epi8(distance, range));
}

AVX2 static inline void encode_24(char *dst, const unsigned char *src)
{
    _mm256_storeu_si256((__m256i *)(void *)dst, to_text(spread(load_24(src))));
}

AVX2 static size_t encode(char *dst, const unsigned char *src, size_t n)
{
    if (n < 28)
        return 0;
    _mm256_storeu_si256((__m256i *)(void *)dst, to_text(spread(load_first_24(src))));
    size_t i = 24;
    for (dst += 32; i + 100 <= n; i += 96, dst += 128) {
        encode_24(dst, src + i);
        encode_24(dst + 32, src + i + 24);
        encode_24(dst + 64, src + i + 48);
        encode_24(dst + 96, src + i + 72);
    }
    for (; i + 28 <= n; i += 24, dst += 32)
        encode_24(dst, src + i);
    return i;
}

/* A byte is in the alphabet when its two halves' bits, looked up here, have none in common. */
AVX2 static inline bool foreign(__m256i text, __m256i high)
{
    const __m256i by_low =
        _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a,
                         0x1b, 0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                         0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m256i by_high =
        _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10,
                         0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                         0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    __m256i low = _mm256_and_si256(text, _mm256_set1_epi8(0x0f));
    return !_mm256_testz_si256(_mm256_shuffle_epi8(by_low, low),
                               _mm256_shuffle_epi8(by_high, high));
}

AVX2 static inline __m256i from_text(__m256i text, __m256i high)
{
    /* By the high half; '/' is the one that shares its half with another range and has slot 1. */
    const __m256i distance =
        _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 19, 4,
                         -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
    return _mm256_add_epi8(text, _mm256_shuffle_epi8(distance, _mm256_add_epi8(slash, high)));
}

/* Four bytes of six into 24 bits; the 24 result bytes lie in front. */
AVX2 static inline __m256i gather(__m256i v)
{
    const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                           2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m256i pairs = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    __m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(words, order),
                                       _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

AVX2 static size_t decode(unsigned char *dst, const char *src, size_t n)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32, dst += 24) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)(src + i));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), _mm256_set1_epi8(0x0f));
        if (foreign(text, high))
            break;
        __m256i bytes = gather(from_text(text, high));
        _mm_storeu_si128((__m128i *)(void *)dst, _mm256_castsi256_si128(bytes));
        _mm_storel_epi64((__m128i *)(void *)(dst + 16), _mm256_extracti128_si256(bytes, 1));
    }
    return i;
}

const struct kinesis__base64 kinesis__base64_avx2 = {"avx2", encode, decode};
#endif
