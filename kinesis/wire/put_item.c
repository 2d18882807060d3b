/* What makes a record one the service takes. */
#include "wire/put_item.h"

#include "base/fail.h"
#include "wire/plain_text.h"

bool kinesis__hash_key_valid(struct sigv4_slice text)
{
    static const char last[] = "340282366920938463463374607431768211455";
    const char *p = text.ptr;
    size_t longest = sizeof last - 1;
    if (text.len == 0 || text.len > longest || (p[0] == '0' && text.len > 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
    }
    return text.len < longest || memcmp(p, last, longest) <= 0;
}

static int check_partition_key(struct sigv4_slice key, struct sigv4_error *err)
{
    size_t characters;
    if (key.len == 0)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "the partition key is empty: give 1 to %d characters",
                           KINESIS__KEY_MAX_CHARACTERS);
    if (!kinesis__utf8_count(key, &characters))
        return sigv4__fail(err, SIGV4_E_INVALID, "the partition key is not valid UTF-8");
    if (characters > KINESIS__KEY_MAX_CHARACTERS)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "the partition key has %zu characters, the service takes %d", characters,
                           KINESIS__KEY_MAX_CHARACTERS);
    return SIGV4_OK;
}

int kinesis__put_item_check(const struct kinesis__put_item *item, size_t max_record,
                            struct sigv4_error *err)
{
    int status = check_partition_key(item->partition_key, err);
    if (status)
        return status;
    if (item->explicit_hash_key.len && !kinesis__hash_key_valid(item->explicit_hash_key))
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "the explicit hash key is not a decimal number from 0 to 2^128-1");
    if (item->data.len > max_record || item->partition_key.len > max_record - item->data.len)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE,
                           "the record has %zu bytes with its key, more than the %zu allowed",
                           kinesis__put_item_size(item), max_record);
    return SIGV4_OK;
}
