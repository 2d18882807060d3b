/* The consumer when all goes well: order, starts, splits and merges, pauses, ends. */
#include "flow/kinesis_stage.h"

static void one_shard_to_its_tip(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 25);
    s->read_page = 10;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_read(s, "A", 1, 25);
    assert_string_equal(s->events, "found A\nstarted A\ntip A\n");
    assert_int_equal(s->read_count, 4);
    stage_assert_paced(s);
}

static void many_shards_all_reach_their_tip(void **state)
{
    struct stage *s = *state;
    char id[16];
    for (unsigned i = 0; i < 120; i++) {
        snprintf(id, sizeof id, "S%03u", i);
        stage_add(s, id, i % 30);
    }
    s->list_page = 50;
    s->read_page = 7;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    for (unsigned i = 0; i < 120; i++)
        stage_assert_read(s, s->shards[i].id, 1, i % 30);
    stage_assert_paced(s);
}

static void follows_what_comes(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 100)->every_ms = 70;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 30000);
    stage_assert_read(s, "A", 1, 100);
    stage_assert_paced(s);
    size_t before = s->read_count;
    fake_run_ms(s->fake, s->loop, 60000);
    assert_in_range(s->read_count - before, 55, 61); /* once a second at the tip */
    kinesis_consumer_stop(s->consumer);
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    assert_int_equal(s->error.status, SIGV4_OK);
}

static void never_more_than_five_reads_a_second(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 60);
    s->read_page = 1;
    s->options.idle_ms = 1;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 20000);
    stage_assert_read(s, "A", 1, 60);
    assert_in_range(s->read_count, 95, 101);
    stage_assert_paced(s);
}

/* ---- starts ---- */

static void from_now_on(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20)->every_ms = 500;
    s->options.start = KINESIS_FROM_NOW;
    fake_pass_ms(s->fake, 5100);
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 20000);
    stage_assert_read(s, "A", 12, 20);
}

static void from_now_on_leaves_out_what_has_ended(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 5)->closed_at_ms = 1;
    stage_add_child(s, "B", 10, "A", NULL, 1)->every_ms = 1000;
    s->shards[1].closed_at_ms = 15000;
    stage_add_child(s, "C", 3, "B", NULL, 15000);
    s->silent_children = true; /* the list names A again when B has ended */
    s->options.start = KINESIS_FROM_NOW;
    fake_pass_ms(s->fake, 5500);
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 30000);
    stage_assert_read(s, "A", 1, 0);
    stage_assert_read(s, "B", 7, 10);
    stage_assert_read(s, "C", 1, 3);
}

static void from_a_time(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20)->every_ms = 500;
    s->options.start = KINESIS_FROM_TIME;
    s->options.start_unix_ms = 1767225600000 + 4200;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 60000);
    stage_run(s);
    stage_assert_read(s, "A", 10, 20);
}

static void from_a_sequence_number(void **state)
{
    struct stage *s = *state;
    static const char *const chosen[] = {"B"};
    stage_add(s, "A", 5);
    stage_add(s, "B", 20);
    s->options.shard_ids = chosen;
    s->options.shard_count = 1;
    s->options.start = KINESIS_FROM_SEQUENCE;
    s->options.start_sequence = "2007";
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    stage_assert_read(s, "A", 1, 0);
    stage_assert_read(s, "B", 7, 20);
}

static void from_behind_a_sequence_number(void **state)
{
    struct stage *s = *state;
    static const char *const chosen[] = {"A"};
    stage_add(s, "A", 20);
    s->options.shard_ids = chosen;
    s->options.shard_count = 1;
    s->options.start = KINESIS_FROM_AFTER_SEQUENCE;
    s->options.start_sequence = "1007";
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    stage_assert_read(s, "A", 8, 20);
}

static void an_unknown_shard(void **state)
{
    struct stage *s = *state;
    static const char *const chosen[] = {"A", "Z"};
    stage_add(s, "A", 20);
    s->options.shard_ids = chosen;
    s->options.shard_count = 2;
    for (int i = 0; i < 2; i++) {
        s->options.start = i ? KINESIS_FROM_NOW : KINESIS_FROM_OLDEST;
        s->ends = 0;
        stage_run(s);
        assert_int_equal(s->error.status, SIGV4_E_NOT_FOUND);
        assert_string_equal(s->error.message, "stream numbers has no shard Z");
        assert_int_equal(s->logged, 0);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
    }
}

