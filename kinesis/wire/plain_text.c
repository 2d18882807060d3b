/* Text as JSON strings hold it: single characters. */
#include "wire/plain_text.h"

#include "base/utf8.h"

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
        step = sigv4__utf8_char(p + i, text.len - i);
        if (step == 0)
            return false;
        *characters += 1;
        i += step;
    }
    return true;
}
