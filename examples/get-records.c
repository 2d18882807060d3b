/* get-records: what is in one shard, as the JSON of `aws kinesis get-records`. With a shard it asks
 * for an iterator first, so the article's two commands are one:
 *
 *     get-records --stream-name numbers --shard-id shardId-000000000000
 */
#include "failure.h"
#include "session.h"

#include <jansson.h>
#include <kinesis/kinesis.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

struct settings {
    struct session_settings session;
    const char *stream, *stream_arn, *shard_id, *type, *sequence_number, *iterator;
    bool only_iterator;
    uint64_t limit, timestamp_ms;
};

#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream", 0, 0},
    {0, "stream-arn", "ARN", OPTION_TEXT, HERE(stream_arn), "the stream, by its ARN", 0, 0},
    {0, "shard-id", "ID", OPTION_TEXT, HERE(shard_id), "the shard to read", 0, 0},
    {0, "shard-iterator-type", "TYPE", OPTION_TEXT, HERE(type),
     "TRIM_HORIZON (default), LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, AT_TIMESTAMP", 0,
     0},
    {0, "starting-sequence-number", "NUMBER", OPTION_TEXT, HERE(sequence_number),
     "for the two types that need it", 0, 0},
    {0, "timestamp", "SECONDS", OPTION_SECONDS, HERE(timestamp_ms),
     "for AT_TIMESTAMP: seconds since 1970, fractions allowed", 0, 0},
    {0, "shard-iterator", "TEXT", OPTION_TEXT, HERE(iterator),
     "an iterator from before, instead of stream and shard", 0, 0},
    {0, "limit", "N", OPTION_NUMBER, HERE(limit), "at most so many records", 1, 10000},
    {0, "only-iterator", NULL, OPTION_SWITCH, HERE(only_iterator),
     "print the iterator, as `aws kinesis get-shard-iterator`, and stop", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {"get-records",
                                          "--stream-name NAME --shard-id ID [options]",
                                          "Print the records of one shard as JSON.",
                                          NULL,
                                          OPTION_ROWS(groups),
                                          NULL};

/* What the callbacks leave behind. */
struct outcome {
    struct sigv4_error error;
    char host[256];
    char iterator[1024];
    json_t *page;
};

static bool failed(struct outcome *outcome, const struct sigv4_error *error,
                   const struct sigv4_response *response)
{
    if (!error)
        return false;
    outcome->error = *error;
    snprintf(outcome->host, sizeof outcome->host, "%s", response ? response->host : "");
    return true;
}

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *result)
{
    struct outcome *outcome = ctx;
    if (!failed(outcome, result->error, result->response))
        snprintf(outcome->iterator, sizeof outcome->iterator, "%.*s",
                 (int)result->shard_iterator.len, (const char *)result->shard_iterator.ptr);
}

static json_t *text(struct sigv4_slice s)
{
    return json_stringn(s.len ? s.ptr : "", s.len);
}

static json_t *base64(struct sigv4_slice data)
{
    char *out = malloc(4 * (data.len / 3 + 1) + 1);
    if (!out)
        return NULL;
    int n = EVP_EncodeBlock((unsigned char *)out, data.ptr, (int)data.len);
    json_t *encoded = json_stringn(out, (size_t)n);
    free(out);
    return encoded;
}

/* As the AWS CLI prints it: 2026-11-22T20:31:50.123000+00:00. */
static json_t *arrival(int64_t unix_ms)
{
    char seconds[32], out[64];
    time_t t = (time_t)(unix_ms / 1000);
    struct tm utc;
    gmtime_r(&t, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, sizeof out, "%s.%03d000+00:00", seconds, (int)(unix_ms % 1000));
    return json_string(out);
}

static json_t *record_json(const struct kinesis_got_record *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "SequenceNumber", text(r->sequence_number));
    if (r->arrived_unix_ms != INT64_MIN)
        json_object_set_new(o, "ApproximateArrivalTimestamp", arrival(r->arrived_unix_ms));
    json_object_set_new(o, "Data", base64(r->data));
    json_object_set_new(o, "PartitionKey", text(r->partition_key));
    if (r->encryption_type.len)
        json_object_set_new(o, "EncryptionType", text(r->encryption_type));
    return o;
}

static json_t *child_json(const struct kinesis_child_shard *c)
{
    json_t *o = json_object(), *parents = json_array(), *range = json_object();
    for (size_t i = 0; i < c->parent_count; i++)
        json_array_append_new(parents, text(c->parents[i]));
    json_object_set_new(range, "StartingHashKey", text(c->starting_hash_key));
    json_object_set_new(range, "EndingHashKey", text(c->ending_hash_key));
    json_object_set_new(o, "ShardId", text(c->shard_id));
    json_object_set_new(o, "ParentShards", parents);
    json_object_set_new(o, "HashKeyRange", range);
    return o;
}

