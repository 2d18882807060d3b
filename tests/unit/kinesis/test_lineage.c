/* Parents before children, through splits, merges and lists in any order. */
#include "base/text.h"
#include "failing_alloc.h"
#include "shards/lineage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct kinesis__lineage l;

static int set_up(void **state)
{
    (void)state;
    kinesis__lineage_init(&l, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kinesis__lineage_free(&l);
    return 0;
}

static int add(const char *id, const char *parent, const char *other)
{
    struct kinesis_shard shard = {.size = sizeof shard,
                                  .shard_id = sigv4_str(id),
                                  .parent_shard_id = sigv4_str(parent),
                                  .adjacent_parent_shard_id = sigv4_str(other),
                                  .starting_hash_key = SIGV4_LIT("0"),
                                  .ending_hash_key = SIGV4_LIT("9")};
    return kinesis__lineage_add(&l, &shard);
}

/* All that may start now, in order, one letter each. */
static const char *started(void)
{
    static char text[64];
    size_t n = 0;
    kinesis__lineage_settle(&l);
    for (size_t i; (i = kinesis__lineage_start_next(&l)) < l.ids.count;)
        text[n++] = *(const char *)kinesis__lineage_id(&l, i).ptr;
    text[n] = '\0';
    return text;
}

static void end(const char *id)
{
    size_t i = kinesis__lineage_find(&l, sigv4_str(id));
    assert_true(i < l.ids.count);
    assert_int_equal(kinesis__lineage_at(&l, i)->state, KINESIS__SHARD_STARTED);
    kinesis__lineage_end(&l, i);
}

/* a splits into b and c; c and d merge into e; e splits into f and g. Listed children first. */
static void splits_and_merges(void **state)
{
    (void)state;
    add("g", "e", "");
    add("f", "e", "");
    add("e", "c", "d");
    add("c", "a", "");
    add("b", "a", "");
    add("a", "", "");
    add("d", "", "");
    assert_string_equal(started(), "da");
    assert_string_equal(started(), "");
    end("a");
    assert_string_equal(started(), "cb");
    end("c");
    assert_string_equal(started(), "");
    end("b");
    assert_string_equal(started(), "");
    end("d");
    assert_string_equal(started(), "e");
    end("e");
    assert_string_equal(started(), "gf");
    assert_int_equal(kinesis__lineage_find(&l, sigv4_str("x")), l.ids.count);
}

static void expired_parents_hold_nobody_up(void **state)
{
    (void)state;
    add("b", "a", "");
    add("d", "b", "z");
    assert_string_equal(started(), "b");
    end("b");
    assert_string_equal(started(), "d");
    /* Named first, listed later: then it is a shard like others. */
    add("a", "", "");
    assert_string_equal(started(), "a");
}

static void children_come_with_the_end(void **state)
{
    (void)state;
    add("a", "", "");
    add("b", "", "");
    assert_string_equal(started(), "ab");
    struct kinesis_child_shard child = {.size = sizeof child,
                                        .shard_id = SIGV4_LIT("c"),
                                        .starting_hash_key = SIGV4_LIT("100"),
                                        .ending_hash_key = SIGV4_LIT("199"),
                                        .parents = {SIGV4_LIT("a"), SIGV4_LIT("b")},
                                        .parent_count = 2};
    assert_int_equal(kinesis__lineage_add_child(&l, &child), SIGV4_OK);
    end("a");
    assert_string_equal(started(), "");
    assert_int_equal(kinesis__lineage_add_child(&l, &child), SIGV4_OK);
    end("b");
    assert_string_equal(started(), "c");
    assert_int_equal(kinesis__lineage_add_child(&l, &child), SIGV4_OK);
    add("c", "a", "b");
    assert_string_equal(started(), "");
    const struct kinesis__lineage_shard *c = kinesis__lineage_at(&l, 2);
    assert_true(c->has_range && c->first.low == 100 && c->last.low == 199);
    assert_false(kinesis__lineage_at(&l, 0)->first.low);
}

static void ended_in_an_earlier_life(void **state)
{
    (void)state;
    add("a", "", "");
    add("b", "a", "");
    kinesis__lineage_end(&l, kinesis__lineage_find(&l, sigv4_str("a")));
    assert_string_equal(started(), "b");
}

static void memory_fails(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        struct failing_alloc memory = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
        kinesis__lineage_init(&l, &hooks);
        failing_alloc_fail(&memory, nth);
        int status = SIGV4_OK;
        /* What failed once works the second time. */
        for (unsigned i = 0; i < 100; i++) {
            char id[20], parent[20];
            snprintf(id, sizeof id, "s%u", i);
            snprintf(parent, sizeof parent, "s%u", i / 2);
            if (add(id, i ? parent : "", "") != SIGV4_OK) {
                status = SIGV4_E_NOMEM;
                assert_int_equal(add(id, i ? parent : "", ""), SIGV4_OK);
            }
        }
        failed = memory.failures > 0;
        assert_int_equal(status, failed ? SIGV4_E_NOMEM : SIGV4_OK);
        size_t count = 0;
        kinesis__lineage_settle(&l);
        for (size_t i; (i = kinesis__lineage_start_next(&l)) < l.ids.count; count++) {
            kinesis__lineage_end(&l, i);
            kinesis__lineage_settle(&l);
        }
        assert_int_equal(count, 100);
        kinesis__lineage_free(&l);
        assert_true(failing_alloc_clean(&memory));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(splits_and_merges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(expired_parents_hold_nobody_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(children_come_with_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ended_in_an_earlier_life, set_up, tear_down),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
