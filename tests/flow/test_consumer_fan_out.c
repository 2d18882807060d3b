/* The consumer with enhanced fan-out: subscriptions that end, break, and are refused. */
#include "flow/fan_out_stage.h"

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
    assert_int_equal(s->nth[STAGE_SUBSCRIBE], 0);
    assert_int_equal(s->nth[STAGE_PLACE] + s->nth[STAGE_READ], 0);
}

static unsigned subscriptions(struct stage *s)
{
    unsigned n = 0;
    const struct fake_request *r;
    for (size_t i = 0; (r = fake_request(s->fake, i)); i++)
        n += strstr(r->headers, "SubscribeToShard") != NULL;
    return n;
}

static void it_subscribes_again_where_it_was(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 100)->every_ms = 700;
    stage_add(s, "B", 0);
    s->read_page = 3;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 100000);
    stage_assert_read(s, "A", 1, 100);
    assert_int_equal(stage_events(s, "trouble"), 0);
    /* Once in five seconds, each. */
    assert_in_range(subscriptions(s), 36, 42);
}

static void from_now_on(void **state)
{
    struct stage *s = *state;
    struct stage_shard *h = stage_add(s, "A", 60);
    h->every_ms = 1000;
    fake_pass_ms(s->fake, 20500);
    s->options.start = KINESIS_FROM_NOW;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 100000);
    stage_assert_read(s, "A", 22, 60);
}

static void a_split_and_a_merge_while_reading(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 20)->closed_at_ms = 8000;
    struct stage_shard *b = stage_add_child(s, "B", 20, "A", NULL, 8000);
    struct stage_shard *c = stage_add_child(s, "C", 20, "A", NULL, 8000);
    b->closed_at_ms = c->closed_at_ms = 30000;
    stage_add_child(s, "D", 20, "B", "C", 30000)->closed_at_ms = 31000;
    stage_run(s);
    assert_int_equal(s->error.status, SIGV4_OK);
    for (size_t i = 0; i < 4; i++)
        stage_assert_read(s, s->shards[i].id, 1, 20);
    stage_assert_before(s, "ended A", "started B");
    stage_assert_before(s, "ended B", "started D");
    stage_assert_before(s, "ended C", "started D");
}

/* ---- troubles ---- */

static void every_kind(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                       struct fake_answer *answer)
{
    (void)shard;
    if (op != STAGE_SUBSCRIBE)
        return;
    switch (nth % 9) {
    case 0:
        answer->outcome = FAKE_RESET;
        break;
    case 1:
        answer->outcome = FAKE_CUT;
        break;
    case 2:
        stage_error(answer, "ResourceInUseException");
        break;
    case 3:
        stage_exception(s, answer, "InternalFailureException");
        break;
    case 4: /* a bit is wrong in the middle */
        s->text[answer->body_len / 2] ^= 1;
        break;
    case 5: /* ends within a message, without an error */
        answer->body_len -= 7;
        break;
    case 6:
        answer->outcome = FAKE_SILENT;
        break;
    case 7:
        stage_error(answer, "LimitExceededException");
        break;
    default:
        answer->chunk = 1 + nth % 50;
    }
}

static void resets_and_exceptions_lose_and_repeat_nothing(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 300)->every_ms = 1000;
    stage_add(s, "B", 300)->every_ms = 900;
    s->read_page = 2;
    s->trouble = every_kind;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 500000);
    stage_assert_read(s, "A", 1, 300);
    stage_assert_read(s, "B", 1, 300);
    assert_true(stage_events(s, "trouble") > 20);
    assert_int_equal(s->ends, 0);
}

static void once_a_second(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                          struct fake_answer *answer)
{
    (void)s, (void)nth, (void)shard;
    if (op == STAGE_SUBSCRIBE)
        stage_error(answer, "ResourceInUseException");
}

