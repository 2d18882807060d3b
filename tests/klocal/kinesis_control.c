/* Streams: create, delete, list, and their settings. */
#include <stdlib.h>
#include <string.h>

#include "kinesis.h"
#include "kinesis_input.h"
#include "memory.h"

#define SHARDS_MAX 20000

static const char *const modes[] = {"PROVISIONED", "ON_DEMAND", NULL};

/* PROVISIONED wants a count, ON_DEMAND chooses four. */
static bool read_shard_count(struct kinesis_call *call, bool on_demand, long long *count)
{
    if (on_demand && *count != 0)
        return kinesis_refuse(call, "ValidationException",
                              "ShardCount must not be set for streams in ON_DEMAND mode.");
    if (!on_demand && *count == 0)
        return kinesis_refuse(call, "ValidationException",
                              "ShardCount must be set for streams in PROVISIONED mode.");
    if (*count > SHARDS_MAX)
        return kinesis_refuse(call, "LimitExceededException",
                              "This request would exceed the shard limit for the account %s in "
                              "%s. Limit: %d.",
                              call->klocal->options.account, call->klocal->options.region,
                              SHARDS_MAX);
    if (on_demand)
        *count = 4;
    return true;
}

void kinesis_create_stream(struct kinesis_call *call)
{
    const char *name = input_member(call, &input_stream_name, "StreamName", true);
    long long count = input_integer(call, "ShardCount", 1, 100000, 0);
    long long kib = input_integer(call, "MaxRecordSizeInKiB", 1024, 10240, 1024);
    json_t *details = input_object(call, "StreamModeDetails");
    bool on_demand = details != NULL && input_word(call, details, "StreamMode", modes, true) == 1;
    if (!input_complete(call) || !read_shard_count(call, on_demand, &count))
        return;
    if (stream_find(call->klocal, name) != NULL) {
        kinesis_refuse(call, "ResourceInUseException", "Stream %s under account %s already exists.",
                       name, call->klocal->options.account);
        return;
    }
    struct stream *stream = stream_create(call->klocal, name, (uint32_t)count);
    stream->on_demand = on_demand;
    stream->max_record_kib = (int)kib;
}

void kinesis_delete_stream(struct kinesis_call *call)
{
    json_t *enforce = json_object_get(call->input, "EnforceConsumerDeletion");
    struct stream *stream = input_stream(call, false);
    if (stream == NULL)
        return;
    if (stream->consumer_count > 0 && !json_is_true(enforce)) {
        kinesis_refuse(call, "ResourceInUseException",
                       "Stream %s under account %s has consumers and EnforceConsumerDeletion is "
                       "not set.",
                       stream->name, call->klocal->options.account);
        return;
    }
    stream_set_busy(call->klocal, stream, STREAM_DELETING);
    if (call->klocal->options.create_ms == 0)
        stream_remove(call->klocal, stream);
    pthread_cond_broadcast(&call->klocal->changed);
}

static void put_summary(struct kinesis_call *call, const struct stream *stream)
{
    char arn[256];
    stream_arn(call->klocal, stream, arn);
    text_printf(call->out,
                "{\"StreamName\":\"%s\",\"StreamARN\":\"%s\",\"StreamStatus\":\"%s\","
                "\"StreamModeDetails\":{\"StreamMode\":\"%s\"},\"StreamCreationTimestamp\":",
                stream->name, arn, stream_status_name(stream_status(call->klocal, stream)),
                stream->on_demand ? "ON_DEMAND" : "PROVISIONED");
    kinesis_put_time(call->out, stream->created_ms / 1000 * 1000);
    text_putc(call->out, '}');
}

static void reap(struct klocal *klocal)
{
    for (size_t i = 0; i < klocal->stream_count;) {
        size_t before = klocal->stream_count;
        stream_find(klocal, klocal->streams[i]->name);
        i += before == klocal->stream_count;
    }
}

