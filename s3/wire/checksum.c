/* Checksums: which there are, how they are computed and written. */
#include "wire/checksum.h"

#include "base/digest.h"
#include "base/text.h"
#include "wire/crc.h"

#include <openssl/evp.h>

struct kind {
    const char *name, *header, *element;
    size_t length;
};

static const struct kind kinds[] = {
    [S3_CHECKSUM_DEFAULT] = {"DEFAULT", "", "", 0},
    [S3_CHECKSUM_NONE] = {"NONE", "", "", 0},
    [S3_CHECKSUM_CRC32] = {"CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    [S3_CHECKSUM_CRC32C] = {"CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    [S3_CHECKSUM_CRC64NVME] = {"CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8},
    [S3_CHECKSUM_SHA256] = {"SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static const struct kind *kind_of(enum s3_checksum kind)
{
    return &kinds[(unsigned)kind < KIND_COUNT ? kind : S3_CHECKSUM_NONE];
}

const char *s3_checksum_name(enum s3_checksum checksum)
{
    return kind_of(checksum)->name;
}

bool s3_checksum_parse(struct sigv4_slice text, enum s3_checksum *out)
{
    for (int i = S3_CHECKSUM_NONE; i < KIND_COUNT; i++)
        if (sigv4__equal_nocase(text, sigv4_str(kinds[i].name))) {
            *out = (enum s3_checksum)i;
            return true;
        }
    return false;
}

const char *s3__checksum_header(enum s3_checksum kind)
{
    return kind_of(kind)->header;
}

const char *s3__checksum_element(enum s3_checksum kind)
{
    return kind_of(kind)->element;
}

bool s3__checksum_is_crc(enum s3_checksum kind)
{
    return kind == S3_CHECKSUM_CRC32 || kind == S3_CHECKSUM_CRC32C || kind == S3_CHECKSUM_CRC64NVME;
}

int s3__checksum_init(struct s3__checksum *c, enum s3_checksum kind,
                      const struct sigv4_alloc *alloc)
{
    memset(c, 0, sizeof *c);
    c->kind = kind;
    if (kind == S3_CHECKSUM_DEFAULT || (unsigned)kind >= KIND_COUNT)
        return SIGV4_E_INVALID;
    if (kind == S3_CHECKSUM_SHA256) {
        int status = sigv4__digest_new_sha256(&c->sha256, alloc);
        if (status)
            return status;
    }
    return s3__checksum_begin(c);
}

void s3__checksum_free(struct s3__checksum *c)
{
    sigv4__digest_free(c->sha256);
    c->sha256 = NULL;
}

int s3__checksum_begin(struct s3__checksum *c)
{
    c->crc = 0;
    return c->sha256 ? sigv4__digest_begin(c->sha256) : SIGV4_OK;
}

int s3__checksum_add(struct s3__checksum *c, struct sigv4_slice bytes)
{
    switch (c->kind) {
    case S3_CHECKSUM_CRC32:
        c->crc = s3__crc32((uint32_t)c->crc, bytes.ptr, bytes.len);
        return SIGV4_OK;
    case S3_CHECKSUM_CRC32C:
        c->crc = s3__crc32c((uint32_t)c->crc, bytes.ptr, bytes.len);
        return SIGV4_OK;
    case S3_CHECKSUM_CRC64NVME:
        c->crc = s3__crc64nvme(c->crc, bytes.ptr, bytes.len);
        return SIGV4_OK;
    case S3_CHECKSUM_SHA256:
        return sigv4__digest_add(c->sha256, bytes.ptr, bytes.len);
    default:
        return SIGV4_OK;
    }
}

int s3__checksum_text(struct s3__checksum *c, char out[S3__CHECKSUM_TEXT_MAX])
{
    unsigned char raw[S3__CHECKSUM_RAW_MAX];
    if (c->kind != S3_CHECKSUM_SHA256) {
        s3__crc_text(c->kind, c->crc, out);
        return SIGV4_OK;
    }
    int status = sigv4__digest_end(c->sha256, raw);
    if (status == SIGV4_OK)
        s3__base64(raw, sizeof raw, out);
    return status;
}

void s3__crc_text(enum s3_checksum kind, uint64_t crc, char out[S3__CHECKSUM_TEXT_MAX])
{
    unsigned char raw[8];
    size_t length = s3__checksum_is_crc(kind) ? kind_of(kind)->length : 0;
    for (size_t i = 0; i < length; i++)
        raw[i] = (unsigned char)(crc >> (8 * (length - 1 - i)));
    s3__base64(raw, length, out);
}

bool s3__crc_parse(enum s3_checksum kind, struct sigv4_slice text, uint64_t *out)
{
    unsigned char raw[12];
    char again[S3__CHECKSUM_TEXT_MAX];
    size_t length = kind_of(kind)->length;
    if (!s3__checksum_is_crc(kind) || text.len != 4 * ((length + 2) / 3) ||
        EVP_DecodeBlock(raw, text.ptr, (int)text.len) < (int)length)
        return false;
    uint64_t crc = 0;
    for (size_t i = 0; i < length; i++)
        crc = crc << 8 | raw[i];
    /* OpenSSL is lenient about padding and trailing bits; the one right text is not. */
    s3__crc_text(kind, crc, again);
    *out = crc;
    return sigv4__equal_str(text, again);
}

void s3__base64(const void *bytes, size_t n, char *out)
{
    out[EVP_EncodeBlock((unsigned char *)out, bytes, (int)n)] = '\0';
}
