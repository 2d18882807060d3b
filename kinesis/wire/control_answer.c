/* Reading control-plane answers. */
#include "wire/control_answer.h"

#include "base/fail.h"
#include "base/memory.h"

/* A reader of one object: the first member that is wrong is remembered, the rest then reads as
 * absent. */
struct members {
    json_t *object;
    const char *wrong;
};

static json_t *find(struct members *m, const char *name, bool needed)
{
    json_t *v = json_is_object(m->object) ? json_object_get(m->object, name) : NULL;
    if (json_is_null(v))
        v = NULL;
    if (!v && needed && !m->wrong)
        m->wrong = name;
    return v;
}

static struct sigv4_slice text(struct members *m, const char *name, bool needed)
{
    json_t *v = find(m, name, needed);
    if (v && !json_is_string(v) && !m->wrong)
        m->wrong = name;
    return json_is_string(v) ? sigv4_bytes(json_string_value(v), json_string_length(v))
                             : SIGV4_LIT("");
}

static uint32_t number(struct members *m, const char *name)
{
    json_t *v = find(m, name, false);
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    if (v && (!json_is_integer(v) || n < 0 || n > UINT32_MAX) && !m->wrong)
        m->wrong = name;
    return n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static int64_t moment_ms(struct members *m, const char *name)
{
    json_t *v = find(m, name, false);
    double seconds = json_is_number(v) ? json_number_value(v) : 0;
    if (!v)
        return INT64_MIN;
    if ((!json_is_number(v) || seconds < -1e11 || seconds > 1e12) && !m->wrong)
        m->wrong = name;
    return m->wrong ? INT64_MIN : (int64_t)(seconds * 1000.0 + (seconds < 0 ? -0.5 : 0.5));
}

static struct members inner(struct members *m, const char *name, bool needed)
{
    json_t *v = find(m, name, needed);
    if (v && !json_is_object(v) && !m->wrong)
        m->wrong = name;
    return (struct members){v, NULL};
}

static int verdict(const struct members *m, const struct members *deeper, struct sigv4_error *err)
{
    const char *wrong = m->wrong ? m->wrong : deeper ? deeper->wrong : NULL;
    if (!wrong)
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_PROTOCOL, "the answer's member %s is missing or wrong", wrong);
}

int kinesis__answer_parse(struct sigv4_slice body, json_t **root, struct sigv4_error *err)
{
    json_error_t detail;
    *root = json_loadb(body.len ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &detail);
    if (json_is_object(*root))
        return SIGV4_OK;
    bool parsed = *root != NULL;
    json_decref(*root);
    *root = NULL;
    if (parsed)
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "the answer is not a JSON object");
    if (json_error_code(&detail) == json_error_out_of_memory)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for the answer");
    return sigv4__fail(err, SIGV4_E_PROTOCOL, "the answer is not JSON: %s at byte %d", detail.text,
                       detail.position);
}

int kinesis__read_shard_iterator(json_t *root, struct kinesis_get_shard_iterator_result *out,
                                 struct sigv4_error *err)
{
    struct members m = {root, NULL};
    out->shard_iterator = text(&m, "ShardIterator", true);
    return verdict(&m, NULL, err);
}

static int read_shard(json_t *value, struct kinesis_shard *out, struct sigv4_error *err)
{
    struct members m = {value, NULL};
    out->size = sizeof *out;
    out->shard_id = text(&m, "ShardId", true);
    out->parent_shard_id = text(&m, "ParentShardId", false);
    out->adjacent_parent_shard_id = text(&m, "AdjacentParentShardId", false);
    struct members hash = inner(&m, "HashKeyRange", true);
    out->starting_hash_key = text(&hash, "StartingHashKey", true);
    out->ending_hash_key = text(&hash, "EndingHashKey", true);
    int rc = verdict(&m, &hash, err);
    if (rc)
        return rc;
    struct members range = inner(&m, "SequenceNumberRange", true);
    out->starting_sequence_number = text(&range, "StartingSequenceNumber", true);
    out->ending_sequence_number = text(&range, "EndingSequenceNumber", false);
    return verdict(&m, &range, err);
}

int kinesis__read_shards(json_t *root, const struct sigv4_alloc *alloc,
                         struct kinesis_list_shards_result *out, struct kinesis_shard **shards,
                         struct sigv4_error *err)
{
    struct members m = {root, NULL};
    json_t *list = find(&m, "Shards", true);
    *shards = NULL;
    out->shard_count = 0;
    out->next_token = text(&m, "NextToken", false);
    if (list && !json_is_array(list))
        m.wrong = "Shards";
    int rc = verdict(&m, NULL, err);
    size_t n = json_array_size(list);
    if (rc || n == 0)
        return rc;
    struct kinesis_shard *read = sigv4__alloc_zero(alloc, n, sizeof *read);
    if (!read)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for %zu shards", n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = read_shard(json_array_get(list, i), &read[i], err);
    if (rc) {
        sigv4__alloc_put(alloc, read, n * sizeof *read);
        return rc;
    }
    *shards = read;
    out->shard_count = n;
    return SIGV4_OK;
}

int kinesis__read_stream_summary(json_t *root, struct kinesis_describe_stream_summary_result *out,
                                 struct sigv4_error *err)
{
    struct members top = {root, NULL};
    struct members m = inner(&top, "StreamDescriptionSummary", true);
    int rc = verdict(&top, NULL, err);
    if (rc)
        return rc;
    out->stream_name = text(&m, "StreamName", true);
    out->stream_arn = text(&m, "StreamARN", true);
    out->status = text(&m, "StreamStatus", true);
    struct members mode = inner(&m, "StreamModeDetails", false);
    out->mode = text(&mode, "StreamMode", false);
    out->encryption_type = text(&m, "EncryptionType", false);
    out->key_id = text(&m, "KeyId", false);
    out->created_unix_ms = moment_ms(&m, "StreamCreationTimestamp");
    out->retention_hours = number(&m, "RetentionPeriodHours");
    out->open_shard_count = number(&m, "OpenShardCount");
    out->consumer_count = number(&m, "ConsumerCount");
    out->max_record_kib = number(&m, "MaxRecordSizeInKiB");
    return verdict(&m, &mode, err);
}

int kinesis__read_stream_consumer(json_t *root, const char *member,
                                  struct kinesis_stream_consumer_result *out,
                                  struct sigv4_error *err)
{
    struct members top = {root, NULL};
    struct members m = inner(&top, member, true);
    int rc = verdict(&top, NULL, err);
    if (rc)
        return rc;
    out->consumer_name = text(&m, "ConsumerName", true);
    out->consumer_arn = text(&m, "ConsumerARN", true);
    out->status = text(&m, "ConsumerStatus", true);
    out->stream_arn = text(&m, "StreamARN", false);
    out->created_unix_ms = moment_ms(&m, "ConsumerCreationTimestamp");
    return verdict(&m, NULL, err);
}
