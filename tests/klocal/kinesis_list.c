/* ListShards, DescribeStream and DescribeStreamSummary, and how shards are spelled in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis.h"
#include "kinesis_input.h"
#include "token.h"

#define TOKEN_LIFE_MS 300000

enum {
    AFTER_SHARD_ID,
    AT_TRIM_HORIZON,
    FROM_TRIM_HORIZON,
    AT_LATEST,
    FILTER_AT_TIMESTAMP,
    FROM_TIMESTAMP
};

static const char *const filter_types[] = {"AFTER_SHARD_ID",
                                           "AT_TRIM_HORIZON",
                                           "FROM_TRIM_HORIZON",
                                           "AT_LATEST",
                                           "AT_TIMESTAMP",
                                           "FROM_TIMESTAMP",
                                           NULL};

/* Epoch seconds, spelled as the service does: 1.441215410867E9. */
void kinesis_put_time(struct text *out, int64_t ms)
{
    text_printf(out, "%lld.%012lldE9", (long long)(ms / 1000000000000),
                (long long)(ms % 1000000000000));
}

void kinesis_put_hash_range(struct text *out, const struct shard *shard)
{
    char start[HASH_KEY_SIZE], end[HASH_KEY_SIZE];
    hash_format(shard->start, start);
    hash_format(shard->end, end);
    text_printf(out, "\"HashKeyRange\":{\"StartingHashKey\":\"%s\",\"EndingHashKey\":\"%s\"}",
                start, end);
}

void kinesis_put_shard(struct text *out, const struct shard *shard)
{
    char id[SHARD_ID_SIZE], number[SEQUENCE_SIZE];
    shard_id(shard->index, id);
    text_printf(out, "{\"ShardId\":\"%s\",", id);
    if (shard->parent != SHARD_NONE) {
        shard_id(shard->parent, id);
        text_printf(out, "\"ParentShardId\":\"%s\",", id);
    }
    if (shard->adjacent != SHARD_NONE) {
        shard_id(shard->adjacent, id);
        text_printf(out, "\"AdjacentParentShardId\":\"%s\",", id);
    }
    kinesis_put_hash_range(out, shard);
    sequence_format(shard->first, number);
    text_printf(out, ",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"%s\"", number);
    if (shard->closed_ms != 0) {
        sequence_format(shard->last, number);
        text_printf(out, ",\"EndingSequenceNumber\":\"%s\"", number);
    }
    text_puts(out, "}}");
}

/* What a listing selects, also what its page token remembers. */
struct listing {
    uint64_t stream_id;
    long long next; /* shards below this index are left out */
    int filter;
    int64_t time_ms;
};

static bool selected(const struct klocal *klocal, const struct stream *stream,
                     const struct listing *listing, const struct shard *shard)
{
    int64_t horizon = stream_horizon_ms(klocal, stream);
    int64_t at = listing->filter == AT_TRIM_HORIZON || listing->time_ms < horizon
                     ? horizon
                     : listing->time_ms;
    if ((long long)shard->index < listing->next || stream_shard_expired(klocal, stream, shard))
        return false;
    switch (listing->filter) {
    case AT_LATEST:
        return shard->closed_ms == 0;
    case AT_TRIM_HORIZON:
    case FILTER_AT_TIMESTAMP:
        return shard->created_ms <= at && (shard->closed_ms == 0 || shard->closed_ms >= at);
    case FROM_TIMESTAMP:
        return shard->closed_ms == 0 || shard->closed_ms >= at;
    default:
        return true;
    }
}

static char *page_token(struct kinesis_call *call, const struct listing *listing)
{
    char text[128];
    snprintf(text, sizeof text, "%llu %lld %d %lld %lld", (unsigned long long)listing->stream_id,
             listing->next, listing->filter, (long long)listing->time_ms,
             (long long)clock_service_ms(&call->klocal->clock));
    return token_seal(call->klocal, "shards", text);
}

static void put_page(struct kinesis_call *call, const struct stream *stream,
                     struct listing *listing, long long max)
{
    long long count = 0;
    bool more = false;
    text_puts(call->out, "{\"Shards\":[");
    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct shard *shard = stream->shards[i];
        if (!selected(call->klocal, stream, listing, shard))
            continue;
        if (count == max) {
            more = true;
            listing->next = shard->index;
            break;
        }
        if (count++ > 0)
            text_putc(call->out, ',');
        kinesis_put_shard(call->out, shard);
    }
    text_putc(call->out, ']');
    if (more) {
        char *token = page_token(call, listing);
        text_printf(call->out, ",\"NextToken\":\"%s\"", token);
        free(token);
    }
    text_putc(call->out, '}');
}

static struct stream *open_token(struct kinesis_call *call, const char *token,
                                 struct listing *listing)
{
    unsigned long long id = 0;
    long long time_ms = 0, issued = 0;
    char *text = token_open(call->klocal, "shards", token);
    int n = text == NULL ? 0
                         : sscanf(text, "%llu %lld %d %lld %lld", &id, &listing->next,
                                  &listing->filter, &time_ms, &issued);
    free(text);
    if (n != 5) {
        kinesis_refuse(call, "InvalidArgumentException", "NextToken is not valid.");
        return NULL;
    }
    if (clock_service_ms(&call->klocal->clock) - issued > TOKEN_LIFE_MS) {
        kinesis_refuse(call, "ExpiredNextTokenException", "NextToken has expired.");
        return NULL;
    }
    listing->time_ms = time_ms;
    for (size_t i = 0; i < call->klocal->stream_count; i++)
        if (call->klocal->streams[i]->id == id)
            return call->klocal->streams[i];
    kinesis_refuse(call, "ResourceNotFoundException", "The stream of this NextToken is gone.");
    return NULL;
}

