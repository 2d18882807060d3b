/* The producer on a healthy stream: what is put arrives, once, and is told once. */
#include "flow/producer_run.h"

static void one_record_is_written(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1, 4);
    opened(&rig);
    assert_int_equal(put(&rig, "adam", "one"), 1);
    assert_true(rig_run(&rig));
    const struct fake_written *w = fake_stream_at(rig.stream, 0);
    struct rig_result *r = &rig.results[1];
    assert_int_equal(fake_stream_count(rig.stream), 1);
    assert_string_equal(w->data, "one");
    assert_string_equal(w->key, "adam");
    assert_int_equal(r->fate, KINESIS_WRITTEN);
    assert_string_equal(r->sequence, w->sequence);
    assert_string_equal(r->shard, fake_stream_shard(rig.stream, w->shard)->id);
    assert_string_equal(r->encryption, "NONE");
    assert_int_equal(r->attempts, 1);
    assert_int_equal(r->status, 0);
    assert_int_equal(r->at_ms, 55); /* the linger, and the way there */
    assert_int_equal(r->latency_ms, 55);
    assert_int_equal(fake_stream_lists(rig.stream), 0);
    assert_int_equal(fake_stream_summaries(rig.stream), 0);
    finished(&rig);
}

static void requests_are_filled_by_count(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1200, 4);
    opened(&rig);
    for (int i = 0; i < 1200; i++)
        put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    assert_int_equal(fake_stream_puts(rig.stream), 3);
    assert_int_equal(fake_stream_count(rig.stream), 1200);
    assert_int_equal(fake_stream_at(rig.stream, 499)->request, 0);
    assert_int_equal(fake_stream_at(rig.stream, 500)->request, 1);
    assert_int_equal(rig.results[1].at_ms, 5);
    assert_int_equal(rig.results[1200].at_ms, 55); /* the rest lingers */
    finished(&rig);
}

static void requests_are_filled_by_bytes(void **state)
{
    (void)state;
    struct rig rig;
    char kilo[1001];
    memset(kilo, 'x', 1000);
    kilo[1000] = '\0';
    start(&rig, 100, 4);
    rig.options.max_batch_bytes = 10010;
    opened(&rig);
    for (int i = 0; i < 100; i++)
        put(&rig, "k", kilo);
    assert_true(rig_run(&rig));
    assert_int_equal(fake_stream_puts(rig.stream), 10);
    assert_true(fake_stream_largest_put(rig.stream) == 10010);
    finished(&rig);
}

static void no_more_requests_than_allowed_are_in_flight(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 5000, 4);
    rig.options.max_requests_in_flight = 3;
    opened(&rig);
    for (int i = 0; i < 5000; i++)
        put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    assert_int_equal(fake_max_in_flight(rig.fake), 3);
    assert_int_equal(fake_stream_puts(rig.stream), 10);
    finished(&rig);
}

static void without_linger_it_goes_at_once(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1, 4);
    rig.options.flags = KINESIS_NO_LINGER;
    opened(&rig);
    put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].at_ms, 5);
    finished(&rig);
}

static void flush_does_not_linger_and_waits(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 3, 4);
    rig.options.linger_ms = 10000;
    opened(&rig);
    put(&rig, "k", "v");
    put(&rig, "k", "w");
    assert_int_equal(kinesis_producer_flush(rig.producer, -1), 0);
    assert_int_equal(rig.told, 2);
    assert_int_equal(fake_now_ms(rig.fake), 5);
    assert_int_equal(kinesis_producer_flush(rig.producer, 0), 0);
    put(&rig, "k", "x");
    assert_int_equal(kinesis_producer_flush(rig.producer, 2), SIGV4_E_TIMEOUT);
    assert_int_equal(rig.told, 2);
    finished(&rig);
}

static void push_sends_what_was_put_before_it(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 2, 4);
    rig.options.linger_ms = 1000;
    opened(&rig);
    put(&rig, "k", "v");
    kinesis_producer_push(rig.producer);
    fake_run_ms(rig.fake, rig.loop, 20);
    assert_int_equal(rig.told, 1);
    put(&rig, "k", "w");
    fake_run_ms(rig.fake, rig.loop, 20);
    assert_int_equal(rig.told, 1);
    finished(&rig);
}

