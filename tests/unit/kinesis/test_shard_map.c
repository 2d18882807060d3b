/* The shard map and the table of ids under it. */
#include "base/text.h"
#include "failing_alloc.h"
#include "shards/shard_map.h"
#include "wire/key_table.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sigv4_error err;

static void ids_have_numbers(void **state)
{
    (void)state;
    enum { N = 30000 };
    struct kinesis__key_table t;
    size_t number;
    char id[40];
    kinesis__key_table_init(&t, NULL, KINESIS__MAX_SHARDS, KINESIS__MAX_SHARD_ID);
    assert_int_equal(kinesis__key_table_find(&t, sigv4_str("shardId-0")), 0);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < N; i++) {
            snprintf(id, sizeof id, "shardId-%012zu", i * 7);
            assert_int_equal(kinesis__key_table_add(&t, sigv4_str(id), &number), SIGV4_OK);
            assert_int_equal(number, i);
        }
        assert_int_equal(t.count, N);
    }
    for (size_t i = 0; i < N; i++) {
        snprintf(id, sizeof id, "shardId-%012zu", i * 7);
        assert_int_equal(kinesis__key_table_find(&t, sigv4_str(id)), i);
        assert_true(sigv4__equal_str(kinesis__key_table_at(&t, i), id));
        snprintf(id, sizeof id, "shardId-%012zu", i * 7 + 1);
        assert_int_equal(kinesis__key_table_find(&t, sigv4_str(id)), N);
    }
    char longest[KINESIS__MAX_SHARD_ID + 1] = {0};
    memset(longest, 'x', sizeof longest);
    struct sigv4_slice s = sigv4_bytes(longest, KINESIS__MAX_SHARD_ID);
    assert_int_equal(kinesis__key_table_add(&t, s, &number), SIGV4_OK);
    assert_true(sigv4__equal(kinesis__key_table_at(&t, number), s));
    assert_int_equal(kinesis__key_table_add(&t, sigv4_bytes(longest, sizeof longest), &number),
                     SIGV4_E_TOO_LARGE);
    kinesis__key_table_clear(&t);
    assert_int_equal(kinesis__key_table_find(&t, s), 0);
    assert_int_equal(kinesis__key_table_add(&t, s, &number), SIGV4_OK);
    assert_int_equal(number, 0);
    kinesis__key_table_free(&t);
}

/* "id first last", with a '!' in front when it is closed. */
static int add(struct kinesis__shard_map *map, const char *text)
{
    char id[40], first[64], last[64];
    bool closed = *text == '!';
    assert_int_equal(sscanf(text + closed, "%39s %63s %63s", id, first, last), 3);
    struct kinesis_shard shard = {.size = sizeof shard,
                                  .shard_id = sigv4_str(id),
                                  .starting_hash_key = sigv4_str(first),
                                  .ending_hash_key = sigv4_str(last)};
    if (closed)
        shard.ending_sequence_number = SIGV4_LIT("4959");
    return kinesis__shard_map_add(map, &shard, &err);
}

static struct kinesis__shard_map *make(void)
{
    struct kinesis__shard_map *map = NULL;
    assert_int_equal(kinesis__shard_map_new(&map, NULL), SIGV4_OK);
    return map;
}

static size_t find(const struct kinesis__shard_map *map, const char *hash)
{
    struct kinesis__hash h;
    assert_true(kinesis__hash_parse(sigv4_str(hash), &h));
    return kinesis__shard_map_find(map, h);
}

static void hashes_find_their_shard(void **state)
{
    (void)state;
    struct kinesis__shard_map *map = make();
    assert_int_equal(add(map, "c 200 340282366920938463463374607431768211455"), SIGV4_OK);
    assert_int_equal(add(map, "!old 0 340282366920938463463374607431768211455"), SIGV4_OK);
    assert_int_equal(add(map, "a 0 99"), SIGV4_OK);
    assert_int_equal(add(map, "b 100 149"), SIGV4_OK);
    assert_int_equal(add(map, "a 0 99"), SIGV4_OK);
    assert_int_equal(kinesis__shard_map_finish(map, &err), SIGV4_OK);
    assert_int_equal(kinesis__shard_map_count(map), 3);
    for (size_t i = 0; i < 3; i++) {
        char id[2] = {(char)('a' + i), '\0'};
        assert_true(sigv4__equal_str(kinesis__shard_map_at(map, i)->shard_id, id));
        assert_int_equal(kinesis__shard_map_find_id(map, sigv4_str(id)), i);
    }
    assert_int_equal(kinesis__shard_map_find_id(map, sigv4_str("old")), 3);
    assert_int_equal(find(map, "0"), 0);
    assert_int_equal(find(map, "99"), 0);
    assert_int_equal(find(map, "100"), 1);
    assert_int_equal(find(map, "149"), 1);
    assert_int_equal(find(map, "150"), 3); /* a hole */
    assert_int_equal(find(map, "199"), 3);
    assert_int_equal(find(map, "200"), 2);
    assert_int_equal(find(map, "340282366920938463463374607431768211455"), 2);
    kinesis__shard_map_free(map);
}

