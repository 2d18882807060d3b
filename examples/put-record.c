/* put-record: one record into a stream, with the option names and the output of `aws kinesis
 * put-record`. Shows a single call of libkinesis: loop, client, call, wait.
 *
 *     put-record --stream-name numbers --partition-key adam --data "I am the first message"
 */
#include "content.h"
#include "failure.h"
#include "session.h"

#include <kinesis/kinesis.h>
#include <stdlib.h>

struct settings {
    struct session_settings session;
    const char *stream, *stream_arn, *partition_key, *data, *explicit_hash_key, *ordering;
};

#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream", 0, 0},
    {0, "stream-arn", "ARN", OPTION_TEXT, HERE(stream_arn), "the stream, by its ARN", 0, 0},
    {0, "partition-key", "KEY", OPTION_TEXT, HERE(partition_key),
     "decides the shard; 1 to 256 characters", 0, 0},
    {0, "data", "TEXT", OPTION_TEXT, HERE(data),
     "the record's bytes; file://PATH for a file's, - for those of standard input", 0, 0},
    {0, "explicit-hash-key", "NUMBER", OPTION_TEXT, HERE(explicit_hash_key),
     "decides the shard instead of the key", 0, 0},
    {0, "sequence-number-for-ordering", "NUMBER", OPTION_TEXT, HERE(ordering),
     "of the record that must come before", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "put-record",
    "--stream-name NAME --partition-key KEY --data TEXT [options]",
    "Put one record into a Kinesis stream.",
    NULL,
    OPTION_ROWS(groups),
    NULL};

/* What the callback leaves behind. */
struct outcome {
    struct sigv4_error error;
    char host[256];
};

static void on_put(void *ctx, const struct kinesis_put_record_result *result)
{
    struct outcome *outcome = ctx;
    if (result->error) {
        outcome->error = *result->error;
        snprintf(outcome->host, sizeof outcome->host, "%s",
                 result->response ? result->response->host : "");
        return;
    }
    printf("{\n    \"ShardId\": \"%.*s\",\n    \"SequenceNumber\": \"%.*s\"",
           (int)result->shard_id.len, (const char *)result->shard_id.ptr,
           (int)result->sequence_number.len, (const char *)result->sequence_number.ptr);
    if (result->encryption_type.len)
        printf(",\n    \"EncryptionType\": \"%.*s\"", (int)result->encryption_type.len,
               (const char *)result->encryption_type.ptr);
    printf("\n}\n");
}

static int put(const struct settings *settings, struct sigv4_slice data)
{
    struct session session;
    struct sigv4_error err;
    struct sigv4_call *call = NULL;
    struct outcome outcome = {0};
    int code = session_open(&session, table.tool, &settings->session);
    if (code)
        return code;
    int rc = kinesis_put_record(
        session.client,
        KINESIS_PUT_RECORD(.stream = settings->stream ? settings->stream : settings->stream_arn,
                           .partition_key = sigv4_str(settings->partition_key),
                           .explicit_hash_key = sigv4_str(settings->explicit_hash_key),
                           .data = data,
                           .sequence_number_for_ordering = sigv4_str(settings->ordering),
                           .timeout_ms = (uint32_t)settings->session.timeout_ms),
        on_put, &outcome, &call, &err);
    if (rc) {
        code = failure_say(table.tool, &err);
    } else {
        sigv4_call_wait(call, -1);
        sigv4_call_release(call);
        if (outcome.error.status)
            code = failure_say_request(table.tool, session.client, "KINESIS", &outcome.error,
                                       outcome.host);
    }
    session_close(&session);
    return code;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    struct content content = {0};
    char **arguments;
    int count;
    enum options_outcome o = options_parse(&table, argc, argv, &settings, &arguments, &count);
    if (o != OPTIONS_GO_ON)
        return o == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    if (count)
        return options_complain(&table, "'%s' is not expected", arguments[0]);
    if (!settings.stream == !settings.stream_arn)
        return options_complain(&table, "name the stream, with --stream-name or --stream-arn");
    if (!settings.partition_key || !settings.data)
        return options_complain(&table, "--partition-key and --data are needed");
    int code = content_read(&content, table.tool, settings.data);
    if (!code)
        code = put(&settings, sigv4_bytes(content.bytes, content.length));
    content_free(&content);
    return failure_flush(table.tool, code);
}
