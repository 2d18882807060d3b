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

bool text_is_utf8(struct sigv4_slice text)
{
    json_t *utf8 = json_stringn(text.ptr, text.len);
    json_decref(utf8);
    return utf8 != NULL;
}

const char *text_check_key(struct sigv4_slice key)
{
    const unsigned char *at = key.ptr;
    size_t characters = 0;
    for (size_t i = 0; i < key.len; i++)
        characters += (at[i] & 0xC0) != 0x80;
    if (!text_is_utf8(key))
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
