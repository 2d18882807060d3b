/* Answers to GetRecords and events of SubscribeToShard, read in place. */
#include "base/text.h"
#include "edge.h"
#include "failing_alloc.h"
#include "wire/get_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct kinesis__get_answer answer;
static struct sigv4_error err;

/* The text lies before a protected page. */
static int read_n(const char *text, size_t n)
{
    static struct edge edge;
    if (!edge.map)
        edge = edge_make(1 << 16);
    return kinesis__get_answer_read(&answer, edge_put(&edge, text, n), n, &err);
}

static int read_text(const char *text)
{
    return read_n(text, strlen(text));
}

static void assert_text(struct sigv4_slice s, const char *expected)
{
    if (!sigv4__equal_str(s, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, (const char *)s.ptr, expected);
}

static int set_up(void **state)
{
    (void)state;
    kinesis__get_answer_init(&answer, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kinesis__get_answer_free(&answer);
    return 0;
}

static const char good[] =
    "{\"MillisBehindLatest\":2100,\"Records\":["
    "{\"SequenceNumber\":\"4959\",\"ApproximateArrivalTimestamp\":1.441215410867E9,"
    "\"Data\":\"QUJD\",\"PartitionKey\":\"adam\"},"
    "{\"EncryptionType\":\"KMS\",\"PartitionKey\":\"\\u00e9\\\"\\ud83d\\ude00\",\"Data\":\"\","
    "\"SequenceNumber\":\"4960\",\"ApproximateArrivalTimestamp\":1441215411,\"New\":{\"a\":[]}},"
    "{\"Data\":\"\\/\\/\\u002b+\",\"PartitionKey\":\"\",\"SequenceNumber\":\"4961\","
    "\"ApproximateArrivalTimestamp\":null,\"EncryptionType\":null}],"
    "\"NextShardIterator\":\"AAAA\\/\",\"ChildShards\":["
    "{\"ShardId\":\"shardId-000000000002\",\"ParentShards\":[\"shardId-000000000000\","
    "\"shardId-000000000001\"],\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":"
    "\"340282366920938463463374607431768211455\"}}]}";

static void a_good_answer(void **state)
{
    (void)state;
    if (read_text(good))
        fail_msg("%s", err.message);
    assert_int_equal(answer.count, 3);
    const struct kinesis_got_record *r = answer.records;
    assert_int_equal(r[0].size, sizeof r[0]);
    assert_text(r[0].sequence_number, "4959");
    assert_text(r[0].partition_key, "adam");
    assert_text(r[0].data, "ABC");
    assert_text(r[0].encryption_type, "");
    assert_int_equal(r[0].arrived_unix_ms, 1441215410867);
    assert_text(r[1].partition_key, "\xc3\xa9\"\xf0\x9f\x98\x80");
    assert_int_equal(r[1].data.len, 0);
    assert_text(r[1].encryption_type, "KMS");
    assert_int_equal(r[1].arrived_unix_ms, 1441215411000);
    assert_text(r[2].data, "\xff\xff\xbe");
    assert_text(r[2].partition_key, "");
    assert_true(r[2].arrived_unix_ms == INT64_MIN);
    assert_int_equal(answer.behind_ms, 2100);
    assert_text(answer.next_shard_iterator, "AAAA/");
    assert_int_equal(answer.child_count, 1);
    const struct kinesis_child_shard *child = answer.children;
    assert_text(child->shard_id, "shardId-000000000002");
    assert_int_equal(child->parent_count, 2);
    assert_text(child->parents[0], "shardId-000000000000");
    assert_text(child->parents[1], "shardId-000000000001");
    assert_text(child->starting_hash_key, "0");
    assert_text(child->ending_hash_key, "340282366920938463463374607431768211455");
}

static void absent_and_null_are_the_same(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "{\"Records\":[]}",
        ("{\"NextShardIterator\":null,\"MillisBehindLatest\":null,\"ChildShards\":null,"
         "\"ContinuationSequenceNumber\":null,\"Records\":[]}"),
        " {\n \"Records\" : [ ] \r\t}\n",
    };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_text(good), SIGV4_OK);
        assert_int_equal(read_text(ends[i]), SIGV4_OK);
        assert_int_equal(answer.count, 0);
        assert_int_equal(answer.child_count, 0);
        assert_int_equal(answer.behind_ms, -1);
        assert_int_equal(answer.next_shard_iterator.len, 0);
    }
}

