/* Any text through the scanner: trouble is always said, and always about a place in the text. */
#include "wire/json_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    struct kinesis__json r;
    struct kinesis__json_string s;
    kinesis__json_open(&r, text, size);
    if (kinesis__json_skip(&r) && !kinesis__json_finish(&r) && !r.trouble)
        abort();
    if (r.at < r.start || r.at > r.end)
        abort();
    if (size)
        memcpy(text, data, size);
    kinesis__json_open(&r, text, size);
    if (kinesis__json_string(&r, &s)) {
        size_t before = s.len;
        if (kinesis__json_text(&s).len > before)
            abort();
    }
    int64_t value;
    struct sigv4_slice number;
    kinesis__json_open(&r, text, size);
    if (kinesis__json_number(&r, &number))
        kinesis__json_decimal(number, 3, &value);
    free(text);
    return 0;
}
