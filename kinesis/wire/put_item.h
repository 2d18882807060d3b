#ifndef KINESIS_WIRE_PUT_ITEM_H
#define KINESIS_WIRE_PUT_ITEM_H
/* One record to be written, and what the service takes (facts, 1.3 and 1.6). */
#include <sigv4/status.h>

enum {
    KINESIS__PUT_MAX_RECORDS = 500,
    KINESIS__PUT_MAX_BYTES = 10 * 1024 * 1024, /* of one request: data and keys */
    KINESIS__RECORD_MAX_BYTES = 10 * 1024 * 1024,
    KINESIS__RECORD_DEFAULT_BYTES = 1024 * 1024, /* unless the stream was given more */
    KINESIS__KEY_MAX_CHARACTERS = 256
};

struct kinesis__put_item {
    struct sigv4_slice partition_key, explicit_hash_key, data;
};

/* What counts against the limits: data and partition key, before base64. */
static inline size_t kinesis__put_item_size(const struct kinesis__put_item *item)
{
    return item->data.len + item->partition_key.len;
}
/* 0 to 2^128-1 without leading zeros. */
bool kinesis__hash_key_valid(struct sigv4_slice text);
/* INVALID (a key) or TOO_LARGE (above max_record), with a message that says what to change. */
int kinesis__put_item_check(const struct kinesis__put_item *item, size_t max_record,
                            struct sigv4_error *err);
#endif