static void a_refused_subscription_is_asked_for_slowly(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 3);
    s->trouble = once_a_second;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 60000);
    assert_int_equal(s->ends, 0);
    assert_in_range(subscriptions(s), 6, 60);
    s->trouble = NULL;
    fake_run_ms(s->fake, s->loop, 20000);
    stage_assert_read(s, "A", 1, 3);
}

static const char *fatal_code;
static bool fatal_within;

static void fatal(struct stage *s, enum stage_op op, unsigned nth, const char *shard,
                  struct fake_answer *answer)
{
    (void)nth, (void)shard;
    if (op != STAGE_SUBSCRIBE)
        return;
    if (fatal_within)
        stage_exception(s, answer, fatal_code);
    else
        stage_error(answer, fatal_code);
}

static void a_fatal_failure_ends_it_once(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *code;
        bool within;
        int status;
    } cases[] = {
        {"AccessDeniedException", false, SIGV4_E_DENIED},
        {"InvalidArgumentException", false, SIGV4_E_INVALID},
        {"KMSAccessDeniedException", true, SIGV4_E_DENIED},
        {"KMSDisabledException", true, SIGV4_E_CONFLICT},
        /* Of the consumer: the shard is in the list, but the consumer is not described. */
        {"ResourceNotFoundException", false, SIGV4_E_NOT_FOUND},
    };
    stage_add(s, "A", 5);
    stage_add(s, "B", 5);
    s->trouble = fatal;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fatal_code = cases[i].code;
        fatal_within = cases[i].within;
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

/* ---- the user ---- */

static enum kinesis_next pause_at_seven(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->log[s->logged - 1].number == 1007 ? KINESIS_PAUSE_SHARD : KINESIS_GO_ON;
}

static void a_pause_holds_the_subscription(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 50);
    stage_add(s, "B", 50);
    s->read_page = 5;
    s->answer = pause_at_seven;
    assert_int_equal(stage_start(s), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 400000);
    stage_assert_read(s, "A", 1, 7);
    stage_assert_read(s, "B", 1, 50);
    assert_int_equal(kinesis_consumer_resume(s->consumer, SIGV4_LIT("A")), SIGV4_OK);
    fake_run_ms(s->fake, s->loop, 10000);
    stage_assert_read(s, "A", 1, 50);
    assert_int_equal(stage_events(s, "trouble"), 0);
}

static enum kinesis_next stop_after(struct stage *s, const struct kinesis_record *record)
{
    (void)record;
    return s->logged == s->list_page ? KINESIS_STOP : KINESIS_GO_ON;
}

/* list_page: how many records until then. */
static void lives_go_on_at_the_checkpoint(void **state)
{
    struct stage *s = *state;
    struct kinesis_checkpoint *checkpoint;
    stage_add(s, "A", 40)->closed_at_ms = 1;
    stage_add_child(s, "B", 30, "A", NULL, 1);
    s->read_page = 7;
    s->answer = stop_after;
    assert_int_equal(kinesis_checkpoint_new(&checkpoint, "numbers", NULL, NULL), SIGV4_OK);
    for (s->list_page = 1; s->list_page <= 70; s->list_page += 1 + s->list_page % 9) {
        s->ends = 0;
        s->options.checkpoint = kinesis_checkpoint_count(checkpoint) ? checkpoint : NULL;
        stage_run(s);
        assert_int_equal(kinesis_consumer_checkpoint(s->consumer, checkpoint, NULL), SIGV4_OK);
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
        fake_run_ms(s->fake, s->loop, 6000);
    }
    s->ends = 0;
    s->options.checkpoint = checkpoint;
    s->options.flags = KINESIS_STOP_AT_TIP;
    s->list_page = 1000;
    stage_run(s);
    stage_assert_read(s, "A", 1, 40);
    stage_assert_read(s, "B", 1, 30);
    kinesis_checkpoint_free(checkpoint);
}

