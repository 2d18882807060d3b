/* Where reading begins. */
#include "kinesis_start.h"

#include "kinesis_input.h"

enum { AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, TRIM_HORIZON, LATEST, AT_TIMESTAMP };

static const char *const iterator_types[] = {
    "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", NULL};

void start_read(struct kinesis_call *call, json_t *object, const char *type_name,
                const char *number_name, struct start *start)
{
    struct input_rule number = input_sequence_number;
    number.member = number_name;
    start->type = input_word(call, object, type_name, iterator_types, true);
    start->number = input_string(call, object, &number, -1);
    start->has_time = input_time(call, object, "Timestamp", &start->time_ms);
}

static bool find_number(struct kinesis_call *call, const struct stream *stream,
                        const struct shard *shard, const char *number, bool after, uint64_t *out)
{
    struct sequence sequence, newest = {.micros = call->klocal->sequence_micros,
                                        .counter = call->klocal->sequence_counter};
    char id[SHARD_ID_SIZE];
    shard_id(shard->index, id);
    if (shard->closed_ms != 0)
        newest = shard->last;
    if (!sequence_parse(number, &sequence) || sequence.shard != shard->index ||
        sequence_compare(sequence, shard->first) < 0 || sequence_compare(sequence, newest) > 0)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "StartingSequenceNumber %s used in GetShardIterator on shard %s in "
                              "stream %s under account %s is invalid because it did not come from "
                              "this stream.",
                              number, id, stream->name, call->klocal->options.account);
    *out = shard_find_sequence(shard, sequence, after);
    return true;
}

bool start_check(struct kinesis_call *call, const struct start *start)
{
    int64_t now = clock_service_ms(&call->klocal->clock);
    bool by_number = start->type == AT_SEQUENCE_NUMBER || start->type == AFTER_SEQUENCE_NUMBER;
    if (by_number && start->number == NULL)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "Must either specify (1) AT_SEQUENCE_NUMBER or "
                              "AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                              "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request "
                              "specified %s and no StartingSequenceNumber.",
                              iterator_types[start->type]);
    if (!by_number && start->number != NULL)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "Must either specify (1) AT_SEQUENCE_NUMBER or "
                              "AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                              "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request "
                              "specified %s and also a StartingSequenceNumber.",
                              iterator_types[start->type]);
    if (start->type == AT_TIMESTAMP && !start->has_time)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "Must specify timestampInMillis parameter for iterator of type "
                              "AT_TIMESTAMP. Current request has no timestamp parameter.");
    if (start->type != AT_TIMESTAMP && start->has_time)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "Timestamp must not be specified for iterator of type %s.",
                              iterator_types[start->type]);
    if (start->has_time && start->time_ms > now)
        return kinesis_refuse(call, "InvalidArgumentException",
                              "The timestampInMillis parameter cannot be greater than the "
                              "currentTimestampInMillis. timestampInMillis: %lld, "
                              "currentTimestampInMillis: %lld",
                              (long long)start->time_ms, (long long)now);
    return true;
}

bool start_find(struct kinesis_call *call, const struct stream *stream, const struct shard *shard,
                const struct start *start, uint64_t *position)
{
    if (start->type == TRIM_HORIZON)
        *position = shard->base;
    else if (start->type == LATEST)
        *position = shard_end(shard);
    else if (start->type == AT_TIMESTAMP)
        *position = shard_find_time(shard, start->time_ms);
    else
        return find_number(call, stream, shard, start->number, start->type == AFTER_SEQUENCE_NUMBER,
                           position);
    return true;
}
