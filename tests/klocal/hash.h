/* Hash keys: MD5 of the partition key as a 128-bit number, and decimal spelling of such numbers. */
#ifndef KLOCAL_HASH_H
#define KLOCAL_HASH_H

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef unsigned __int128 hash_key;

#define HASH_KEY_MAX  (~(hash_key)0)
#define HASH_KEY_SIZE 40 /* digits and a NUL */

hash_key hash_of_key(const char *partition_key, size_t length);
void hash_format(hash_key key, char out[HASH_KEY_SIZE]);
bool hash_parse(const char *text, hash_key *key); /* 0 or [1-9][0-9]*, at most 2^128-1 */

#endif
