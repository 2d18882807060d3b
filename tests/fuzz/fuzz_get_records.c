/* Any answer to GetRecords: refused, or every view lies in the body and the body is not read or
 * written beyond its end. */
#include "wire/get_records.h"

#include <stdlib.h>

static void within(struct sigv4_slice s, const char *text, size_t n)
{
    const char *p = s.ptr;
    if (s.len && (p < text || p + s.len > text + n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kinesis__get_answer answer;
    char *text = malloc(size + !size);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    kinesis__get_answer_init(&answer, NULL);
    int status = kinesis__get_answer_read(&answer, text, size, NULL);
    if (status && answer.count)
        abort();
    for (size_t i = 0; i < answer.count; i++) {
        const struct kinesis_got_record *r = &answer.records[i];
        within(r->sequence_number, text, size);
        within(r->partition_key, text, size);
        within(r->data, text, size);
        within(r->encryption_type, text, size);
        if (r->sequence_number.len == 0)
            abort();
    }
    for (size_t i = 0; i < answer.child_count; i++)
        within(answer.children[i].shard_id, text, size);
    within(answer.next_shard_iterator, text, size);
    kinesis__get_answer_free(&answer);
    free(text);
    return 0;
}
