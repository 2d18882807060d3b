/* Lanes: by hash, by name, ready and paced, and what a new map does to them. */
#include "producer/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "unit/counted_alloc.h"

static struct counted_alloc counted;

static struct sigv4_alloc allocator(void)
{
    counted = (struct counted_alloc){0};
    return counted_alloc(&counted);
}

/* Shards that part the range of hashes by their upper 64 bits. */
static struct kinesis__shard_map *map_of(const struct sigv4_alloc *alloc, unsigned count,
                                         unsigned first_id)
{
    struct kinesis__shard_map *map;
    assert_int_equal(kinesis__shard_map_new(&map, alloc), 0);
    for (unsigned i = 0; i < count; i++) {
        char id[32], first[KINESIS__HASH_TEXT], last[KINESIS__HASH_TEXT];
        uint64_t step = UINT64_MAX / count;
        snprintf(id, sizeof id, "shardId-%012u", first_id + i);
        kinesis__hash_format((struct kinesis__hash){i * step, 0}, first);
        kinesis__hash_format(
            (struct kinesis__hash){i + 1 == count ? UINT64_MAX : (i + 1) * step - 1, UINT64_MAX},
            last);
        struct kinesis_shard shard = {.size = sizeof shard,
                                      .shard_id = sigv4_str(id),
                                      .starting_hash_key = sigv4_str(first),
                                      .ending_hash_key = sigv4_str(last),
                                      .starting_sequence_number = SIGV4_LIT("1")};
        assert_int_equal(kinesis__shard_map_add(map, &shard, NULL), 0);
    }
    assert_int_equal(kinesis__shard_map_finish(map, NULL), 0);
    return map;
}

static struct kinesis__record record(uint64_t number, uint64_t high)
{
    return (struct kinesis__record){
        .number = number, .hash = {high, 0}, .flags = KINESIS__HASHED, .data_len = 100};
}

static void set_map(struct kinesis__lanes *l, unsigned count, unsigned first_id)
{
    struct kinesis__queue homeless = {0};
    kinesis__lanes_set_map(l, map_of(&l->alloc, count, first_id), &homeless);
    assert_null(homeless.first);
}

static void without_a_map_all_is_anywhere(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    kinesis__lanes_init(&l, &alloc);
    struct kinesis__record r = record(1, 5);
    assert_null(kinesis__lanes_first(&l));
    assert_ptr_equal(kinesis__lanes_of(&l, &r), &l.anywhere);
    kinesis__lanes_add(&l, &l.anywhere, &r);
    assert_ptr_equal(kinesis__lanes_first(&l), &l.anywhere);
    assert_int_equal(l.sendable.count, 1);
    assert_int_equal(l.sendable.bytes, 100);
    kinesis__queue_remove(&r);
    assert_int_equal(l.sendable.count, 0);
    assert_null(kinesis__lanes_first(&l));
    kinesis__lanes_free(&l);
    assert_int_equal(counted.live, 0);
}

static void with_a_map_each_shard_has_its_lane(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    kinesis__lanes_init(&l, &alloc);
    set_map(&l, 4, 0);
    struct kinesis__record low = record(1, 0), high = record(2, UINT64_MAX), raw = record(3, 0);
    raw.flags = 0;
    struct kinesis__lane *first = kinesis__lanes_of(&l, &low), *last = kinesis__lanes_of(&l, &high);
    assert_string_equal(first->id, "shardId-000000000000");
    assert_string_equal(last->id, "shardId-000000000003");
    assert_ptr_equal(kinesis__lanes_of(&l, &raw), &l.anywhere);
    assert_ptr_equal(kinesis__lanes_named(&l, SIGV4_LIT("shardId-000000000003")), last);
    assert_null(kinesis__lanes_named(&l, SIGV4_LIT("shardId-000000000009")));
    kinesis__lanes_free(&l);
    assert_int_equal(counted.live, 0);
}

static void named_lanes_need_no_map(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    kinesis__lanes_init(&l, &alloc);
    struct kinesis__lane *lane = kinesis__lanes_named(&l, SIGV4_LIT("shardId-1"));
    assert_non_null(lane);
    assert_ptr_equal(kinesis__lanes_named(&l, SIGV4_LIT("shardId-1")), lane);
    assert_null(kinesis__lanes_named(&l, SIGV4_LIT("")));
    kinesis__lanes_free(&l);
    assert_int_equal(counted.live, 0);
}

