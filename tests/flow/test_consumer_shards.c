/* Shards the service does not know (yet, or any more), and many of them. */
#include "flow/kinesis_stage.h"

static bool is_unknown(const struct stage *s, const char *shard, int64_t until_ms)
{
    const struct stage_shard *h = &s->shards[stage_find(s, shard)];
    int64_t now = fake_now_ms(s->fake);
    return (h->gone_at_ms && h->gone_at_ms <= now) || (h->born_at_ms && now < until_ms);
}

static void unknown_when_gone(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                              struct fake_answer *answer)
{
    (void)nth;
    if (op != STAGE_LIST && is_unknown(s, shard, 0))
        stage_error(answer, "ResourceNotFoundException");
}

/* B grows too old while it is paused; its children are read, and A is not disturbed. */
static void a_shard_that_aged_out_ends_alone(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 100)->every_ms = 1000;
    struct stage_shard *b = stage_add(s, "B", 50);
    b->every_ms = 1000;
    b->closed_at_ms = 10000;
    b->gone_at_ms = 20000;
    stage_add_child(s, "C", 30, "B", NULL, 10000);
    s->trouble = unknown_when_gone;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 300000);
    assert_int_equal(s->ends, 0);
    stage_assert_read(s, "A", 1, 100);
    stage_assert_read(s, "C", 1, 30);
    assert_int_equal(stage_events(s, "gone B"), 1);
    assert_int_equal(stage_events(s, "ended B"), 0);
    assert_true(stage_events(s, "trouble B") >= 5);
    stage_assert_before(s, "gone B", "started C");
    stage_assert_paced(s);
}

static void unknown_for_a_minute(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                                 struct fake_answer *answer)
{
    (void)nth;
    if (op != STAGE_LIST && is_unknown(s, shard, 60000))
        stage_error(answer, "ResourceNotFoundException");
}

/* It stands in the list, so it is waited for. */
static void a_child_that_is_not_known_everywhere_yet(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 10)->closed_at_ms = 1000;
    stage_add_child(s, "B", 30, "A", NULL, 1000);
    s->trouble = unknown_for_a_minute;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 120000);
    assert_int_equal(s->ends, 0);
    stage_assert_read(s, "A", 1, 10);
    stage_assert_read(s, "B", 1, 30);
    assert_int_equal(stage_events(s, "gone"), 0);
    assert_in_range(stage_events(s, "trouble B"), 5, 60);
}

static void the_stream_is_gone(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                               struct fake_answer *answer)
{
    (void)op, (void)nth, (void)shard;
    if (fake_now_ms(s->fake) >= 10000)
        stage_error(answer, "ResourceNotFoundException");
}

static void a_stream_that_was_deleted_ends_it(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 10);
    stage_add(s, "B", 10);
    s->trouble = the_stream_is_gone;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(s->error.code, "ResourceNotFoundException");
    stage_assert_read(s, "A", 1, 10);
    stage_assert_read(s, "B", 1, 10);
    assert_in_range(fake_now_ms(s->fake), 10000, 20000);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(a_shard_that_aged_out_ends_alone),
        STAGE(a_child_that_is_not_known_everywhere_yet),
        STAGE(a_stream_that_was_deleted_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
