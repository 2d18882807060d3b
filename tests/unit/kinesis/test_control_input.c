/* The bodies of requests about streams, shards and consumers: word for word, and what is refused
 * before anything is sent. */
#include "wire/control_input.h"
#include "wire/stream_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARN      "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"
#define CONSUMER ARN "/consumer/app:1700000000"
#define SHARD    SIGV4_LIT("shardId-000000000000")

static struct sigv4__buffer b;
static struct sigv4_error err;

static int set_up(void **state)
{
    (void)state;
    sigv4__buffer_init(&b, NULL, 1 << 21);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sigv4__buffer_free(&b);
    return 0;
}

static void wrote(int status, const char *expected)
{
    if (status)
        fail_msg("refused: %s", err.message);
    assert_string_equal(sigv4__buffer_cstr(&b), expected);
    sigv4__buffer_clear(&b);
}

/* Refused, with a message that has part in it. */
static void refused(int status, const char *part)
{
    assert_int_equal(status, SIGV4_E_INVALID);
    assert_int_equal(err.status, SIGV4_E_INVALID);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
    sigv4__buffer_clear(&b);
}

static void iterators(void **state)
{
    (void)state;
    struct kinesis_get_shard_iterator_input in = {
        .size = sizeof in, .stream = "numbers", .shard_id = SHARD};
    wrote(kinesis__write_get_shard_iterator(&b, &in, &err),
          "{\"StreamName\":\"numbers\",\"ShardId\":\"shardId-000000000000\","
          "\"ShardIteratorType\":\"TRIM_HORIZON\"}");
    in.stream = ARN;
    in.type = KINESIS_AFTER_SEQUENCE_NUMBER;
    in.sequence_number = SIGV4_LIT("4959");
    wrote(kinesis__write_get_shard_iterator(&b, &in, &err),
          "{\"StreamARN\":\"" ARN "\",\"ShardId\":\"shardId-000000000000\","
          "\"ShardIteratorType\":\"AFTER_SEQUENCE_NUMBER\",\"StartingSequenceNumber\":\"4959\"}");
    in.stream = "numbers";
    in.type = KINESIS_AT_TIMESTAMP;
    in.timestamp_unix_ms = 1700000000123;
    wrote(kinesis__write_get_shard_iterator(&b, &in, &err),
          "{\"StreamName\":\"numbers\",\"ShardId\":\"shardId-000000000000\","
          "\"ShardIteratorType\":\"AT_TIMESTAMP\",\"Timestamp\":1700000000.123}");
    in.timestamp_unix_ms = -1;
    refused(kinesis__write_get_shard_iterator(&b, &in, &err), "before 1970");
    in.type = (enum kinesis_iterator_type)99;
    refused(kinesis__write_get_shard_iterator(&b, &in, &err), "iterator type 99");
    in.type = KINESIS_AT_SEQUENCE_NUMBER;
    static const char *const bad[] = {"", "x", "01", "1 ", "-1"};
    for (size_t i = 0; i < 5; i++) {
        in.sequence_number = sigv4_str(bad[i]);
        refused(kinesis__write_get_shard_iterator(&b, &in, &err), "no sequence number");
    }
    in.type = KINESIS_LATEST;
    static const char *const ids[] = {"", "shard id", "a/b", "\"", "\xff"};
    for (size_t i = 0; i < 5; i++) {
        in.shard_id = sigv4_str(ids[i]);
        refused(kinesis__write_get_shard_iterator(&b, &in, &err), "no shard id");
    }
}

