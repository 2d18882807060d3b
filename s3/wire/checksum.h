#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H
/* A running checksum of any of S3's kinds, and its text form in headers: base64 of the big-endian
 * value. */
#include <s3/client.h>

struct sigv4__digest;

enum { S3__CHECKSUM_RAW_MAX = 32, S3__CHECKSUM_TEXT_MAX = 48 };
struct s3__checksum {
    enum s3_checksum kind;
    uint64_t crc;
    struct sigv4__digest *sha256;
};
/* kind NONE: everything succeeds and the text is "". Errors: INVALID (DEFAULT is no kind), NOMEM.
 */
int s3__checksum_init(struct s3__checksum *c, enum s3_checksum kind,
                      const struct sigv4_alloc *alloc);
void s3__checksum_free(struct s3__checksum *c); /* zeroed memory is fine */
int s3__checksum_begin(struct s3__checksum *c); /* from the start again */
int s3__checksum_add(struct s3__checksum *c, struct sigv4_slice bytes);
/* Ends the value: out receives its text and NUL. */
int s3__checksum_text(struct s3__checksum *c, char out[S3__CHECKSUM_TEXT_MAX]);

/* "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"; "" for NONE. */
const char *s3__checksum_header(enum s3_checksum kind);
const char *s3__checksum_element(enum s3_checksum kind);
bool s3__checksum_is_crc(enum s3_checksum kind);
/* A CRC as text and back; false: not the text of such a value. */
void s3__crc_text(enum s3_checksum kind, uint64_t crc, char out[S3__CHECKSUM_TEXT_MAX]);
bool s3__crc_parse(enum s3_checksum kind, struct sigv4_slice text, uint64_t *out);
/* base64 of raw bytes; out must hold 4 * ((n + 2) / 3) + 1. */
void s3__base64(const void *bytes, size_t n, char *out);
#endif
