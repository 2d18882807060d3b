#ifndef KINESIS_WIRE_BASE64_H
#define KINESIS_WIRE_BASE64_H
/* Base64 as the service writes blobs: the standard alphabet, padding, no white space (facts, 2.1).
 *
 * Decoding is strict, and equally so on every path: a length that is no multiple of four, a foreign
 * byte, padding anywhere but at the end, and unused bits that are not zero are all refused. No
 * encoder writes such text, and taking it would let a damaged answer pass unseen. */
#include <sigv4/status.h>

/* How one kind of processor does it: whole groups only, the ends are dealt with in one place.
 * encode takes at most n bytes, a multiple of 3, and returns how many; decode takes a multiple of 4
 * and returns how many, stopping before a block with a byte outside the alphabet, '=' included.
 * Neither touches memory outside of what it was given or says it took. */
struct kinesis__base64 {
    const char *name;
    size_t (*encode)(char *dst, const unsigned char *src, size_t n);
    size_t (*decode)(unsigned char *dst, const char *src, size_t n);
};

/* The fastest one this processor can run; choose once, keep the pointer. Static. */
const struct kinesis__base64 *kinesis__base64_best(void);
/* All this processor can run, the portable one (libb64) first; NULL after the last. */
const struct kinesis__base64 *kinesis__base64_path(size_t i);

/* Length of the text of n bytes; n at most SIZE_MAX / 4 * 3 - 3. */
static inline size_t kinesis__base64_length(size_t n)
{
    return (n + 2) / 3 * 4;
}
/* Writes exactly kinesis__base64_length(n) characters, no NUL; returns that. No overlap. */
size_t kinesis__base64_encode(const struct kinesis__base64 *path, char *dst, const void *src,
                              size_t n);
/* dst may equal src, and else takes n / 4 * 3 bytes. *len: how many it became. false: not base64;
 * then dst is undefined. */
bool kinesis__base64_decode(const struct kinesis__base64 *path, void *dst, const char *src,
                            size_t n, size_t *len);

#if defined(__x86_64__)
extern const struct kinesis__base64 kinesis__base64_avx2, kinesis__base64_avx512;
#elif defined(__aarch64__)
extern const struct kinesis__base64 kinesis__base64_neon;
#endif
#endif