static void on_records(void *ctx, const struct kinesis_get_records_result *result)
{
    struct outcome *outcome = ctx;
    if (failed(outcome, result->error, result->response))
        return;
    json_t *page = json_object(), *records = json_array(), *children = json_array();
    for (size_t i = 0; i < result->record_count; i++)
        json_array_append_new(records, record_json(kinesis_get_records_at(result, i)));
    for (size_t i = 0; i < result->child_count; i++)
        json_array_append_new(children, child_json(kinesis_get_records_child_at(result, i)));
    json_object_set_new(page, "Records", records);
    if (result->next_shard_iterator.len)
        json_object_set_new(page, "NextShardIterator", text(result->next_shard_iterator));
    if (result->behind_ms >= 0)
        json_object_set_new(page, "MillisBehindLatest", json_integer(result->behind_ms));
    if (result->child_count)
        json_object_set(page, "ChildShards", children);
    json_decref(children);
    outcome->page = page;
}

static bool iterator_type(const char *name, enum kinesis_iterator_type *out)
{
    static const char *const names[] = {
        [KINESIS_TRIM_HORIZON] = "TRIM_HORIZON",
        [KINESIS_LATEST] = "LATEST",
        [KINESIS_AT_SEQUENCE_NUMBER] = "AT_SEQUENCE_NUMBER",
        [KINESIS_AFTER_SEQUENCE_NUMBER] = "AFTER_SEQUENCE_NUMBER",
        [KINESIS_AT_TIMESTAMP] = "AT_TIMESTAMP",
    };
    *out = KINESIS_TRIM_HORIZON;
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            *out = (enum kinesis_iterator_type)i;
    return !name || strcmp(name, names[*out]) == 0;
}

/* Waits for a call that was accepted; an error that came back at once is left in *outcome. */
static bool finish(struct outcome *outcome, int rc, const struct sigv4_error *refused,
                   struct sigv4_call *call)
{
    if (rc) {
        outcome->error = *refused;
        return false;
    }
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    return outcome->error.status == SIGV4_OK;
}

static bool ask_iterator(struct sigv4_client *client, const struct settings *s,
                         struct outcome *outcome)
{
    struct sigv4_error err;
    struct sigv4_call *call = NULL;
    enum kinesis_iterator_type type;
    iterator_type(s->type, &type);
    int rc = kinesis_get_shard_iterator(
        client,
        KINESIS_GET_SHARD_ITERATOR(.stream = s->stream ? s->stream : s->stream_arn,
                                   .shard_id = sigv4_str(s->shard_id), .type = type,
                                   .sequence_number = sigv4_str(s->sequence_number),
                                   .timestamp_unix_ms = (int64_t)s->timestamp_ms,
                                   .timeout_ms = (uint32_t)s->session.timeout_ms),
        on_iterator, outcome, &call, &err);
    return finish(outcome, rc, &err, call);
}

static bool ask_records(struct sigv4_client *client, const struct settings *s, const char *iterator,
                        struct outcome *outcome)
{
    struct sigv4_error err;
    struct sigv4_call *call = NULL;
    int rc = kinesis_get_records(client,
                                 KINESIS_GET_RECORDS(.stream = s->stream_arn,
                                                     .shard_iterator = sigv4_str(iterator),
                                                     .limit = (uint32_t)s->limit,
                                                     .timeout_ms = (uint32_t)s->session.timeout_ms),
                                 on_records, outcome, &call, &err);
    return finish(outcome, rc, &err, call);
}

static int run(const struct settings *s)
{
    struct session session;
    struct outcome outcome = {0};
    int code = session_open(&session, table.tool, &s->session);
    if (code)
        return code;
    bool ok = s->iterator || ask_iterator(session.client, s, &outcome);
    const char *iterator = s->iterator ? s->iterator : outcome.iterator;
    if (ok && s->only_iterator)
        outcome.page = json_pack("{s:s}", "ShardIterator", iterator);
    else if (ok)
        ok = ask_records(session.client, s, iterator, &outcome);
    if (ok) {
        json_dumpf(outcome.page, stdout, JSON_INDENT(4));
        putchar('\n');
    } else {
        code = failure_say_request(table.tool, session.client, "KINESIS", &outcome.error,
                                   outcome.host);
    }
    json_decref(outcome.page);
    session_close(&session);
    return failure_flush(table.tool, code);
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    enum kinesis_iterator_type type;
    char **arguments;
    int count;
    enum options_outcome o = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (o != OPTIONS_GO_ON)
        return o == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    if (count)
        return options_complain(&table, "'%s' is not expected", arguments[0]);
    if (!s.iterator && (!s.stream == !s.stream_arn || !s.shard_id))
        return options_complain(&table, "name a stream and --shard-id, or give --shard-iterator");
    if (!iterator_type(s.type, &type))
        return options_complain(&table, "'%s' is no iterator type", s.type);
    return run(&s);
}
