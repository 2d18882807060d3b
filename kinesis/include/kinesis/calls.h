#ifndef KINESIS_CALLS_H
#define KINESIS_CALLS_H
/* One call of the service each: PutRecord, PutRecords, GetShardIterator, GetRecords, ListShards,
 * the few that make, describe, split, merge and delete, and those of enhanced fan-out. Programs
 * that write or read much want kinesis/producer.h and kinesis/consumer.h, which are built on the
 * same parts.
 *
 * All calls are alike:
 *
 *     struct sigv4_call *call;
 *     if (kinesis_put_record(client, KINESIS_PUT_RECORD(.stream = "numbers",
 *                                                       .partition_key = SIGV4_LIT("adam"),
 *                                                       .data = SIGV4_LIT("one")),
 *                            on_put, &state, &call, &err))
 *         return complain(&err);             // refused: on_put is never called
 *     sigv4_call_wait(call, -1);             // on_put has been called
 *     sigv4_call_release(call);
 *
 * - stream is a name or an ARN. Everything in the input is read before the function returns and is
 *   the caller's again then, the data of the records too.
 * - @thread any. Non-zero: nothing was or will be sent and the callback is never called; err says
 *   what to change. INVALID (a member missing or malformed), TOO_LARGE (a limit of the service),
 *   NOMEM, CLOSED, FORKED.
 * - Otherwise the callback comes exactly once, on the loop, never from inside the call. The result
 *   and all its views are the library's and valid during the callback. error is NULL on success; an
 *   answer that makes no sense is an error too (PROTOCOL).
 * - call may be NULL; otherwise release it. Attempts and waits follow the client's options;
 *   timeout_ms bounds them all together (0: no bound of its own).
 * - What a member means is the service's word under the same name in
 *   https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html */
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every result begins with. response: request id, host, attempts, headers, the raw body;
 * NULL only when no exchange took place. */
#define KINESIS_RESULT_HEAD                                                                        \
    size_t size;                                                                                   \
    const struct sigv4_error *error;                                                               \
    const struct sigv4_response *response

/* The result of a call that answers nothing but that it worked. */
struct kinesis_done_result {
    KINESIS_RESULT_HEAD;
};
typedef void kinesis_done_fn(void *ctx, const struct kinesis_done_result *result);

/* ---- Writing ---- */

/* When an attempt was sent and its answer lost, the call is repeated, as all SDKs do: the record
 * may then be in the stream twice. With this flag it fails instead, and
 * result->response->maybe_done says that it may have been written. */
#define KINESIS_NOT_TWICE 0x1u

struct kinesis_put_record_input {
    size_t size;
    const char *stream;
    struct sigv4_slice partition_key;     /* UTF-8, 1 to 256 characters */
    struct sigv4_slice explicit_hash_key; /* decimal, below 2^128; empty: by the partition key */
    struct sigv4_slice data;              /* any bytes; with the key at most 10 MiB */
    struct sigv4_slice sequence_number_for_ordering; /* of the record before; optional */
    uint32_t timeout_ms;
    uint32_t flags; /* KINESIS_NOT_TWICE */
};
#define KINESIS_PUT_RECORD(...)                                                                    \
    (&(struct kinesis_put_record_input){.size = sizeof(struct kinesis_put_record_input),           \
                                        __VA_ARGS__})
