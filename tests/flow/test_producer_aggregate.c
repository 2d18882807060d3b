/* Aggregation: who goes together, where it lands, and what happens when the shards change. */
#include "flow/rig_members.h"
#include "flow/rig_producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ALL = 3000, KEYS = 50 };
static char keys[KEYS][8], data[ALL][16];

static void begin(struct rig *rig, unsigned shards, uint32_t flags,
                  void (*faults)(void *ctx, struct fake_put *put), void *ctx)
{
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "key%d", i);
    for (int i = 0; i < ALL; i++)
        snprintf(data[i], sizeof data[i], "%d", i);
    rig_init(rig, 2 * ALL, shards, faults, ctx);
    rig->options.flags = KINESIS_AGGREGATE | flags;
}

static void put_all(struct rig *rig)
{
    int rc;
    for (int i = 0; i < ALL; i++)
        assert_true(rig_put(rig, keys[i % KEYS], data[i], &rc));
}

static int number_in(const struct rig_member *m)
{
    char text[16] = "";
    memcpy(text, m->data, m->len < 15 ? m->len : 15);
    return atoi(text);
}

/* How often a reader like the KCL sees each record; checks keys on the way. */
static unsigned *deliver(const struct rig *rig)
{
    unsigned *seen = calloc(ALL, sizeof *seen);
    struct rig_member *m = calloc(ALL, sizeof *m);
    for (size_t i = 0; i < fake_stream_count(rig->stream); i++) {
        const struct fake_written *w = fake_stream_at(rig->stream, i);
        size_t n = rig_members(w->data, w->len, m, ALL);
        if (n == 0)
            seen[atoi(w->data)]++;
        if (rig_is_dropped(rig->stream, w))
            continue;
        for (size_t k = 0; k < n; k++) {
            int which = number_in(&m[k]);
            if (m[k].hash_key[0] == '\0')
                assert_string_equal(m[k].key, keys[which % KEYS]);
            seen[which]++;
        }
    }
    free(m);
    return seen;
}

static void all_seen(const struct rig *rig, bool once)
{
    unsigned *seen = deliver(rig);
    for (size_t i = 0; i < rig->count; i++)
        if (seen[i] < 1 || (once && seen[i] != 1))
            fail_msg("record %zu was seen %u times", i, seen[i]);
    free(seen);
}

static void records_go_together_by_shard(void **state)
{
    (void)state;
    struct rig rig;
    begin(&rig, 5, 0, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    put_all(&rig);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), ALL);
    assert_int_equal(fake_stream_puts(rig.stream), 1);
    assert_int_equal(fake_stream_count(rig.stream), 5);
    assert_int_equal(fake_stream_lists(rig.stream), 2); /* pages of three */
    all_seen(&rig, true);
    for (size_t i = 0; i < 5; i++)
        assert_false(rig_is_dropped(rig.stream, fake_stream_at(rig.stream, i)));
    for (size_t tag = 1; tag <= ALL; tag++) {
        const struct rig_result *r = &rig.results[tag];
        const struct fake_written *w =
            fake_stream_at(rig.stream, (size_t)atoi(r->sequence + strlen(r->sequence) - 3) - 1);
        struct rig_member m[ALL];
        assert_true(r->aggregated);
        assert_in_range(r->sub_sequence, 0, rig_members(w->data, w->len, m, ALL) - 1);
        assert_memory_equal(m[r->sub_sequence].data, data[tag - 1], strlen(data[tag - 1]));
    }
    rig_end(&rig);
}

