/* Records for whom asks for them, and a budget of bytes over all shards, in both ways of reading.
 */
#include "flow/fan_out_stage.h"

/* What was pulled goes where the callback would have written it. */
static int pull(struct stage *s, int timeout_ms)
{
    const struct kinesis_record *record;
    struct sigv4_error err = {0};
    int rc = kinesis_consumer_next(s->consumer, &record, timeout_ms, &err);
    assert_int_equal(rc, err.status);
    if (rc) {
        assert_null(record);
        return rc;
    }
    unsigned ends = s->ends;
    s->ends = 0;
    stage_on_record(s, record);
    s->ends = ends;
    kinesis_record_release(record);
    return rc;
}

static int set_up(void **state)
{
    if (stage_set_up(state))
        return -1;
    ((struct stage *)*state)->options.on_record = NULL;
    return 0;
}

static void add_family(struct stage *s)
{
    stage_add(s, "A", 40)->closed_at_ms = 1;
    stage_add_child(s, "B", 30, "A", NULL, 1)->closed_at_ms = 1;
    stage_add_child(s, "C", 20, "A", NULL, 1)->closed_at_ms = 1;
    s->read_page = 7;
    fake_pass_ms(s->fake, 10);
}

static void all_shards_to_their_ends(void **state)
{
    struct stage *s = *state;
    add_family(s);
    assert_int_equal(stage_start(s), SIGV4_OK);
    while (pull(s, -1) == SIGV4_OK)
        ;
    assert_int_equal(pull(s, -1), SIGV4_E_CLOSED);
    stage_assert_read(s, "A", 1, 40);
    stage_assert_read(s, "B", 1, 30);
    stage_assert_read(s, "C", 1, 20);
    stage_assert_before(s, "ended A", "started B");
    stage_assert_paced(s);
}

static void nothing_comes_in_time(void **state)
{
    struct stage *s = *state;
    struct stage_shard *h = stage_add(s, "A", 2);
    h->first_at_ms = 10000;
    assert_int_equal(stage_start(s), SIGV4_OK);
    assert_int_equal(pull(s, 0), SIGV4_E_TIMEOUT);
    int64_t before = fake_now_ms(s->fake);
    assert_int_equal(pull(s, 5000), SIGV4_E_TIMEOUT);
    assert_in_range(fake_now_ms(s->fake) - before, 4990, 5100);
    assert_int_equal(pull(s, 20000), SIGV4_OK);
    assert_int_equal(pull(s, 0), SIGV4_OK);
    assert_int_equal(pull(s, 0), SIGV4_E_TIMEOUT);
    stage_assert_read(s, "A", 1, 2);
}

static void denied(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                   struct fake_answer *answer)
{
    (void)s, (void)shard;
    if (op == STAGE_READ && nth == 2)
        stage_error(answer, "AccessDeniedException");
}

static void why_it_ended_is_told(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    s->read_page = 5;
    s->trouble = denied;
    assert_int_equal(stage_start(s), SIGV4_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pull(s, -1), SIGV4_OK);
    assert_int_equal(pull(s, -1), SIGV4_E_DENIED);
    assert_int_equal(pull(s, -1), SIGV4_E_DENIED);
}

static void stop_takes_back_what_was_not_pulled(void **state)
{
    struct stage *s = *state;
    const struct kinesis_record *record;
    stage_add(s, "A", 20);
    stage_add(s, "B", 20);
    assert_int_equal(stage_start(s), SIGV4_OK);
    assert_int_equal(kinesis_consumer_next(s->consumer, &record, -1, NULL), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 1000);
    kinesis_consumer_stop(s->consumer);
    assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
    assert_int_equal(pull(s, -1), SIGV4_E_CLOSED);
    kinesis_consumer_free(s->consumer);
    s->consumer = NULL;
    fake_run_ms(s->fake, s->loop, 1);
    assert_memory_equal(record->data.ptr, "hello", 5);
    kinesis_record_release(record);
}

static void wrong_use(void **state)
{
    struct stage *s = *state;
    const struct kinesis_record *record;
    stage_add(s, "A", 1);
    s->options.on_record = stage_on_record;
    s->options.on_end = NULL;
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    s->options.on_end = stage_on_end;
    assert_int_equal(stage_start(s), SIGV4_OK);
    assert_int_equal(kinesis_consumer_next(s->consumer, &record, 0, NULL), SIGV4_E_INVALID);
}

/* ---- checkpoints ---- */

/* 0xF3899AC2, two members of one key: "hello" and "world". */
#define AGGREGATE "84mawgoCazEKAmsyGgkIABoFaGVsbG8aCQgBGgV3b3JsZMSyNMEhZQ9FEtIr9n3KneI="

