/* The typed calls: the bytes each one sends, and what each makes of its answer. */
#include "flow/call_world.h"

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

int main(void)
{
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_record),         cmocka_unit_test(test_put_records),
        cmocka_unit_test(test_get_shard_iterator), cmocka_unit_test(test_get_records),
        cmocka_unit_test(test_list_shards),        cmocka_unit_test(test_describe_stream_summary),
        cmocka_unit_test(test_streams_and_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
