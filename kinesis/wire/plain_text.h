#ifndef KINESIS_WIRE_PLAIN_TEXT_H
#define KINESIS_WIRE_PLAIN_TEXT_H
/* Text as JSON strings hold it: runs of bytes that mean themselves, and single UTF-8 characters.
 * Both instruction sets used here belong to their architecture's baseline, so nothing is chosen at
 * run time; inline, because most runs are a few bytes long. */
#include <sigv4/types.h>

#if defined(__SSE2__)
#include <emmintrin.h>
enum { KINESIS__PLAIN_BLOCK = 16 };

/* The first byte of 16 that is not plain, or 16. Signed, all bytes above 127 are below a blank. */
static inline size_t kinesis__plain_in_block(const char *p)
{
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i other = _mm_cmplt_epi8(text, _mm_set1_epi8(' '));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(text, _mm_set1_epi8('"')));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(text, _mm_set1_epi8('\\')));
    unsigned mask = (unsigned)_mm_movemask_epi8(other);
    return mask ? (size_t)__builtin_ctz(mask) : KINESIS__PLAIN_BLOCK;
}
#elif defined(__aarch64__)
#include <arm_neon.h>
enum { KINESIS__PLAIN_BLOCK = 16 };

static inline size_t kinesis__plain_in_block(const char *p)
{
    int8x16_t text = vld1q_s8((const signed char *)p);
    uint8x16_t other = vcltq_s8(text, vdupq_n_s8(' '));
    other = vorrq_u8(other, vceqq_s8(text, vdupq_n_s8('"')));
    other = vorrq_u8(other, vceqq_s8(text, vdupq_n_s8('\\')));
    /* Four bits per byte are left of the mask. */
    uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(other), 4);
    uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
    return mask ? (size_t)__builtin_ctzll(mask) / 4 : KINESIS__PLAIN_BLOCK;
}
#else
enum { KINESIS__PLAIN_BLOCK = 8 };

static inline size_t kinesis__plain_in_block(const char *p)
{
    size_t i = 0;
    while (i < KINESIS__PLAIN_BLOCK && (signed char)p[i] >= ' ' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}
#endif

/* How many bytes from p on (n of them may be read) are ASCII that needs no escape in a JSON string:
 * stops at a quote, a backslash, a control character or a byte above 127. */
static inline size_t kinesis__plain_span(const char *p, size_t n)
{
    size_t i = 0;
    for (; i + KINESIS__PLAIN_BLOCK <= n; i += KINESIS__PLAIN_BLOCK) {
        size_t plain = kinesis__plain_in_block(p + i);
        if (plain < KINESIS__PLAIN_BLOCK)
            return i + plain;
    }
    while (i < n && (signed char)p[i] >= ' ' && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

/* Counts the characters of valid UTF-8; false otherwise. */
bool kinesis__utf8_count(struct sigv4_slice text, size_t *characters);
#endif