/* Each life takes a few and remembers them by themselves; list_page: of a life. */
static void lives(struct stage *s, bool by_record)
{
    struct kinesis_checkpoint *checkpoint;
    const struct kinesis_record *record;
    assert_int_equal(kinesis_checkpoint_new(&checkpoint, "numbers", NULL, NULL), SIGV4_OK);
    for (unsigned life = 0; life < 200; life++) {
        s->options.checkpoint = kinesis_checkpoint_count(checkpoint) ? checkpoint : NULL;
        assert_int_equal(stage_start(s), SIGV4_OK);
        unsigned taken = 0;
        int rc = SIGV4_OK;
        for (; !rc && taken < 1 + life % 4; taken++) {
            rc = kinesis_consumer_next(s->consumer, &record, 3000, NULL);
            if (rc)
                break;
            stage_on_record(s, record);
            if (by_record)
                assert_int_equal(kinesis_checkpoint_record(checkpoint, record, NULL), SIGV4_OK);
            kinesis_record_release(record);
        }
        if (!by_record)
            assert_int_equal(kinesis_consumer_checkpoint(s->consumer, checkpoint, NULL), SIGV4_OK);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
        s->ends = 0;
        fake_run_ms(s->fake, s->loop, 1000);
        s->ends = 0;
        if (rc)
            break;
    }
    kinesis_checkpoint_free(checkpoint);
}

static void lives_go_on(void **state)
{
    struct stage *s = *state;
    for (int by_record = 0; by_record < 2; by_record++) {
        s->logged = 0;
        s->shard_count = 0;
        add_family(s);
        s->options.on_end = NULL;
        s->options.on_shard = NULL;
        lives(s, by_record);
        stage_assert_read(s, "A", 1, 40);
        stage_assert_read(s, "B", 1, 30);
        stage_assert_read(s, "C", 1, 20);
    }
}

static void lives_go_on_within_aggregates(void **state)
{
    struct stage *s = *state;
    s->data = AGGREGATE;
    stage_add(s, "A", 9);
    s->read_page = 4;
    s->options.on_end = NULL;
    s->options.on_shard = NULL;
    lives(s, true);
    assert_int_equal(s->logged, 18);
    for (unsigned i = 0; i < 18; i++) {
        assert_int_equal(s->log[i].number, 1001 + i / 2);
        assert_int_equal(s->log[i].sub, i % 2);
    }
}

/* ---- the budget ---- */

enum { SHARDS = 100, OF_EACH = 8, BUDGET = 1024 * 1024, DATA = 20 * 1024 };

static char *large_data(void)
{
    char *data = malloc(DATA + 1);
    memset(data, 'A', DATA);
    data[DATA] = '\0';
    return data;
}

/* What is in memory besides pages: the client, the readers, transfers. */
static void watch_memory(struct stage *s, size_t *most)
{
    if (s->memory.live_bytes > *most)
        *most = s->memory.live_bytes;
}

static void assert_all(const struct stage *s)
{
    for (size_t i = 0; i < s->shard_count; i++)
        stage_assert_read(s, s->shards[i].id, 1, OF_EACH);
}

static void add_many(struct stage *s, char **data)
{
    char id[16];
    for (unsigned i = 0; i < SHARDS; i++) {
        snprintf(id, sizeof id, "S%03u", i);
        stage_add(s, id, OF_EACH);
    }
    *data = large_data();
    s->data = *data;
    s->read_page = 4;
    s->options.max_bytes = BUDGET;
    s->options.flags = KINESIS_STOP_AT_TIP;
}

static void a_slow_puller_bounds_memory(void **state)
{
    struct stage *s = *state;
    char *data;
    size_t most = 0;
    add_many(s, &data);
    assert_int_equal(stage_start(s), SIGV4_OK);
    while (pull(s, -1) == SIGV4_OK) {
        fake_run_ms(s->fake, s->loop, 5);
        watch_memory(s, &most);
    }
    assert_all(s);
    print_message("at most %zu bytes\n", most);
    assert_true(most < 2 * BUDGET);
    free(data);
}

/* Who holds all that fits gets no more until some is released. */
static void what_is_held_counts(void **state)
{
    struct stage *s = *state;
    const struct kinesis_record *held[SHARDS * OF_EACH];
    char *data;
    size_t n = 0, all = 0;
    add_many(s, &data);
    assert_int_equal(stage_start(s), SIGV4_OK);
    while (kinesis_consumer_next(s->consumer, &held[n], 30000, NULL) == SIGV4_OK)
        n++;
    assert_in_range(n, BUDGET / DATA / 2, 2 * BUDGET / DATA);
    assert_true(s->memory.live_bytes < 2 * BUDGET);
    for (;;) {
        all += n;
        while (n)
            kinesis_record_release(held[--n]);
        while (kinesis_consumer_next(s->consumer, &held[n], 3000, NULL) == SIGV4_OK)
            n++;
        if (!n)
            break;
    }
    assert_int_equal(all, SHARDS * OF_EACH);
    free(data);
}

