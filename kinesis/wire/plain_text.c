/* Text as JSON strings hold it: single characters. */
#include "wire/plain_text.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The table of well-formed sequences of the Unicode standard (3.9, table 3-7). */
size_t kinesis__utf8_char(const char *text, size_t n)
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

bool kinesis__utf8_count(struct sigv4_slice text, size_t *characters)
{
    const char *p = text.ptr;
    size_t i = 0;
    *characters = 0;
    while (i < text.len) {
        size_t step = kinesis__plain_span(p + i, text.len - i);
        *characters += step;
        i += step;
        if (i == text.len)
            break;
        step = kinesis__utf8_char(p + i, text.len - i);
        if (step == 0)
            return false;
        *characters += 1;
        i += step;
    }
    return true;
}