static void subscriptions(void **state)
{
    (void)state;
    struct kinesis_subscribe_to_shard_input in = {
        .size = sizeof in, .consumer_arn = CONSUMER, .shard_id = SHARD, .type = KINESIS_LATEST};
    wrote(kinesis__write_subscribe_to_shard(&b, &in, &err),
          "{\"ConsumerARN\":\"" CONSUMER "\",\"ShardId\":\"shardId-000000000000\","
          "\"StartingPosition\":{\"Type\":\"LATEST\"}}");
    in.type = KINESIS_AFTER_SEQUENCE_NUMBER;
    in.sequence_number = SIGV4_LIT("49653");
    wrote(
        kinesis__write_subscribe_to_shard(&b, &in, &err),
        "{\"ConsumerARN\":\"" CONSUMER "\",\"ShardId\":\"shardId-000000000000\","
        "\"StartingPosition\":{\"Type\":\"AFTER_SEQUENCE_NUMBER\",\"SequenceNumber\":\"49653\"}}");
    in.type = KINESIS_AT_TIMESTAMP;
    in.timestamp_unix_ms = 1700000000123;
    wrote(kinesis__write_subscribe_to_shard(&b, &in, &err),
          "{\"ConsumerARN\":\"" CONSUMER "\",\"ShardId\":\"shardId-000000000000\","
          "\"StartingPosition\":{\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000000.123}}");
    in.timestamp_unix_ms = -1;
    refused(kinesis__write_subscribe_to_shard(&b, &in, &err), "1970");
    in.type = KINESIS_AT_SEQUENCE_NUMBER;
    in.sequence_number = SIGV4_LIT("x");
    refused(kinesis__write_subscribe_to_shard(&b, &in, &err), "sequence number");
    in.consumer_arn = ARN;
    refused(kinesis__write_subscribe_to_shard(&b, &in, &err), "consumer's ARN");
    in.shard_id = SIGV4_LIT("");
    refused(kinesis__write_subscribe_to_shard(&b, &in, &err), "shard id");
}

static void streams_are_checked(void **state)
{
    (void)state;
    char name[140], arn[2100];
    memset(name, 'x', sizeof name);
    name[128] = '\0';
    assert_int_equal(kinesis__stream_check(name, &err), SIGV4_OK);
    name[128] = 'x';
    name[129] = '\0';
    refused(kinesis__stream_check(name, &err), "no stream name");
    memset(arn, 'x', sizeof arn);
    memcpy(arn, ARN, sizeof ARN - 1);
    arn[2048] = '\0';
    assert_int_equal(kinesis__stream_check(arn, &err), SIGV4_OK);
    arn[2048] = 'x';
    arn[2049] = '\0';
    refused(kinesis__stream_check(arn, &err), "no stream's ARN");
    static const char *const names[] = {NULL, "", "a b", "a/b", "a:b", "caf\xc3\xa9", "\"", "a\n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refused(kinesis__stream_check(names[i], &err), "no stream name");
    static const char *const arns[] = {"arn:",
                                       "arn:aws:kinesis",
                                       "arn:aws:s3:::bucket",
                                       "arn:aws:kinesis:us-east-1:123456789012:table/x",
                                       "arn:aws:kinesis:us-east-1:123456789012:stream/",
                                       ARN "/consumer/c:1",
                                       ARN "\xff",
                                       ARN "\"",
                                       ARN " "};
    for (size_t i = 0; i < sizeof arns / sizeof *arns; i++)
        refused(kinesis__stream_check(arns[i], &err), "no stream's ARN");
}

static void records(void **state)
{
    (void)state;
    char iterator[600];
    struct kinesis_get_records_input in = {
        .size = sizeof in, .stream = "numbers", .shard_iterator = SIGV4_LIT("AAA/+=")};
    wrote(kinesis__write_get_records(&b, &in, &err), "{\"ShardIterator\":\"AAA/+=\"}");
    in.stream = ARN;
    in.limit = 10000;
    wrote(kinesis__write_get_records(&b, &in, &err),
          "{\"ShardIterator\":\"AAA/+=\",\"Limit\":10000,\"StreamARN\":\"" ARN "\"}");
    in.limit = 10001;
    refused(kinesis__write_get_records(&b, &in, &err), "10001 records are more");
    in.limit = 0;
    in.stream = "arn:nonsense";
    refused(kinesis__write_get_records(&b, &in, &err), "no stream's ARN");
    in.stream = NULL;
    memset(iterator, 'A', sizeof iterator);
    in.shard_iterator = sigv4_bytes(iterator, 512);
    assert_int_equal(kinesis__write_get_records(&b, &in, &err), SIGV4_OK);
    in.shard_iterator = sigv4_bytes(iterator, 513);
    refused(kinesis__write_get_records(&b, &in, &err), "1 to 512 characters");
    in.shard_iterator = SIGV4_LIT("");
    refused(kinesis__write_get_records(&b, &in, &err), "1 to 512 characters");
    in.shard_iterator = SIGV4_LIT("\xff");
    refused(kinesis__write_get_records(&b, &in, &err), "shard iterator");
}

static void lists_of_shards(void **state)
{
    (void)state;
    struct kinesis_list_shards_input in = {.size = sizeof in, .stream = "numbers"};
    wrote(kinesis__write_list_shards(&b, &in, &err), "{\"StreamName\":\"numbers\"}");
    in.exclusive_start_shard_id = SHARD;
    in.max_results = 10000;
    in.filter_unix_ms = 1700000000000;
    in.filter_shard_id = SIGV4_LIT("s");
    static const char *const filters[] = {
        [KINESIS_SHARDS_AT_LATEST] = "{\"Type\":\"AT_LATEST\"}",
        [KINESIS_SHARDS_AT_TRIM_HORIZON] = "{\"Type\":\"AT_TRIM_HORIZON\"}",
        [KINESIS_SHARDS_FROM_TRIM_HORIZON] = "{\"Type\":\"FROM_TRIM_HORIZON\"}",
        [KINESIS_SHARDS_AT_TIMESTAMP] = "{\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":1700000000.000}",
        [KINESIS_SHARDS_FROM_TIMESTAMP] =
            "{\"Type\":\"FROM_TIMESTAMP\",\"Timestamp\":1700000000.000}",
        [KINESIS_SHARDS_AFTER_SHARD_ID] = "{\"Type\":\"AFTER_SHARD_ID\",\"ShardId\":\"s\"}",
    };
    for (int f = KINESIS_SHARDS_AT_LATEST; f <= KINESIS_SHARDS_AFTER_SHARD_ID; f++) {
        char expected[300];
        snprintf(expected, sizeof expected,
                 "{\"StreamName\":\"numbers\",\"ExclusiveStartShardId\":\"shardId-000000000000\","
                 "\"MaxResults\":10000,\"ShardFilter\":%s}",
                 filters[f]);
        in.filter = (enum kinesis_shard_filter)f;
        wrote(kinesis__write_list_shards(&b, &in, &err), expected);
    }
    in.filter_shard_id = SIGV4_LIT("");
    refused(kinesis__write_list_shards(&b, &in, &err), "shard id to filter by");
    in.filter = (enum kinesis_shard_filter)77;
    refused(kinesis__write_list_shards(&b, &in, &err), "unknown shard filter");
    in.filter = KINESIS_SHARDS_ALL;
    in.max_results = 10001;
    refused(kinesis__write_list_shards(&b, &in, &err), "at most 10000");
    in.max_results = 0;
    in.exclusive_start_shard_id = SIGV4_LIT("a b");
    refused(kinesis__write_list_shards(&b, &in, &err), "shard id to start behind");
}

