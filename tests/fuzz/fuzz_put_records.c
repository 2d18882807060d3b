/* Any answer to PutRecords: refused, or every outcome is one thing or the other and lies in it. */
#include "wire/put_answer.h"

#include <stdlib.h>

enum { ENTRIES = 3 };

static void within(struct sigv4_slice s, const char *text, size_t n)
{
    const char *p = s.ptr;
    if (s.len && (p < text || p + s.len > text + n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kinesis_put_outcome out[ENTRIES];
    struct kinesis__put_answer answer;
    struct kinesis_put_record_result single = {0};
    char *text = malloc(size + 1);
    if (!text)
        abort();
    for (size_t count = 0; count <= ENTRIES; count++) {
        if (size)
            memcpy(text, data, size);
        if (kinesis__put_answer_read(&answer, text, size, out, count, NULL))
            continue;
        size_t failed = 0;
        for (size_t i = 0; i < count; i++) {
            within(out[i].sequence_number, text, size);
            within(out[i].shard_id, text, size);
            within(out[i].error_code, text, size);
            within(out[i].error_message, text, size);
            failed += out[i].error_code.len > 0;
            if ((out[i].error_code.len > 0) == (out[i].sequence_number.len > 0))
                abort();
        }
        if (failed != answer.failed)
            abort();
    }
    if (size)
        memcpy(text, data, size);
    if (kinesis__put_record_answer_read(&single, text, size, NULL) == SIGV4_OK)
        within(single.shard_id, text, size);
    free(text);
    return 0;
}
