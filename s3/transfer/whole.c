/* The object that parts make. */
#include "transfer/whole.h"

#include "base/digest.h"
#include "base/text.h"
#include "wire/crc.h"

#include <stdio.h>

/* The CRC of the object from those of its parts. */
static void combine(struct s3__whole *whole, const struct s3__part_record *parts, uint32_t count)
{
    uint64_t all = 0, crc;
    for (uint32_t i = 0; i < count; i++) {
        if (!s3__crc_parse(whole->checksum, sigv4_str(parts[i].checksum), &crc))
            return;
        all = s3__crc_combine(whole->checksum, all, crc, parts[i].length);
    }
    s3__crc_text(whole->checksum, all, whole->checksum_value);
}

static bool hex_bytes(const char *hex, unsigned char out[SIGV4__MD5_LEN])
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != 2 * SIGV4__MD5_LEN)
        return false;
    for (int i = 0; i < SIGV4__MD5_LEN; i++) {
        const char *high = strchr(digits, hex[2 * i]), *low = strchr(digits, hex[2 * i + 1]);
        if (!high || !low)
            return false;
        out[i] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return true;
}

/* Where ETags are MD5s, the object's is that of its parts' (facts, 6.4). */
static void expect_etag(struct s3__whole *whole, const struct sigv4_alloc *alloc,
                        const struct s3__part_record *parts, uint32_t count)
{
    unsigned char md5[SIGV4__MD5_LEN];
    char hex[2 * SIGV4__MD5_LEN + 1] = "";
    struct sigv4__digest *digest = NULL;
    int status = sigv4__digest_new_md5(&digest, alloc);
    if (status == SIGV4_OK)
        status = sigv4__digest_begin(digest);
    for (uint32_t i = 0; i < count && status == SIGV4_OK; i++)
        status = hex_bytes(parts[i].etag, md5) ? sigv4__digest_add(digest, md5, sizeof md5)
                                               : SIGV4_E_INVALID;
    if (status == SIGV4_OK)
        status = sigv4__digest_end(digest, md5);
    sigv4__digest_free(digest);
    if (status)
        return;
    sigv4__hex(md5, sizeof md5, hex);
    snprintf(whole->etag, sizeof whole->etag, "%s-%u", hex, (unsigned)count);
}

void s3__whole_of_parts(struct s3__whole *whole, const struct sigv4_alloc *alloc,
                        enum s3_checksum checksum, const struct s3__part_record *parts,
                        uint32_t count)
{
    *whole = (struct s3__whole){.checksum = checksum};
    for (uint32_t i = 0; i < count; i++)
        whole->length += parts[i].length;
    combine(whole, parts, count);
    expect_etag(whole, alloc, parts, count);
}

bool s3__whole_is(const struct s3__whole *whole, const struct s3_result *found)
{
    if (found->length != whole->length)
        return false;
    if (whole->etag[0] && sigv4__equal_str(found->etag, whole->etag))
        return true;
    return whole->checksum_value[0] && found->checksum == whole->checksum &&
           sigv4__equal_str(found->checksum_value, whole->checksum_value);
}
