/* Requests about streams, shards and consumers as JSON. */
#include "wire/control_input.h"

#include "base/fail.h"
#include "base/text.h"
#include "wire/json_writer.h"
#include "wire/plain_text.h"
#include "wire/put_item.h"
#include "wire/stream_name.h"

enum { MAX_ID = 128, MAX_SEQUENCE = 129, MAX_ITERATOR = 512, MAX_TOKEN = 1048576 };

static int check_shard_id(struct sigv4_slice id, const char *which, struct sigv4_error *err)
{
    const char *p = id.ptr;
    bool ok = id.len >= 1 && id.len <= MAX_ID;
    for (size_t i = 0; ok && i < id.len; i++)
        ok = sigv4__is_alnum(p[i]) || p[i] == '_' || p[i] == '.' || p[i] == '-';
    if (ok)
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID, "'%.*s' is no %s, as in shardId-000000000000",
                       (int)(id.len > MAX_ID ? MAX_ID : id.len), id.len ? p : "", which);
}

int kinesis__sequence_number_check(struct sigv4_slice s, struct sigv4_error *err)
{
    const char *p = s.ptr;
    bool ok = s.len >= 1 && s.len <= MAX_SEQUENCE && (p[0] != '0' || s.len == 1);
    for (size_t i = 0; ok && i < s.len; i++)
        ok = sigv4__is_digit(p[i]);
    if (ok)
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID, "'%.*s' is no sequence number",
                       (int)(s.len > MAX_SEQUENCE ? MAX_SEQUENCE : s.len), s.len ? p : "");
}

/* Opaque text the service gave out once. */
static int check_opaque(struct sigv4_slice s, size_t max, const char *which,
                        struct sigv4_error *err)
{
    size_t characters;
    if (s.len >= 1 && s.len <= max && kinesis__utf8_count(s, &characters))
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID, "a %s has 1 to %zu characters", which, max);
}

static int check_moment(int64_t unix_ms, struct sigv4_error *err)
{
    if (unix_ms >= 0)
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID, "a point in time before 1970 is in no stream");
}

static int begin_with_stream(struct sigv4__buffer *b, const char *stream, struct sigv4_error *err)
{
    int rc = kinesis__stream_check(stream, err);
    if (rc)
        return rc;
    sigv4__buffer_char(b, '{');
    kinesis__stream_write(b, stream);
    return SIGV4_OK;
}

int kinesis__write_stream_alone(struct sigv4__buffer *b, const char *stream,
                                struct sigv4_error *err)
{
    int rc = begin_with_stream(b, stream, err);
    sigv4__buffer_char(b, '}');
    return rc;
}

static const char *iterator_type(enum kinesis_iterator_type type)
{
    switch (type) {
    case KINESIS_TRIM_HORIZON:
        return "TRIM_HORIZON";
    case KINESIS_LATEST:
        return "LATEST";
    case KINESIS_AT_SEQUENCE_NUMBER:
        return "AT_SEQUENCE_NUMBER";
    case KINESIS_AFTER_SEQUENCE_NUMBER:
        return "AFTER_SEQUENCE_NUMBER";
    case KINESIS_AT_TIMESTAMP:
        return "AT_TIMESTAMP";
    }
    return NULL;
}

/* Where in a shard; what is needed for it. */
static int check_start(enum kinesis_iterator_type type, struct sigv4_slice sequence_number,
                       int64_t unix_ms, struct sigv4_error *err)
{
    if (!iterator_type(type))
        return sigv4__fail(err, SIGV4_E_INVALID, "unknown iterator type %d", (int)type);
    if (type == KINESIS_AT_SEQUENCE_NUMBER || type == KINESIS_AFTER_SEQUENCE_NUMBER)
        return kinesis__sequence_number_check(sequence_number, err);
    return type == KINESIS_AT_TIMESTAMP ? check_moment(unix_ms, err) : SIGV4_OK;
}

