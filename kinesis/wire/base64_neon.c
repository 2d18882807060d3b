/* Base64 with NEON (every 64-bit ARM has it): 48 bytes to 64 characters at a time and back; the
 * interleaved loads and stores take the groups apart and put them together. */
#include "wire/base64.h"

#if defined(__aarch64__) || defined(KINESIS_EMULATED_NEON)
#ifndef KINESIS_EMULATED_NEON
#include <arm_neon.h>
#endif

static const unsigned char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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

static inline uint8x16x4_t table_of(const unsigned char *bytes)
{
    uint8x16x4_t t = {
        {vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32), vld1q_u8(bytes + 48)}};
    return t;
}

static size_t encode(char *dst, const unsigned char *src, size_t n)
{
    const uint8x16x4_t table = table_of(alphabet);
    const uint8x16_t six = vdupq_n_u8(0x3f);
    size_t i = 0;
    for (; i + 48 <= n; i += 48, dst += 64) {
        uint8x16x3_t in = vld3q_u8(src + i);
        uint8x16x4_t out;
        out.val[0] = vqtbl4q_u8(table, vshrq_n_u8(in.val[0], 2));
        out.val[1] = vqtbl4q_u8(
            table, vandq_u8(vorrq_u8(vshlq_n_u8(in.val[0], 4), vshrq_n_u8(in.val[1], 4)), six));
        out.val[2] = vqtbl4q_u8(
            table, vandq_u8(vorrq_u8(vshlq_n_u8(in.val[1], 2), vshrq_n_u8(in.val[2], 6)), six));
        out.val[3] = vqtbl4q_u8(table, vandq_u8(in.val[2], six));
        vst4q_u8((unsigned char *)dst, out);
    }
    return i;
}

/* A byte above 127 finds nothing in either half: mark it as the tables mark foreign ones. */
static inline uint8x16_t value_of(uint8x16x4_t low, uint8x16x4_t high, uint8x16_t text)
{
    uint8x16_t found =
        vorrq_u8(vqtbl4q_u8(low, text), vqtbl4q_u8(high, veorq_u8(text, vdupq_n_u8(0x40))));
    return vorrq_u8(found, vandq_u8(text, vdupq_n_u8(0x80)));
}

static size_t decode(unsigned char *dst, const char *src, size_t n)
{
    const uint8x16x4_t low = table_of(values), high = table_of(values + 64);
    size_t i = 0;
    for (; i + 64 <= n; i += 64, dst += 48) {
        uint8x16x4_t text = vld4q_u8((const unsigned char *)src + i);
        uint8x16_t a = value_of(low, high, text.val[0]), b = value_of(low, high, text.val[1]);
        uint8x16_t c = value_of(low, high, text.val[2]), d = value_of(low, high, text.val[3]);
        if (vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) & 0x80)
            break;
        uint8x16x3_t out;
        out.val[0] = vorrq_u8(vshlq_n_u8(a, 2), vshrq_n_u8(b, 4));
        out.val[1] = vorrq_u8(vshlq_n_u8(b, 4), vshrq_n_u8(c, 2));
        out.val[2] = vorrq_u8(vshlq_n_u8(c, 6), d);
        vst3q_u8(dst, out);
    }
    return i;
}

const struct kinesis__base64 kinesis__base64_neon = {"neon", encode, decode};
#endif