static void a_paced_lane_holds_up_no_other(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    kinesis__lanes_init(&l, &alloc);
    set_map(&l, 2, 0);
    struct kinesis__record a = record(1, 0), b = record(2, UINT64_MAX), c = record(3, 0);
    struct kinesis__lane *slow = kinesis__lanes_of(&l, &a), *fast = kinesis__lanes_of(&l, &b);
    kinesis__lanes_add(&l, slow, &a);
    kinesis__lanes_add(&l, fast, &b);
    assert_ptr_equal(kinesis__lanes_first(&l), slow);
    kinesis__lanes_pause(&l, slow, 500);
    assert_ptr_equal(kinesis__lanes_first(&l), fast);
    assert_int_equal(l.wake_ms, 500);
    kinesis__lanes_add(&l, slow, &c); /* waits with it */
    assert_int_equal(l.sendable.count, 1);
    kinesis__lanes_wake(&l, 499);
    assert_int_equal(l.sendable.count, 1);
    kinesis__lanes_wake(&l, 500);
    assert_int_equal(l.sendable.count, 3);
    assert_ptr_equal(kinesis__lanes_first(&l), slow); /* it waited longest */
    assert_int_equal(l.wake_ms, INT64_MAX);
    kinesis__lanes_rotate(&l, slow);
    assert_ptr_equal(kinesis__lanes_first(&l), fast);
    kinesis__lanes_free(&l);
}

static void failed_records_return_to_their_place(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    kinesis__lanes_init(&l, &alloc);
    struct kinesis__record r[6];
    for (unsigned i = 0; i < 6; i++)
        r[i] = record(i, 0);
    kinesis__lanes_add(&l, &l.anywhere, &r[2]);
    kinesis__lanes_add(&l, &l.anywhere, &r[5]);
    kinesis__lanes_return(&l, &l.anywhere, &r[3]);
    kinesis__lanes_return(&l, &l.anywhere, &r[0]);
    kinesis__lanes_return(&l, &l.anywhere, &r[1]);
    kinesis__lanes_add(&l, &l.anywhere, &r[4]); /* out of turn */
    for (unsigned i = 0; i < 6; i++)
        assert_ptr_equal(kinesis__queue_pop(&l.anywhere.waiting), &r[i]);
    kinesis__lanes_free(&l);
}

static void a_new_map_gives_back_what_waits(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    struct kinesis__queue homeless = {0};
    kinesis__lanes_init(&l, &alloc);
    set_map(&l, 2, 0);
    struct kinesis__record a = record(1, 0), b = record(2, UINT64_MAX), c = record(3, 7);
    struct kinesis__lane *first = kinesis__lanes_of(&l, &a), *last = kinesis__lanes_of(&l, &b);
    kinesis__lanes_add(&l, first, &a);
    kinesis__lanes_add(&l, last, &b);
    kinesis__lanes_add(&l, &l.anywhere, &c);
    first->pace.limited = true;
    last->under_way = 1;
    assert_int_equal(kinesis__lanes_paced(&l), 1);
    /* Shards 0 and 1 became 0, 2, 3: 0 is still there, 1 is not. */
    struct kinesis__shard_map *map = map_of(&alloc, 4, 0);
    kinesis__lanes_set_map(&l, map, &homeless);
    assert_int_equal(homeless.has.count, 3);
    assert_int_equal(l.sendable.count, 0);
    assert_null(kinesis__lanes_first(&l));
    assert_ptr_equal(kinesis__lanes_of(&l, &a), first); /* with its pace */
    assert_true(first->pace.limited);
    kinesis__lanes_set_map(&l, map_of(&alloc, 4, 10), &homeless);
    assert_false(last->known); /* but a request still points to it */
    assert_int_equal(last->under_way, 1);
    last->under_way = 0;
    kinesis__lanes_set_map(&l, NULL, &homeless);
    assert_null(l.all);
    assert_ptr_equal(kinesis__lanes_of(&l, &a), &l.anywhere);
    kinesis__lanes_free(&l);
    assert_int_equal(counted.live, 0);
}

static void no_memory_is_no_disaster(void **state)
{
    (void)state;
    struct kinesis__lanes l;
    struct sigv4_alloc alloc = allocator();
    struct kinesis__queue homeless = {0};
    kinesis__lanes_init(&l, &alloc);
    set_map(&l, 2, 0);
    struct kinesis__record a = record(1, 0);
    struct kinesis__shard_map *map = map_of(&alloc, 4, 0);
    counted.fail_at = counted.requests + 1;
    kinesis__lanes_set_map(&l, map, &homeless); /* keeps the old one */
    assert_int_equal(kinesis__shard_map_count(l.map), 2);
    counted.fail_at = counted.requests + 1;
    assert_ptr_equal(kinesis__lanes_of(&l, &a), &l.anywhere);
    assert_string_equal(kinesis__lanes_of(&l, &a)->id, "shardId-000000000000");
    kinesis__lanes_free(&l);
    assert_int_equal(counted.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_map_all_is_anywhere),
        cmocka_unit_test(with_a_map_each_shard_has_its_lane),
        cmocka_unit_test(named_lanes_need_no_map),
        cmocka_unit_test(a_paced_lane_holds_up_no_other),
        cmocka_unit_test(failed_records_return_to_their_place),
        cmocka_unit_test(a_new_map_gives_back_what_waits),
        cmocka_unit_test(no_memory_is_no_disaster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
