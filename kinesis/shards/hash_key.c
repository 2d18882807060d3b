/* Hash keys: 128 bits as two halves, so that no compiler's own wide integers are needed. */
#include "shards/hash_key.h"

#include "wire/put_item.h"

static const uint64_t low_half = 0xffffffff;

/* hash * 10 + digit, by quarters. */
static struct kinesis__hash append_digit(struct kinesis__hash hash, unsigned digit)
{
    uint64_t a = (hash.low & low_half) * 10 + digit;
    uint64_t b = (hash.low >> 32) * 10 + (a >> 32);
    struct kinesis__hash out = {hash.high * 10 + (b >> 32), b << 32 | (a & low_half)};
    return out;
}

bool kinesis__hash_parse(struct sigv4_slice text, struct kinesis__hash *out)
{
    const char *p = text.ptr;
    struct kinesis__hash hash = {0, 0};
    if (!kinesis__hash_key_valid(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        hash = append_digit(hash, (unsigned)(p[i] - '0'));
    *out = hash;
    return true;
}

/* Divides by ten in place and returns the rest. */
static unsigned take_digit(struct kinesis__hash *hash)
{
    uint64_t quarters[4] = {hash->high >> 32, hash->high & low_half, hash->low >> 32,
                            hash->low & low_half};
    uint64_t rest = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t value = rest << 32 | quarters[i];
        quarters[i] = value / 10;
        rest = value % 10;
    }
    hash->high = quarters[0] << 32 | quarters[1];
    hash->low = quarters[2] << 32 | quarters[3];
    return (unsigned)rest;
}

size_t kinesis__hash_format(struct kinesis__hash hash, char out[KINESIS__HASH_TEXT])
{
    char digits[KINESIS__HASH_TEXT];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + take_digit(&hash));
    } while (hash.high || hash.low);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
    return n;
}

static uint64_t big_endian(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | p[i];
    return value;
}

int kinesis__hash_of_key(struct sigv4__digest *md5, struct sigv4_slice key,
                         struct kinesis__hash *out)
{
    unsigned char sum[SIGV4__MD5_LEN];
    int status = sigv4__digest_begin(md5);
    if (!status)
        status = sigv4__digest_add(md5, key.ptr, key.len);
    if (!status)
        status = sigv4__digest_end(md5, sum);
    if (status)
        return status;
    out->high = big_endian(sum);
    out->low = big_endian(sum + 8);
    return SIGV4_OK;
}