static void a_token_stands_for_the_stream(void **state)
{
    (void)state;
    struct kinesis_list_shards_input in = {.size = sizeof in,
                                           .stream = "numbers",
                                           .next_token = SIGV4_LIT("tok\"en"),
                                           .filter = KINESIS_SHARDS_AT_LATEST};
    wrote(kinesis__write_list_shards(&b, &in, &err), "{\"NextToken\":\"tok\\\"en\"}");
    in.stream = ARN;
    in.max_results = 5;
    wrote(kinesis__write_list_shards(&b, &in, &err),
          "{\"StreamARN\":\"" ARN "\",\"NextToken\":\"tok\\\"en\",\"MaxResults\":5}");
    in.stream = "arn:nonsense";
    refused(kinesis__write_list_shards(&b, &in, &err), "no stream's ARN");
    in.stream = NULL;
    in.next_token = SIGV4_LIT("\xc0");
    refused(kinesis__write_list_shards(&b, &in, &err), "next token");
    char *longest = calloc(1, 1048577);
    memset(longest, 't', 1048577);
    in.next_token = sigv4_bytes(longest, 1048576);
    assert_int_equal(kinesis__write_list_shards(&b, &in, &err), SIGV4_OK);
    in.next_token = sigv4_bytes(longest, 1048577);
    refused(kinesis__write_list_shards(&b, &in, &err), "1 to 1048576 characters");
    free(longest);
}

