/* The typed calls: the bytes each one sends, what each makes of its answer, what is refused before
 * anything leaves. */
#include "fake_engine.h"

#include "failing_alloc.h"
#include "flow/example_keys.h"

#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARN "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"

struct world {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct sigv4_provider *keys;
};

static bool world_open(struct world *w, const struct sigv4_alloc *alloc)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    *w = (struct world){.fake = fake_new()};
    w->keys = example_keys();
    w->loop = fake_loop(w->fake, alloc);
    o.region = "us-east-1";
    o.credentials = w->keys;
    return w->loop && sigv4_client_new(&w->client, w->loop, &o, NULL) == SIGV4_OK;
}

static void world_close(struct world *w)
{
    sigv4_client_free(w->client);
    sigv4_loop_free(w->loop);
    sigv4_provider_free(w->keys);
    fake_free(w->fake);
}

static void answer(struct world *w, const char *body)
{
    fake_forget_script(w->fake);
    fake_script(w->fake, (struct fake_answer){.body = body});
}

static const struct fake_request *last(struct world *w)
{
    return fake_request(w->fake, fake_request_count(w->fake) - 1);
}

static void wait_for(struct sigv4_call *call)
{
    assert_int_equal(sigv4_call_wait(call, -1), SIGV4_OK);
    sigv4_call_release(call);
}

/* What a callback saw, as one line. */
struct seen {
    unsigned calls;
    int status;
    char text[1024];
};

static void see(struct seen *s, const struct sigv4_error *error)
{
    s->calls++;
    s->status = error ? error->status : SIGV4_OK;
    s->text[0] = '\0';
}

static void add(struct seen *s, struct sigv4_slice v)
{
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%.*s|", (int)v.len,
             v.len ? (const char *)v.ptr : "");
}

static void add_number(struct seen *s, long long v)
{
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%lld|", v);
}

static void on_done(void *ctx, const struct kinesis_done_result *r)
{
    see(ctx, r->error);
}

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    add(ctx, r->shard_id);
    add(ctx, r->sequence_number);
    add(ctx, r->encryption_type);
}

