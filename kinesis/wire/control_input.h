#ifndef KINESIS_WIRE_CONTROL_INPUT_H
#define KINESIS_WIRE_CONTROL_INPUT_H
/* The bodies of the requests that are not records: checked, then written. Each returns INVALID with
 * a message, or OK; that the buffer overflowed or found no memory is seen on the buffer. */
#include "base/buffer.h"

#include <kinesis/calls.h>

/* A sequence number as the service writes them. */
int kinesis__sequence_number_check(struct sigv4_slice s, struct sigv4_error *err);

int kinesis__write_get_shard_iterator(struct sigv4__buffer *b,
                                      const struct kinesis_get_shard_iterator_input *in,
                                      struct sigv4_error *err);
int kinesis__write_get_records(struct sigv4__buffer *b, const struct kinesis_get_records_input *in,
                               struct sigv4_error *err);
int kinesis__write_list_shards(struct sigv4__buffer *b, const struct kinesis_list_shards_input *in,
                               struct sigv4_error *err);
int kinesis__write_stream_alone(struct sigv4__buffer *b, const char *stream,
                                struct sigv4_error *err);
int kinesis__write_create_stream(struct sigv4__buffer *b,
                                 const struct kinesis_create_stream_input *in,
                                 struct sigv4_error *err);
int kinesis__write_delete_stream(struct sigv4__buffer *b,
                                 const struct kinesis_delete_stream_input *in,
                                 struct sigv4_error *err);
int kinesis__write_split_shard(struct sigv4__buffer *b, const struct kinesis_split_shard_input *in,
                               struct sigv4_error *err);
int kinesis__write_merge_shards(struct sigv4__buffer *b,
                                const struct kinesis_merge_shards_input *in,
                                struct sigv4_error *err);
/* registering: the stream's ARN and a name are needed, no consumer ARN. */
int kinesis__write_stream_consumer(struct sigv4__buffer *b,
                                   const struct kinesis_stream_consumer_input *in, bool registering,
                                   struct sigv4_error *err);
int kinesis__write_subscribe_to_shard(struct sigv4__buffer *b,
                                      const struct kinesis_subscribe_to_shard_input *in,
                                      struct sigv4_error *err);
#endif
