/* PutRecord and PutRecords. */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "fault_apply.h"
#include "kinesis.h"
#include "kinesis_input.h"
#include "memory.h"

#define DATA_MAX    10485760u
#define REQUEST_MAX 10485760u
#define BATCH_MAX   500u

struct entry {
    const char *key; /* in the JSON */
    size_t key_length;
    unsigned char *data;
    size_t data_length;
    hash_key hash;
};

static const struct input_rule data_rule = {"Data", 0, SIZE_MAX, NULL, NULL, true};

static void read_hash(struct kinesis_call *call, json_t *object, int item, struct entry *entry)
{
    const char *explicit_key = input_string(call, object, &input_hash_key, item);
    if (entry->key != NULL)
        entry->hash = hash_of_key(entry->key, entry->key_length);
    if (explicit_key != NULL && !hash_parse(explicit_key, &entry->hash))
        kinesis_refuse(call, "InvalidArgumentException",
                       "ExplicitHashKey must be in range: [0, "
                       "340282366920938463463374607431768211455]. Specified value was: %s",
                       explicit_key);
}

static void read_entry(struct kinesis_call *call, json_t *object, int item, struct entry *entry)
{
    const char *data = input_string(call, object, &data_rule, item);
    entry->key = input_string(call, object, &input_partition_key, item);
    if (entry->key != NULL)
        entry->key_length = json_string_length(json_object_get(object, "PartitionKey"));
    if (data != NULL && !base64_decode(data, json_string_length(json_object_get(object, "Data")),
                                       &entry->data, &entry->data_length))
        kinesis_refuse(call, "SerializationException", "Data can not be converted to a Blob");
    if (entry->data_length > DATA_MAX)
        input_problem(call,
                      "Value at '%s' failed to satisfy constraint: Member must have length less "
                      "than or equal to %u",
                      item < 0 ? "data" : "records.member.data", DATA_MAX);
    read_hash(call, object, item, entry);
}

/* The partition key counts. */
static bool fits(struct kinesis_call *call, const struct stream *stream, const struct entry *entry)
{
    size_t limit = (size_t)stream->max_record_kib * 1024;
    if (entry->data_length + entry->key_length <= limit)
        return true;
    return kinesis_refuse(call, "InvalidArgumentException",
                          "Record size %zu bytes (data and partition key) exceeds the maximum "
                          "record size of %d KiB of stream %s",
                          entry->data_length + entry->key_length, stream->max_record_kib,
                          stream->name);
}

static bool throttled(struct kinesis_call *call, struct shard *shard, const struct entry *entry)
{
    int64_t now = clock_service_ms(&call->klocal->clock);
    double size = (double)(entry->data_length + entry->key_length);
    if (!call->klocal->options.shard_limits)
        return false;
    if (!allowance_has(&shard->write_bytes, 1 << 20, size, now) ||
        !allowance_has(&shard->write_records, 1000, 1, now))
        return true;
    allowance_take(&shard->write_bytes, size);
    allowance_take(&shard->write_records, 1);
    return false;
}

static struct sequence store(struct klocal *klocal, struct shard *shard, const struct entry *entry)
{
    struct record *record = memory_take(1, sizeof *record + entry->key_length + entry->data_length);
    record->arrival_ms = clock_service_ms(&klocal->clock);
    record->sequence = sequence_next(klocal, shard->index);
    record->key_length = (uint32_t)entry->key_length;
    record->data_length = (uint32_t)entry->data_length;
    memcpy(record->bytes, entry->key, entry->key_length);
    if (entry->data_length > 0)
        memcpy(record->bytes + entry->key_length, entry->data, entry->data_length);
    shard_append(shard, record);
    pthread_cond_broadcast(&klocal->changed);
    return record->sequence;
}

static void put_result(struct text *out, const struct shard *shard, struct sequence sequence)
{
    char id[SHARD_ID_SIZE], number[SEQUENCE_SIZE];
    shard_id(shard->index, id);
    sequence_format(sequence, number);
    text_printf(out, "\"SequenceNumber\":\"%s\",\"ShardId\":\"%s\"", number, id);
}

/* A fault for this record alone. false: none. A committed one is stored and denied. */
static bool record_fault(struct kinesis_call *call, const struct stream *stream,
                         struct shard *shard, const struct entry *entry, int index,
                         struct fault_action *action)
{
    char id[SHARD_ID_SIZE];
    if (call->klocal->faults == NULL)
        return false;
    shard_id(shard->index, id);
    const struct fault_subject subject = {.service = "kinesis",
                                          .operation = call->operation,
                                          .stream = stream->name,
                                          .shard = id,
                                          .partition_key = entry->key,
                                          .index = index};
    *action = fault_find(call->klocal, &subject, FAULT_AT_RECORD);
    if (action->kind == FAULT_NONE)
        return false;
    if (action->commit)
        store(call->klocal, shard, entry);
    return true;
}

