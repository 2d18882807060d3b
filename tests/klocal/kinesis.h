/* Kinesis Data Streams over awsJson1_1: what the operations share. */
#ifndef KLOCAL_KINESIS_H
#define KLOCAL_KINESIS_H

#include <jansson.h>
#include <stdbool.h>

#include "request.h"
#include "stream.h"

#define KINESIS_TARGET "Kinesis_20131202."

struct kinesis_call {
    struct klocal *klocal;
    struct request *request;
    const char *operation;
    json_t *input;
    struct text *out; /* the response body */
    struct text problems;
    unsigned problem_count;
    bool refused; /* the answer is an error already */
};

typedef void kinesis_operation_fn(struct kinesis_call *call);

kinesis_operation_fn kinesis_put_record, kinesis_put_records;
kinesis_operation_fn kinesis_get_shard_iterator, kinesis_get_records, kinesis_list_shards;
kinesis_operation_fn kinesis_create_stream, kinesis_delete_stream, kinesis_list_streams;
kinesis_operation_fn kinesis_describe_stream, kinesis_describe_stream_summary;
kinesis_operation_fn kinesis_split_shard, kinesis_merge_shards;
kinesis_operation_fn kinesis_update_max_record_size, kinesis_increase_retention,
    kinesis_decrease_retention, kinesis_update_stream_mode, kinesis_start_encryption,
    kinesis_stop_encryption, kinesis_describe_limits;
kinesis_operation_fn kinesis_register_consumer, kinesis_deregister_consumer,
    kinesis_describe_consumer, kinesis_list_consumers, kinesis_subscribe_to_shard;

/* Makes the answer an error; false, so that callers can return it. */
bool kinesis_refuse(struct kinesis_call *call, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same before there is a call. */
void kinesis_error(struct request *request, unsigned status, const char *code, const char *message);

/* By ConsumerARN, or by StreamARN and ConsumerName; NULL after refusing. */
struct consumer *kinesis_find_consumer(struct kinesis_call *call, struct stream **stream);
void kinesis_put_hash_range(struct text *out, const struct shard *shard);
void kinesis_put_time(struct text *out, int64_t ms);
void kinesis_put_record_json(struct text *out, const struct record *record, bool encrypted);
/* ,"ChildShards":[...] */
void kinesis_put_children(struct text *out, const struct stream *stream,
                          const struct shard *parent);
void kinesis_put_shard(struct text *out, const struct shard *shard);
/* All of a stream but its shards; the braces are the caller's. */
void kinesis_put_stream(struct kinesis_call *call, const struct stream *stream);

#endif
