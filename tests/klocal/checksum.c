/* S3's additional checksums. */
#include "checksum.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base64.h"

/* Reflected polynomials. */
#define POLY_CRC32     0xedb88320u
#define POLY_CRC32C    0x82f63b78u
#define POLY_CRC64NVME 0x9a6c9329ac4bc9b5u

static const struct {
    const char *name;
    const char *header;
    size_t size;
    uint64_t poly;
} kinds[CHECKSUM_KINDS] = {
    {"", "", 0, 0},
    {"CRC32", "x-amz-checksum-crc32", 4, POLY_CRC32},
    {"CRC32C", "x-amz-checksum-crc32c", 4, POLY_CRC32C},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", 8, POLY_CRC64NVME},
    {"SHA1", "x-amz-checksum-sha1", 20, 0},
    {"SHA256", "x-amz-checksum-sha256", 32, 0},
};

/* Eight tables each for CRC32C and CRC64NVME: eight bytes a step. */
static uint64_t tables[2][8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_table(uint64_t table[8][256], uint64_t poly)
{
    for (uint64_t i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? poly : 0);
        table[0][i] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int i = 0; i < 256; i++)
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

static void fill_tables(void)
{
    fill_table(tables[0], POLY_CRC32C);
    fill_table(tables[1], POLY_CRC64NVME);
}

static uint64_t update(uint64_t table[8][256], uint64_t crc, const unsigned char *p, size_t length)
{
    while (length >= 8) {
        uint64_t next = 0;
        for (unsigned i = 0; i < 8; i++)
            next ^= table[7 - i][(p[i] ^ crc >> (8 * i)) & 0xff];
        crc = next;
        p += 8;
        length -= 8;
    }
    while (length-- > 0)
        crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
    return crc;
}

const char *checksum_name(enum checksum_kind kind)
{
    return kinds[kind].name;
}

const char *checksum_header(enum checksum_kind kind)
{
    return kinds[kind].header;
}

size_t checksum_size(enum checksum_kind kind)
{
    return kinds[kind].size;
}

enum checksum_kind checksum_by_name(const char *name)
{
    for (int k = 1; k < CHECKSUM_KINDS; k++)
        if (strcmp(kinds[k].name, name) == 0)
            return (enum checksum_kind)k;
    return CHECKSUM_NONE;
}

enum checksum_kind checksum_by_header(const char *name)
{
    for (int k = 1; k < CHECKSUM_KINDS; k++)
        if (strcasecmp(kinds[k].header, name) == 0)
            return (enum checksum_kind)k;
    return CHECKSUM_NONE;
}

void checksum_begin(struct checksum *sum, enum checksum_kind kind)
{
    memset(sum, 0, sizeof *sum);
    sum->kind = kind;
    pthread_once(&tables_once, fill_tables);
    if (kind == CHECKSUM_CRC32C)
        sum->crc = 0xffffffffu;
    if (kind == CHECKSUM_CRC64NVME)
        sum->crc = ~(uint64_t)0;
    if (kind == CHECKSUM_SHA1 || kind == CHECKSUM_SHA256) {
        sum->digest = EVP_MD_CTX_new();
        EVP_DigestInit_ex(sum->digest, kind == CHECKSUM_SHA1 ? EVP_sha1() : EVP_sha256(), NULL);
    }
}

void checksum_add(struct checksum *sum, const void *bytes, size_t length)
{
    if (sum->kind == CHECKSUM_CRC32)
        sum->crc = crc32_z((uLong)sum->crc, bytes, length);
    else if (sum->kind == CHECKSUM_CRC32C)
        sum->crc = update(tables[0], sum->crc, bytes, length);
    else if (sum->kind == CHECKSUM_CRC64NVME)
        sum->crc = update(tables[1], sum->crc, bytes, length);
    else if (sum->digest != NULL)
        EVP_DigestUpdate(sum->digest, bytes, length);
}

static void crc_text(enum checksum_kind kind, uint64_t crc, char out[CHECKSUM_TEXT_SIZE])
{
    unsigned char bytes[8];
    int size = (int)kinds[kind].size;
    for (int i = 0; i < size; i++)
        bytes[i] = (unsigned char)(crc >> (8 * (size - 1 - i)));
    EVP_EncodeBlock((unsigned char *)out, bytes, size);
}

void checksum_end(struct checksum *sum, char out[CHECKSUM_TEXT_SIZE])
{
    out[0] = '\0';
    if (sum->digest != NULL) {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        EVP_DigestFinal_ex(sum->digest, bytes, &size);
        EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);
    } else if (sum->kind != CHECKSUM_NONE) {
        uint64_t invert = sum->kind == CHECKSUM_CRC32C      ? 0xffffffffu
                          : sum->kind == CHECKSUM_CRC64NVME ? ~(uint64_t)0
                                                            : 0;
        crc_text(sum->kind, sum->crc ^ invert, out);
    }
    checksum_discard(sum);
}

void checksum_discard(struct checksum *sum)
{
    EVP_MD_CTX_free(sum->digest);
    memset(sum, 0, sizeof *sum);
}

bool checksum_valid_text(enum checksum_kind kind, const char *text)
{
    unsigned char *bytes = NULL;
    size_t length = 0;
    bool good = base64_decode(text, strlen(text), &bytes, &length) && length == kinds[kind].size;
    free(bytes);
    return good;
}

/* a * b modulo the polynomial, both reflected: bit top is x^0. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t poly, uint64_t top)
{
    uint64_t product = 0;
    for (uint64_t m = top; m != 0; m >>= 1) {
        if (a & m)
            product ^= b;
        b = b & 1 ? b >> 1 ^ poly : b >> 1;
    }
    return product;
}

static uint64_t crc_value(const char *text)
{
    unsigned char *bytes = NULL;
    size_t length = 0;
    uint64_t crc = 0;
    if (base64_decode(text, strlen(text), &bytes, &length))
        for (size_t i = 0; i < length; i++)
            crc = crc << 8 | bytes[i];
    free(bytes);
    return crc;
}

void checksum_combine(enum checksum_kind kind, char first[CHECKSUM_TEXT_SIZE], const char *second,
                      uint64_t second_length)
{
    uint64_t poly = kinds[kind].poly;
    uint64_t top = (uint64_t)1 << (8 * kinds[kind].size - 1);
    uint64_t shift = top;      /* x^0 */
    uint64_t power = top >> 8; /* x^8: one byte further */
    for (uint64_t n = second_length; n > 0; n >>= 1) {
        if (n & 1)
            shift = multiply(shift, power, poly, top);
        power = multiply(power, power, poly, top);
    }
    crc_text(kind, multiply(shift, crc_value(first), poly, top) ^ crc_value(second), first);
}