void kinesis_put_record(struct kinesis_call *call)
{
    struct entry entry = {0};
    read_entry(call, call->input, -1, &entry);
    input_member(call, &input_sequence_number, "SequenceNumberForOrdering", false);
    struct stream *stream = input_stream(call, true);
    if (stream == NULL || !fits(call, stream, &entry))
        goto out;
    struct shard *shard = stream_shard_for(stream, entry.hash);
    struct fault_action action;
    if (record_fault(call, stream, shard, &entry, 0, &action)) {
        unsigned status = 0;
        const char *code = NULL, *message = NULL;
        fault_error(&action, "kinesis", &status, &code, &message);
        kinesis_error(call->request, status, code, message);
        goto out;
    }
    if (throttled(call, shard, &entry)) {
        char id[SHARD_ID_SIZE];
        shard_id(shard->index, id);
        kinesis_refuse(call, "ProvisionedThroughputExceededException",
                       "Rate exceeded for shard %s in stream %s under account %s.", id,
                       stream->name, call->klocal->options.account);
        goto out;
    }
    text_putc(call->out, '{');
    put_result(call->out, shard, store(call->klocal, shard, &entry));
    text_puts(call->out, stream->encrypted ? ",\"EncryptionType\":\"KMS\"}" : "}");
out:
    free(entry.data);
}

static void put_failure(struct kinesis_call *call, const struct fault_action *action)
{
    unsigned status = 0;
    const char *code = NULL, *message = NULL;
    fault_error(action, "kinesis", &status, &code, &message);
    text_puts(call->out, "{\"ErrorCode\":");
    text_put_json(call->out, code, strlen(code));
    text_puts(call->out, ",\"ErrorMessage\":");
    text_put_json(call->out, message, strlen(message));
    text_putc(call->out, '}');
}

static bool put_one(struct kinesis_call *call, struct stream *stream, const struct entry *entry,
                    int index)
{
    struct shard *shard = stream_shard_for(stream, entry->hash);
    struct fault_action action;
    if (record_fault(call, stream, shard, entry, index, &action)) {
        put_failure(call, &action);
        return false;
    }
    if (!throttled(call, shard, entry)) {
        text_putc(call->out, '{');
        put_result(call->out, shard, store(call->klocal, shard, entry));
        text_putc(call->out, '}');
        return true;
    }
    char id[SHARD_ID_SIZE];
    shard_id(shard->index, id);
    text_printf(call->out,
                "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"Rate "
                "exceeded for shard %s in stream %s under account %s.\"}",
                id, stream->name, call->klocal->options.account);
    return false;
}

static void put_all(struct kinesis_call *call, struct stream *stream, const struct entry *entries,
                    size_t count)
{
    unsigned failed = 0;
    text_puts(call->out, "{\"Records\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_putc(call->out, ',');
        failed += !put_one(call, stream, &entries[i], (int)i);
    }
    text_printf(call->out, "],\"FailedRecordCount\":%u", failed);
    text_puts(call->out, stream->encrypted ? ",\"EncryptionType\":\"KMS\"}" : "}");
}

static bool batch_fits(struct kinesis_call *call, const struct stream *stream,
                       const struct entry *entries, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += entries[i].data_length + entries[i].key_length;
        if (!fits(call, stream, &entries[i]))
            return false;
    }
    if (total > REQUEST_MAX)
        return kinesis_refuse(call, "InvalidArgumentException", "Records size exceeds 10 MB limit");
    return true;
}

static bool batch_count(struct kinesis_call *call, json_t *records)
{
    if (records == NULL || json_is_null(records))
        input_problem(call, "Value null at 'records' failed to satisfy constraint: Member must not "
                            "be null");
    else if (!json_is_array(records))
        return kinesis_refuse(call, "SerializationException", "Expected list or null");
    else if (json_array_size(records) < 1)
        input_problem(call, "Value '[]' at 'records' failed to satisfy constraint: Member must "
                            "have length greater than or equal to 1");
    else if (json_array_size(records) > BATCH_MAX)
        input_problem(call,
                      "Value '[%zu entries]' at 'records' failed to satisfy constraint: Member "
                      "must have length less than or equal to %u",
                      json_array_size(records), BATCH_MAX);
    return call->problem_count == 0 || input_complete(call);
}

void kinesis_put_records(struct kinesis_call *call)
{
    json_t *records = json_object_get(call->input, "Records");
    if (!batch_count(call, records))
        return;
    size_t count = json_array_size(records);
    struct entry *entries = memory_take(count, sizeof *entries);
    for (size_t i = 0; i < count && !call->refused; i++) {
        json_t *item = json_array_get(records, i);
        if (json_is_object(item))
            read_entry(call, item, (int)i, &entries[i]);
        else
            kinesis_refuse(call, "SerializationException", "Start of structure expected");
    }
    struct stream *stream = input_stream(call, true);
    if (stream != NULL && batch_fits(call, stream, entries, count))
        put_all(call, stream, entries, count);
    for (size_t i = 0; i < count; i++)
        free(entries[i].data);
    free(entries);
}