static void test_put_record(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    assert_true(world_open(&w, NULL));
    answer(&w, "{\"SequenceNumber\":\"49\",\"ShardId\":\"shardId-000000000000\","
               "\"EncryptionType\":\"KMS\",\"New\":[1,{}]}");
    assert_int_equal(
        kinesis_put_record(w.client,
                           KINESIS_PUT_RECORD(.stream = "numbers",
                                              .partition_key = SIGV4_LIT("ad\"am"),
                                              .data = SIGV4_LIT("I am the first message")),
                           on_put, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_OK);
    assert_string_equal(s.text, "shardId-000000000000|49|KMS|");
    assert_string_equal(last(&w)->url, "https://kinesis.us-east-1.amazonaws.com/");
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"numbers\",\"Data\":"
                                        "\"SSBhbSB0aGUgZmlyc3QgbWVzc2FnZQ==\","
                                        "\"PartitionKey\":\"ad\\\"am\"}");
    assert_string_equal(fake_header(w.fake, last(&w), "x-amz-target"),
                        "Kinesis_20131202.PutRecord");
    assert_string_equal(fake_header(w.fake, last(&w), "content-type"),
                        "application/x-amz-json-1.1");
    /* An ARN goes to the account's own host. */
    assert_int_equal(
        kinesis_put_record(w.client,
                           KINESIS_PUT_RECORD(.stream = ARN, .partition_key = SIGV4_LIT("k"),
                                              .explicit_hash_key = SIGV4_LIT("7")),
                           on_put, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->url,
                        "https://123456789012.data-kinesis.us-east-1.amazonaws.com/");
    assert_non_null(strstr(last(&w)->body, "\"StreamARN\":\"" ARN "\""));
    assert_non_null(strstr(last(&w)->body, "\"ExplicitHashKey\":\"7\""));
    world_close(&w);
}

static void on_put_records(void *ctx, const struct kinesis_put_records_result *r)
{
    see(ctx, r->error);
    add_number(ctx, (long long)r->entry_count);
    add_number(ctx, r->failed_count);
    for (size_t i = 0; kinesis_put_records_at(r, i); i++) {
        add(ctx, kinesis_put_records_at(r, i)->sequence_number);
        add(ctx, kinesis_put_records_at(r, i)->error_code);
    }
}

static void test_put_records(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    struct kinesis_put_entry entries[] = {
        KINESIS_PUT_ENTRY(.partition_key = SIGV4_LIT("a"), .data = SIGV4_LIT("1")),
        KINESIS_PUT_ENTRY(.partition_key = SIGV4_LIT("b"), .data = SIGV4_LIT("")),
    };
    assert_true(world_open(&w, NULL));
    answer(&w,
           "{\"FailedRecordCount\":1,\"Records\":[{\"SequenceNumber\":\"5\",\"ShardId\":\"s\"},"
           "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"m\"}]}");
    assert_int_equal(kinesis_put_records(w.client,
                                         KINESIS_PUT_RECORDS(.stream = "numbers",
                                                             .entries = entries, .entry_count = 2),
                                         on_put_records, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_OK);
    assert_string_equal(s.text, "2|1|5||"
                                "|ProvisionedThroughputExceededException|");
    /* As many outcomes as records, or the answer is none. */
    answer(&w,
           "{\"FailedRecordCount\":0,\"Records\":[{\"SequenceNumber\":\"5\",\"ShardId\":\"s\"}]}");
    assert_int_equal(kinesis_put_records(w.client,
                                         KINESIS_PUT_RECORDS(.stream = "numbers",
                                                             .entries = entries, .entry_count = 2),
                                         on_put_records, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_E_PROTOCOL);
    assert_string_equal(s.text, "0|0|");
    world_close(&w);
}

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *r)
{
    see(ctx, r->error);
    if (!r->error)
        add(ctx, r->shard_iterator);
}

static void ask_iterator(struct world *w, struct seen *s, enum kinesis_iterator_type type,
                         const char *body)
{
    struct sigv4_call *call;
    char expected[512];
    answer(w, "{\"ShardIterator\":\"AAA\"}");
    assert_int_equal(
        kinesis_get_shard_iterator(
            w->client,
            KINESIS_GET_SHARD_ITERATOR(.stream = "numbers", .shard_id = SIGV4_LIT("shardId-1"),
                                       .type = type, .sequence_number = SIGV4_LIT("77"),
                                       .timestamp_unix_ms = 1234567890123),
            on_iterator, s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_string_equal(s->text, "AAA|");
    snprintf(expected, sizeof expected,
             "{\"StreamName\":\"numbers\",\"ShardId\":\"shardId-1\",\"ShardIteratorType\":%s}",
             body);
    assert_string_equal(last(w)->body, expected);
}

static void test_get_shard_iterator(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    assert_true(world_open(&w, NULL));
    ask_iterator(&w, &s, KINESIS_TRIM_HORIZON, "\"TRIM_HORIZON\"");
    ask_iterator(&w, &s, KINESIS_LATEST, "\"LATEST\"");
    ask_iterator(&w, &s, KINESIS_AT_SEQUENCE_NUMBER,
                 "\"AT_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":\"77\"");
    ask_iterator(&w, &s, KINESIS_AFTER_SEQUENCE_NUMBER,
                 "\"AFTER_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":\"77\"");
    ask_iterator(&w, &s, KINESIS_AT_TIMESTAMP, "\"AT_TIMESTAMP\",\"Timestamp\":1234567890.123");
    answer(&w, "{\"ShardIterator\":7}");
    assert_int_equal(
        kinesis_get_shard_iterator(
            w.client,
            KINESIS_GET_SHARD_ITERATOR(.stream = "numbers", .shard_id = SIGV4_LIT("shardId-1")),
            on_iterator, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_E_PROTOCOL);
    world_close(&w);
}

static void on_records(void *ctx, const struct kinesis_get_records_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    for (size_t i = 0; kinesis_get_records_at(r, i); i++) {
        const struct kinesis_got_record *record = kinesis_get_records_at(r, i);
        add(ctx, record->sequence_number);
        add(ctx, record->partition_key);
        add(ctx, record->data);
        add_number(ctx, record->arrived_unix_ms);
    }
    for (size_t i = 0; kinesis_get_records_child_at(r, i); i++)
        add(ctx, kinesis_get_records_child_at(r, i)->shard_id);
    add(ctx, r->next_shard_iterator);
    add_number(ctx, r->behind_ms);
}

static void test_get_records(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    struct kinesis_get_records_input *in =
        KINESIS_GET_RECORDS(.shard_iterator = SIGV4_LIT("AAA"), .limit = 10);
    assert_true(world_open(&w, NULL));
    answer(&w, "{\"Records\":[{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1.5,"
               "\"Data\":\"b25l\",\"PartitionKey\":\"\\u00e4\"}],\"NextShardIterator\":\"BBB\","
               "\"MillisBehindLatest\":12}");
    assert_int_equal(kinesis_get_records(w.client, in, on_records, &s, &call, NULL), SIGV4_OK);
    wait_for(call);
    assert_string_equal(s.text, "1|\xC3\xA4|one|1500|BBB|12|");
    assert_string_equal(last(&w)->body, "{\"ShardIterator\":\"AAA\",\"Limit\":10}");
    answer(&w, "{\"Records\":[],\"NextShardIterator\":null,\"ChildShards\":[{\"ShardId\":\"c\","
               "\"ParentShards\":[\"p\"],\"HashKeyRange\":{\"StartingHashKey\":\"0\","
               "\"EndingHashKey\":\"9\"}}]}");
    assert_int_equal(kinesis_get_records(w.client, in, on_records, &s, &call, NULL), SIGV4_OK);
    wait_for(call);
    assert_string_equal(s.text, "c||-1|");
    world_close(&w);
}

static void on_shards(void *ctx, const struct kinesis_list_shards_result *r)
{
    see(ctx, r->error);
    for (size_t i = 0; kinesis_list_shards_at(r, i); i++) {
        const struct kinesis_shard *shard = kinesis_list_shards_at(r, i);
        add(ctx, shard->shard_id);
        add(ctx, shard->parent_shard_id);
        add(ctx, shard->ending_hash_key);
        add(ctx, shard->ending_sequence_number);
    }
    if (!r->error)
        add(ctx, r->next_token);
}

static void test_list_shards(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    assert_true(world_open(&w, NULL));
    answer(&w, "{\"NextToken\":\"T\",\"Shards\":[{\"ShardId\":\"a\",\"ParentShardId\":\"p\","
               "\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"99\"},"
               "\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\","
               "\"EndingSequenceNumber\":null}}]}");
    assert_int_equal(kinesis_list_shards(w.client,
                                         KINESIS_LIST_SHARDS(.stream = "numbers",
                                                             .filter = KINESIS_SHARDS_AT_LATEST,
                                                             .max_results = 3),
                                         on_shards, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_string_equal(s.text, "a|p|99||T|");
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"numbers\",\"MaxResults\":3,"
                                        "\"ShardFilter\":{\"Type\":\"AT_LATEST\"}}");
    assert_int_equal(
        kinesis_list_shards(w.client,
                            KINESIS_LIST_SHARDS(.stream = "numbers", .next_token = SIGV4_LIT("T")),
                            on_shards, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->body, "{\"NextToken\":\"T\"}");
    answer(&w, "{\"Shards\":[{\"ShardId\":\"a\"}]}");
    assert_int_equal(kinesis_list_shards(w.client, KINESIS_LIST_SHARDS(.stream = "numbers"),
                                         on_shards, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_E_PROTOCOL);
    world_close(&w);
}

static void on_summary(void *ctx, const struct kinesis_describe_stream_summary_result *r)
{
    see(ctx, r->error);
    if (r->error)
        return;
    add(ctx, r->status);
    add(ctx, r->mode);
    add_number(ctx, r->open_shard_count);
    add_number(ctx, r->max_record_kib);
    add_number(ctx, r->created_unix_ms);
}

static void test_describe_stream_summary(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    assert_true(world_open(&w, NULL));
    answer(&w, "{\"StreamDescriptionSummary\":{\"StreamName\":\"numbers\",\"StreamARN\":\"" ARN
               "\",\"StreamStatus\":\"ACTIVE\",\"StreamModeDetails\":{\"StreamMode\":"
               "\"ON_DEMAND\"},\"RetentionPeriodHours\":24,\"StreamCreationTimestamp\":1.25e9,"
               "\"OpenShardCount\":4,\"MaxRecordSizeInKiB\":2048}}");
    assert_int_equal(kinesis_describe_stream_summary(
                         w.client, KINESIS_DESCRIBE_STREAM_SUMMARY(.stream = "numbers"), on_summary,
                         &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_string_equal(s.text, "ACTIVE|ON_DEMAND|4|2048|1250000000000|");
    world_close(&w);
}

static void test_streams_and_shards(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    assert_true(world_open(&w, NULL));
    answer(&w, "");
    assert_int_equal(kinesis_create_stream(w.client,
                                           KINESIS_CREATE_STREAM(.stream = "n", .shard_count = 2,
                                                                 .max_record_kib = 2048),
                                           on_done, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_int_equal(s.status, SIGV4_OK);
    assert_string_equal(last(&w)->body,
                        "{\"StreamName\":\"n\",\"ShardCount\":2,\"MaxRecordSizeInKiB\":2048}");
    assert_int_equal(kinesis_create_stream(w.client, KINESIS_CREATE_STREAM(.stream = "n"), on_done,
                                           &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"n\",\"StreamModeDetails\":"
                                        "{\"StreamMode\":\"ON_DEMAND\"}}");
    assert_int_equal(
        kinesis_split_shard(w.client,
                            KINESIS_SPLIT_SHARD(.stream = "n", .shard_id = SIGV4_LIT("a"),
                                                .new_starting_hash_key = SIGV4_LIT("170")),
                            on_done, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"n\",\"ShardToSplit\":\"a\","
                                        "\"NewStartingHashKey\":\"170\"}");
    assert_int_equal(
        kinesis_merge_shards(w.client,
                             KINESIS_MERGE_SHARDS(.stream = "n", .shard_id = SIGV4_LIT("a"),
                                                  .adjacent_shard_id = SIGV4_LIT("b")),
                             on_done, &s, &call, NULL),
        SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"n\",\"ShardToMerge\":\"a\","
                                        "\"AdjacentShardToMerge\":\"b\"}");
    assert_int_equal(kinesis_delete_stream(
                         w.client,
                         KINESIS_DELETE_STREAM(.stream = "n", .enforce_consumer_deletion = true),
                         on_done, &s, &call, NULL),
                     SIGV4_OK);
    wait_for(call);
    assert_string_equal(last(&w)->body, "{\"StreamName\":\"n\",\"EnforceConsumerDeletion\":true}");
    assert_int_equal(s.calls, 5);
    world_close(&w);
}

static void refused(int rc, const struct sigv4_error *err, const char *part)
{
    assert_int_equal(rc, SIGV4_E_INVALID);
    assert_int_equal(err->status, SIGV4_E_INVALID);
    if (!strstr(err->message, part))
        fail_msg("'%s' is not in '%s'", part, err->message);
}

static void test_refused_before_sending(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_error err;
    assert_true(world_open(&w, NULL));
    refused(kinesis_put_record(w.client,
                               KINESIS_PUT_RECORD(.stream = "a b", .partition_key = SIGV4_LIT("k")),
                               on_put, &s, NULL, &err),
            &err, "stream name");
    refused(kinesis_put_record(
                w.client,
                KINESIS_PUT_RECORD(.stream = "arn:aws:s3:::b", .partition_key = SIGV4_LIT("k")),
                on_put, &s, NULL, &err),
            &err, "ARN");
    refused(kinesis_put_record(w.client, KINESIS_PUT_RECORD(.stream = "n"), on_put, &s, NULL, &err),
            &err, "partition key");
    refused(kinesis_put_records(w.client, KINESIS_PUT_RECORDS(.stream = "n"), on_put_records, &s,
                                NULL, &err),
            &err, "500");
    refused(
        kinesis_get_records(w.client, KINESIS_GET_RECORDS(.limit = 1), on_records, &s, NULL, &err),
        &err, "iterator");
    refused(kinesis_get_records(
                w.client, KINESIS_GET_RECORDS(.shard_iterator = SIGV4_LIT("A"), .limit = 10001),
                on_records, &s, NULL, &err),
            &err, "10000");
    refused(kinesis_get_shard_iterator(
                w.client,
                KINESIS_GET_SHARD_ITERATOR(.stream = "n", .shard_id = SIGV4_LIT("s"),
                                           .type = KINESIS_AT_SEQUENCE_NUMBER,
                                           .sequence_number = SIGV4_LIT("007")),
                on_iterator, &s, NULL, &err),
            &err, "sequence number");
    refused(kinesis_split_shard(w.client,
                                KINESIS_SPLIT_SHARD(.stream = "n", .shard_id = SIGV4_LIT("s"),
                                                    .new_starting_hash_key = SIGV4_LIT("x")),
                                on_done, &s, NULL, &err),
            &err, "hash key");
    assert_int_equal(sigv4_loop_run(w.loop, 10), SIGV4_OK);
    assert_int_equal(s.calls, 0);
    assert_int_equal(fake_request_count(w.fake), 0);
    world_close(&w);
}

/* A caller built against a header that ended earlier. */
static void test_smaller_input(void **state)
{
    (void)state;
    struct world w;
    struct seen s = {0};
    struct sigv4_call *call;
    struct kinesis_put_record_input in = {
        .size = offsetof(struct kinesis_put_record_input, sequence_number_for_ordering),
        .stream = "n",
        .partition_key = SIGV4_LIT("k"),
        .sequence_number_for_ordering = SIGV4_LIT("garbage beyond the size"),
    };
    assert_true(world_open(&w, NULL));
    answer(&w, "{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"}");
    assert_int_equal(kinesis_put_record(w.client, &in, on_put, &s, &call, NULL), SIGV4_OK);
    wait_for(call);
    assert_null(strstr(last(&w)->body, "garbage"));
    world_close(&w);
}

static void put_with_failing(struct failing_alloc *failing)
{
    struct sigv4_alloc alloc = failing_alloc_hooks(failing);
    struct world w;
    struct seen s = {0};
    if (world_open(&w, &alloc)) {
        answer(&w, "{\"Shards\":[{\"ShardId\":\"a\",\"HashKeyRange\":{\"StartingHashKey\":\"0\","
                   "\"EndingHashKey\":\"9\"},\"SequenceNumberRange\":"
                   "{\"StartingSequenceNumber\":\"1\"}}]}");
        int rc = kinesis_list_shards(w.client, KINESIS_LIST_SHARDS(.stream = "n"), on_shards, &s,
                                     NULL, NULL);
        while (rc == SIGV4_OK && !s.calls)
            assert_int_equal(sigv4_loop_run(w.loop, 1000), SIGV4_OK);
        assert_true(rc == SIGV4_OK || rc == SIGV4_E_NOMEM);
        assert_int_equal(s.calls, rc == SIGV4_OK);
        assert_true(s.status == SIGV4_OK || s.status == SIGV4_E_NOMEM);
        answer(&w, "{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"}");
        s.calls = 0;
        rc = kinesis_put_record(w.client,
                                KINESIS_PUT_RECORD(.stream = "n", .partition_key = SIGV4_LIT("k")),
                                on_put, &s, NULL, NULL);
        while (rc == SIGV4_OK && !s.calls)
            assert_int_equal(sigv4_loop_run(w.loop, 1000), SIGV4_OK);
        assert_int_equal(s.calls, rc == SIGV4_OK);
    }
    world_close(&w);
}

static void test_every_allocation_failing(void **state)
{
    (void)state;
    struct failing_alloc failing = {0};
    size_t n = 0;
    do {
        failing_alloc_fail(&failing, ++n);
        put_with_failing(&failing);
        assert_true(failing_alloc_clean(&failing));
    } while (failing.failures && n < 10000);
    print_message("%zu allocations failed one by one\n", n - 1);
    assert_true(n > 10);
}

int main(void)
{
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_record),         cmocka_unit_test(test_put_records),
        cmocka_unit_test(test_get_shard_iterator), cmocka_unit_test(test_get_records),
        cmocka_unit_test(test_list_shards),        cmocka_unit_test(test_describe_stream_summary),
        cmocka_unit_test(test_streams_and_shards), cmocka_unit_test(test_refused_before_sending),
        cmocka_unit_test(test_smaller_input),      cmocka_unit_test(test_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
