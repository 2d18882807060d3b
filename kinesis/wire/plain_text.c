/* Text as JSON strings hold it. Both instruction sets used here belong to their architecture's
 * baseline, so nothing is chosen at run time. */
#include "wire/plain_text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
enum { BLOCK = 16 };

/* The first byte of 16 that is not plain, or 16. Signed, all bytes above 127 are below a blank. */
static inline size_t plain_in_block(const char *p)
{
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i other = _mm_cmplt_epi8(text, _mm_set1_epi8(' '));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
    unsigned mask = (unsigned)_mm_movemask_epi8(other);
    return mask ? (size_t)__builtin_ctz(mask) : BLOCK;
}
#elif defined(__aarch64__)
#include <arm_neon.h>
enum { BLOCK = 16 };

static inline size_t plain_in_block(const char *p)
{
    int8x16_t text = vld1q_s8((const signed char *)p);
    uint8x16_t other = vcltq_s8(text, vdupq_n_s8(' '));
    other = vorrq_u8(other, vceqq_s8(text, vdupq_n_s8('"')));
    other = vorrq_u8(other, vceqq_s8(text, vdupq_n_s8('\\')));
    /* Four bits per byte are left of the mask. */
    uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(other), 4);
    uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
    return mask ? (size_t)__builtin_ctzll(mask) / 4 : BLOCK;
}
#else
enum { BLOCK = 8 };

static inline size_t plain_in_block(const char *p)
{
    size_t i = 0;
    while (i < BLOCK && (signed char)p[i] >= ' ' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}
#endif

size_t kinesis__plain_span(const char *p, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        size_t plain = plain_in_block(p + i);
        if (plain < BLOCK)
            return i + plain;
    }
    while (i < n && (signed char)p[i] >= ' ' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The table of well-formed sequences of the Unicode standard (3.9, table 3-7). */
size_t kinesis__utf8_char(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4 || n < 2 || !is_tail(p[1]))
        return 0;
    if (c < 0xe0)
        return 2;
    if (n < 3 || !is_tail(p[2]))
        return 0;
    if (c < 0xf0) {
        bool overlong = c == 0xe0 && p[1] < 0xa0, surrogate = c == 0xed && p[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = c == 0xf0 && p[1] < 0x90, beyond = c == 0xf4 && p[1] > 0x8f;
    return n < 4 || !is_tail(p[3]) || overlong || beyond ? 0 : 4;
}

bool kinesis__utf8_count(struct sigv4_slice text, size_t *characters)
{
    const char *p = text.ptr;
    size_t i = 0;
    *characters = 0;
    while (i < text.len) {
        size_t step = kinesis__plain_span(p + i, text.len - i);
        *characters += step;
        i += step;
        if (i == text.len)
            break;
        step = kinesis__utf8_char(p + i, text.len - i);
        if (step == 0)
            return false;
        *characters += 1;
        i += step;
    }
    return true;
}