static void explicit_hash_keys_are_kept(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 2, 4);
    opened(&rig);
    const char *last = "340282366920938463463374607431768211455";
    for (uintptr_t i = 1; i <= 2; i++)
        assert_int_equal(
            kinesis_producer_put(rig.producer,
                                 KINESIS_PUT(.partition_key = sigv4_str(i == 1 ? "key" : ""),
                                             .explicit_hash_key = sigv4_str(last),
                                             .data = SIGV4_LIT("d"), .tag = (void *)i)),
            0);
    rig.count = 2;
    assert_true(rig_run(&rig));
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(fake_stream_at(rig.stream, i)->hash_key, last);
        assert_int_equal(fake_stream_at(rig.stream, i)->shard, 3);
    }
    assert_string_equal(fake_stream_at(rig.stream, 0)->key, "key");
    finished(&rig);
}

static void records_without_key_spread_evenly(void **state)
{
    (void)state;
    struct rig rig;
    unsigned in[4] = {0};
    start(&rig, 2000, 4);
    opened(&rig);
    for (int i = 0; i < 2000; i++)
        put(&rig, "", "v");
    assert_true(rig_run(&rig));
    for (size_t i = 0; i < 2000; i++)
        in[fake_stream_at(rig.stream, i)->shard]++;
    print_message("%u %u %u %u\n", in[0], in[1], in[2], in[3]);
    for (int i = 0; i < 4; i++)
        assert_in_range(in[i], 400, 600);
    finished(&rig);
}

static void long_keys_and_any_bytes_arrive(void **state)
{
    (void)state;
    struct rig rig;
    char key[1025] = "", bytes[256];
    for (int i = 0; i < 256; i++) {
        memcpy(key + 4 * i, "\xF0\x9F\x98\x80", 5); /* 256 characters of four bytes */
        bytes[i] = (char)i;
    }
    start(&rig, 2, 4);
    opened(&rig);
    assert_int_equal(kinesis_producer_put(rig.producer, KINESIS_PUT(.partition_key = sigv4_str(key),
                                                                    .data = sigv4_bytes(bytes, 256),
                                                                    .tag = (void *)1)),
                     0);
    rig.count = 1;
    put(&rig, "quote\"\\\n", "");
    assert_true(rig_run(&rig));
    assert_string_equal(fake_stream_at(rig.stream, 0)->key, key);
    assert_int_equal(fake_stream_at(rig.stream, 0)->len, 256);
    assert_memory_equal(fake_stream_at(rig.stream, 0)->data, bytes, 256);
    assert_string_equal(fake_stream_at(rig.stream, 1)->key, "quote\"\\\n");
    assert_int_equal(fake_stream_at(rig.stream, 1)->len, 0);
    finished(&rig);
}

static void copied_data_may_change_after_put(void **state)
{
    (void)state;
    struct rig rig;
    char data[16];
    start(&rig, 100, 4);
    opened(&rig);
    for (uintptr_t i = 1; i <= 100; i++) {
        snprintf(data, sizeof data, "n%zu", (size_t)i);
        assert_int_equal(kinesis_producer_put(rig.producer,
                                              KINESIS_PUT(.partition_key = SIGV4_LIT("k"),
                                                          .data = sigv4_str(data), .tag = (void *)i,
                                                          .flags = KINESIS_COPY)),
                         0);
    }
    memset(data, 0, sizeof data);
    rig.count = 100;
    assert_true(rig_run(&rig));
    assert_int_equal(rig_copies(&rig, "n1"), 1);
    assert_int_equal(rig_copies(&rig, "n100"), 1);
    finished(&rig);
}

static void large_records_are_asked_about_once(void **state)
{
    (void)state;
    struct rig rig;
    static char two[2 * 1024 * 1024 + 1], three[3 * 1024 * 1024 + 1];
    memset(two, 'x', sizeof two - 1);
    memset(three, 'x', sizeof three - 1);
    two[2 * 1024 * 1024 - 1] = '\0'; /* with its key just 2 MiB */
    start(&rig, 5, 4);
    fake_stream_set_max_record_kib(rig.stream, 2048);
    opened(&rig);
    put(&rig, "k", "small");
    put(&rig, "k", two);
    put(&rig, "k", three);
    put(&rig, "k", two);
    assert_true(rig_run(&rig));
    put(&rig, "k", two);
    assert_true(rig_run(&rig));
    assert_int_equal(fake_stream_summaries(rig.stream), 1);
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 4);
    assert_int_equal(rig.results[3].fate, KINESIS_NOT_WRITTEN);
    assert_int_equal(rig.results[3].status, SIGV4_E_TOO_LARGE);
    print_message("%s\n", rig.results[3].message);
    finished(&rig);
}

