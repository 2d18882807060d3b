#ifndef WIRE_CRC_H
#define WIRE_CRC_H
/* The three CRCs of S3: CRC-32 by zlib, CRC-32C and CRC-64/NVME by the processor where it can, by
 * tables elsewhere. The CRC of nothing is 0; feeding a value in goes on from there. @thread any. */
#include <s3/client.h>

uint32_t s3__crc32(uint32_t crc, const void *bytes, size_t n);
uint32_t s3__crc32c(uint32_t crc, const void *bytes, size_t n);
uint64_t s3__crc64nvme(uint64_t crc, const void *bytes, size_t n);

/* The CRC of A followed by B, from the CRCs of both and the length of B; logarithmic in it. kind is
 * one of the three CRCs. */
uint64_t s3__crc_combine(enum s3_checksum kind, uint64_t a, uint64_t b, uint64_t length_of_b);

/* Every implementation this machine can run, the fastest first, the portable one last; NULL after
 * it. For tests and measurements. */
typedef uint32_t s3__crc32_fn(uint32_t crc, const void *bytes, size_t n);
typedef uint64_t s3__crc64_fn(uint64_t crc, const void *bytes, size_t n);
s3__crc32_fn *s3__crc32c_variant(size_t i);
s3__crc64_fn *s3__crc64nvme_variant(size_t i);

/* The implementations. The x86 ones must be asked for by the processor's features. */
uint32_t s3__crc32c_portable(uint32_t crc, const void *bytes, size_t n);
uint64_t s3__crc64nvme_portable(uint64_t crc, const void *bytes, size_t n);
#if defined(__x86_64__)
uint32_t s3__crc32c_sse42(uint32_t crc, const void *bytes, size_t n);
uint64_t s3__crc64nvme_pclmul(uint64_t crc, const void *bytes, size_t n);
uint64_t s3__crc64nvme_vpclmul(uint64_t crc, const void *bytes, size_t n);
#endif
#endif
