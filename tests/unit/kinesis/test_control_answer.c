/* Answers about streams, shards and consumers: good ones member by member, and members that are
 * missing or of the wrong type. */
#include "base/memory.h"
#include "base/text.h"
#include "edge.h"
#include "failing_alloc.h"
#include "wire/control_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sigv4_error err;

static void assert_text(struct sigv4_slice s, const char *expected)
{
    if (!sigv4__equal_str(s, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, (const char *)s.ptr, expected);
}

static json_t *parse(const char *text)
{
    json_t *root;
    if (kinesis__answer_parse(sigv4_str(text), &root, &err))
        fail_msg("%s", err.message);
    return root;
}

static void what_is_no_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "null",
                                      "[]",
                                      "7",
                                      "\"x\"",
                                      "{",
                                      "{}x",
                                      "{\"a\":1,}",
                                      "{\"a\":1,\"a\":1}",
                                      "<html></html>",
                                      "{\"a\":\"\xff\"}"};
    struct edge edge = edge_make(100);
    json_t *root;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n = strlen(bad[i]);
        struct sigv4_slice text = sigv4_bytes(edge_put(&edge, bad[i], n), n);
        if (kinesis__answer_parse(text, &root, &err) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i]);
        assert_null(root);
        assert_non_null(strstr(err.message, "the answer is not "));
    }
    edge_drop(&edge);
}

static const char shards[] =
    "{\"Shards\":[{\"ShardId\":\"shardId-000000000000\",\"HashKeyRange\":{\"StartingHashKey\":\"0\","
    "\"EndingHashKey\":\"99\"},\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\","
    "\"EndingSequenceNumber\":\"2\"}},{\"ShardId\":\"shardId-000000000001\",\"ParentShardId\":"
    "\"p\",\"AdjacentParentShardId\":\"q\",\"HashKeyRange\":{\"StartingHashKey\":\"100\","
    "\"EndingHashKey\":\"199\"},\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"3\","
    "\"EndingSequenceNumber\":null},\"New\":{}}],\"NextToken\":\"more\"}";

static void lists_of_shards(void **state)
{
    (void)state;
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    struct kinesis_list_shards_result out = {.size = sizeof out};
    struct kinesis_shard *list;
    json_t *root = parse(shards);
    assert_int_equal(kinesis__read_shards(root, &alloc, &out, &list, &err), SIGV4_OK);
    assert_int_equal(out.shard_count, 2);
    assert_text(out.next_token, "more");
    assert_int_equal(list[0].size, sizeof list[0]);
    assert_text(list[0].shard_id, "shardId-000000000000");
    assert_text(list[0].parent_shard_id, "");
    assert_text(list[0].starting_hash_key, "0");
    assert_text(list[0].ending_hash_key, "99");
    assert_text(list[0].starting_sequence_number, "1");
    assert_text(list[0].ending_sequence_number, "2");
    assert_text(list[1].parent_shard_id, "p");
    assert_text(list[1].adjacent_parent_shard_id, "q");
    assert_text(list[1].ending_sequence_number, "");
    sigv4__alloc_put(&alloc, list, 2 * sizeof *list);
    json_decref(root);
    root = parse("{\"Shards\":[],\"NextToken\":null}");
    assert_int_equal(kinesis__read_shards(root, &alloc, &out, &list, &err), SIGV4_OK);
    assert_int_equal(out.shard_count, 0);
    assert_text(out.next_token, "");
    assert_null(list);
    json_decref(root);
}

#define RANGE   "\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"9\"}"
#define NUMBERS "\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\"}"
#define LIST(x) "{\"Shards\":[{" x "}]}"

static void bad_lists_of_shards(void **state)
{
    (void)state;
    static const struct {
        const char *text, *member;
    } bad[] = {
        {"{}", "Shards"},
        {"{\"Shards\":null}", "Shards"},
        {"{\"Shards\":{}}", "Shards"},
        {"{\"Shards\":[7]}", "ShardId"},
        {"{\"Shards\":[],\"NextToken\":7}", "NextToken"},
        {LIST(RANGE "," NUMBERS), "ShardId"},
        {LIST("\"ShardId\":1," RANGE "," NUMBERS), "ShardId"},
        {LIST("\"ShardId\":\"s\",\"ParentShardId\":1," RANGE "," NUMBERS), "ParentShardId"},
        {LIST("\"ShardId\":\"s\"," NUMBERS), "HashKeyRange"},
        {LIST("\"ShardId\":\"s\",\"HashKeyRange\":[]," NUMBERS), "HashKeyRange"},
        {LIST("\"ShardId\":\"s\",\"HashKeyRange\":{\"StartingHashKey\":\"0\"}," NUMBERS),
         "EndingHashKey"},
        {LIST("\"ShardId\":\"s\"," RANGE), "SequenceNumberRange"},
        {LIST("\"ShardId\":\"s\"," RANGE ",\"SequenceNumberRange\":{}"), "StartingSequenceNumber"},
    };
    struct failing_alloc memory = {0};
    struct sigv4_alloc alloc = failing_alloc_hooks(&memory);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct kinesis_list_shards_result out = {.size = sizeof out};
        struct kinesis_shard *list;
        char expected[100];
        json_t *root = parse(bad[i].text);
        if (kinesis__read_shards(root, &alloc, &out, &list, &err) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i].text);
        snprintf(expected, sizeof expected, "the answer's member %s is missing or wrong",
                 bad[i].member);
        assert_string_equal(err.message, expected);
        assert_null(list);
        assert_int_equal(out.shard_count, 0);
        json_decref(root);
    }
    assert_true(failing_alloc_clean(&memory));
    failing_alloc_fail(&memory, 1);
    struct kinesis_list_shards_result out = {.size = sizeof out};
    struct kinesis_shard *list;
    json_t *root = parse(shards);
    assert_int_equal(kinesis__read_shards(root, &alloc, &out, &list, &err), SIGV4_E_NOMEM);
    json_decref(root);
}

