/* Stopping and going on: every record once, whatever the moment, across splits and merges. */
#include "flow/kinesis_stage.h"

static unsigned stop_after;

static enum kinesis_next stop_there(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->logged == stop_after ? KINESIS_STOP : KINESIS_GO_ON;
}

static void add_family(struct stage *s)
{
    stage_add(s, "A", 9)->closed_at_ms = 1;
    stage_add_child(s, "B", 7, "A", NULL, 1)->closed_at_ms = 2;
    stage_add_child(s, "C", 7, "A", NULL, 1)->closed_at_ms = 2;
    stage_add_child(s, "D", 5, "B", "C", 2);
    s->read_page = 4;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 10);
}

/* One life: reads until stopped, and leaves its position in *c. */
static void live(struct stage *s, struct kinesis_checkpoint *c)
{
    s->ends = 0;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    assert_int_equal(kinesis_consumer_checkpoint(s->consumer, c, NULL), SIGV4_OK);
    kinesis_consumer_free(s->consumer);
    s->consumer = NULL;
}

static void assert_family(const struct stage *s)
{
    stage_assert_read(s, "A", 1, 9);
    stage_assert_read(s, "B", 1, 7);
    stage_assert_read(s, "C", 1, 7);
    stage_assert_read(s, "D", 1, 5);
}

static void stopped_after_each_record(void **state)
{
    struct stage *s = *state;
    struct kinesis_checkpoint *c;
    add_family(s);
    assert_int_equal(kinesis_checkpoint_new(&c, "numbers", NULL, NULL), SIGV4_OK);
    for (stop_after = 1; stop_after <= 28; stop_after++) {
        s->logged = 0;
        s->events[0] = '\0';
        s->answer = stop_there;
        s->options.checkpoint = NULL;
        live(s, c);
        assert_int_equal(s->logged, stop_after);
        s->answer = NULL;
        s->options.checkpoint = c;
        live(s, c);
        assert_family(s);
        size_t before = s->logged;
        live(s, c); /* nothing is left */
        assert_int_equal(s->logged, before);
    }
    kinesis_checkpoint_free(c);
}

static void one_record_a_life(void **state)
{
    struct stage *s = *state;
    struct kinesis_checkpoint *c;
    add_family(s);
    s->silent_children = true;
    s->answer = stop_there;
    assert_int_equal(kinesis_checkpoint_new(&c, "numbers", NULL, NULL), SIGV4_OK);
    s->options.checkpoint = c;
    for (stop_after = 1; stop_after <= 28; stop_after++)
        live(s, c);
    assert_family(s);
    kinesis_checkpoint_free(c);
}

/* A shard of which nothing came goes on from when the first life began, not from the oldest. */
static void from_now_on_is_remembered(void **state)
{
    struct stage *s = *state;
    struct kinesis_checkpoint *c;
    struct kinesis_position p;
    struct stage_shard *h = stage_add(s, "A", 20);
    h->every_ms = 10000; /* at 0, 10, 20 ... s */
    s->options.start = KINESIS_FROM_NOW;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 55000);
    assert_int_equal(kinesis_checkpoint_new(&c, "numbers", NULL, NULL), SIGV4_OK);
    live(s, c);
    assert_int_equal(s->logged, 0);
    assert_true(kinesis_checkpoint_find(c, SIGV4_LIT("A"), &p));
    assert_int_equal(p.kind, KINESIS_POSITION_TIME);
    h->closed_at_ms = 100000; /* meanwhile */
    stage_add_child(s, "B", 5, "A", NULL, 100000);
    h->count = 10;
    fake_pass_ms(s->fake, 100000);
    s->options.checkpoint = c;
    live(s, c);
    stage_assert_read(s, "A", 7, 10);
    stage_assert_read(s, "B", 1, 5);
    kinesis_checkpoint_free(c);
}

/* Called while records are delivered, it says what was taken so far. */
static struct kinesis_checkpoint *inside;

