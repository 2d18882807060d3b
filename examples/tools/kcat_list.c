/* kcat -L: the stream and its shards. */
#include "failure.h"
#include "kcat.h"

#include <inttypes.h>
#include <stdlib.h>

struct listing {
    const struct kcat_settings *settings;
    struct session session;
    struct sigv4_error error;
    char host[256];
    char *token; /* of the next page; NULL: there is none */
    bool failed;
};

static bool failed(struct listing *l, const struct sigv4_error *error,
                   const struct sigv4_response *response)
{
    l->failed = error != NULL;
    if (error) {
        l->error = *error;
        snprintf(l->host, sizeof l->host, "%s", response ? response->host : "");
    }
    return l->failed;
}

static void say(const char *before, struct sigv4_slice s, const char *otherwise)
{
    fputs(before, stdout);
    if (s.len)
        fwrite(s.ptr, 1, s.len, stdout);
    else
        fputs(otherwise, stdout);
}

/* Everything that comes here is made of letters, digits and signs that need no escape; anything
 * else is the service's mistake and shown as a question mark. */
static void say_json(const char *before, struct sigv4_slice s)
{
    fputs(before, stdout);
    for (size_t i = 0; i < s.len; i++) {
        char c = ((const char *)s.ptr)[i];
        putchar(c >= 0x20 && c < 0x7F && c != '"' && c != '\\' ? c : '?');
    }
}

static void on_summary(void *ctx, const struct kinesis_describe_stream_summary_result *d)
{
    struct listing *l = ctx;
    if (failed(l, d->error, d->response))
        return;
    uint32_t kib = d->max_record_kib ? d->max_record_kib : 1024;
    if (l->settings->json) {
        say_json("{\"stream\":\"", d->stream_name);
        say_json("\",\"arn\":\"", d->stream_arn);
        say_json("\",\"status\":\"", d->status);
        say_json("\",\"mode\":\"", d->mode);
        say_json("\",\"encryption\":\"", d->encryption_type);
        printf("\",\"open_shards\":%" PRIu32 ",\"consumers\":%" PRIu32
               ",\"retention_hours\":%" PRIu32 ",\"max_record_kib\":%" PRIu32 "}\n",
               d->open_shard_count, d->consumer_count, d->retention_hours, kib);
        return;
    }
    say("Stream      ", d->stream_name, "-");
    say("\nARN         ", d->stream_arn, "-");
    say("\nStatus      ", d->status, "-");
    say("\nMode        ", d->mode, "PROVISIONED");
    say("\nEncryption  ", d->encryption_type, "NONE");
    printf("\nOpen shards %" PRIu32 "\nConsumers   %" PRIu32 "\nRetention   %" PRIu32
           " h\nRecords     up to %" PRIu32 " KiB\n\n%-21s%-7s%-41s%-41s%s\n",
           d->open_shard_count, d->consumer_count, d->retention_hours, kib, "Shard", "State",
           "First hash key", "Last hash key", "Parents");
}

static void print_shard_json(const struct kinesis_shard *s)
{
    bool two = s->adjacent_parent_shard_id.len > 0;
    say_json("{\"shard\":\"", s->shard_id);
    printf("\",\"open\":%s", s->ending_sequence_number.len ? "false" : "true");
    say_json(",\"first_hash_key\":\"", s->starting_hash_key);
    say_json("\",\"last_hash_key\":\"", s->ending_hash_key);
    say_json("\",\"first_sequence\":\"", s->starting_sequence_number);
    if (s->ending_sequence_number.len)
        say_json("\",\"last_sequence\":\"", s->ending_sequence_number);
    fputs("\",\"parents\":[", stdout);
    if (s->parent_shard_id.len)
        say_json("\"", s->parent_shard_id);
    if (s->parent_shard_id.len)
        fputs(two ? "\"," : "\"", stdout);
    if (two) {
        say_json("\"", s->adjacent_parent_shard_id);
        putchar('"');
    }
    fputs("]}\n", stdout);
}

static void print_shard(const struct kinesis_shard *s)
{
    printf("%-21.*s%-7s%-41.*s%-41.*s", (int)s->shard_id.len, (const char *)s->shard_id.ptr,
           s->ending_sequence_number.len ? "closed" : "open", (int)s->starting_hash_key.len,
           (const char *)s->starting_hash_key.ptr, (int)s->ending_hash_key.len,
           (const char *)s->ending_hash_key.ptr);
    say("", s->parent_shard_id, "-");
    if (s->adjacent_parent_shard_id.len)
        say(" ", s->adjacent_parent_shard_id, "");
    putchar('\n');
}

static void on_shards(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct listing *l = ctx;
    free(l->token);
    l->token = NULL;
    if (failed(l, result->error, result->response))
        return;
    for (size_t i = 0; i < result->shard_count; i++) {
        const struct kinesis_shard *s = kinesis_list_shards_at(result, i);
        if (l->settings->json)
            print_shard_json(s);
        else
            print_shard(s);
    }
    if (result->next_token.len)
        l->token = strndup(result->next_token.ptr, result->next_token.len);
}

/* Waits for a call that was accepted. */
static bool finish(struct listing *l, int rc, struct sigv4_call *call)
{
    l->failed = rc != 0;
    if (rc)
        return false;
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    return !l->failed;
}

static bool list(struct listing *l)
{
    struct sigv4_call *call;
    const char *stream = l->settings->stream;
    uint32_t timeout_ms = (uint32_t)l->settings->session.timeout_ms;
    int rc = kinesis_describe_stream_summary(
        l->session.client,
        KINESIS_DESCRIBE_STREAM_SUMMARY(.stream = stream, .timeout_ms = timeout_ms), on_summary, l,
        &call, &l->error);
    bool ok = finish(l, rc, call);
    for (bool more = ok; more && ok; more = l->token != NULL) {
        rc = kinesis_list_shards(l->session.client,
                                 KINESIS_LIST_SHARDS(.stream = stream,
                                                     .next_token = sigv4_str(l->token),
                                                     .timeout_ms = timeout_ms),
                                 on_shards, l, &call, &l->error);
        ok = finish(l, rc, call);
    }
    return ok;
}

int kcat_list(const struct kcat_settings *settings)
{
    struct listing l = {.settings = settings};
    int code = session_open(&l.session, "kcat", &settings->session);
    if (code)
        return code;
    if (!list(&l))
        code = failure_say_request("kcat", l.session.client, "KINESIS", &l.error, l.host);
    free(l.token);
    session_close(&l.session);
    return failure_flush("kcat", code);
}
