/* GetShardIterator and GetRecords. */
#include <stdlib.h>
#include <string.h>

#include "iterator.h"
#include "kinesis.h"
#include "kinesis_input.h"
#include "kinesis_start.h"

#define ANSWER_MAX  10485760u
#define RECORDS_MAX 10000

static const struct input_rule iterator_rule = {"ShardIterator", 1, 512, NULL, NULL, true};

void kinesis_get_shard_iterator(struct kinesis_call *call)
{
    struct start start = {0};
    const char *id = input_string(call, call->input, &input_shard_id, -1);
    start_read(call, call->input, "ShardIteratorType", "StartingSequenceNumber", &start);
    struct stream *stream = input_stream(call, true);
    if (stream == NULL || !start_check(call, &start))
        return;
    struct shard *shard = stream_shard_by_id(stream, id);
    if (shard == NULL || stream_shard_expired(call->klocal, stream, shard)) {
        kinesis_refuse(call, "ResourceNotFoundException",
                       "Shard %s in stream %s under account %s does not exist", id, stream->name,
                       call->klocal->options.account);
        return;
    }
    shard_trim(shard, stream_horizon_ms(call->klocal, stream));
    struct iterator iterator = {.stream_id = stream->id,
                                .shard = shard->index,
                                .created_ms = clock_service_ms(&call->klocal->clock)};
    if (!start_find(call, stream, shard, &start, &iterator.position))
        return;
    char *text = iterator_write(call->klocal, &iterator);
    text_printf(call->out, "{\"ShardIterator\":\"%s\"}", text);
    free(text);
}

static struct stream *stream_of(struct klocal *klocal, uint64_t id)
{
    for (size_t i = 0; i < klocal->stream_count; i++)
        if (klocal->streams[i]->id == id)
            return stream_find(klocal, klocal->streams[i]->name);
    return NULL;
}

static bool check_iterator(struct kinesis_call *call, const char *text, struct iterator *iterator)
{
    int64_t now = clock_service_ms(&call->klocal->clock);
    int64_t life = call->klocal->options.iterator_ms;
    if (!iterator_read(call->klocal, text, iterator))
        return kinesis_refuse(call, "InvalidArgumentException", "Invalid ShardIterator.");
    if (now - iterator->created_ms > life)
        return kinesis_refuse(call, "ExpiredIteratorException",
                              "Iterator expired. The iterator was created at time %lld while right "
                              "now it is %lld which is further in the future than the tolerated "
                              "delay of %lld milliseconds.",
                              (long long)iterator->created_ms, (long long)now, (long long)life);
    return true;
}

static bool throttled(struct kinesis_call *call, struct stream *stream, struct shard *shard)
{
    int64_t now = clock_service_ms(&call->klocal->clock);
    char id[SHARD_ID_SIZE];
    if (!call->klocal->options.shard_limits)
        return false;
    if (allowance_has(&shard->read_calls, 5, 1, now) &&
        allowance_has(&shard->read_bytes, 2 << 20, 1, now)) {
        allowance_take(&shard->read_calls, 1);
        return false;
    }
    shard_id(shard->index, id);
    kinesis_refuse(call, "ProvisionedThroughputExceededException",
                   "Rate exceeded for shard %s in stream %s under account %s.", id, stream->name,
                   call->klocal->options.account);
    return true;
}

void kinesis_put_record_json(struct text *out, const struct record *record, bool encrypted)
{
    char number[SEQUENCE_SIZE];
    sequence_format(record->sequence, number);
    text_printf(out, "{\"SequenceNumber\":\"%s\",\"ApproximateArrivalTimestamp\":", number);
    kinesis_put_time(out, record->arrival_ms);
    text_puts(out, ",\"Data\":\"");
    text_put_base64(out, record->bytes + record->key_length, record->data_length);
    text_puts(out, "\",\"PartitionKey\":");
    text_put_json(out, (const char *)record->bytes, record->key_length);
    text_puts(out, encrypted ? ",\"EncryptionType\":\"KMS\"}" : "}");
}

