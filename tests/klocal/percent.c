/* Percent encoding and decoding. */
#include "percent.h"

#include <string.h>

#include "memory.h"

static bool unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_encode(struct text *out, const char *bytes, size_t length, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    text_reserve(out, length * 3);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (unreserved(c) || (c == '/' && keep_slash)) {
            out->data[out->length++] = (char)c;
            continue;
        }
        out->data[out->length++] = '%';
        out->data[out->length++] = digits[c >> 4];
        out->data[out->length++] = digits[c & 15];
    }
    out->data[out->length] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *percent_decode(const char *text, size_t length, size_t *out_length)
{
    char *out = memory_take(length + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%' && i + 2 < length) {
            int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        out[n++] = c;
    }
    if (out_length != NULL)
        *out_length = n;
    return out;
}
