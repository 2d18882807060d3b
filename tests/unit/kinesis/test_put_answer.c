/* Answers to PutRecords and PutRecord: good ones, and all that must be refused. */
#include "base/text.h"
#include "edge.h"
#include "wire/put_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct kinesis_put_outcome outcomes[10];
static struct kinesis__put_answer answer;
static struct sigv4_error err;

/* The text lies before a protected page. */
static int read_answer(const char *text, size_t count)
{
    static struct edge edge;
    if (!edge.map)
        edge = edge_make(8192);
    size_t n = strlen(text);
    return kinesis__put_answer_read(&answer, edge_put(&edge, text, n), n, outcomes, count, &err);
}

static void assert_text(struct sigv4_slice s, const char *expected)
{
    if (!sigv4__equal_str(s, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, (const char *)s.ptr, expected);
}

static const char good[] =
    "{\"FailedRecordCount\":1,\"Records\":["
    "{\"SequenceNumber\":\"4959\",\"ShardId\":\"shardId-000000000000\"},"
    "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"Rate \\\"x\\\" "
    "exceeded\"},"
    "{\"ShardId\":\"shardId-000000000001\",\"SequenceNumber\":\"1\",\"ErrorCode\":null,"
    "\"ErrorMessage\":null,\"Later\":[{\"a\":1}]}],\"EncryptionType\":\"KMS\"}";

static void a_good_answer(void **state)
{
    (void)state;
    assert_int_equal(read_answer(good, 3), SIGV4_OK);
    assert_int_equal(answer.failed, 1);
    assert_text(answer.encryption_type, "KMS");
    assert_int_equal(outcomes[0].size, sizeof outcomes[0]);
    assert_text(outcomes[0].sequence_number, "4959");
    assert_text(outcomes[0].shard_id, "shardId-000000000000");
    assert_text(outcomes[0].error_code, "");
    assert_text(outcomes[1].error_code, "ProvisionedThroughputExceededException");
    assert_text(outcomes[1].error_message, "Rate \"x\" exceeded");
    assert_text(outcomes[1].shard_id, "");
    assert_text(outcomes[2].sequence_number, "1");
    assert_int_equal(read_answer("{\"Records\":[]}", 0), SIGV4_OK);
    assert_int_equal(read_answer(" {\"Records\" : [ {\"ErrorCode\":\"InternalFailure\"} ] } ", 1),
                     SIGV4_OK);
}

static void the_number_of_entries_must_be_right(void **state)
{
    (void)state;
    assert_int_equal(read_answer(good, 2), SIGV4_E_PROTOCOL);
    assert_non_null(strstr(err.message, ": more entries than records were sent"));
    assert_int_equal(read_answer(good, 4), SIGV4_E_PROTOCOL);
    assert_non_null(strstr(err.message, "fewer entries"));
}

#define ENTRY "{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"}"

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"Records\":null}",
        "{\"Records\":{}}",
        "{\"Records\":[1]}",
        "{\"Records\":[null]}",
        "{\"Records\":[[]]}",
        "{\"Records\":[{}]}",
        "{\"Records\":[{\"SequenceNumber\":\"1\"}]}",
        "{\"Records\":[{\"ShardId\":\"s\"}]}",
        "{\"Records\":[{\"ErrorMessage\":\"m\"}]}",
        "{\"Records\":[{\"SequenceNumber\":\"\",\"ShardId\":\"s\"}]}",
        "{\"Records\":[{\"SequenceNumber\":1,\"ShardId\":\"s\"}]}",
        "{\"Records\":[{\"SequenceNumber\":\"1\",\"ShardId\":\"s\",\"ErrorCode\":\"x\"}]}",
        "{\"Records\":[{\"SequenceNumber\":\"1\",\"ErrorCode\":\"x\"}]}",
        "{\"Records\":[{\"SequenceNumber\":\"1\",\"ShardId\":\"s\",\"ShardId\":\"s\"}]}",
        "{\"Records\":[" ENTRY "],\"Records\":[" ENTRY "]}",
        "{\"Records\":[" ENTRY "]",
        "{\"Records\":[" ENTRY ",]}",
        "{\"Records\":[" ENTRY "]}x",
        "{\"Records\":[" ENTRY "],\"EncryptionType\":7}",
        "{\"Records\":[" ENTRY "],\"Other\":tru}",
        "<html><body>503 Service Unavailable</body></html>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_answer(bad[i], 1) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.status, SIGV4_E_PROTOCOL);
        assert_memory_equal(err.message, "PutRecords answer, byte ", 24);
    }
    assert_int_equal(read_answer("{\"Records\":[" ENTRY "]}", 1), SIGV4_OK);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        char cut[sizeof good];
        memcpy(cut, good, n);
        cut[n] = '\0';
        assert_int_equal(read_answer(cut, 3), SIGV4_E_PROTOCOL);
    }
}

static void a_single_answer(void **state)
{
    (void)state;
    struct kinesis_put_record_result out = {0};
    char text[] = "{\"ShardId\":\"shardId-000000000003\",\"SequenceNumber\":\"4959\","
                  "\"EncryptionType\":\"NONE\"}";
    assert_int_equal(kinesis__put_record_answer_read(&out, text, sizeof text - 1, &err), SIGV4_OK);
    assert_text(out.shard_id, "shardId-000000000003");
    assert_text(out.sequence_number, "4959");
    assert_text(out.encryption_type, "NONE");
    static const char *const bad[] = {
        "",
        "{}",
        "{\"ShardId\":\"s\"}",
        "{\"SequenceNumber\":\"1\"}",
        "{\"ShardId\":null,\"SequenceNumber\":\"1\"}",
        "{\"ShardId\":\"s\",\"SequenceNumber\":\"1\",\"ShardId\":\"s\"}",
        "{\"ShardId\":\"s\",\"SequenceNumber\":\"1\"}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char copy[100];
        struct kinesis_put_record_result empty = {0};
        strcpy(copy, bad[i]);
        if (kinesis__put_record_answer_read(&empty, copy, strlen(copy), &err) != SIGV4_E_PROTOCOL)
            fail_msg("taken: %s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer),
        cmocka_unit_test(the_number_of_entries_must_be_right),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_single_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