static void free_at_any_moment(void **state)
{
    struct stage *s = *state;
    stage_add(s, "A", 30)->every_ms = 100;
    stage_add(s, "B", 30)->closed_at_ms = 2000;
    stage_add_child(s, "C", 30, "B", NULL, 2000);
    s->read_page = 4;
    s->trouble = every_kind;
    for (int64_t ms = 0; ms < 400; ms++) {
        s->ends = 0;
        s->logged = 0;
        s->events[0] = '\0';
        s->nth[STAGE_SUBSCRIBE] = 8 + (unsigned)ms / 40;
        s->read_count = 0;
        assert_int_equal(stage_start(s), SIGV4_OK);
        fake_run_ms(s->fake, s->loop, ms % 40 * (1 + ms / 40));
        kinesis_consumer_free(s->consumer);
        s->consumer = NULL;
        assert_true(fake_run_until(s->fake, s->loop, stage_has_ended, s));
        fake_run_ms(s->fake, s->loop, 1);
        assert_int_equal(s->ends, 1);
    }
}

/* Whichever allocation fails: either it is told, or it is made good, and nothing is lost. */
static void every_nth_allocation_fails(void **state)
{
    struct stage *s = *state;
    size_t nth = 0, told = 0;
    stage_add(s, "A", 12)->closed_at_ms = 1;
    stage_add_child(s, "B", 6, "A", NULL, 1);
    s->read_page = 5;
    s->options.flags = KINESIS_STOP_AT_TIP;
    fake_pass_ms(s->fake, 10);
    do {
        if (stage_run_short(s, ++nth)) {
            told++;
        } else {
            stage_assert_read(s, "A", 1, 12);
            stage_assert_read(s, "B", 1, 6);
        }
    } while (s->memory.failures);
    print_message("%zu allocations, %zu of their failures ended it\n", nth - 1, told);
    assert_true(nth > 50);
}

/* ---- the call itself ---- */

struct heard {
    unsigned events, records, ends;
    int status;
    enum sigv4_flow flow;
    bool free_at_end;
    struct kinesis_subscription *subscription;
    char last[32];
};

static enum sigv4_flow on_event(void *ctx, const struct kinesis_get_records_result *event)
{
    struct heard *h = ctx;
    assert_int_equal(h->ends, 0);
    h->events++;
    h->records += (unsigned)event->record_count;
    snprintf(h->last, sizeof h->last, "%.*s", (int)event->continuation_sequence_number.len,
             (const char *)event->continuation_sequence_number.ptr);
    return h->flow;
}

static void on_end(void *ctx, const struct kinesis_done_result *result)
{
    struct heard *h = ctx;
    h->ends++;
    h->status = result->error ? result->error->status : SIGV4_OK;
    if (h->free_at_end)
        kinesis_subscription_free(h->subscription);
}

static bool has_heard_all(void *ctx)
{
    return ((struct heard *)ctx)->ends > 0;
}

static void subscribe_alone(struct stage *s, struct heard *h)
{
    enum sigv4_flow flow = h->flow;
    bool free_at_end = h->free_at_end;
    memset(h, 0, sizeof *h);
    h->flow = flow;
    h->free_at_end = free_at_end;
    assert_int_equal(
        kinesis_subscribe_to_shard(&h->subscription, s->client,
                                   KINESIS_SUBSCRIBE_TO_SHARD(.consumer_arn = STAGE_CONSUMER,
                                                              .shard_id = SIGV4_LIT("A"),
                                                              .type = KINESIS_TRIM_HORIZON),
                                   on_event, on_end, h, NULL),
        SIGV4_OK);
    assert_int_equal(h->events, 0);
}