int kinesis__write_get_shard_iterator(struct sigv4__buffer *b,
                                      const struct kinesis_get_shard_iterator_input *in,
                                      struct sigv4_error *err)
{
    int rc = check_shard_id(in->shard_id, "shard id", err);
    if (!rc)
        rc = check_start(in->type, in->sequence_number, in->timestamp_unix_ms, err);
    if (!rc)
        rc = begin_with_stream(b, in->stream, err);
    if (rc)
        return rc;
    kinesis__json_write_text(b, "ShardId", in->shard_id);
    kinesis__json_write_text(b, "ShardIteratorType", sigv4_str(iterator_type(in->type)));
    if (in->type == KINESIS_AT_SEQUENCE_NUMBER || in->type == KINESIS_AFTER_SEQUENCE_NUMBER)
        kinesis__json_write_text(b, "StartingSequenceNumber", in->sequence_number);
    if (in->type == KINESIS_AT_TIMESTAMP)
        kinesis__json_write_moment(b, "Timestamp", in->timestamp_unix_ms);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_subscribe_to_shard(struct sigv4__buffer *b,
                                      const struct kinesis_subscribe_to_shard_input *in,
                                      struct sigv4_error *err)
{
    int rc = check_shard_id(in->shard_id, "shard id", err);
    if (!rc && (!in->consumer_arn || !kinesis__consumer_arn_valid(in->consumer_arn)))
        rc = sigv4__fail(err, SIGV4_E_INVALID, "'%.140s' is no consumer's ARN",
                         in->consumer_arn ? in->consumer_arn : "");
    if (!rc)
        rc = check_start(in->type, in->sequence_number, in->timestamp_unix_ms, err);
    if (rc)
        return rc;
    sigv4__buffer_char(b, '{');
    kinesis__json_write_text(b, "ConsumerARN", sigv4_str(in->consumer_arn));
    kinesis__json_write_text(b, "ShardId", in->shard_id);
    kinesis__json_write_name(b, "StartingPosition");
    sigv4__buffer_char(b, '{');
    kinesis__json_write_text(b, "Type", sigv4_str(iterator_type(in->type)));
    if (in->type == KINESIS_AT_SEQUENCE_NUMBER || in->type == KINESIS_AFTER_SEQUENCE_NUMBER)
        kinesis__json_write_text(b, "SequenceNumber", in->sequence_number);
    if (in->type == KINESIS_AT_TIMESTAMP)
        kinesis__json_write_moment(b, "Timestamp", in->timestamp_unix_ms);
    sigv4__buffer_str(b, "}}");
    return SIGV4_OK;
}

int kinesis__write_get_records(struct sigv4__buffer *b, const struct kinesis_get_records_input *in,
                               struct sigv4_error *err)
{
    /* Only an ARN goes along: the operation knows no stream name (facts, 1.3). */
    bool with_arn = in->stream && kinesis__stream_is_arn(sigv4_str(in->stream));
    int rc = check_opaque(in->shard_iterator, MAX_ITERATOR, "shard iterator", err);
    if (rc)
        return rc;
    if (in->limit > 10000)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%u records are more than the 10000 one call can give",
                           (unsigned)in->limit);
    rc = with_arn ? kinesis__stream_check(in->stream, err) : SIGV4_OK;
    if (rc)
        return rc;
    sigv4__buffer_char(b, '{');
    kinesis__json_write_text(b, "ShardIterator", in->shard_iterator);
    if (in->limit)
        kinesis__json_write_uint(b, "Limit", in->limit);
    if (with_arn)
        kinesis__stream_write(b, in->stream);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

static const char *filter_type(enum kinesis_shard_filter filter)
{
    switch (filter) {
    case KINESIS_SHARDS_ALL:
        return "";
    case KINESIS_SHARDS_AT_LATEST:
        return "AT_LATEST";
    case KINESIS_SHARDS_AT_TRIM_HORIZON:
        return "AT_TRIM_HORIZON";
    case KINESIS_SHARDS_FROM_TRIM_HORIZON:
        return "FROM_TRIM_HORIZON";
    case KINESIS_SHARDS_AT_TIMESTAMP:
        return "AT_TIMESTAMP";
    case KINESIS_SHARDS_FROM_TIMESTAMP:
        return "FROM_TIMESTAMP";
    case KINESIS_SHARDS_AFTER_SHARD_ID:
        return "AFTER_SHARD_ID";
    }
    return NULL;
}

static int write_filter(struct sigv4__buffer *b, const struct kinesis_list_shards_input *in,
                        struct sigv4_error *err)
{
    const char *type = filter_type(in->filter);
    bool by_time =
        in->filter == KINESIS_SHARDS_AT_TIMESTAMP || in->filter == KINESIS_SHARDS_FROM_TIMESTAMP;
    bool by_shard = in->filter == KINESIS_SHARDS_AFTER_SHARD_ID;
    int rc = type ? SIGV4_OK : sigv4__fail(err, SIGV4_E_INVALID, "unknown shard filter");
    if (!rc && by_time)
        rc = check_moment(in->filter_unix_ms, err);
    if (!rc && by_shard)
        rc = check_shard_id(in->filter_shard_id, "shard id to filter by", err);
    if (rc || !*type)
        return rc;
    kinesis__json_write_name(b, "ShardFilter");
    sigv4__buffer_char(b, '{');
    kinesis__json_write_text(b, "Type", sigv4_str(type));
    if (by_time)
        kinesis__json_write_moment(b, "Timestamp", in->filter_unix_ms);
    if (by_shard)
        kinesis__json_write_text(b, "ShardId", in->filter_shard_id);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

/* A next page goes by its token alone: the service refuses it together with the stream's name. */
static int write_list_page(struct sigv4__buffer *b, const struct kinesis_list_shards_input *in,
                           struct sigv4_error *err)
{
    bool with_arn = in->stream && kinesis__stream_is_arn(sigv4_str(in->stream));
    int rc = check_opaque(in->next_token, MAX_TOKEN, "next token", err);
    if (!rc && with_arn)
        rc = kinesis__stream_check(in->stream, err);
    if (rc)
        return rc;
    sigv4__buffer_char(b, '{');
    if (with_arn)
        kinesis__stream_write(b, in->stream);
    kinesis__json_write_text(b, "NextToken", in->next_token);
    if (in->max_results)
        kinesis__json_write_uint(b, "MaxResults", in->max_results);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_list_shards(struct sigv4__buffer *b, const struct kinesis_list_shards_input *in,
                               struct sigv4_error *err)
{
    if (in->max_results > 10000)
        return sigv4__fail(err, SIGV4_E_INVALID, "max_results is at most 10000");
    if (in->next_token.len)
        return write_list_page(b, in, err);
    int rc = in->exclusive_start_shard_id.len
                 ? check_shard_id(in->exclusive_start_shard_id, "shard id to start behind", err)
                 : SIGV4_OK;
    if (!rc)
        rc = begin_with_stream(b, in->stream, err);
    if (rc)
        return rc;
    kinesis__json_write_text(b, "ExclusiveStartShardId", in->exclusive_start_shard_id);
    if (in->max_results)
        kinesis__json_write_uint(b, "MaxResults", in->max_results);
    rc = write_filter(b, in, err);
    sigv4__buffer_char(b, '}');
    return rc;
}

int kinesis__write_create_stream(struct sigv4__buffer *b,
                                 const struct kinesis_create_stream_input *in,
                                 struct sigv4_error *err)
{
    int rc = kinesis__stream_name_check(in->stream, err);
    if (rc)
        return rc;
    if (in->max_record_kib && (in->max_record_kib < 1024 || in->max_record_kib > 10240))
        return sigv4__fail(err, SIGV4_E_INVALID, "max_record_kib is between 1024 and 10240");
    sigv4__buffer_char(b, '{');
    kinesis__json_write_text(b, "StreamName", sigv4_str(in->stream));
    if (in->shard_count) {
        kinesis__json_write_uint(b, "ShardCount", in->shard_count);
    } else {
        kinesis__json_write_name(b, "StreamModeDetails");
        sigv4__buffer_str(b, "{\"StreamMode\":\"ON_DEMAND\"}");
    }
    if (in->max_record_kib)
        kinesis__json_write_uint(b, "MaxRecordSizeInKiB", in->max_record_kib);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_delete_stream(struct sigv4__buffer *b,
                                 const struct kinesis_delete_stream_input *in,
                                 struct sigv4_error *err)
{
    int rc = begin_with_stream(b, in->stream, err);
    if (rc)
        return rc;
    if (in->enforce_consumer_deletion) {
        kinesis__json_write_name(b, "EnforceConsumerDeletion");
        sigv4__buffer_str(b, "true");
    }
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_split_shard(struct sigv4__buffer *b, const struct kinesis_split_shard_input *in,
                               struct sigv4_error *err)
{
    int rc = check_shard_id(in->shard_id, "shard to split", err);
    if (!rc && !kinesis__hash_key_valid(in->new_starting_hash_key))
        rc = sigv4__fail(err, SIGV4_E_INVALID,
                         "the new starting hash key is a decimal number below 2^128");
    if (!rc)
        rc = begin_with_stream(b, in->stream, err);
    if (rc)
        return rc;
    kinesis__json_write_text(b, "ShardToSplit", in->shard_id);
    kinesis__json_write_text(b, "NewStartingHashKey", in->new_starting_hash_key);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_merge_shards(struct sigv4__buffer *b,
                                const struct kinesis_merge_shards_input *in,
                                struct sigv4_error *err)
{
    int rc = check_shard_id(in->shard_id, "shard to merge", err);
    if (!rc)
        rc = check_shard_id(in->adjacent_shard_id, "adjacent shard to merge", err);
    if (!rc)
        rc = begin_with_stream(b, in->stream, err);
    if (rc)
        return rc;
    kinesis__json_write_text(b, "ShardToMerge", in->shard_id);
    kinesis__json_write_text(b, "AdjacentShardToMerge", in->adjacent_shard_id);
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}

int kinesis__write_stream_consumer(struct sigv4__buffer *b,
                                   const struct kinesis_stream_consumer_input *in, bool registering,
                                   struct sigv4_error *err)
{
    bool by_arn = in->consumer_arn && *in->consumer_arn;
    if (by_arn && registering)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "a consumer is registered by the stream's ARN and a name");
    if (by_arn && !kinesis__consumer_arn_valid(in->consumer_arn))
        return sigv4__fail(err, SIGV4_E_INVALID, "'%.140s' is no consumer's ARN", in->consumer_arn);
    if (by_arn) {
        sigv4__buffer_char(b, '{');
        kinesis__json_write_text(b, "ConsumerARN", sigv4_str(in->consumer_arn));
        sigv4__buffer_char(b, '}');
        return SIGV4_OK;
    }
    int rc = SIGV4_OK;
    if (kinesis__stream_name_check(in->consumer_name, NULL)) /* the same rule */
        rc =
            sigv4__fail(err, SIGV4_E_INVALID,
                        "'%.140s' is no consumer's name: 1 to 128 letters, digits, '_', '.' or '-'",
                        in->consumer_name ? in->consumer_name : "");
    if (!rc && !kinesis__stream_is_arn(sigv4_str(in->stream_arn)))
        rc = sigv4__fail(err, SIGV4_E_INVALID, "consumers of a stream need the stream's ARN");
    if (!rc)
        rc = begin_with_stream(b, in->stream_arn, err);
    if (rc)
        return rc;
    kinesis__json_write_text(b, "ConsumerName", sigv4_str(in->consumer_name));
    sigv4__buffer_char(b, '}');
    return SIGV4_OK;
}
