/* The consumer's pace: what a shard allows, what others leave of it, and shards that stand still.
 */
#include "flow/kinesis_stage.h"

/* ---- 2 MB a second ---- */

enum { DATA = 400000 };

static void never_more_than_two_megabytes_a_second(void **state)
{
    struct stage *s = *state;
    char *data = malloc(DATA + 1);
    memset(data, 'A', DATA);
    data[DATA] = '\0';
    stage_add(s, "A", 60);
    s->data = data;
    s->read_page = 5;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    stage_assert_read(s, "A", 1, 60);
    /* Twelve pages of 1.5 MB, and the one that finds the tip. */
    assert_int_equal(s->read_count, 13);
    for (size_t i = 1; i < 13; i++)
        assert_in_range(s->reads[i].at_ms - s->reads[i - 1].at_ms, 750, 850);
    free(data);
}

/* ---- others read, too ---- */

static int64_t allowed_ms;
static unsigned throttles, reads;

static void once_in_700_ms(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                           struct fake_answer *answer)
{
    (void)nth, (void)shard;
    int64_t now = fake_now_ms(s->fake);
    if (op != STAGE_READ)
        return;
    reads++;
    if (now - allowed_ms >= 700) {
        allowed_ms = now;
        return;
    }
    throttles++;
    stage_error(answer, "ProvisionedThroughputExceededException");
}

static void throttles_teach_the_pace(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 3000);
    s->read_page = 1;
    s->trouble = once_in_700_ms;
    allowed_ms = -700;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    reads = throttles = 0;
    size_t before = s->logged;
    fake_run_ms(s->fake, s->loop, 300000);
    print_message("%u reads, %u of them throttled\n", reads, throttles);
    assert_true(throttles * 5 < reads);
    assert_true(s->logged - before > 200); /* 428 would be all there is */
    s->trouble = NULL;
    fake_run_ms(s->fake, s->loop, 60000);
    before = s->logged;
    fake_run_ms(s->fake, s->loop, 20000);
    assert_in_range(s->logged - before, 95, 101); /* alone again: five a second */
    stage_assert_paced(s);
}

/* However slowly it reads: its neighbors take all they can get. */
static void every_third_refused(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                                struct fake_answer *answer)
{
    (void)s, (void)shard;
    if (op == STAGE_READ && nth % 3 == 0)
        stage_error(answer, "ProvisionedThroughputExceededException");
}

static void greedy_neighbors_do_not_starve_it(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 3000);
    s->read_page = 1;
    s->trouble = every_third_refused;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    size_t before = s->logged;
    fake_run_ms(s->fake, s->loop, 300000);
    print_message("%zu records in 300 s\n", s->logged - before);
    assert_true(s->logged - before > 80); /* a page in less than four seconds */
    stage_assert_paced(s);
}

/* ---- standing still ---- */

static int64_t still_from_ms, still_until_ms;
static int64_t lag_per_s;

static void stands_still(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                         struct fake_answer *answer)
{
    static char body[256];
    unsigned taken = 0;
    int64_t now = fake_now_ms(s->fake);
    (void)nth;
    /* An iterator got meanwhile works. */
    if (op != STAGE_READ || strcmp(shard, "A") != 0 || now < still_from_ms ||
        now >= still_until_ms || s->nth[STAGE_PLACE] > 2)
        return;
    for (size_t i = 0; i < s->logged; i++)
        taken += strcmp(s->log[i].shard, "A") == 0;
    snprintf(body, sizeof body,
             "{\"Records\":[],\"NextShardIterator\":\"0 %u %lld\",\"MillisBehindLatest\":%lld}",
             taken, (long long)now, (long long)(500000 + (now - still_from_ms) / 1000 * lag_per_s));
    answer->body = body;
    answer->body_len = 0;
}

static void a_shard_that_stands_still_is_begun_again(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 100)->every_ms = 1000;
    stage_add(s, "B", 100)->every_ms = 1000;
    s->trouble = stands_still;
    still_from_ms = 20000;
    still_until_ms = INT64_MAX;
    lag_per_s = 1000;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 45000);
    assert_int_equal(stage_events(s, "stalled"), 0);
    fake_run_ms(s->fake, s->loop, 15000);
    assert_int_equal(stage_events(s, "stalled A"), 1);
    assert_non_null(strstr(s->last_place, "\"AFTER_SEQUENCE_NUMBER\""));
    fake_run_ms(s->fake, s->loop, 60000);
    stage_assert_read(s, "A", 1, 100);
    stage_assert_read(s, "B", 1, 100);
    assert_int_equal(stage_events(s, "stalled"), 1);
    stage_assert_paced(s);
}

static void a_gap_in_a_shard_is_no_standstill(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 100)->every_ms = 1000;
    stage_add(s, "B", 1);
    s->trouble = stands_still;
    still_from_ms = 20000;
    still_until_ms = 120000;
    lag_per_s = -1000;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 180000);
    assert_int_equal(stage_events(s, "stalled"), 0);
    stage_assert_read(s, "A", 1, 100);
    stage_assert_paced(s);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(never_more_than_two_megabytes_a_second),
        STAGE(throttles_teach_the_pace),
        STAGE(greedy_neighbors_do_not_starve_it),
        STAGE(a_shard_that_stands_still_is_begun_again),
        STAGE(a_gap_in_a_shard_is_no_standstill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
