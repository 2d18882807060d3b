/* The consumer when things go wrong: expired iterators, throttles, resets, answers that make no
 * sense, memory that runs out. */
#include "flow/kinesis_stage.h"

/* ---- iterators that expire ---- */

static enum kinesis_next pause_at_five(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->log[s->logged - 1].number == 1005 ? KINESIS_PAUSE_SHARD : KINESIS_GO_ON;
}

static void an_expired_iterator_is_renewed_behind_the_last_record(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 50);
    s->read_page = 5;
    s->answer = pause_at_five;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 400000);
    stage_assert_read(s, "A", 1, 5);
    assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("A")), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 10000);
    stage_assert_read(s, "A", 1, 50);
    assert_non_null(strstr(s->last_place, "\"AFTER_SEQUENCE_NUMBER\""));
    assert_non_null(strstr(s->last_place, "\"1005\""));
    assert_int_equal(stage_events(s, "trouble"), 0);
    assert_int_equal(stage_events(s, "started"), 1);
    stage_assert_paced(s);
}

static void no_network(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                       struct fake_answer *answer)
{
    (void)op, (void)nth, (void)shard;
    int64_t now = fake_now_ms(s->fake);
    if (now > 3000 && now < 400000)
        answer->outcome = FAKE_REFUSED;
}

/* The outage is longer than the iterator's life; our clock is an hour ahead of the service's. */
static void from_now_on_skips_nothing_when_it_is_renewed(void **state)
{
    struct stage *s = *state;
    struct stage_shard *h = stage_add(s, "A", 100);
    h->first_at_ms = 10000;
    h->every_ms = 3000;
    s->options.start = KINESIS_FROM_NOW;
    s->trouble = no_network;
    fake_set_wall_ms(s->fake, fake_wall_ms(s->fake) + 3600 * 1000);
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 600000);
    stage_assert_read(s, "A", 1, 100);
    assert_non_null(strstr(s->last_place, "\"AT_TIMESTAMP\""));
    stage_assert_paced(s);
}

static void always_expired(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                           struct fake_answer *answer)
{
    (void)s, (void)nth, (void)shard;
    if (op == STAGE_READ)
        stage_error(answer, "ExpiredIteratorException");
}

static void iterators_that_are_born_expired_are_asked_for_slowly(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 50);
    s->trouble = always_expired;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    assert_in_range(s->read_count, 5, 60);
    assert_true(stage_events(s, "trouble") > 3);
    stage_assert_paced(s);
}

/* ---- failures that pass ---- */

static void every_third_fails(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                              struct fake_answer *answer)
{
    static const char *const codes[] = {"ProvisionedThroughputExceededException", "InternalFailure",
                                        "KMSThrottlingException"};
    (void)s, (void)shard;
    if (op == STAGE_LIST || nth % 3 == 2)
        return;
    switch ((nth * 7 + op) % 5) {
    case 0:
        answer->outcome = FAKE_RESET;
        break;
    case 1:
        answer->outcome = FAKE_CUT;
        break;
    case 2:
        answer->outcome = FAKE_SILENT;
        break;
    default:
        stage_error(answer, codes[nth % 3]);
        answer->status = nth % 3 == 1 ? 500 : 400;
    }
}

static void throttles_and_resets_lose_and_repeat_nothing(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 60);
    stage_add(s, "B", 60);
    s->shards[0].closed_at_ms = 1;
    stage_add_child(s, "C", 60, "A", NULL, 1);
    s->read_page = 5;
    s->trouble = every_third_fails;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 10);
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_read(s, "A", 1, 60);
    stage_assert_read(s, "B", 1, 60);
    stage_assert_read(s, "C", 1, 60);
    assert_true(stage_events(s, "trouble") > 20);
    stage_assert_paced(s);
}

static void throttled(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                      struct fake_answer *answer)
{
    (void)s, (void)nth, (void)shard;
    if (op == STAGE_READ)
        stage_error(answer, "ProvisionedThroughputExceededException");
}

static void a_throttled_shard_is_left_alone(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 5);
    s->trouble = throttled;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    assert_in_range(s->read_count, 6, 40);
    s->trouble = NULL;
    fake_run_ms(s->fake, s->loop, 12000);
    stage_assert_read(s, "A", 1, 5);
}

static void later_lists_fail(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                             struct fake_answer *answer)
{
    (void)s, (void)shard;
    if (op == STAGE_LIST && nth > 0 && nth < 9)
        answer->outcome = FAKE_RESET;
}