void kinesis_list_streams(struct kinesis_call *call)
{
    struct klocal *klocal = call->klocal;
    const char *start = input_member(call, &input_stream_name, "ExclusiveStartStreamName", false);
    const char *token = input_string(call, call->input, &input_next_token, -1);
    long long limit = input_integer(call, "Limit", 1, 10000, 100);
    if (!input_complete(call))
        return;
    size_t first = 0, last;
    start = start != NULL ? start : token; /* a token is the last name */
    limit = limit > 100 ? 100 : limit;
    reap(klocal);
    while (start != NULL && first < klocal->stream_count &&
           strcmp(klocal->streams[first]->name, start) <= 0)
        first++;
    last =
        klocal->stream_count - first > (size_t)limit ? first + (size_t)limit : klocal->stream_count;
    text_puts(call->out, "{\"StreamNames\":[");
    for (size_t i = first; i < last; i++)
        text_printf(call->out, "%s\"%s\"", i > first ? "," : "", klocal->streams[i]->name);
    text_puts(call->out, "],\"StreamSummaries\":[");
    for (size_t i = first; i < last; i++) {
        if (i > first)
            text_putc(call->out, ',');
        put_summary(call, klocal->streams[i]);
    }
    bool more = last < klocal->stream_count;
    text_printf(call->out, "],\"HasMoreStreams\":%s", more ? "true" : "false");
    if (more)
        text_printf(call->out, ",\"NextToken\":\"%s\"", klocal->streams[last - 1]->name);
    text_putc(call->out, '}');
}

void kinesis_update_max_record_size(struct kinesis_call *call)
{
    long long kib = input_integer(call, "MaxRecordSizeInKiB", 1024, 10240, 0);
    if (kib == 0)
        input_problem(call, "Value null at 'maxRecordSizeInKiB' failed to satisfy constraint: "
                            "Member must not be null");
    struct stream *stream = input_active_stream(call);
    if (stream == NULL)
        return;
    stream->max_record_kib = (int)kib;
    stream_set_busy(call->klocal, stream, STREAM_UPDATING);
}

static void set_retention(struct kinesis_call *call, bool increase)
{
    long long hours = input_integer(call, "RetentionPeriodHours", 24, 8760, 0);
    if (hours == 0)
        input_problem(call, "Value null at 'retentionPeriodHours' failed to satisfy constraint: "
                            "Member must not be null");
    struct stream *stream = input_active_stream(call);
    if (stream == NULL)
        return;
    if (increase ? hours < stream->retention_hours : hours > stream->retention_hours) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "Requested retention period (%lld hours) for stream %s can not be %s than "
                       "existing retention period (%d hours).",
                       hours, stream->name, increase ? "shorter" : "longer",
                       stream->retention_hours);
        return;
    }
    stream->retention_hours = (int)hours;
}

void kinesis_increase_retention(struct kinesis_call *call)
{
    set_retention(call, true);
}

void kinesis_decrease_retention(struct kinesis_call *call)
{
    set_retention(call, false);
}

void kinesis_update_stream_mode(struct kinesis_call *call)
{
    json_t *details = input_object(call, "StreamModeDetails");
    if (details == NULL)
        input_problem(call, "Value null at 'streamModeDetails' failed to satisfy constraint: "
                            "Member must not be null");
    int mode = details == NULL ? -1 : input_word(call, details, "StreamMode", modes, true);
    struct stream *stream = input_active_stream(call);
    if (stream != NULL)
        stream->on_demand = mode == 1;
}

static void set_encryption(struct kinesis_call *call, bool on)
{
    static const char *const types[] = {"NONE", "KMS", NULL};
    static const struct input_rule key_rule = {"KeyId", 1, 2048, NULL, NULL, true};
    input_word(call, call->input, "EncryptionType", types, true);
    const char *key = input_string(call, call->input, &key_rule, -1);
    struct stream *stream = input_active_stream(call);
    if (stream == NULL)
        return;
    free(stream->key_id);
    stream->key_id = memory_string(key);
    stream->encrypted = on;
    stream_set_busy(call->klocal, stream, STREAM_UPDATING);
}

void kinesis_start_encryption(struct kinesis_call *call)
{
    set_encryption(call, true);
}

void kinesis_stop_encryption(struct kinesis_call *call)
{
    set_encryption(call, false);
}

void kinesis_describe_limits(struct kinesis_call *call)
{
    size_t open = 0, on_demand = 0;
    for (size_t i = 0; i < call->klocal->stream_count; i++) {
        open += call->klocal->streams[i]->open_count;
        on_demand += call->klocal->streams[i]->on_demand;
    }
    text_printf(call->out,
                "{\"ShardLimit\":%d,\"OpenShardCount\":%zu,\"OnDemandStreamCount\":%zu,"
                "\"OnDemandStreamCountLimit\":50}",
                SHARDS_MAX, open, on_demand);
}
