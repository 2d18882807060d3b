/* The typed calls: what is refused before anything leaves, inputs of older callers, and every
 * allocation failing. */
#include "failing_alloc.h"
#include "flow/call_world.h"

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
        cmocka_unit_test(test_refused_before_sending),
        cmocka_unit_test(test_smaller_input),
        cmocka_unit_test(test_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