static void a_summary(void **state)
{
    (void)state;
    struct kinesis_describe_stream_summary_result out = {.size = sizeof out};
    json_t *root = parse(
        "{\"StreamDescriptionSummary\":{\"StreamName\":\"n\",\"StreamARN\":\"a\",\"StreamStatus\":"
        "\"ACTIVE\",\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"},\"RetentionPeriodHours\":24,"
        "\"StreamCreationTimestamp\":1.700000000123E9,\"EncryptionType\":\"KMS\",\"KeyId\":\"k\","
        "\"OpenShardCount\":4,\"ConsumerCount\":1,\"MaxRecordSizeInKiB\":10240,"
        "\"EnhancedMonitoring\":[]}}");
    assert_int_equal(kinesis__read_stream_summary(root, &out, &err), SIGV4_OK);
    assert_text(out.stream_name, "n");
    assert_text(out.stream_arn, "a");
    assert_text(out.status, "ACTIVE");
    assert_text(out.mode, "ON_DEMAND");
    assert_text(out.encryption_type, "KMS");
    assert_text(out.key_id, "k");
    assert_int_equal(out.created_unix_ms, 1700000000123);
    assert_int_equal(out.retention_hours, 24);
    assert_int_equal(out.open_shard_count, 4);
    assert_int_equal(out.consumer_count, 1);
    assert_int_equal(out.max_record_kib, 10240);
    json_decref(root);
#define SUMMARY(x)                                                                                 \
    "{\"StreamDescriptionSummary\":{\"StreamName\":\"n\",\"StreamARN\":\"a\",\"StreamStatus\":"    \
    "\"ACTIVE\"" x "}}"
    root = parse(SUMMARY(""));
    assert_int_equal(kinesis__read_stream_summary(root, &out, &err), SIGV4_OK);
    assert_true(out.created_unix_ms == INT64_MIN);
    assert_int_equal(out.max_record_kib, 0);
    json_decref(root);
    static const char *const bad[] = {
        "{}",
        "{\"StreamDescriptionSummary\":null}",
        "{\"StreamDescriptionSummary\":[]}",
        "{\"StreamDescriptionSummary\":{\"StreamName\":\"n\",\"StreamARN\":\"a\"}}",
        SUMMARY(",\"OpenShardCount\":-1"),
        SUMMARY(",\"OpenShardCount\":4294967296"),
        SUMMARY(",\"OpenShardCount\":1.5"),
        SUMMARY(",\"OpenShardCount\":\"1\""),
        SUMMARY(",\"StreamCreationTimestamp\":\"x\""),
        SUMMARY(",\"StreamCreationTimestamp\":1e300"),
        SUMMARY(",\"StreamModeDetails\":\"ON_DEMAND\""),
        SUMMARY(",\"StreamModeDetails\":{\"StreamMode\":1}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        root = parse(bad[i]);
        if (kinesis__read_stream_summary(root, &out, &err) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i]);
        json_decref(root);
    }
}

static void iterators_and_consumers(void **state)
{
    (void)state;
    struct kinesis_get_shard_iterator_result iterator = {.size = sizeof iterator};
    struct kinesis_stream_consumer_result out = {.size = sizeof out};
    json_t *root = parse("{\"ShardIterator\":\"AAAA\"}");
    assert_int_equal(kinesis__read_shard_iterator(root, &iterator, &err), SIGV4_OK);
    assert_text(iterator.shard_iterator, "AAAA");
    json_decref(root);
    static const char *const bad[] = {"{}", "{\"ShardIterator\":null}", "{\"ShardIterator\":1}"};
    for (size_t i = 0; i < 3; i++) {
        root = parse(bad[i]);
        assert_int_equal(kinesis__read_shard_iterator(root, &iterator, &err), SIGV4_E_PROTOCOL);
        assert_int_equal(kinesis__read_stream_consumer(root, "Consumer", &out, &err),
                         SIGV4_E_PROTOCOL);
        json_decref(root);
    }
    root = parse("{\"Consumer\":{\"ConsumerName\":\"c\",\"ConsumerARN\":\"a\",\"ConsumerStatus\":"
                 "\"CREATING\",\"ConsumerCreationTimestamp\":1700000000}}");
    assert_int_equal(kinesis__read_stream_consumer(root, "Consumer", &out, &err), SIGV4_OK);
    assert_text(out.consumer_name, "c");
    assert_text(out.consumer_arn, "a");
    assert_text(out.status, "CREATING");
    assert_text(out.stream_arn, "");
    assert_int_equal(out.created_unix_ms, 1700000000000);
    assert_int_equal(kinesis__read_stream_consumer(root, "ConsumerDescription", &out, &err),
                     SIGV4_E_PROTOCOL);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_answer),       cmocka_unit_test(lists_of_shards),
        cmocka_unit_test(bad_lists_of_shards),     cmocka_unit_test(a_summary),
        cmocka_unit_test(iterators_and_consumers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