static void wrong_options(void **state)
{
    struct stage *s = *state;
    s->options.start = KINESIS_FROM_SEQUENCE;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.start = KINESIS_FROM_OLDEST;
    s->options.max_records_per_fetch = 10001;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.max_records_per_fetch = 0;
    s->options.stream = "no such name!";
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.stream = "numbers";
    s->options.flags = 0x4000u;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.flags = 0;
    s->options.start = (enum kinesis_start)7;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.start = KINESIS_FROM_TIME;
    s->options.start_unix_ms = -1;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.start = KINESIS_FROM_OLDEST;
    s->options.shard_count = 2;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.shard_ids = (const char *const[]){"A", NULL};
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.shard_ids = (const char *const[]){"A", ""};
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.shard_ids = NULL;
    s->options.shard_count = 0;
    s->options.on_end = NULL;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    assert_null(s->consumer);
}

/* ---- splits and merges ---- */

static void add_split_and_merge(struct stage *s)
{
    stage_add(s, "A", 30)->every_ms = 100;
    s->shards[0].closed_at_ms = 4000;
    for (int i = 0; i < 2; i++) {
        struct stage_shard *h = stage_add_child(s, i ? "C" : "B", 20, "A", NULL, 4000);
        h->every_ms = 100;
        h->closed_at_ms = 8000;
    }
    stage_add_child(s, "D", 15, "B", "C", 8000)->every_ms = 100;
    s->shards[3].closed_at_ms = 20000;
}

static void assert_split_and_merge(struct stage *s)
{
    stage_assert_read(s, "A", 1, 30);
    stage_assert_read(s, "B", 1, 20);
    stage_assert_read(s, "C", 1, 20);
    stage_assert_read(s, "D", 1, 15);
    stage_assert_before(s, "ended A", "started B");
    stage_assert_before(s, "ended A", "started C");
    stage_assert_before(s, "ended B", "started D");
    stage_assert_before(s, "ended C", "started D");
    assert_int_equal(stage_events(s, "started"), 4);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_paced(s);
}

static void a_split_and_a_merge_while_reading(void **state)
{
    struct stage *s = *state;
    add_split_and_merge(s);
    stage_run(s);
    assert_split_and_merge(s);
}

static void children_that_the_service_does_not_name(void **state)
{
    struct stage *s = *state;
    add_split_and_merge(s);
    s->silent_children = true;
    stage_run(s);
    assert_split_and_merge(s);
}

static void a_split_and_a_merge_of_the_past(void **state)
{
    struct stage *s = *state;
    add_split_and_merge(s);
    s->list_page = 1;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 60000);
    stage_run(s);
    assert_split_and_merge(s);
}

/* A ends and names M, whose other parent, C, is still unknown: X, C's parent, is not read through.
 */
static void a_merge_with_a_shard_not_yet_known(void **state)
{
    struct stage *s = *state;
    s->read_page = 1;
    stage_add(s, "A", 1)->closed_at_ms = 1000;
    stage_add(s, "X", 30)->closed_at_ms = 900;
    stage_add_child(s, "B", 2, "X", NULL, 900);
    stage_add_child(s, "C", 3, "X", NULL, 900)->closed_at_ms = 1000;
    stage_add_child(s, "M", 4, "A", "C", 1000);
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    stage_assert_before(s, "ended X", "started C");
    stage_assert_before(s, "ended C", "started M");
    stage_assert_read(s, "B", 1, 2);
    stage_assert_read(s, "C", 1, 3);
    stage_assert_read(s, "M", 1, 4);
}

/* The same, but that parent is gone: its records were too old to be kept. */
static void a_merge_with_a_shard_that_is_gone(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 1)->closed_at_ms = 1000;
    stage_add_child(s, "M", 4, "A", "gone", 1000);
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    stage_assert_read(s, "M", 1, 4);
}

static void a_chosen_shard_ends_without_its_children(void **state)
{
    struct stage *s = *state;
    static const char *const chosen[] = {"A"};
    add_split_and_merge(s);
    s->options.shard_ids = chosen;
    s->options.shard_count = 1;
    stage_run(s);
    stage_assert_read(s, "A", 1, 30);
    assert_int_equal(s->logged, 30);
    assert_int_equal(s->error.status, SIGV4_OK);
}

/* ---- pause, stop, hold, free ---- */

static enum kinesis_next pause_at_five(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->log[s->logged - 1].number == 1005 ? KINESIS_PAUSE_SHARD : KINESIS_GO_ON;
}

static void a_pause_holds_one_shard_only(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    stage_add(s, "B", 20);
    s->answer = pause_at_five;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 3600 * 1000);
    stage_assert_read(s, "A", 1, 5);
    stage_assert_read(s, "B", 1, 20);
    assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("B")), SIGV4_OK);
    assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("nobody")), SIGV4_OK);
    assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("A")), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 5000);
    stage_assert_read(s, "A", 1, 20); /* its iterator expired meanwhile */
    assert_non_null(strstr(s->last_place, "AFTER_SEQUENCE_NUMBER"));
}