/* Returns the position behind the last record given. */
static uint64_t put_records(struct kinesis_call *call, struct shard *shard, uint64_t position,
                            long long limit, bool encrypted)
{
    size_t size = 0;
    uint64_t first = position;
    text_puts(call->out, "{\"Records\":[");
    while (position < shard_end(shard) && position - first < (uint64_t)limit) {
        const struct record *record = shard_record(shard, position);
        size += record->data_length + record->key_length;
        if (size > ANSWER_MAX && position > first)
            break;
        if (position > first)
            text_putc(call->out, ',');
        kinesis_put_record_json(call->out, record, encrypted);
        position++;
    }
    text_putc(call->out, ']');
    if (call->klocal->options.shard_limits)
        allowance_take(&shard->read_bytes, (double)size);
    return position;
}

void kinesis_put_children(struct text *out, const struct stream *stream, const struct shard *parent)
{
    char id[SHARD_ID_SIZE];
    bool first = true;
    text_puts(out, ",\"ChildShards\":[");
    for (size_t i = parent->index + 1; i < stream->shard_count; i++) {
        const struct shard *child = stream->shards[i];
        if (child->parent != parent->index && child->adjacent != parent->index)
            continue;
        shard_id(child->index, id);
        text_printf(out, "%s{\"ShardId\":\"%s\",\"ParentShards\":[", first ? "" : ",", id);
        first = false;
        shard_id(child->parent, id);
        text_printf(out, "\"%s\"", id);
        if (child->adjacent != SHARD_NONE) {
            shard_id(child->adjacent, id);
            text_printf(out, ",\"%s\"", id);
        }
        text_puts(out, "],");
        kinesis_put_hash_range(out, child);
        text_putc(out, '}');
    }
    text_putc(out, ']');
}

static void put_tail(struct kinesis_call *call, const struct stream *stream,
                     const struct shard *shard, uint64_t position)
{
    int64_t now = clock_service_ms(&call->klocal->clock), behind = 0;
    if (position < shard_end(shard)) {
        behind = now - shard_record(shard, position)->arrival_ms;
        behind = behind < 1 ? 1 : behind;
    }
    if (position == shard_end(shard) && shard->closed_ms != 0) {
        text_puts(call->out, ",\"NextShardIterator\":null");
        kinesis_put_children(call->out, stream, shard);
    } else {
        struct iterator next = {.stream_id = stream->id,
                                .shard = shard->index,
                                .position = position,
                                .created_ms = now};
        char *text = iterator_write(call->klocal, &next);
        text_printf(call->out, ",\"NextShardIterator\":\"%s\"", text);
        free(text);
    }
    text_printf(call->out, ",\"MillisBehindLatest\":%lld}", (long long)behind);
}

static bool same_arn(struct kinesis_call *call, const struct stream *stream, const char *arn)
{
    char name[129];
    if (arn == NULL)
        return true;
    if (input_stream_of_arn(call, arn, name) == NULL)
        return false;
    return strcmp(name, stream->name) == 0 ||
           kinesis_refuse(call, "InvalidArgumentException",
                          "StreamARN %s does not match the ShardIterator.", arn);
}

void kinesis_get_records(struct kinesis_call *call)
{
    struct iterator iterator;
    const char *text = input_string(call, call->input, &iterator_rule, -1);
    const char *arn = input_string(call, call->input, &input_stream_arn, -1);
    long long limit = input_integer(call, "Limit", 1, INT64_MAX, RECORDS_MAX);
    if (!input_complete(call))
        return;
    if (limit > RECORDS_MAX) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "Limit %lld is greater than the maximum of %d.", limit, RECORDS_MAX);
        return;
    }
    if (!check_iterator(call, text, &iterator))
        return;
    struct stream *stream = stream_of(call->klocal, iterator.stream_id);
    if (stream == NULL || iterator.shard >= stream->shard_count ||
        stream_shard_expired(call->klocal, stream, stream->shards[iterator.shard])) {
        kinesis_refuse(call, "ResourceNotFoundException",
                       "The stream or shard of this ShardIterator under account %s not found.",
                       call->klocal->options.account);
        return;
    }
    struct shard *shard = stream->shards[iterator.shard];
    if (!same_arn(call, stream, arn) || throttled(call, stream, shard))
        return;
    shard_trim(shard, stream_horizon_ms(call->klocal, stream));
    uint64_t position = iterator.position < shard->base ? shard->base : iterator.position;
    position = put_records(call, shard, position, limit, stream->encrypted);
    put_tail(call, stream, shard, position);
}