static void large_records_go_alone_when_nobody_may_ask(void **state)
{
    (void)state;
    struct rig rig;
    static char two[2 * 1024 * 1024];
    memset(two, 'x', sizeof two - 1);
    start(&rig, 4, 4);
    fake_stream_set_max_record_kib(rig.stream, 0);
    rig.options.max_batch_bytes = 10 << 20;
    opened(&rig);
    put(&rig, "k", two);
    put(&rig, "k", "small");
    put(&rig, "k", two);
    put(&rig, "k", "small");
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 4);
    assert_int_equal(fake_stream_puts(rig.stream), 4);
    finished(&rig);
}

static void an_arn_is_sent_as_one(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1, 4);
    rig.options.stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s";
    opened(&rig);
    put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    assert_non_null(strstr(fake_request(rig.fake, 0)->body,
                           "\"StreamARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/s\""));
    finished(&rig);
}

static void options_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "with space", "arn:aws:s3:::bucket",
                                      "arn:aws:kinesis:us-east-1:1:consumer/x", NULL};
    struct rig rig;
    struct sigv4_error err;
    start(&rig, 1, 4);
    opened(&rig);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct kinesis_producer_options o = rig.options;
        struct kinesis_producer *p = NULL;
        o.stream = bad[i];
        assert_int_equal(kinesis_producer_new(&p, rig.client, &o, &err), SIGV4_E_INVALID);
        assert_null(p);
        print_message("%s\n", err.message);
    }
    for (int i = 0; i < 5; i++) {
        struct kinesis_producer_options o = rig.options;
        struct kinesis_producer *p;
        o.on_result = i == 0 ? NULL : o.on_result;
        o.max_batch_records = i == 1 ? 501 : 0;
        o.max_batch_bytes = i == 2 ? (10 << 20) + 1 : 0;
        o.max_requests_in_flight = i == 3 ? 65 : 0;
        o.flags = i == 4 ? 0x80 : 0;
        assert_int_equal(kinesis_producer_new(&p, rig.client, &o, &err), SIGV4_E_INVALID);
        print_message("%s\n", err.message);
    }
    finished(&rig);
}

static void the_numbers_add_up(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_stats s = {.size = sizeof s};
    start(&rig, 700, 4);
    opened(&rig);
    for (int i = 0; i < 700; i++)
        put(&rig, "key", "value");
    assert_true(rig_run(&rig));
    assert_int_equal(kinesis_producer_stats(rig.producer, &s), 0);
    assert_int_equal(s.records_accepted, 700);
    assert_int_equal(s.records_written, 700);
    assert_int_equal(s.bytes_accepted, 700 * 8);
    assert_int_equal(s.bytes_written, 700 * 8);
    assert_int_equal(s.requests_sent, 2);
    assert_int_equal(s.requests_in_flight, 0);
    assert_int_equal(s.buffered_records, 0);
    assert_int_equal(s.latency_ms_p50, 5);
    assert_in_range(s.latency_ms_p99, 55, 58);
    s = (struct kinesis_producer_stats){
        .size = offsetof(struct kinesis_producer_stats, bytes_accepted), .bytes_accepted = 42};
    assert_int_equal(kinesis_producer_stats(rig.producer, &s), 0);
    assert_int_equal(s.bytes_accepted, 42); /* beyond what the caller knows of */
    finished(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_record_is_written),
        cmocka_unit_test(requests_are_filled_by_count),
        cmocka_unit_test(requests_are_filled_by_bytes),
        cmocka_unit_test(no_more_requests_than_allowed_are_in_flight),
        cmocka_unit_test(without_linger_it_goes_at_once),
        cmocka_unit_test(flush_does_not_linger_and_waits),
        cmocka_unit_test(push_sends_what_was_put_before_it),
        cmocka_unit_test(explicit_hash_keys_are_kept),
        cmocka_unit_test(records_without_key_spread_evenly),
        cmocka_unit_test(long_keys_and_any_bytes_arrive),
        cmocka_unit_test(copied_data_may_change_after_put),
        cmocka_unit_test(large_records_are_asked_about_once),
        cmocka_unit_test(large_records_go_alone_when_nobody_may_ask),
        cmocka_unit_test(an_arn_is_sent_as_one),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(the_numbers_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