static void an_event_of_a_subscription(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"ContinuationSequenceNumber\":\"4961\",\"MillisBehindLatest\":0,"
                               "\"Records\":[{\"Data\":\"QQ==\",\"PartitionKey\":\"k\","
                               "\"SequenceNumber\":\"1\"}]}"),
                     SIGV4_OK);
    assert_text(answer.continuation_sequence_number, "4961");
    assert_text(answer.records[0].data, "A");
    assert_int_equal(answer.behind_ms, 0);
}

#define K    "\"PartitionKey\":\"k\""
#define S    "\"SequenceNumber\":\"1\""
#define D    "\"Data\":\"QQ==\""
#define R(x) "{\"Records\":[{" x "}]}"

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "[]",
        "\"Records\"",
        "{}",
        "{\"Records\":null}",
        "{\"Records\":{}}",
        "{\"Records\":\"\"}",
        "{\"Records\":[null]}",
        "{\"Records\":[[]]}",
        "{\"Records\":[1]}",
        "{\"records\":[]}",
        R(""),
        R(K "," S),
        R(K "," D),
        R(S "," D),
        R(K "," S ",\"Data\":null"),
        R(D "," S ",\"PartitionKey\":null"),
        R(K "," D ",\"SequenceNumber\":null"),
        R(K "," D ",\"SequenceNumber\":\"\""),
        R(K "," D ",\"SequenceNumber\":1"),
        R(K "," S ",\"Data\":7"),
        R(K "," S ",\"Data\":[\"QQ==\"]"),
        R(K "," S ",\"Data\":\"QQ=\""),
        R(K "," S ",\"Data\":\"QQ\""),
        R(K "," S ",\"Data\":\"QR==\""),
        R(K "," S ",\"Data\":\"QQ==QQ==\""),
        R(K "," S ",\"Data\":\"QQ==\\n\""),
        R(K "," S ",\"Data\":\"Q\xc3\xa9Q=\""),
        R(K "," S ",\"Data\":\"QQ\n==\""),
        R(D "," K "," S "," D),
        R(D "," K "," S "," K),
        R(D "," K "," S "," S),
        R(D "," K "," S ",\"Da\\u0074a\":\"QQ==\""),
        R(D "," K "," S ",\"ApproximateArrivalTimestamp\":\"1\""),
        R(D "," K "," S ",\"ApproximateArrivalTimestamp\":1e300"),
        R(D "," K "," S ",\"ApproximateArrivalTimestamp\":1,\"ApproximateArrivalTimestamp\":1"),
        R(D "," K "," S ",\"EncryptionType\":1"),
        R(D "," K "," S ",\"X\":[}"),
        R(D "," K "," S ",\"X\":\"\\ud800\""),
        R(D "," K "," S ","),
        R(D "," S ",\"PartitionKey\":\"\xff\""),
        "{\"Records\":[{" D "," K "," S "},]}",
        "{\"Records\":[{" D "," K "," S "}{" D "," K "," S "}]}",
        "{\"Records\":[],\"Records\":[]}",
        "{\"Records\":[],\"NextShardIterator\":7}",
        "{\"Records\":[],\"NextShardIterator\":\"a\",\"NextShardIterator\":\"b\"}",
        "{\"Records\":[],\"MillisBehindLatest\":\"0\"}",
        "{\"Records\":[],\"MillisBehindLatest\":99999999999999999999}",
        "{\"Records\":[],\"MillisBehindLatest\":1,\"MillisBehindLatest\":1}",
        "{\"Records\":[],\"ChildShards\":{}}",
        "{\"Records\":[],\"ChildShards\":[{}]}",
        "{\"Records\":[],\"ChildShards\":[7]}",
        "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"s\",\"ParentShards\":[1]}]}",
        "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"s\",\"ParentShards\":[\"a\",\"b\",\"c\"]}]}",
        "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"s\",\"HashKeyRange\":[]}]}",
        "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"s\",\"ParentShards\":[],\"ParentShards\":[]}]}",
        "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"s\",\"ShardId\":\"s\"}]}",
        "{\"Records\":[]}}",
        "{\"Records\":[]} {}",
        "<html><head><title>502</title></head></html>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_text(bad[i]) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i]);
        assert_memory_equal(err.message, "GetRecords answer, byte ", 24);
        assert_int_equal(answer.count, 0);
    }
    assert_int_equal(read_text(R(D "," K "," S)), SIGV4_OK);
    print_message("%zu bad answers refused\n", sizeof bad / sizeof *bad);
}

static void trouble_says_where(void **state)
{
    (void)state;
    assert_int_equal(read_text(R(K "," S ",\"Data\":\"Q!==\"")), SIGV4_E_PROTOCOL);
    assert_string_equal(err.message, "GetRecords answer, byte 61: data that is not base64");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++)
        assert_int_equal(read_n(good, n), SIGV4_E_PROTOCOL);
}