static enum kinesis_next always_pause(struct stage *s, const struct kinesis_record *record)
{
    (void)s, (void)record;
    return KINESIS_PAUSE_SHARD;
}

static void paused_shards_bound_memory(void **state)
{
    struct stage *s = *state;
    char *data;
    size_t most = 0, before;
    add_many(s, &data);
    s->options.on_record = stage_on_record;
    s->answer = always_pause;
    assert_int_equal(stage_start(s), SIGV4_OK);
    do {
        before = s->logged;
        for (int i = 0; i < 20; i++) {
            fake_run_ms(s->fake, s->loop, 100);
            watch_memory(s, &most);
        }
        for (size_t i = 0; i < SHARDS; i++)
            assert_int_equal(kinesis_consumer_resume(s->consumer, sigv4_str(s->shards[i].id)),
                             SIGV4_OK);
        fake_run_ms(s->fake, s->loop, 2000);
    } while (s->logged > before);
    assert_all(s);
    print_message("at most %zu bytes\n", most);
    assert_true(most < 2 * BUDGET);
    free(data);
}

static void one_page_is_always_allowed(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20);
    stage_add(s, "B", 20);
    s->read_page = 3;
    s->options.max_bytes = 1;
    s->options.flags = KINESIS_STOP_AT_TIP;
    assert_int_equal(stage_start(s), SIGV4_OK);
    while (pull(s, -1) == SIGV4_OK)
        ;
    stage_assert_read(s, "A", 1, 20);
    stage_assert_read(s, "B", 1, 20);
}

static void fan_out_within_the_budget(void **state)
{
    struct stage *s = *state;
    s->subscribe = stage_subscribe;
    s->options.consumer_arn = STAGE_CONSUMER;
    stage_add(s, "A", 20);
    stage_add(s, "B", 20)->closed_at_ms = 1;
    stage_add_child(s, "C", 20, "B", NULL, 1);
    s->read_page = 3;
    s->options.max_bytes = 1;
    s->options.flags = KINESIS_STOP_AT_TIP;
    assert_int_equal(stage_start(s), SIGV4_OK);
    while (pull(s, -1) == SIGV4_OK)
        fake_run_ms(s->fake, s->loop, 3);
    stage_assert_read(s, "A", 1, 20);
    stage_assert_read(s, "B", 1, 20);
    stage_assert_read(s, "C", 1, 20);
}

/* Each pause drops the page and gives the subscription up. */
static void paused_fan_out_within_the_budget(void **state)
{
    struct stage *s = *state;
    s->subscribe = stage_subscribe;
    s->options.consumer_arn = STAGE_CONSUMER;
    s->options.on_record = stage_on_record;
    s->answer = always_pause;
    stage_add(s, "A", 9);
    stage_add(s, "B", 9)->closed_at_ms = 1;
    s->read_page = 2;
    s->options.max_bytes = 1;
    assert_int_equal(stage_start(s), SIGV4_OK);
    for (int i = 0; i < 20000 && s->logged < 18; i++) {
        fake_run_ms(s->fake, s->loop, 7);
        assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("A")), SIGV4_OK);
        assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("B")), SIGV4_OK);
    }
    fake_run_ms(s->fake, s->loop, 20000);
    stage_assert_read(s, "A", 1, 9);
    stage_assert_read(s, "B", 1, 9);
    assert_int_equal(stage_events(s, "trouble"), 0);
}

static void every_nth_allocation_fails(void **state)
{
    struct stage *s = *state;
    size_t nth = 0, told = 0;
    add_family(s);
    do {
        s->ends = s->logged = 0;
        s->events[0] = '\0';
        failing_alloc_fail(&s->memory, ++nth);
        int rc = stage_start(s);
        while (!rc)
            rc = pull(s, -1);
        if (rc == SIGV4_E_CLOSED) {
            stage_assert_read(s, "A", 1, 40);
            stage_assert_read(s, "B", 1, 30);
            stage_assert_read(s, "C", 1, 20);
        } else {
            assert_int_equal(rc, SIGV4_E_NOMEM);
            told++;
        }
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
        fake_run_ms(s->fake, s->loop, 1);
    } while (s->memory.failures);
    print_message("%zu allocations, %zu of their failures ended it\n", nth - 1, told);
    assert_true(nth > 50);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, set_up, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(all_shards_to_their_ends),
        STAGE(nothing_comes_in_time),
        STAGE(why_it_ended_is_told),
        STAGE(stop_takes_back_what_was_not_pulled),
        STAGE(wrong_use),
        STAGE(lives_go_on),
        STAGE(lives_go_on_within_aggregates),
        STAGE(a_slow_puller_bounds_memory),
        STAGE(what_is_held_counts),
        STAGE(paused_shards_bound_memory),
        STAGE(one_page_is_always_allowed),
        STAGE(fan_out_within_the_budget),
        STAGE(paused_fan_out_within_the_budget),
        STAGE(every_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
