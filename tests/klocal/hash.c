/* 128-bit hash keys. */
#include "hash.h"

#include <openssl/evp.h>
#include <string.h>

hash_key hash_of_key(const char *partition_key, size_t length)
{
    unsigned char md5[16];
    unsigned size = 0;
    hash_key key = 0;
    EVP_Digest(partition_key, length, md5, &size, EVP_md5(), NULL);
    for (unsigned i = 0; i < size; i++)
        key = key << 8 | md5[i];
    return key;
}

void hash_format(hash_key key, char out[HASH_KEY_SIZE])
{
    char digits[HASH_KEY_SIZE];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + (int)(key % 10));
        key /= 10;
    } while (key > 0);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
}

bool hash_parse(const char *text, hash_key *key)
{
    size_t length = strlen(text);
    if (length == 0 || length > 39 || strspn(text, "0123456789") != length)
        return false;
    if (text[0] == '0' && length > 1)
        return false;
    hash_key value = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (value > (HASH_KEY_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *key = value;
    return true;
}