static void the_call_alone(void **state)
{
    struct stage *s = *state;
    struct heard h = {.flow = SIGV4_GO_ON};
    stage_add(s, "A", 25);
    s->read_page = 10;
    subscribe_alone(s, &h);
    assert_true(fake_run_until(s->fake, s->loop, has_heard_all, &h));
    assert_int_equal(h.events, 4);
    assert_int_equal(h.records, 25);
    assert_string_equal(h.last, "1025");
    assert_int_equal(h.status, SIGV4_OK);
    kinesis_subscription_free(h.subscription);

    h.flow = SIGV4_PAUSE;
    h.free_at_end = true;
    subscribe_alone(s, &h);
    for (unsigned i = 1; i <= 4; i++) {
        fake_run_ms(s->fake, s->loop, 1000);
        assert_int_equal(h.events, i);
        assert_int_equal(h.ends, 0);
        kinesis_subscription_resume(h.subscription);
    }
    fake_run_ms(s->fake, s->loop, 1000);
    assert_int_equal(h.ends, 1);

    h.flow = SIGV4_STOP;
    subscribe_alone(s, &h);
    fake_run_ms(s->fake, s->loop, 1000);
    assert_int_equal(h.events, 1);
    assert_int_equal(h.ends, 1);
    assert_int_equal(h.status, SIGV4_OK);

    h.flow = SIGV4_GO_ON;
    h.free_at_end = false;
    subscribe_alone(s, &h);
    kinesis_subscription_free(h.subscription);
    fake_run_ms(s->fake, s->loop, 1000);
    assert_int_equal(h.events, 0);
    assert_int_equal(h.ends, 1);
}

static void wrong_input(void **state)
{
    struct stage *s = *state;
    struct heard h = {.flow = SIGV4_GO_ON};
    static const char *const arns[] = {NULL, "", "reader",
                                       "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"};
    for (size_t i = 0; i < sizeof arns / sizeof *arns; i++)
        assert_int_equal(
            kinesis_subscribe_to_shard(
                &h.subscription, s->client,
                KINESIS_SUBSCRIBE_TO_SHARD(.consumer_arn = arns[i], .shard_id = SIGV4_LIT("A")),
                on_event, on_end, &h, NULL),
            SIGV4_E_INVALID);
    s->options.consumer_arn = "reader";
    assert_int_equal(stage_start(s), SIGV4_E_INVALID);
}

#define STREAM_ARN "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"

static void a_consumer_of_another_stream(void **state)
{
    struct stage *s = *state;
    static const struct {
        const char *stream, *consumer_arn;
    } wrong[] = {
        {"number", STREAM_ARN "/consumer/c:1"},
        {"numbers2", STREAM_ARN "/consumer/c:1"},
        {STREAM_ARN, "arn:aws:kinesis:us-east-1:123456789012:stream/other/consumer/c:1"},
        {STREAM_ARN, "arn:aws:kinesis:us-east-2:123456789012:stream/numbers/consumer/c:1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s->options.stream = wrong[i].stream;
        s->options.consumer_arn = wrong[i].consumer_arn;
        assert_int_equal(stage_start(s), SIGV4_E_INVALID);
    }
    s->options.stream = STREAM_ARN;
    s->options.consumer_arn = STREAM_ARN "/consumer/c:1";
    assert_int_equal(stage_start(s), SIGV4_OK);
}

int main(void)
{
#define STAGE(f) cmocka_unit_test_setup_teardown(f, stage_set_up_fan_out, stage_tear_down)
    const struct CMUnitTest tests[] = {
        STAGE(one_shard_to_its_tip),
        STAGE(it_subscribes_again_where_it_was),
        STAGE(from_now_on),
        STAGE(a_split_and_a_merge_while_reading),
        STAGE(resets_and_exceptions_lose_and_repeat_nothing),
        STAGE(a_refused_subscription_is_asked_for_slowly),
        STAGE(a_fatal_failure_ends_it_once),
        STAGE(a_pause_holds_the_subscription),
        STAGE(lives_go_on_at_the_checkpoint),
        STAGE(free_at_any_moment),
        STAGE(every_nth_allocation_fails),
        STAGE(the_call_alone),
        STAGE(wrong_input),
        STAGE(a_consumer_of_another_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