static enum kinesis_next stop_at_three(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->logged == 3 ? KINESIS_STOP : KINESIS_GO_ON;
}

static void stop_in_the_middle_of_a_page(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    stage_add(s, "B", 20);
    s->answer = stop_at_three;
    stage_run(s);
    assert_int_equal(s->logged, 3);
    assert_int_equal(s->error.status, SIGV4_OK);
}

static enum kinesis_next call_stop_at_three(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    if (s->logged == 3)
        kinesis_consumer_stop(s->consumer);
    return KINESIS_GO_ON;
}

static void stop_called_from_a_record(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    s->answer = call_stop_at_three;
    stage_run(s);
    assert_int_equal(s->logged, 3);
}

static enum kinesis_next call_free_at_three(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    if (s->logged == 3)
        kinesis_consumer_free(s->consumer);
    return KINESIS_GO_ON;
}

static void free_called_from_a_record(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    s->answer = call_free_at_three;
    stage_run(s);
    s->consumer = NULL;
    assert_int_equal(s->logged, 3);
    assert_int_equal(s->ends, 1);
}

static void stop_while_paused(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    s->answer = pause_at_five;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 5000);
    kinesis_consumer_stop(s->consumer);
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    stage_assert_read(s, "A", 1, 5);
}

static enum kinesis_next hold_the_fourth(struct stage *s, const struct kinesis_record *record)
{
    if (s->logged == 4)
        s->held = kinesis_record_hold(record);
    return KINESIS_GO_ON;
}

static void a_record_outlives_its_consumer(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 200);
    s->read_page = 10;
    s->answer = hold_the_fourth;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    stage_assert_read(s, "A", 1, 200);
    kinesis_consumer_free(s->consumer);
    s->consumer = NULL;
    fake_run_ms(s->fake, s->loop, 10);
    assert_memory_equal(s->held->sequence_number.ptr, "1004", 4);
    assert_memory_equal(s->held->shard_id.ptr, "A", 1);
    assert_memory_equal(s->held->data.ptr, "hello", 5);
    assert_ptr_equal(kinesis_record_hold(s->held), s->held);
    kinesis_record_release(s->held);
    assert_memory_equal(s->held->data.ptr, "hello", 5);
    kinesis_record_release(s->held);
    kinesis_record_release(NULL);
}

/* After each number of iterations. */
static void free_at_any_moment(void **state)
{
    struct stage *s = *state;
    add_split_and_merge(s);
    s->read_page = 7;
    for (unsigned moment = 0; moment < 200; moment++) {
        s->ends = 0;
        s->logged = 0;
        s->events[0] = '\0';
        assert_int_equal(stage_start(s), SIGV4_OK);
        for (unsigned i = 0; i < moment && !s->ends; i++)
            sigv4_loop_run(s->loop, 1000);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
        assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
        fake_run_ms(s->fake, s->loop, 2000);
        assert_int_equal(s->ends, 1);
        assert_int_equal(s->error.status, SIGV4_OK);
    }
}

static bool is_reading(void *ctx)
{
    return ((struct stage *)ctx)->read_count > 0;
}

/* Against the rules, but a read under way notices. */
static void the_client_goes_first(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    assert_int_equal(stage_start(s), SIGV4_OK);
    assert_true(fake_run_until(s->fake, s->loop, is_reading, s));
    sigv4_client_free(s->client);
    s->client = NULL;
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    assert_int_equal(s->error.status, SIGV4_E_CANCELED);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(one_shard_to_its_tip),
        STAGE(many_shards_all_reach_their_tip),
        STAGE(follows_what_comes),
        STAGE(never_more_than_five_reads_a_second),
        STAGE(from_now_on),
        STAGE(from_now_on_leaves_out_what_has_ended),
        STAGE(from_a_time),
        STAGE(from_a_sequence_number),
        STAGE(from_behind_a_sequence_number),
        STAGE(an_unknown_shard),
        STAGE(wrong_options),
        STAGE(a_split_and_a_merge_while_reading),
        STAGE(children_that_the_service_does_not_name),
        STAGE(a_split_and_a_merge_of_the_past),
        STAGE(a_merge_with_a_shard_not_yet_known),
        STAGE(a_merge_with_a_shard_that_is_gone),
        STAGE(a_chosen_shard_ends_without_its_children),
        STAGE(a_pause_holds_one_shard_only),
        STAGE(stop_in_the_middle_of_a_page),
        STAGE(stop_called_from_a_record),
        STAGE(free_called_from_a_record),
        STAGE(stop_while_paused),
        STAGE(a_record_outlives_its_consumer),
        STAGE(free_at_any_moment),
        STAGE(the_client_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