static void no_map_is_an_empty_one(void **state)
{
    (void)state;
    struct kinesis__hash zero = {0, 0};
    assert_int_equal(kinesis__shard_map_count(NULL), 0);
    assert_int_equal(kinesis__shard_map_find(NULL, zero), 0);
    assert_int_equal(kinesis__shard_map_find_id(NULL, sigv4_str("a")), 0);
    kinesis__shard_map_free(NULL);
    struct kinesis__shard_map *map = make();
    assert_int_equal(kinesis__shard_map_finish(map, &err), SIGV4_OK);
    assert_int_equal(kinesis__shard_map_count(map), 0);
    assert_int_equal(kinesis__shard_map_find(map, zero), 0);
    assert_int_equal(kinesis__shard_map_find_id(map, sigv4_str("a")), 0);
    kinesis__shard_map_free(map);
}

static void overlaps_and_nonsense_are_refused(void **state)
{
    (void)state;
    struct kinesis__shard_map *map = make();
    assert_int_equal(add(map, "a 0 100"), SIGV4_OK);
    assert_int_equal(add(map, "b 100 200"), SIGV4_OK);
    assert_int_equal(kinesis__shard_map_finish(map, &err), SIGV4_E_CONFLICT);
    assert_string_equal(err.message, "the open shards a and b overlap: the list changed meanwhile");
    kinesis__shard_map_free(map);
    static const char *const bad[] = {"a x 1", "a 0 -", "a 5 4", "a 01 4"};
    for (size_t i = 0; i < 4; i++) {
        map = make();
        assert_int_equal(add(map, bad[i]), SIGV4_E_PROTOCOL);
        assert_string_equal(err.message, "shard a has no valid range of hash keys");
        kinesis__shard_map_free(map);
    }
}

/* 20,000 shards, added in a shuffled order. */
static void many_shards(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct kinesis__shard_map *map = make();
    for (unsigned i = 0; i < N; i++) {
        unsigned k = i * 7919 % N;
        char text[100];
        snprintf(text, sizeof text, "shardId-%012u %u %u", k, k * 10, k * 10 + 9);
        assert_int_equal(add(map, text), SIGV4_OK);
    }
    assert_int_equal(kinesis__shard_map_finish(map, &err), SIGV4_OK);
    for (uint64_t i = 0; i < N * 10; i++) {
        struct kinesis__hash h = {0, i};
        assert_int_equal(kinesis__shard_map_find(map, h), i / 10);
    }
    for (size_t i = 0; i < N; i++)
        assert_int_equal(kinesis__shard_map_find_id(map, kinesis__shard_map_at(map, i)->shard_id),
                         i);
    kinesis__shard_map_free(map);
}

static void memory_fails(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        struct failing_alloc memory = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
        struct kinesis__shard_map *map = NULL;
        failing_alloc_fail(&memory, nth);
        int status = kinesis__shard_map_new(&map, &hooks);
        for (unsigned i = 0; i < 60 && !status; i++) {
            char text[100];
            snprintf(text, sizeof text, "shardId-%012u %u %u", i, i * 10, i * 10 + 9);
            status = add(map, text);
        }
        if (!status)
            status = kinesis__shard_map_finish(map, &err);
        failed = memory.failures > 0;
        assert_int_equal(status, failed ? SIGV4_E_NOMEM : SIGV4_OK);
        kinesis__shard_map_free(map);
        assert_true(failing_alloc_clean(&memory));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_numbers),
        cmocka_unit_test(hashes_find_their_shard),
        cmocka_unit_test(no_map_is_an_empty_one),
        cmocka_unit_test(overlaps_and_nonsense_are_refused),
        cmocka_unit_test(many_shards),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
