/* Escapes, partition keys and hash keys of the command line. */
#include "kput_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CHARACTERS = 256 };

static int nibble(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The byte of the escape at *from, which is moved behind it; -1: there is none. */
static int escaped(const char **from)
{
    static const char names[] = "ntr0\\", bytes[] = "\n\t\r\0\\";
    char c = *(*from)++;
    const char *at = c ? strchr(names, c) : NULL;
    if (at)
        return (unsigned char)bytes[at - names];
    if (c != 'x' || nibble((*from)[0]) < 0 || nibble((*from)[1]) < 0)
        return -1;
    *from += 2;
    return nibble((*from)[-2]) * 16 + nibble((*from)[-1]);
}

bool text_unescape(char *text, struct sigv4_slice *out)
{
    const char *from = text;
    char *to = text;
    while (*from) {
        int byte = (unsigned char)*from++;
        if (byte == '\\' && (byte = escaped(&from)) < 0)
            return false;
        *to++ = (char)byte;
    }
    *out = sigv4_bytes(text, (size_t)(to - text));
    return true;
}

const char *text_check_key(const char *key)
{
    size_t n = strlen(key), characters = 0;
    json_t *utf8 = json_stringn(key, n);
    for (size_t i = 0; i < n; i++)
        characters += ((unsigned char)key[i] & 0xC0) != 0x80;
    json_decref(utf8);
    if (!utf8)
        return "a partition key is UTF-8";
    return characters < 1 || characters > KEY_CHARACTERS ? "a partition key has 1 to 256 characters"
                                                         : NULL;
}

const char *text_check_hash_key(const char *number)
{
    static const char last[] = "340282366920938463463374607431768211455";
    size_t n = strlen(number);
    bool digits = n && strspn(number, "0123456789") == n && (n == 1 || *number != '0');
    bool fits = n < sizeof last - 1 || (n == sizeof last - 1 && strcmp(number, last) <= 0);
    return digits && fits ? NULL : "an explicit hash key is a decimal number below 2^128";
}