struct kinesis_put_record_result {
    KINESIS_RESULT_HEAD;
    struct sigv4_slice shard_id, sequence_number;
    struct sigv4_slice encryption_type; /* "NONE", "KMS", or empty when the service did not say */
};
typedef void kinesis_put_record_fn(void *ctx, const struct kinesis_put_record_result *result);
SIGV4_API int kinesis_put_record(struct sigv4_client *client,
                                 const struct kinesis_put_record_input *in,
                                 kinesis_put_record_fn *on_done, void *ctx,
                                 struct sigv4_call **call,
                                 struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Up to 500 records, 10 MiB with their keys. The call succeeds although some records were not
 * written: look at failed_count, and at each entry when it is not 0. Nothing is sent again here;
 * the producer does that. */
struct kinesis_put_entry {
    size_t size;
    struct sigv4_slice partition_key, explicit_hash_key, data;
};
#define KINESIS_PUT_ENTRY(...)                                                                     \
    ((struct kinesis_put_entry){.size = sizeof(struct kinesis_put_entry), __VA_ARGS__})
struct kinesis_put_records_input {
    size_t size;
    const char *stream;
    const struct kinesis_put_entry *entries; /* an array, stepped by entries->size */
    size_t entry_count;
    uint32_t timeout_ms;
    uint32_t flags; /* KINESIS_NOT_TWICE */
};
#define KINESIS_PUT_RECORDS(...)                                                                   \
    (&(struct kinesis_put_records_input){.size = sizeof(struct kinesis_put_records_input),         \
                                         __VA_ARGS__})
struct kinesis_put_outcome {
    size_t size;
    struct sigv4_slice shard_id, sequence_number; /* written */
    struct sigv4_slice error_code, error_message; /* not written: error_code is not empty */
};
struct kinesis_put_records_result {
    KINESIS_RESULT_HEAD;
    size_t entry_count;    /* as many as were given, in their order; 0 with error */
    uint32_t failed_count; /* counted here, not taken from the answer */
    struct sigv4_slice encryption_type;
    const void *private_entries;
};
/* In the callback; NULL from entry_count on. */
SIGV4_API const struct kinesis_put_outcome *
kinesis_put_records_at(const struct kinesis_put_records_result *result, size_t i);
typedef void kinesis_put_records_fn(void *ctx, const struct kinesis_put_records_result *result);
SIGV4_API int kinesis_put_records(struct sigv4_client *client,
                                  const struct kinesis_put_records_input *in,
                                  kinesis_put_records_fn *on_done, void *ctx,
                                  struct sigv4_call **call,
                                  struct sigv4_error *err) SIGV4_MUST_CHECK;

/* ---- Reading ---- */

enum kinesis_iterator_type {
    KINESIS_TRIM_HORIZON, /* the oldest record there is */
    KINESIS_LATEST,       /* what comes from now on */
    KINESIS_AT_SEQUENCE_NUMBER,
    KINESIS_AFTER_SEQUENCE_NUMBER,
    KINESIS_AT_TIMESTAMP
};
struct kinesis_get_shard_iterator_input {
    size_t size;
    const char *stream;
    struct sigv4_slice shard_id;
    enum kinesis_iterator_type type;
    struct sigv4_slice sequence_number; /* with the two that need it */
    int64_t timestamp_unix_ms;          /* with AT_TIMESTAMP */
    uint32_t timeout_ms;
};
#define KINESIS_GET_SHARD_ITERATOR(...)                                                            \
    (&(struct kinesis_get_shard_iterator_input){                                                   \
        .size = sizeof(struct kinesis_get_shard_iterator_input), __VA_ARGS__})
struct kinesis_get_shard_iterator_result {
    KINESIS_RESULT_HEAD;
    struct sigv4_slice shard_iterator; /* good for five minutes */
};
typedef void kinesis_get_shard_iterator_fn(void *ctx,
                                           const struct kinesis_get_shard_iterator_result *result);
SIGV4_API int kinesis_get_shard_iterator(struct sigv4_client *client,
                                         const struct kinesis_get_shard_iterator_input *in,
                                         kinesis_get_shard_iterator_fn *on_done, void *ctx,
                                         struct sigv4_call **call,
                                         struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_get_records_input {
    size_t size;
    const char *stream; /* optional: the iterator knows. Only an ARN is sent, a name is not */
    struct sigv4_slice shard_iterator;
    uint32_t limit; /* 0: the service's 10000 */
    uint32_t timeout_ms;
};
#define KINESIS_GET_RECORDS(...)                                                                   \
    (&(struct kinesis_get_records_input){.size = sizeof(struct kinesis_get_records_input),         \
                                         __VA_ARGS__})
struct kinesis_got_record {
    size_t size;
    struct sigv4_slice sequence_number, partition_key;
    struct sigv4_slice data;            /* decoded, in the answer's own memory */
    struct sigv4_slice encryption_type; /* may be empty */
    int64_t arrived_unix_ms;            /* INT64_MIN: the service did not say */
};
struct kinesis_child_shard {
    size_t size;
    struct sigv4_slice shard_id, starting_hash_key, ending_hash_key;
    struct sigv4_slice parents[2]; /* one after a split, two after a merge */
    size_t parent_count;
};
struct kinesis_get_records_result {
    KINESIS_RESULT_HEAD;
    size_t record_count, child_count;
    struct sigv4_slice next_shard_iterator; /* empty: the shard was read to its end */
    int64_t behind_ms;                      /* distance to the tip; -1: the service did not say */
    const void *private_records, *private_children;
    /* Of an event of SubscribeToShard instead of the iterator; empty: the shard's end. */
    struct sigv4_slice continuation_sequence_number;
};
/* In the callback; NULL from the count on. */
SIGV4_API const struct kinesis_got_record *
kinesis_get_records_at(const struct kinesis_get_records_result *result, size_t i);
SIGV4_API const struct kinesis_child_shard *
kinesis_get_records_child_at(const struct kinesis_get_records_result *result, size_t i);
typedef void kinesis_get_records_fn(void *ctx, const struct kinesis_get_records_result *result);
SIGV4_API int kinesis_get_records(struct sigv4_client *client,
                                  const struct kinesis_get_records_input *in,
                                  kinesis_get_records_fn *on_done, void *ctx,
                                  struct sigv4_call **call,
                                  struct sigv4_error *err) SIGV4_MUST_CHECK;

/* ---- Streams and shards ---- */

enum kinesis_shard_filter {
    KINESIS_SHARDS_ALL, /* no filter: all that can still be read */
    KINESIS_SHARDS_AT_LATEST,
    KINESIS_SHARDS_AT_TRIM_HORIZON,
    KINESIS_SHARDS_FROM_TRIM_HORIZON,
    KINESIS_SHARDS_AT_TIMESTAMP,
    KINESIS_SHARDS_FROM_TIMESTAMP,
    KINESIS_SHARDS_AFTER_SHARD_ID
};
struct kinesis_list_shards_input {
    size_t size;
    const char *stream;
    struct sigv4_slice next_token; /* of the page before; then only max_results counts as well */
    struct sigv4_slice exclusive_start_shard_id;
    uint32_t max_results; /* 0: the service's 1000 */
    enum kinesis_shard_filter filter;
    int64_t filter_unix_ms;             /* with the two TIMESTAMP filters */
    struct sigv4_slice filter_shard_id; /* with AFTER_SHARD_ID */
    uint32_t timeout_ms;
};
#define KINESIS_LIST_SHARDS(...)                                                                   \
    (&(struct kinesis_list_shards_input){.size = sizeof(struct kinesis_list_shards_input),         \
                                         __VA_ARGS__})
struct kinesis_shard {
    size_t size;
    struct sigv4_slice shard_id;
    struct sigv4_slice parent_shard_id, adjacent_parent_shard_id; /* empty: none */
    struct sigv4_slice starting_hash_key, ending_hash_key;        /* decimal, both inclusive */
    struct sigv4_slice starting_sequence_number;
    struct sigv4_slice ending_sequence_number; /* empty while the shard is open */
};
struct kinesis_list_shards_result {
    KINESIS_RESULT_HEAD;
    size_t shard_count;
    struct sigv4_slice next_token; /* empty: this was the last page */
    const void *private_shards;
};
/* In the callback; NULL from shard_count on. */
SIGV4_API const struct kinesis_shard *
kinesis_list_shards_at(const struct kinesis_list_shards_result *result, size_t i);
typedef void kinesis_list_shards_fn(void *ctx, const struct kinesis_list_shards_result *result);
SIGV4_API int kinesis_list_shards(struct sigv4_client *client,
                                  const struct kinesis_list_shards_input *in,
                                  kinesis_list_shards_fn *on_done, void *ctx,
                                  struct sigv4_call **call,
                                  struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_describe_stream_summary_input {
    size_t size;
    const char *stream;
    uint32_t timeout_ms;
};
#define KINESIS_DESCRIBE_STREAM_SUMMARY(...)                                                       \
    (&(struct kinesis_describe_stream_summary_input){                                              \
        .size = sizeof(struct kinesis_describe_stream_summary_input), __VA_ARGS__})
struct kinesis_describe_stream_summary_result {
    KINESIS_RESULT_HEAD;
    struct sigv4_slice stream_name, stream_arn;
    struct sigv4_slice status; /* "CREATING", "ACTIVE", "UPDATING", "DELETING" */
    struct sigv4_slice mode;   /* "PROVISIONED", "ON_DEMAND"; empty: not said */
    struct sigv4_slice encryption_type, key_id;
    int64_t created_unix_ms; /* INT64_MIN: not said */
    uint32_t retention_hours, open_shard_count, consumer_count;
    uint32_t max_record_kib; /* 0: not said, which means 1024 */
};
typedef void
kinesis_describe_stream_summary_fn(void *ctx,
                                   const struct kinesis_describe_stream_summary_result *result);
SIGV4_API int
kinesis_describe_stream_summary(struct sigv4_client *client,
                                const struct kinesis_describe_stream_summary_input *in,
                                kinesis_describe_stream_summary_fn *on_done, void *ctx,
                                struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* The next four are answered before the work is done: ask kinesis_describe_stream_summary until the
 * status is ACTIVE, or NOT_FOUND after a deletion. */
struct kinesis_create_stream_input {
    size_t size;
    const char *stream;      /* a name */
    uint32_t shard_count;    /* 0: on demand */
    uint32_t max_record_kib; /* 1024 to 10240; 0: the service's 1024 */
    uint32_t timeout_ms;
};
#define KINESIS_CREATE_STREAM(...)                                                                 \
    (&(struct kinesis_create_stream_input){.size = sizeof(struct kinesis_create_stream_input),     \
                                           __VA_ARGS__})
SIGV4_API int kinesis_create_stream(struct sigv4_client *client,
                                    const struct kinesis_create_stream_input *in,
                                    kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                                    struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_delete_stream_input {
    size_t size;
    const char *stream;
    bool enforce_consumer_deletion; /* also when fan-out consumers are registered */
    uint32_t timeout_ms;
};
#define KINESIS_DELETE_STREAM(...)                                                                 \
    (&(struct kinesis_delete_stream_input){.size = sizeof(struct kinesis_delete_stream_input),     \
                                           __VA_ARGS__})
SIGV4_API int kinesis_delete_stream(struct sigv4_client *client,
                                    const struct kinesis_delete_stream_input *in,
                                    kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                                    struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_split_shard_input {
    size_t size;
    const char *stream;
    struct sigv4_slice shard_id, new_starting_hash_key;
    uint32_t timeout_ms;
};
#define KINESIS_SPLIT_SHARD(...)                                                                   \
    (&(struct kinesis_split_shard_input){.size = sizeof(struct kinesis_split_shard_input),         \
                                         __VA_ARGS__})
SIGV4_API int kinesis_split_shard(struct sigv4_client *client,
                                  const struct kinesis_split_shard_input *in,
                                  kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                                  struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_merge_shards_input {
    size_t size;
    const char *stream;
    struct sigv4_slice shard_id, adjacent_shard_id;
    uint32_t timeout_ms;
};
#define KINESIS_MERGE_SHARDS(...)                                                                  \
    (&(struct kinesis_merge_shards_input){.size = sizeof(struct kinesis_merge_shards_input),       \
                                          __VA_ARGS__})
SIGV4_API int kinesis_merge_shards(struct sigv4_client *client,
                                   const struct kinesis_merge_shards_input *in,
                                   kinesis_done_fn *on_done, void *ctx, struct sigv4_call **call,
                                   struct sigv4_error *err) SIGV4_MUST_CHECK;

/* ---- Consumers with enhanced fan-out ---- */

/* Which consumer: its ARN alone, or the stream's ARN and its name. */
struct kinesis_stream_consumer_input {
    size_t size;
    const char *stream_arn;
    const char *consumer_name; /* 1 to 128 of [a-zA-Z0-9_.-] */
    const char *consumer_arn;  /* not for register */
    uint32_t timeout_ms;
};
#define KINESIS_STREAM_CONSUMER(...)                                                               \
    (&(struct kinesis_stream_consumer_input){.size = sizeof(struct kinesis_stream_consumer_input), \
                                             __VA_ARGS__})
struct kinesis_stream_consumer_result {
    KINESIS_RESULT_HEAD;
    struct sigv4_slice consumer_name, consumer_arn;
    struct sigv4_slice status;     /* "CREATING", "ACTIVE", "DELETING" */
    struct sigv4_slice stream_arn; /* empty after register */
    int64_t created_unix_ms;       /* INT64_MIN: not said */
};
typedef void kinesis_stream_consumer_fn(void *ctx,
                                        const struct kinesis_stream_consumer_result *result);
SIGV4_API int kinesis_register_stream_consumer(struct sigv4_client *client,
                                               const struct kinesis_stream_consumer_input *in,
                                               kinesis_stream_consumer_fn *on_done, void *ctx,
                                               struct sigv4_call **call,
                                               struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API int kinesis_describe_stream_consumer(struct sigv4_client *client,
                                               const struct kinesis_stream_consumer_input *in,
                                               kinesis_stream_consumer_fn *on_done, void *ctx,
                                               struct sigv4_call **call,
                                               struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API int kinesis_deregister_stream_consumer(struct sigv4_client *client,
                                                 const struct kinesis_stream_consumer_input *in,
                                                 kinesis_done_fn *on_done, void *ctx,
                                                 struct sigv4_call **call,
                                                 struct sigv4_error *err) SIGV4_MUST_CHECK;

/* SubscribeToShard: the service sends what comes into a shard, for five minutes at most; then, or
 * when the connection breaks, subscribe again behind the last continuation_sequence_number. The
 * consumer of kinesis/consumer.h does all that. The consumer of the ARN must be ACTIVE; within five
 * seconds of an accepted call the next is refused with ResourceInUseException.
 *
 * Each subscription keeps a connection (over TLS with HTTP/2: a stream of one), for which the
 * loop's max_connections_per_host must have room. Keep stall_timeout_ms above the five seconds
 * between two signs of life. */
struct kinesis_subscription;
struct kinesis_subscribe_to_shard_input {
    size_t size;
    const char *consumer_arn;
    struct sigv4_slice shard_id;
    enum kinesis_iterator_type type;
    struct sigv4_slice sequence_number; /* with the two that need it */
    int64_t timestamp_unix_ms;          /* with AT_TIMESTAMP */
    uint32_t timeout_ms;                /* for the whole of it; 0: no bound */
};
#define KINESIS_SUBSCRIBE_TO_SHARD(...)                                                            \
    (&(struct kinesis_subscribe_to_shard_input){                                                   \
        .size = sizeof(struct kinesis_subscribe_to_shard_input), __VA_ARGS__})
/* An event, whose error is NULL; it may hold no records: a sign of life. GO_ON; PAUSE: it was
 * taken, no more until resume; STOP: it was taken, end the subscription. */
typedef enum sigv4_flow
kinesis_subscription_event_fn(void *ctx, const struct kinesis_get_records_result *event);
/* Once, last of all. error NULL: the service ended it, or STOP did. */
typedef void kinesis_subscription_end_fn(void *ctx, const struct kinesis_done_result *result);
/* Not as the other calls: what *out gets is freed with kinesis_subscription_free. */
SIGV4_API int kinesis_subscribe_to_shard(struct kinesis_subscription **out,
                                         struct sigv4_client *client,
                                         const struct kinesis_subscribe_to_shard_input *in,
                                         kinesis_subscription_event_fn *on_event,
                                         kinesis_subscription_end_fn *on_end, void *ctx,
                                         struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread loop. */
SIGV4_API void kinesis_subscription_resume(struct kinesis_subscription *subscription);
/* @thread loop. Ends it, and frees it when on_end has been called, which still comes. */
SIGV4_API void kinesis_subscription_free(struct kinesis_subscription *subscription);

#ifdef __cplusplus
}
#endif
#endif