static void a_lone_record_goes_as_it_is(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    begin(&rig, 4, 0, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    rig_put(&rig, "adam", "1", &rc);
    assert_true(rig_run(&rig));
    assert_string_equal(fake_stream_at(rig.stream, 0)->data, "1");
    assert_string_equal(fake_stream_at(rig.stream, 0)->key, "adam");
    assert_null(fake_stream_at(rig.stream, 0)->hash_key);
    assert_false(rig.results[1].aggregated);
    rig_end(&rig);
}

static void large_records_go_beside_aggregates(void **state)
{
    (void)state;
    struct rig rig;
    static char large[60001];
    memset(large, '7', 60000);
    begin(&rig, 1, 0, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    int rc;
    for (int i = 0; i < 10; i++)
        rig_put(&rig, "k", i == 5 ? large : "x", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 10);
    assert_int_equal(fake_stream_count(rig.stream), 3);
    assert_int_equal(fake_stream_at(rig.stream, 1)->len, 60000);
    rig_end(&rig);
}

static void aggregates_have_the_size_asked_for(void **state)
{
    (void)state;
    struct rig rig;
    begin(&rig, 1, 0, NULL, NULL);
    rig.options.max_aggregate_bytes = 1000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    put_all(&rig);
    assert_true(rig_run(&rig));
    for (size_t i = 0; i < fake_stream_count(rig.stream); i++)
        assert_in_range(fake_stream_at(rig.stream, i)->len, 20, 1000);
    assert_true(fake_stream_count(rig.stream) > 30);
    all_seen(&rig, true);
    rig_end(&rig);
}

static void explicit_hash_keys_are_kept_in_aggregates(void **state)
{
    (void)state;
    struct rig rig;
    struct rig_member m[4];
    begin(&rig, 4, 0, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (uintptr_t i = 1; i <= 4; i++)
        assert_int_equal(
            kinesis_producer_put(rig.producer,
                                 KINESIS_PUT(.partition_key = SIGV4_LIT("adam"),
                                             .explicit_hash_key = sigv4_str(i < 3 ? "7" : "9"),
                                             .data = SIGV4_LIT("d"), .tag = (void *)i)),
            0);
    rig.count = 4;
    assert_true(rig_run(&rig));
    const struct fake_written *w = fake_stream_at(rig.stream, 0);
    assert_int_equal(rig_members(w->data, w->len, m, 4), 4);
    assert_string_equal(m[0].hash_key, "7");
    assert_string_equal(m[3].hash_key, "9");
    assert_string_equal(w->hash_key, "7");
    rig_end(&rig);
}

static void records_without_key_fill_aggregates_in_turn(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    unsigned in[4] = {0};
    begin(&rig, 4, 0, NULL, NULL);
    rig.options.max_aggregate_bytes = 2000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++)
        rig_put(&rig, "", data[i], &rc);
    assert_true(rig_run(&rig));
    for (size_t i = 0; i < fake_stream_count(rig.stream); i++) {
        assert_false(rig_is_dropped(rig.stream, fake_stream_at(rig.stream, i)));
        in[fake_stream_at(rig.stream, i)->shard]++;
    }
    print_message("aggregates by shard: %u %u %u %u\n", in[0], in[1], in[2], in[3]);
    for (int i = 0; i < 4; i++)
        assert_in_range(in[i], 1, 12);
    all_seen(&rig, true);
    rig_end(&rig);
}

static void where_shards_may_not_be_listed_records_go_as_they_are(void **state)
{
    (void)state;
    struct rig rig;
    begin(&rig, 4, 0, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    fake_stream_deny_shards(rig.stream);
    put_all(&rig);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), ALL);
    assert_int_equal(fake_stream_count(rig.stream), ALL);
    rig_end(&rig);
}

/* ---- resharding ---- */

struct reshard {
    struct rig *rig;
    unsigned at_request;
    bool merge;
    unsigned throttle_every;
};

static void change_shards(void *ctx, struct fake_put *put)
{
    const struct reshard *r = ctx;
    if (put->number == r->at_request && r->merge)
        fake_stream_merge_all(r->rig->stream);
    else if (put->number == r->at_request)
        fake_stream_split_all(r->rig->stream);
    for (size_t i = 0; r->throttle_every && i < put->count; i++)
        if ((put->number + i) % r->throttle_every == 0)
            put->entries[i] = FAKE_THROTTLED;
}

static void reshard(bool merge, uint32_t flags, unsigned throttle_every)
{
    struct rig rig;
    struct reshard r = {&rig, 3, merge, throttle_every};
    struct kinesis_producer_stats s = {.size = sizeof s};
    int rc;
    begin(&rig, 4, flags, change_shards, &r);
    rig.options.linger_ms = 10;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++) {
        assert_true(rig_put(&rig, keys[i % KEYS], data[i], &rc));
        if (i % 100 == 99)
            fake_run_ms(rig.fake, rig.loop, 20);
    }
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), ALL);
    all_seen(&rig, true);
    assert_int_equal(kinesis_producer_stats(rig.producer, &s), 0);
    print_message("%s: %u misplaced of %u aggregates, shards listed in %u pages\n",
                  merge ? "merge" : "split", (unsigned)s.aggregates_misplaced,
                  (unsigned)s.aggregates_sent, fake_stream_lists(rig.stream));
    assert_true(merge || s.aggregates_misplaced > 0);
    assert_int_equal(s.shards_known, merge ? 2 : 8);
    rig_end(&rig);
}