static void a_list_that_fails_later_is_asked_for_again(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 10)->closed_at_ms = 1000;
    stage_add_child(s, "B", 10, "A", NULL, 1000)->closed_at_ms = 100000;
    s->silent_children = true;
    s->trouble = later_lists_fail;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_read(s, "A", 1, 10);
    stage_assert_read(s, "B", 1, 10);
    assert_true(s->nth[STAGE_LIST] >= 9);
}

static void a_token_dies(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                         struct fake_answer *answer)
{
    (void)s, (void)shard;
    if (op == STAGE_LIST && nth == 2)
        stage_error(answer, "ExpiredNextTokenException");
}

static void a_list_whose_token_died_begins_anew(void **state)
{
    struct stage *s = *state;
    static const char *const ids[] = {"A", "B", "C", "D"};
    for (size_t i = 0; i < 4; i++)
        stage_add(s, ids[i], 10);
    s->list_page = 1;
    s->trouble = a_token_dies;
    s->options.flags = KINESIS_STOP_AT_TIP;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    for (size_t i = 0; i < 4; i++)
        stage_assert_read(s, ids[i], 1, 10);
    assert_int_equal(stage_events(s, "found"), 4);
}

/* ---- failures that do not ---- */

static const char *fatal_code;
static enum stage_op fatal_op;

static void fatal(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                  struct fake_answer *answer)
{
    (void)s, (void)nth, (void)shard;
    if (op == fatal_op)
        stage_error(answer, fatal_code);
}

static void a_fatal_failure_ends_it_once(void **state)
{
    struct stage *s = *state;
    static const struct {
        enum stage_op op;
        const char *code;
        int status;
    } cases[] = {
        {STAGE_LIST, "ResourceNotFoundException", SIGV4_E_NOT_FOUND},
        {STAGE_LIST, "AccessDeniedException", SIGV4_E_DENIED},
        {STAGE_PLACE, "AccessDeniedException", SIGV4_E_DENIED},
        {STAGE_PLACE, "InvalidArgumentException", SIGV4_E_INVALID},
        {STAGE_READ, "AccessDeniedException", SIGV4_E_DENIED},
        {STAGE_READ, "KMSAccessDeniedException", SIGV4_E_DENIED},
    };
    stage_add(s, "A", 5);
    stage_add(s, "B", 5);
    s->trouble = fatal;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fatal_op = cases[i].op;
        fatal_code = cases[i].code;
        s->ends = 0;
        stage_run(s);
        assert_int_equal(s->error.status, cases[i].status);
        assert_string_equal(s->error.code, cases[i].code);
        fake_run_ms(s->fake, s->loop, 60000);
        assert_int_equal(s->ends, 1);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
    }
    assert_int_equal(s->logged, 0);
}

static void unreachable(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                        struct fake_answer *answer)
{
    (void)s, (void)op, (void)nth, (void)shard;
    answer->outcome = FAKE_FILTER;
}

static void a_service_that_cannot_be_reached_is_told_within_seconds(void **state)
{
    struct stage *s = *state;
    s->trouble = unreachable;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_E_NETWORK);
    assert_in_range(fake_now_ms(s->fake), 1, 10000);
}

/* ---- answers that make no sense ---- */

static const char *hostile_body;
static unsigned hostile_times;

static void hostile(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                    struct fake_answer *answer)
{
    (void)s, (void)shard;
    if (op != STAGE_READ || nth % 8 >= hostile_times)
        return;
    answer->body = hostile_body;
    answer->body_len = 0;
}

#define SEQUENCE_130                                                                               \
    "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"  \
    "234567890123456789012345678901234567890"
#define RECORD(data, number)                                                                       \
    "{\"Records\":[{\"Data\":\"" data "\",\"PartitionKey\":\"k\",\"SequenceNumber\":" number       \
    "}],\"NextShardIterator\":\"0 9 0\"}"
#define TEN(x) x x x x x x x x x x

static const char *const bodies[] = {
    "",
    "{}",
    "null",
    "{\"Records\":null}",
    "{\"Records\":[",
    "{\"Records\":[{}]}",
    "<html>a gateway's opinion</html>",
    RECORD("aGVsbG8", "\"1001\""),
    RECORD("aGVsbG8=", "1001"),
    RECORD("aGVsbG8=", "\"" SEQUENCE_130 "\""),
    "{\"Records\":[],\"NextShardIterator\":\"" TEN(TEN("0123456789")) "\"}",
    "{\"Records\":[],\"MillisBehindLatest\":1e99999}",
    "{\"Records\":[],\"ChildShards\":[{\"ShardId\":\"X\",\"ParentShards\":[\"A\",\"B\",\"C\"]}]}",
};

