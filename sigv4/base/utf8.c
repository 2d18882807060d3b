/* Characters of UTF-8. */
#include "base/utf8.h"

#include <stdbool.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The table of well-formed sequences of the Unicode standard (3.9, table 3-7). */
size_t sigv4__utf8_char(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4 || n < 2 || !is_tail(p[1]))
        return 0;
    if (c < 0xe0)
        return 2;
    if (n < 3 || !is_tail(p[2]))
        return 0;
    if (c < 0xf0) {
        bool overlong = c == 0xe0 && p[1] < 0xa0, surrogate = c == 0xed && p[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = c == 0xf0 && p[1] < 0x90, beyond = c == 0xf4 && p[1] > 0x8f;
    return n < 4 || !is_tail(p[3]) || overlong || beyond ? 0 : 4;
}