static void aggregates_survive_a_split(void **state)
{
    (void)state;
    reshard(false, 0, 0);
    reshard(false, KINESIS_KEEP_ORDER, 0);
    reshard(false, 0, 3);
    reshard(false, KINESIS_KEEP_ORDER, 3);
}

static void aggregates_survive_a_merge(void **state)
{
    (void)state;
    reshard(true, 0, 0);
    reshard(true, KINESIS_KEEP_ORDER, 4);
}

static void order_is_kept_with_aggregates(void **state)
{
    (void)state;
    struct rig rig;
    struct reshard r = {&rig, 3, false, 3};
    int rc;
    begin(&rig, 2, KINESIS_KEEP_ORDER, change_shards, &r);
    rig.options.linger_ms = 10;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++) {
        assert_true(rig_put(&rig, keys[i % KEYS], data[i], &rc));
        if (i % 100 == 99)
            fake_run_ms(rig.fake, rig.loop, 20);
    }
    assert_true(rig_run(&rig));
    for (int k = 0; k < KEYS; k++) {
        const struct rig_result *last = NULL;
        for (size_t tag = 1 + (size_t)k; tag <= ALL; tag += KEYS) {
            const struct rig_result *now = &rig.results[tag];
            int order = last ? strcmp(now->sequence, last->sequence) : 1;
            assert_true(order > 0 || (order == 0 && now->sub_sequence > last->sub_sequence));
            last = now;
        }
    }
    print_message("%u requests for %d records of %d keys\n", fake_stream_puts(rig.stream), ALL,
                  KEYS);
    all_seen(&rig, true);
    rig_end(&rig);
}

static void free_with_aggregates_in_doubt(void **state)
{
    (void)state;
    for (int ms = 0; ms < 60; ms += 3) {
        struct rig rig;
        struct reshard r = {&rig, 0, false, 0};
        int rc;
        begin(&rig, 4, KINESIS_KEEP_ORDER, change_shards, &r);
        rig.options.linger_ms = 10;
        assert_int_equal(rig_open(&rig, NULL), 0);
        for (int i = 0; i < 500; i++)
            assert_true(rig_put(&rig, keys[i % KEYS], data[i], &rc));
        fake_run_ms(rig.fake, rig.loop, ms);
        rig_close(&rig);
        assert_true(rig_each_told_once(&rig));
        rig_end(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_go_together_by_shard),
        cmocka_unit_test(a_lone_record_goes_as_it_is),
        cmocka_unit_test(large_records_go_beside_aggregates),
        cmocka_unit_test(aggregates_have_the_size_asked_for),
        cmocka_unit_test(explicit_hash_keys_are_kept_in_aggregates),
        cmocka_unit_test(records_without_key_fill_aggregates_in_turn),
        cmocka_unit_test(where_shards_may_not_be_listed_records_go_as_they_are),
        cmocka_unit_test(aggregates_survive_a_split),
        cmocka_unit_test(aggregates_survive_a_merge),
        cmocka_unit_test(order_is_kept_with_aggregates),
        cmocka_unit_test(free_with_aggregates_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