static enum kinesis_next look(struct stage *s, const struct kinesis_record *record)
{
    struct kinesis_position p;
    char expected[16];
    (void)record;
    assert_int_equal(kinesis_consumer_checkpoint(s->consumer, inside, NULL), SIGV4_OK);
    assert_true(kinesis_checkpoint_find(inside, SIGV4_LIT("A"), &p));
    snprintf(expected, sizeof expected, "%u", s->log[s->logged - 1].number - 1);
    if (s->logged == 1)
        assert_int_equal(p.kind, KINESIS_POSITION_OLDEST);
    else
        assert_memory_equal(p.sequence_number.ptr, expected, p.sequence_number.len);
    return KINESIS_GO_ON;
}

static void while_records_are_delivered(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    s->read_page = 6;
    s->options.flags = KINESIS_STOP_AT_TIP;
    s->answer = look;
    assert_int_equal(kinesis_checkpoint_new(&inside, "numbers", NULL, NULL), SIGV4_OK);
    stage_run(s);
    stage_assert_read(s, "A", 1, 20);
    kinesis_checkpoint_free(inside);
}

/* ---- aggregates ---- */

/* Two members, k1 and k2, hello and world (facts, 8.1). */
static const char aggregate[] =
    "84mawgoCazEKAmsyGgkIABoFaGVsbG8aCQgBGgV3b3JsZMSyNMEhZQ9FEtIr9n3KneI=";

static void members_of_aggregates(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 3);
    s->data = aggregate;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    assert_int_equal(s->logged, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(s->log[i].number, 1001 + i / 2);
        assert_int_equal(s->log[i].sub, i % 2);
        /* The stage's shards go from 0 to 9. */
        assert_int_equal(s->log[i].flags, KINESIS_AGGREGATED | KINESIS_OUTSIDE_SHARD);
    }
    kinesis_consumer_free(s->consumer);
    s->options.flags |= KINESIS_KEEP_AGGREGATES;
    s->ends = 0;
    stage_run(s);
    assert_int_equal(s->logged, 9);
    assert_int_equal(s->log[8].flags, 0);
}

static void stopped_after_each_member(void **state)
{
    struct stage *s = *state;
    struct kinesis_checkpoint *c;
    stage_add(s, "A", 4)->closed_at_ms = 1;
    stage_add_child(s, "B", 3, "A", NULL, 1);
    s->data = aggregate;
    s->read_page = 3;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 10);
    assert_int_equal(kinesis_checkpoint_new(&c, "numbers", NULL, NULL), SIGV4_OK);
    for (stop_after = 1; stop_after <= 14; stop_after++) {
        s->logged = 0;
        s->answer = stop_there;
        s->options.checkpoint = NULL;
        live(s, c);
        s->answer = NULL;
        s->options.checkpoint = c;
        live(s, c);
        assert_int_equal(s->logged, 14);
        for (unsigned i = 0; i < 14; i++) {
            assert_int_equal(s->log[i].number, (i < 8 ? 1001 + i / 2 : 2001 + (i - 8) / 2));
            assert_int_equal(s->log[i].sub, i % 2);
        }
    }
    kinesis_checkpoint_free(c);
}

/* ---- until ---- */

static void until_a_time(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 50)->every_ms = 1000;
    stage_add(s, "B", 3);
    stage_add(s, "C", 5)->closed_at_ms = 1;
    stage_add_child(s, "D", 60, "C", NULL, 1)->every_ms = 1000;
    s->options.until_unix_ms = 1767225600000 + 20500;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_read(s, "A", 1, 21);
    stage_assert_read(s, "B", 1, 3);
    stage_assert_read(s, "C", 1, 5);
    stage_assert_read(s, "D", 1, 21);
    assert_in_range(fake_now_ms(s->fake), 20500, 25000);
}

static void until_a_time_that_has_passed(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 50)->every_ms = 1000;
    s->shards[0].closed_at_ms = 50000;
    stage_add_child(s, "B", 3, "A", NULL, 50000);
    s->options.until_unix_ms = 1767225600000 + 20500;
    fake_pass_ms(s->fake, 100000);
    stage_run(s);
    stage_assert_read(s, "A", 1, 21);
    stage_assert_read(s, "B", 1, 0);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(stopped_after_each_record),
        STAGE(one_record_a_life),
        STAGE(from_now_on_is_remembered),
        STAGE(while_records_are_delivered),
        STAGE(members_of_aggregates),
        STAGE(stopped_after_each_member),
        STAGE(until_a_time),
        STAGE(until_a_time_that_has_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