static void senseless_answers_are_survived(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 12);
    s->read_page = 4;
    s->trouble = hostile;
    hostile_times = 3;
    s->options.flags = KINESIS_STOP_AT_TIP;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        hostile_body = bodies[i];
        s->ends = 0;
        s->logged = 0;
        s->events[0] = '\0';
        s->nth[STAGE_READ] = 0;
        stage_run(s);
        if (s->error.status)
            print_error("%s: %s\n", bodies[i], s->error.message);
        assert_int_equal(s->error.status, SIGV4_OK);
        stage_assert_read(s, "A", 1, 12);
        assert_true(stage_events(s, "trouble") >= 3);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
    }
}

static void a_service_that_makes_no_sense_at_all_is_given_up(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 12);
    s->trouble = hostile;
    hostile_times = 8;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        hostile_body = bodies[i];
        s->ends = 0;
        stage_run(s);
        assert_int_equal(s->error.status, SIGV4_E_PROTOCOL);
        assert_int_equal(s->logged, 0);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
    }
}

static void parents_in_a_circle(void **state)
{
    struct stage *s = *state;
    stage_add_child(s, "A", 1, "C", NULL, 0);
    stage_add_child(s, "B", 1, "A", NULL, 0);
    stage_add_child(s, "C", 1, "B", NULL, 0);
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_E_PROTOCOL);
}

static void its_own_parent(void **state)
{
    struct stage *s = *state;
    stage_add_child(s, "A", 5, "A", NULL, 0)->closed_at_ms = 1;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    stage_assert_read(s, "A", 1, 5);
}

static void a_name_longer_than_there_can_be(void **state)
{
    struct stage *s = *state;
    stage_add(s, &SEQUENCE_130[1], 5);
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_E_PROTOCOL);
}

/* ---- memory ---- */

/* Whichever allocation fails: either it is told, or it is made good, and nothing is lost. */
static void every_nth_allocation_fails(void **state)
{
    struct stage *s = *state;
    size_t nth = 0, told = 0;
    stage_add(s, "A", 12)->closed_at_ms = 1;
    stage_add_child(s, "B", 6, "A", NULL, 1);
    stage_add_child(s, "C", 6, "A", NULL, 1);
    s->read_page = 5;
    s->list_page = 2;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 10);
    do {
        if (stage_run_short(s, ++nth)) {
            told++;
        } else {
            stage_assert_read(s, "A", 1, 12);
            stage_assert_read(s, "B", 1, 6);
            stage_assert_read(s, "C", 1, 6);
        }
    } while (s->memory.failures);
    print_message("%zu allocations, %zu of their failures ended it\n", nth - 1, told);
    assert_true(nth > 50);
}

static enum kinesis_next slowly(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    fake_pass_ms(s->fake, 100);
    return KINESIS_GO_ON;
}

static void memory_stays_flat(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 1000)->every_ms = 20;
    s->read_page = 20;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 5000);
    size_t live = s->memory.live, bytes = s->memory.live_bytes;
    s->answer = slowly;
    fake_run_ms(s->fake, s->loop, 120000);
    stage_assert_read(s, "A", 1, 1000);
    assert_in_range(s->memory.live, live - 8, live + 8);
    assert_in_range(s->memory.live_bytes, 1, bytes + 30000);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(an_expired_iterator_is_renewed_behind_the_last_record),
        STAGE(from_now_on_skips_nothing_when_it_is_renewed),
        STAGE(iterators_that_are_born_expired_are_asked_for_slowly),
        STAGE(throttles_and_resets_lose_and_repeat_nothing),
        STAGE(a_throttled_shard_is_left_alone),
        STAGE(a_list_that_fails_later_is_asked_for_again),
        STAGE(a_list_whose_token_died_begins_anew),
        STAGE(a_fatal_failure_ends_it_once),
        STAGE(a_service_that_cannot_be_reached_is_told_within_seconds),
        STAGE(senseless_answers_are_survived),
        STAGE(a_service_that_makes_no_sense_at_all_is_given_up),
        STAGE(parents_in_a_circle),
        STAGE(its_own_parent),
        STAGE(a_name_longer_than_there_can_be),
        STAGE(every_nth_allocation_fails),
        STAGE(memory_stays_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
