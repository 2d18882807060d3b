/* Strict base64 decoding. */
#include "base64.h"

#include <stdint.h>
#include <stdlib.h>

#include "memory.h"

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void fill_table(signed char table[256])
{
    for (int i = 0; i < 256; i++)
        table[i] = (signed char)digit((char)i);
}

/* Decodes one group of four that may end in padding. Returns the byte count or -1. */
static int decode_last(const char *text, unsigned char *out)
{
    int pad = text[3] == '=' ? (text[2] == '=' ? 2 : 1) : 0;
    int32_t bits = 0;
    for (int i = 0; i < 4; i++) {
        int d = i < 4 - pad ? digit(text[i]) : 0;
        if (d < 0)
            return -1;
        bits = bits << 6 | d;
    }
    if ((pad == 1 && (bits & 0xff) != 0) || (pad == 2 && (bits & 0xffff) != 0))
        return -1;
    for (int i = 0; i < 3 - pad; i++)
        out[i] = (unsigned char)(bits >> (16 - 8 * i));
    return 3 - pad;
}

bool base64_decode(const char *text, size_t length, unsigned char **out, size_t *out_length)
{
    *out = NULL;
    *out_length = 0;
    if (length % 4 != 0)
        return false;
    unsigned char *bytes = memory_take(length / 4 * 3 + 1, 1);
    signed char table[256];
    fill_table(table);
    size_t n = 0, i = 0;
    for (; i + 4 < length; i += 4) {
        int a = table[(unsigned char)text[i]], b = table[(unsigned char)text[i + 1]];
        int c = table[(unsigned char)text[i + 2]], d = table[(unsigned char)text[i + 3]];
        if ((a | b | c | d) < 0)
            goto bad;
        bytes[n++] = (unsigned char)(a << 2 | b >> 4);
        bytes[n++] = (unsigned char)(b << 4 | c >> 2);
        bytes[n++] = (unsigned char)(c << 6 | d);
    }
    if (i < length) {
        int last = decode_last(text + i, bytes + n);
        if (last < 0)
            goto bad;
        n += (size_t)last;
    }
    *out = bytes;
    *out_length = n;
    return true;
bad:
    free(bytes);
    return false;
}
