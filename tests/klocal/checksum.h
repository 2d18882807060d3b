/* S3's additional checksums: CRC32, CRC32C, CRC64NVME, SHA1, SHA256, spelled in base64. */
#ifndef KLOCAL_CHECKSUM_H
#define KLOCAL_CHECKSUM_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum checksum_kind {
    CHECKSUM_NONE,
    CHECKSUM_CRC32,
    CHECKSUM_CRC32C,
    CHECKSUM_CRC64NVME,
    CHECKSUM_SHA1,
    CHECKSUM_SHA256
};

#define CHECKSUM_KINDS     6
#define CHECKSUM_TEXT_SIZE 64 /* base64 of 32 bytes, "-10000", NUL */

struct checksum {
    enum checksum_kind kind;
    uint64_t crc;
    EVP_MD_CTX *digest;
};

const char *checksum_name(enum checksum_kind kind);   /* "CRC32C" */
const char *checksum_header(enum checksum_kind kind); /* "x-amz-checksum-crc32c" */
enum checksum_kind checksum_by_name(const char *name);
enum checksum_kind checksum_by_header(const char *name); /* ignores case */
size_t checksum_size(enum checksum_kind kind);

void checksum_begin(struct checksum *sum, enum checksum_kind kind);
void checksum_add(struct checksum *sum, const void *bytes, size_t length);
void checksum_end(struct checksum *sum, char out[CHECKSUM_TEXT_SIZE]); /* also frees */
void checksum_discard(struct checksum *sum);

bool checksum_valid_text(enum checksum_kind kind, const char *text);
/* The CRC of two pieces one after the other; all three as base64. */
void checksum_combine(enum checksum_kind kind, char first[CHECKSUM_TEXT_SIZE], const char *second,
                      uint64_t second_length);

#endif
