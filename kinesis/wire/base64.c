/* Base64: the portable path (libb64), the choice by processor, and the ends that fill no block,
 * which are padded to a block so that every path has the same small amount of code. */
#include "wire/base64.h"

#include <b64/cdecode.h>
#include <b64/cencode.h>

/* libb64 breaks the line after 72 characters: groups are given to it in runs shorter than that. */
enum { LINE_BYTES = 51 };

static size_t portable_encode(char *dst, const unsigned char *src, size_t n)
{
    size_t whole = n / 3 * 3;
    for (size_t i = 0; i < whole;) {
        size_t take = whole - i < LINE_BYTES ? whole - i : LINE_BYTES;
        base64_encodestate state;
        base64_init_encodestate(&state);
        dst += base64_encode_block((const char *)src + i, (int)take, dst, &state);
        i += take;
    }
    return whole;
}

static bool in_alphabet(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* libb64 skips what it does not know, and some bytes above 127 it takes for letters: it only gets
 * to see groups of the alphabet. */
static size_t portable_decode(unsigned char *dst, const char *src, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        base64_decodestate state;
        if (!in_alphabet(src[i]) || !in_alphabet(src[i + 1]) || !in_alphabet(src[i + 2]) ||
            !in_alphabet(src[i + 3]))
            break;
        char group[4];
        base64_init_decodestate(&state);
        base64_decode_block(src + i, 4, group, &state);
        memcpy(dst + i / 4 * 3, group, 3);
    }
    return i;
}

static const struct kinesis__base64 portable = {"portable", portable_encode, portable_decode};

const struct kinesis__base64 *kinesis__base64_path(size_t i)
{
    const struct kinesis__base64 *paths[4] = {&portable};
    size_t count = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        paths[count++] = &kinesis__base64_avx2;
    if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw"))
        paths[count++] = &kinesis__base64_avx512;
#elif defined(__aarch64__)
    paths[count++] = &kinesis__base64_neon;
#endif
    return i < count ? paths[i] : NULL;
}

const struct kinesis__base64 *kinesis__base64_best(void)
{
    size_t last = 0;
    while (kinesis__base64_path(last + 1))
        last++;
    return kinesis__base64_path(last);
}

/* Longer than any path leaves over: a path takes a block whenever it has 64 bytes left. */
enum { END_BYTES = 64, END_CHARS = 88 };

size_t kinesis__base64_encode(const struct kinesis__base64 *path, char *dst, const void *src,
                              size_t n)
{
    const unsigned char *bytes = src;
    size_t total = kinesis__base64_length(n);
    size_t done = n ? path->encode(dst, bytes, n) : 0;
    size_t left = n - done;
    if (left == 0)
        return total;
    unsigned char end[END_BYTES] = {0};
    char text[END_CHARS];
    memcpy(end, bytes + done, left);
    path->encode(text, end, sizeof end);
    size_t length = kinesis__base64_length(left);
    if (left % 3)
        text[length - 1] = '=';
    if (left % 3 == 1)
        text[length - 2] = '=';
    memcpy(dst + done / 3 * 4, text, length);
    return total;
}

/* The last characters, with their padding: decoded as if '=' were zero bits, which also brings
 * unused bits to light in the bytes behind the end. */
static bool decode_end(const struct kinesis__base64 *path, unsigned char *dst, const char *src,
                       size_t n, size_t *len)
{
    char text[END_CHARS];
    unsigned char end[END_CHARS / 4 * 3];
    size_t padding = src[n - 1] != '=' ? 0 : src[n - 2] != '=' ? 1 : 2;
    size_t bytes = n / 4 * 3;
    memset(text, 'A', sizeof text);
    memcpy(text, src, n - padding);
    if (path->decode(end, text, sizeof text) < n)
        return false;
    for (size_t i = bytes - padding; i < bytes; i++) {
        if (end[i] != 0)
            return false;
    }
    memcpy(dst, end, bytes - padding);
    *len = bytes - padding;
    return true;
}

bool kinesis__base64_decode(const struct kinesis__base64 *path, void *dst, const char *src,
                            size_t n, size_t *len)
{
    *len = 0;
    if (n % 4)
        return false;
    if (n == 0)
        return true;
    size_t done = path->decode(dst, src, n);
    size_t front = done / 4 * 3, rest = 0;
    if (done < n) {
        /* More than an end fits only when a foreign byte stopped the path. */
        if (n - done > END_CHARS - 24 ||
            !decode_end(path, (unsigned char *)dst + front, src + done, n - done, &rest))
            return false;
    }
    *len = front + rest;
    return true;
}