static void streams_and_shards(void **state)
{
    (void)state;
    struct kinesis_create_stream_input create = {.size = sizeof create, .stream = "numbers"};
    wrote(kinesis__write_create_stream(&b, &create, &err),
          "{\"StreamName\":\"numbers\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}");
    create.shard_count = 3;
    create.max_record_kib = 10240;
    wrote(kinesis__write_create_stream(&b, &create, &err),
          "{\"StreamName\":\"numbers\",\"ShardCount\":3,\"MaxRecordSizeInKiB\":10240}");
    create.max_record_kib = 1023;
    refused(kinesis__write_create_stream(&b, &create, &err), "between 1024 and 10240");
    create.stream = ARN;
    refused(kinesis__write_create_stream(&b, &create, &err), "no stream name");

    struct kinesis_delete_stream_input delete = {.size = sizeof delete, .stream = "numbers"};
    wrote(kinesis__write_delete_stream(&b, &delete, &err), "{\"StreamName\":\"numbers\"}");
    delete.enforce_consumer_deletion = true;
    wrote(kinesis__write_delete_stream(&b, &delete, &err),
          "{\"StreamName\":\"numbers\",\"EnforceConsumerDeletion\":true}");
    delete.stream = "";
    refused(kinesis__write_delete_stream(&b, &delete, &err), "no stream name");

    struct kinesis_split_shard_input split = {.size = sizeof split,
                                              .stream = "numbers",
                                              .shard_id = SHARD,
                                              .new_starting_hash_key = SIGV4_LIT("10")};
    wrote(kinesis__write_split_shard(&b, &split, &err),
          "{\"StreamName\":\"numbers\",\"ShardToSplit\":\"shardId-000000000000\","
          "\"NewStartingHashKey\":\"10\"}");
    split.new_starting_hash_key = SIGV4_LIT("010");
    refused(kinesis__write_split_shard(&b, &split, &err), "decimal number below 2^128");
    split.shard_id = SIGV4_LIT("");
    refused(kinesis__write_split_shard(&b, &split, &err), "shard to split");

    struct kinesis_merge_shards_input merge = {
        .size = sizeof merge, .stream = "numbers", .shard_id = SHARD, .adjacent_shard_id = SHARD};
    wrote(kinesis__write_merge_shards(&b, &merge, &err),
          "{\"StreamName\":\"numbers\",\"ShardToMerge\":\"shardId-000000000000\","
          "\"AdjacentShardToMerge\":\"shardId-000000000000\"}");
    merge.adjacent_shard_id = SIGV4_LIT("?");
    refused(kinesis__write_merge_shards(&b, &merge, &err), "adjacent shard to merge");

    wrote(kinesis__write_stream_alone(&b, ARN, &err), "{\"StreamARN\":\"" ARN "\"}");
    refused(kinesis__write_stream_alone(&b, NULL, &err), "no stream name");
}

static void consumers(void **state)
{
    (void)state;
    struct kinesis_stream_consumer_input in = {
        .size = sizeof in, .stream_arn = ARN, .consumer_name = "app"};
    for (int registering = 0; registering < 2; registering++)
        wrote(kinesis__write_stream_consumer(&b, &in, registering, &err),
              "{\"StreamARN\":\"" ARN "\",\"ConsumerName\":\"app\"}");
    in.stream_arn = "numbers";
    refused(kinesis__write_stream_consumer(&b, &in, true, &err), "need the stream's ARN");
    in.stream_arn = NULL;
    refused(kinesis__write_stream_consumer(&b, &in, true, &err), "need the stream's ARN");
    in.consumer_name = NULL;
    refused(kinesis__write_stream_consumer(&b, &in, true, &err), "'' is no consumer's name");
    in.consumer_arn = CONSUMER;
    wrote(kinesis__write_stream_consumer(&b, &in, false, &err),
          "{\"ConsumerARN\":\"" CONSUMER "\"}");
    refused(kinesis__write_stream_consumer(&b, &in, true, &err), "is registered by");
    static const char *const bad[] = {"app", ARN, "arn:aws:s3:::stream/x/consumer/y",
                                      CONSUMER "\xff", CONSUMER "\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in.consumer_arn = bad[i];
        refused(kinesis__write_stream_consumer(&b, &in, false, &err), "no consumer's ARN");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(iterators, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subscriptions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_of_shards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_stands_for_the_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_and_shards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(consumers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
