#ifndef KINESIS_WIRE_CONTROL_ANSWER_H
#define KINESIS_WIRE_CONTROL_ANSWER_H
/* Answers about streams, shards and consumers, by jansson: members of the wrong type or missing are
 * PROTOCOL, null is as good as absent, unknown members are ignored. */
#include <jansson.h>
#include <kinesis/calls.h>

/* Parses an answer's body into *root (json_decref it); views in what is read next point into it. */
int kinesis__answer_parse(struct sigv4_slice body, json_t **root, struct sigv4_error *err);

int kinesis__read_shard_iterator(json_t *root, struct kinesis_get_shard_iterator_result *out,
                                 struct sigv4_error *err);
/* shards: as many as json_array_size of member Shards; the caller frees them with alloc. */
int kinesis__read_shards(json_t *root, const struct sigv4_alloc *alloc,
                         struct kinesis_list_shards_result *out, struct kinesis_shard **shards,
                         struct sigv4_error *err);
int kinesis__read_stream_summary(json_t *root, struct kinesis_describe_stream_summary_result *out,
                                 struct sigv4_error *err);
/* member: "Consumer" (register) or "ConsumerDescription". */
int kinesis__read_stream_consumer(json_t *root, const char *member,
                                  struct kinesis_stream_consumer_result *out,
                                  struct sigv4_error *err);
#endif