/* Depth, numbers and strings without end do not get far. */
static void hostile_members_are_refused(void **state)
{
    (void)state;
    enum { N = 60000 };
    static char text[N + 100];
    static const char fills[] = "[{\"9\\- ";
    for (size_t i = 0; i < sizeof fills - 1; i++) {
        size_t n = (size_t)sprintf(text, "{\"X\":");
        memset(text + n, fills[i], N);
        if (fills[i] == '{') {
            for (size_t k = 0; k + 5 <= N; k += 5)
                memcpy(text + n + k, "{\"a\":", 5);
        }
        assert_int_equal(read_n(text, n + N), SIGV4_E_PROTOCOL);
    }
}

/* A body of count records with data of size bytes; the last member is the iterator. */
static size_t write_body(char *to, size_t size, size_t count)
{
    static unsigned char data[200000];
    char *at = to + sprintf(to, "{\"Records\":[");
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 7 + (i >> 8));
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "%s{\"SequenceNumber\":\"%zu\",\"PartitionKey\":\"k%zu\",\"Data\":\"",
                      i ? "," : "", i + 1, i);
        at += kinesis__base64_encode(kinesis__base64_path(0), at, data, size);
        at += sprintf(at, "\",\"ApproximateArrivalTimestamp\":%zu.5}", i);
    }
    return (size_t)(at - to) + (size_t)sprintf(at, "],\"NextShardIterator\":\"next\"}");
}

static void assert_body(size_t size, size_t count)
{
    assert_int_equal(answer.count, count);
    for (size_t i = 0; i < count; i++) {
        char text[40];
        const struct kinesis_got_record *r = &answer.records[i];
        sprintf(text, "%zu", i + 1);
        assert_text(r->sequence_number, text);
        sprintf(text, "k%zu", i);
        assert_text(r->partition_key, text);
        assert_int_equal(r->arrived_unix_ms, i * 1000 + 500);
        assert_int_equal(r->data.len, size);
        for (size_t k = 0; k < size; k++) {
            if (((const unsigned char *)r->data.ptr)[k] != (unsigned char)(k * 7 + (k >> 8)))
                fail_msg("record %zu differs at byte %zu", i, k);
        }
    }
    assert_text(answer.next_shard_iterator, "next");
}

static void all_sizes_come_out_whole(void **state)
{
    (void)state;
    static const size_t shapes[][2] = {{0, 3},      {1, 3},       {2, 10},    {3, 10},
                                       {31, 100},   {1000, 300},  {1024, 40}, {100, 10000},
                                       {200000, 3}, {100000, 105}};
    char *body = malloc(20u << 20);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t n = write_body(body, shapes[i][0], shapes[i][1]);
        if (kinesis__get_answer_read(&answer, body, n, &err))
            fail_msg("%s", err.message);
        assert_body(shapes[i][0], shapes[i][1]);
    }
    free(body);
}

static void the_number_of_records_is_bounded(void **state)
{
    (void)state;
    char *body = malloc(40u << 20);
    size_t n = write_body(body, 0, KINESIS__GET_MAX_RECORDS);
    assert_int_equal(kinesis__get_answer_read(&answer, body, n, &err), SIGV4_OK);
    n = write_body(body, 0, KINESIS__GET_MAX_RECORDS + 1);
    assert_int_equal(kinesis__get_answer_read(&answer, body, n, &err), SIGV4_E_PROTOCOL);
    free(body);
}

static void memory_fails_and_is_kept(void **state)
{
    (void)state;
    static char body[1 << 20];
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        struct failing_alloc memory = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
        kinesis__get_answer_free(&answer);
        kinesis__get_answer_init(&answer, &hooks);
        failing_alloc_fail(&memory, nth);
        int status = kinesis__get_answer_read(&answer, body, write_body(body, 10, 1000), &err);
        failed = memory.failures > 0;
        assert_int_equal(status, failed ? SIGV4_E_NOMEM : SIGV4_OK);
        /* It works the next time, and the time after that without asking for memory. */
        size_t n = write_body(body, 10, 1000);
        assert_int_equal(kinesis__get_answer_read(&answer, body, n, &err), SIGV4_OK);
        assert_body(10, 1000);
        failing_alloc_fail(&memory, 1);
        n = write_body(body, 10, 1000);
        assert_int_equal(kinesis__get_answer_read(&answer, body, n, &err), SIGV4_OK);
        assert_int_equal(memory.requests, 0);
        kinesis__get_answer_free(&answer);
        assert_true(failing_alloc_clean(&memory));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absent_and_null_are_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_of_a_subscription, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trouble_says_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_members_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_sizes_come_out_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_records_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_fails_and_is_kept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