static long long index_after(const char *id)
{
    const char *dash = strchr(id, '-');
    return dash == NULL ? 0 : strtoll(dash + 1, NULL, 10) + 1;
}

static bool read_filter(struct kinesis_call *call, struct listing *listing)
{
    json_t *filter = input_object(call, "ShardFilter");
    const struct input_rule id_rule = {
        "ShardId", 1, 128, input_shard_id.matches, input_shard_id.pattern, false};
    if (filter == NULL)
        return !call->refused;
    listing->filter = input_word(call, filter, "Type", filter_types, true);
    const char *id = input_string(call, filter, &id_rule, -1);
    bool has_time = input_time(call, filter, "Timestamp", &listing->time_ms);
    if (!input_complete(call))
        return false;
    bool wants_time = listing->filter == FILTER_AT_TIMESTAMP || listing->filter == FROM_TIMESTAMP;
    if (wants_time != has_time)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "ShardFilter of type %s: Timestamp must %sbe given",
                              filter_types[listing->filter], wants_time ? "" : "not ");
    if ((listing->filter == AFTER_SHARD_ID) != (id != NULL))
        return kinesis_refuse(
            call, "InvalidArgumentException", "ShardFilter of type %s: ShardId must %sbe given",
            filter_types[listing->filter], listing->filter == AFTER_SHARD_ID ? "" : "not ");
    if (id != NULL)
        listing->next = index_after(id);
    return true;
}

void kinesis_list_shards(struct kinesis_call *call)
{
    struct listing listing = {.filter = FROM_TRIM_HORIZON};
    int64_t creation = 0;
    const char *token = input_string(call, call->input, &input_next_token, -1);
    const char *start = input_member(call, &input_shard_id, "ExclusiveStartShardId", false);
    long long max = input_integer(call, "MaxResults", 1, 10000, 1000);
    bool has_creation = input_time(call, call->input, "StreamCreationTimestamp", &creation);
    bool has_name = json_object_get(call->input, "StreamName") != NULL ||
                    json_object_get(call->input, "StreamARN") != NULL;
    struct stream *stream = NULL;
    if (token != NULL && (has_name || start != NULL || has_creation)) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "NextToken and StreamName cannot be provided together.");
        return;
    }
    if (token != NULL) {
        if (input_complete(call))
            stream = open_token(call, token, &listing);
    } else if (read_filter(call, &listing)) {
        stream = input_stream(call, false);
    }
    if (stream == NULL)
        return;
    if (start != NULL)
        listing.next = index_after(start);
    listing.stream_id = stream->id;
    if (has_creation && creation / 1000 != stream->created_ms / 1000)
        kinesis_refuse(call, "ResourceNotFoundException",
                       "Stream %s with that creation time not found.", stream->name);
    else
        put_page(call, stream, &listing, max);
}

void kinesis_put_stream(struct kinesis_call *call, const struct stream *stream)
{
    char arn[256];
    stream_arn(call->klocal, stream, arn);
    text_printf(call->out,
                "\"StreamName\":\"%s\",\"StreamARN\":\"%s\",\"StreamStatus\":\"%s\","
                "\"StreamModeDetails\":{\"StreamMode\":\"%s\"},\"RetentionPeriodHours\":%d,"
                "\"EnhancedMonitoring\":[{\"ShardLevelMetrics\":[]}],\"EncryptionType\":\"%s\",",
                stream->name, arn, stream_status_name(stream_status(call->klocal, stream)),
                stream->on_demand ? "ON_DEMAND" : "PROVISIONED", stream->retention_hours,
                stream->encrypted ? "KMS" : "NONE");
    if (stream->encrypted) {
        text_puts(call->out, "\"KeyId\":");
        text_put_json(call->out, stream->key_id, strlen(stream->key_id));
        text_putc(call->out, ',');
    }
    text_puts(call->out, "\"StreamCreationTimestamp\":");
    kinesis_put_time(call->out, stream->created_ms / 1000 * 1000);
}

void kinesis_describe_stream_summary(struct kinesis_call *call)
{
    struct stream *stream = input_stream(call, false);
    if (stream == NULL)
        return;
    text_puts(call->out, "{\"StreamDescriptionSummary\":{");
    kinesis_put_stream(call, stream);
    text_printf(call->out,
                ",\"OpenShardCount\":%zu,\"ConsumerCount\":%zu,\"MaxRecordSizeInKiB\":%d}}",
                stream->open_count, stream->consumer_count, stream->max_record_kib);
}

void kinesis_describe_stream(struct kinesis_call *call)
{
    const char *start = input_member(call, &input_shard_id, "ExclusiveStartShardId", false);
    long long limit = input_integer(call, "Limit", 1, 10000, 100);
    struct stream *stream = input_stream(call, false);
    long long count = 0;
    bool more = false;
    if (stream == NULL)
        return;
    struct listing listing = {.filter = FROM_TRIM_HORIZON,
                              .next = start != NULL ? index_after(start) : 0};
    bool creating = stream_status(call->klocal, stream) == STREAM_CREATING;
    limit = limit > 100 ? 100 : limit;
    text_puts(call->out, "{\"StreamDescription\":{");
    kinesis_put_stream(call, stream);
    text_puts(call->out, ",\"Shards\":[");
    for (size_t i = 0; i < stream->shard_count && !creating && !more; i++) {
        if (!selected(call->klocal, stream, &listing, stream->shards[i]))
            continue;
        more = count == limit;
        if (more)
            break;
        if (count++ > 0)
            text_putc(call->out, ',');
        kinesis_put_shard(call->out, stream->shards[i]);
    }
    text_printf(call->out, "],\"HasMoreShards\":%s}}", more ? "true" : "false");
}
