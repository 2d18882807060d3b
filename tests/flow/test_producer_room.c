/* The producer: what is refused, what waits for room, and what may be called from where. */
#include "flow/producer_run.h"

static void put_many_accepts_a_prefix(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_put puts[200];
    size_t accepted;
    start(&rig, 300, 4);
    rig.options.max_buffered_records = 150;
    opened(&rig);
    for (uintptr_t i = 0; i < 200; i++)
        puts[i] = *KINESIS_PUT(.partition_key = SIGV4_LIT("k"), .data = SIGV4_LIT("d"),
                               .tag = (void *)(i + 1), .flags = i % 10 ? 0 : KINESIS_COPY);
    puts[70].explicit_hash_key = SIGV4_LIT("007");
    assert_int_equal(kinesis_producer_put_many(rig.producer, puts, 200, &accepted),
                     SIGV4_E_INVALID);
    assert_int_equal(accepted, 70);
    puts[70].explicit_hash_key = SIGV4_LIT("");
    assert_int_equal(kinesis_producer_put_many(rig.producer, puts + 70, 130, &accepted),
                     SIGV4_E_FULL);
    assert_int_equal(accepted, 80);
    assert_int_equal(kinesis_producer_put_many(rig.producer, puts, 0, &accepted), 0);
    rig.count = 150;
    finished(&rig);
}

static void full_is_an_answer_and_room_is_told_once(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_stats stats = {.size = sizeof stats};
    int rc;
    start(&rig, 20, 4);
    rig.options.max_buffered_bytes = 1000;
    opened(&rig);
    char data[100];
    memset(data, 'x', 98);
    data[98] = '\0';
    for (int i = 0; i < 10; i++)
        put(&rig, "kk", data);
    assert_int_equal(rig_put(&rig, "kk", "", &rc), 0);
    assert_int_equal(rc, SIGV4_E_FULL);
    assert_int_equal(kinesis_producer_stats(rig.producer, &stats), 0);
    assert_int_equal(stats.buffered_bytes, 1000);
    assert_int_equal(rig.rooms, 0);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.rooms, 1);
    put(&rig, "kk", data);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.rooms, 1);
    assert_int_equal(kinesis_producer_stats(rig.producer, &stats), 0);
    assert_int_equal(stats.buffered_bytes, 0);
    assert_int_equal(stats.max_seen_buffered_bytes, 1000);
    finished(&rig);
}

static void what_can_never_be_sent_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    static char ten[10 * 1024 * 1024];
    char key[258];
    memset(key, 'k', 257);
    key[257] = '\0';
    start(&rig, 20, 4);
    opened(&rig);
    struct kinesis_put p = *KINESIS_PUT(.partition_key = SIGV4_LIT("k"), .data = {ten, sizeof ten});
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_TOO_LARGE);
    p.data = SIGV4_LIT("d");
    p.partition_key = sigv4_str(key);
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_INVALID);
    p.partition_key = SIGV4_LIT("\xFF");
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_INVALID);
    p.partition_key = SIGV4_LIT("k");
    p.explicit_hash_key = SIGV4_LIT("340282366920938463463374607431768211456");
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_INVALID);
    p.explicit_hash_key = SIGV4_LIT("");
    p.data = sigv4_bytes(NULL, 5);
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_INVALID);
    p.size = 8;
    assert_int_equal(kinesis_producer_put(rig.producer, &p), SIGV4_E_INVALID);
    finished(&rig);
}

static void a_record_over_the_whole_budget_is_too_large(void **state)
{
    (void)state;
    struct rig rig;
    char data[201];
    int rc;
    memset(data, 'x', 200);
    data[200] = '\0';
    start(&rig, 20, 4);
    rig.options.max_buffered_bytes = 100;
    opened(&rig);
    assert_int_equal(rig_put(&rig, "k", data, &rc), 0);
    assert_int_equal(rc, SIGV4_E_TOO_LARGE);
    finished(&rig);
}

static void put_wait_drives_the_loop(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 50, 4);
    rig.options.max_buffered_records = 10;
    opened(&rig);
    for (uintptr_t i = 1; i <= 50; i++)
        assert_int_equal(
            kinesis_producer_put_wait(rig.producer,
                                      KINESIS_PUT(.partition_key = SIGV4_LIT("k"),
                                                  .data = SIGV4_LIT("d"), .tag = (void *)i),
                                      -1),
            0);
    rig.count = 50;
    assert_int_equal(rig.told, 40);
    assert_int_equal(
        kinesis_producer_put_wait(rig.producer, KINESIS_PUT(.partition_key = SIGV4_LIT("k")), 20),
        SIGV4_E_TIMEOUT);
    finished(&rig);
}

static int seen_inside[3];

static void try_blocking(struct rig *rig, size_t tag)
{
    if (tag != 10)
        return;
    seen_inside[0] = kinesis_producer_flush(rig->producer, -1);
    seen_inside[1] = kinesis_producer_close(rig->producer, -1, NULL);
    seen_inside[2] =
        kinesis_producer_put_wait(rig->producer, KINESIS_PUT(.partition_key = SIGV4_LIT("k")), -1);
}

static void blocking_inside_a_callback_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 10, 4);
    rig.options.max_buffered_records = 10;
    rig.on_each = try_blocking;
    opened(&rig);
    for (int i = 0; i < 10; i++)
        put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen_inside[i], SIGV4_E_WRONG_THREAD);
    finished(&rig);
}

static void put_another(struct rig *rig, size_t tag)
{
    int rc;
    if (tag < 1000)
        assert_true(rig_put(rig, "k", "again", &rc) > 0);
}

static void callbacks_may_put(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig, 1000 + 10, 4);
    rig.on_each = put_another;
    opened(&rig);
    for (int i = 0; i < 10; i++)
        put(&rig, "k", "v");
    assert_true(rig_run(&rig));
    assert_int_equal(rig.count, 1009);
    finished(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_many_accepts_a_prefix),
        cmocka_unit_test(full_is_an_answer_and_room_is_told_once),
        cmocka_unit_test(what_can_never_be_sent_is_refused),
        cmocka_unit_test(a_record_over_the_whole_budget_is_too_large),
        cmocka_unit_test(put_wait_drives_the_loop),
        cmocka_unit_test(blocking_inside_a_callback_is_refused),
        cmocka_unit_test(callbacks_may_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
