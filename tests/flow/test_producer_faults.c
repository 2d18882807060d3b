/* The producer on a stream that fails: what goes again, what does not, and what is said of it. */
#include "flow/rig_producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A plan of faults: what the first requests meet. After them all is well. */
struct plan {
    struct fake_put requests[8]; /* answered, http_status, code, delay_ms */
    unsigned count;
    enum fake_entry first_entry[8]; /* what the first entry of each meets */
    unsigned sizes[64];             /* of the requests that came */
    unsigned bad_record;            /* this data makes a whole request invalid; 0: none */
};

static void by_plan(void *ctx, struct fake_put *put)
{
    struct plan *plan = ctx;
    if (put->number < 64)
        plan->sizes[put->number] = (unsigned)put->count;
    if (put->number >= plan->count)
        return;
    const struct fake_put *how = &plan->requests[put->number];
    put->answered = how->answered;
    put->http_status = how->http_status;
    put->code = how->code;
    put->delay_ms = how->delay_ms ? how->delay_ms : 5;
    put->entries[0] = plan->first_entry[put->number];
}

static void begin(struct rig *rig, struct plan *plan, unsigned records)
{
    int rc;
    rig_init(rig, records, 4, by_plan, plan);
    assert_int_equal(rig_open(rig, NULL), 0);
    for (unsigned i = 0; i < records; i++) {
        assert_true(rig_put(rig, "k", "v", &rc));
        assert_int_equal(rc, 0);
    }
}

static struct kinesis_producer_stats stats_of(struct rig *rig)
{
    struct kinesis_producer_stats s = {.size = sizeof s};
    assert_int_equal(kinesis_producer_stats(rig->producer, &s), 0);
    return s;
}

static void only_the_failed_entry_goes_again(void **state)
{
    (void)state;
    struct rig rig;
    struct plan plan = {.count = 2, .first_entry = {FAKE_INTERNAL, FAKE_INTERNAL}};
    begin(&rig, &plan, 100);
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 100);
    assert_int_equal(fake_stream_count(rig.stream), 100);
    assert_int_equal(plan.sizes[0], 100);
    assert_int_equal(plan.sizes[1], 1);
    assert_int_equal(plan.sizes[2], 1);
    assert_int_equal(rig.results[1].attempts, 3);
    assert_int_equal(rig.results[2].attempts, 1);
    assert_false(rig.results[1].maybe_twice);
    assert_int_equal(stats_of(&rig).records_retried, 2);
    assert_int_equal(rig.troubles, 0);
    rig_end(&rig);
}

static void a_throttled_entry_goes_again_and_is_counted(void **state)
{
    (void)state;
    struct rig rig;
    struct plan plan = {.count = 1, .first_entry = {FAKE_THROTTLED}};
    begin(&rig, &plan, 10);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 10);
    assert_int_equal(stats_of(&rig).throttles, 1);
    assert_int_equal(rig.results[1].attempts, 2);
    rig_end(&rig);
}

/* One request of ten records meets `how`, the second works. */
static void one_failure(struct fake_put how, bool maybe, unsigned copies)
{
    struct rig rig;
    struct plan plan = {.count = 1, .requests = {how}};
    begin(&rig, &plan, 10);
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 10);
    assert_int_equal(fake_stream_count(rig.stream), copies);
    for (size_t i = 1; i <= 10; i++)
        assert_int_equal(rig.results[i].maybe_twice, maybe);
    assert_int_equal(stats_of(&rig).requests_maybe_done, maybe);
    assert_int_equal(stats_of(&rig).requests_failed, 1);
    assert_int_equal(stats_of(&rig).records_maybe_twice, maybe ? 10 : 0);
    assert_int_equal(rig.troubles, 1);
    assert_true(rig.trouble_host);
    print_message("%s\n", rig.trouble.message);
    rig_end(&rig);
}

static void a_lost_answer_is_a_maybe(void **state)
{
    (void)state;
    one_failure((struct fake_put){.answered = FAKE_DROPPED}, true, 20);
    one_failure((struct fake_put){.answered = FAKE_SWALLOWED}, true, 20);
    one_failure((struct fake_put){.answered = FAKE_HALF}, true, 20);
    one_failure((struct fake_put){.answered = FAKE_GARBAGE}, true, 20);
    one_failure((struct fake_put){.answered = FAKE_SHORT}, true, 20);
    one_failure((struct fake_put){.answered = FAKE_LOST}, true, 10);
    one_failure(
        (struct fake_put){.answered = FAKE_REFUSE, .http_status = 500, .code = "InternalFailure"},
        true, 10);
    one_failure((struct fake_put){.answered = FAKE_REFUSE, .http_status = 504, .code = ""}, true,
                10);
}

static void a_refusal_is_certain(void **state)
{
    (void)state;
    one_failure((struct fake_put){.answered = FAKE_UNSENT}, false, 10);
    one_failure((struct fake_put){.answered = FAKE_REFUSE,
                                  .http_status = 503,
                                  .code = "ServiceUnavailable"},
                false, 10);
    one_failure((struct fake_put){.answered = FAKE_REFUSE,
                                  .http_status = 400,
                                  .code = "ProvisionedThroughputExceededException"},
                false, 10);
    one_failure((struct fake_put){.answered = FAKE_REFUSE,
                                  .http_status = 400,
                                  .code = "KMSThrottlingException"},
                false, 10);
    one_failure((struct fake_put){.answered = FAKE_REFUSE,
                                  .http_status = 400,
                                  .code = "ResourceInUseException"},
                false, 10);
}

static void what_is_denied_fails_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int status;
    } cases[] = {{"AccessDeniedException", SIGV4_E_DENIED},
                 {"ResourceNotFoundException", SIGV4_E_NOT_FOUND},
                 {"KMSDisabledException", SIGV4_E_CONFLICT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig;
        struct plan plan = {.count = 8};
        for (unsigned n = 0; n < 8; n++)
            plan.requests[n] = (struct fake_put){
                .answered = FAKE_REFUSE, .http_status = 400, .code = cases[i].code};
        begin(&rig, &plan, 10);
        assert_true(rig_run(&rig));
        assert_int_equal(rig_fates(&rig, KINESIS_NOT_WRITTEN), 10);
        assert_string_equal(rig.results[1].code, cases[i].code);
        assert_int_equal(rig.results[1].status, cases[i].status);
        assert_int_equal(rig.results[1].attempts, 1);
        assert_int_equal(rig.results[1].at_ms, 55);
        print_message("%s\n", rig.results[1].message);
        rig_end(&rig);
    }
}

static void refuse_poison(void *ctx, struct fake_put *put)
{
    struct rig *rig = *(struct rig **)ctx;
    const struct fake_request *request = fake_request(rig->fake, fake_request_count(rig->fake) - 1);
    if (!strstr(request->body, "cG9pc29u")) /* "poison" */
        return;
    put->answered = FAKE_REFUSE;
    put->http_status = 400;
    put->code = "InvalidArgumentException";
}

static void one_poisoned_record_fails_alone(void **state)
{
    (void)state;
    struct rig rig, *here = &rig;
    int rc;
    rig_init(&rig, 30, 4, refuse_poison, &here);
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < 30; i++)
        rig_put(&rig, "k", i == 17 ? "poison" : "v", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 29);
    assert_int_equal(rig.results[18].fate, KINESIS_NOT_WRITTEN);
    assert_string_equal(rig.results[18].code, "InvalidArgumentException");
    assert_int_equal(fake_stream_count(rig.stream), 29);
    rig_end(&rig);
}

static void all_invalid(void *ctx, struct fake_put *put)
{
    (void)ctx;
    put->answered = FAKE_REFUSE;
    put->http_status = 400;
    put->code = "ValidationException";
}

static void when_all_are_refused_they_are_not_tried_one_by_one(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    rig_init(&rig, 5000, 4, all_invalid, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < 5000; i++)
        rig_put(&rig, "k", "v", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_NOT_WRITTEN), 5000);
    print_message("%u requests\n", fake_stream_puts(rig.stream));
    assert_true(fake_stream_puts(rig.stream) < 600);
    rig_end(&rig);
}

static void always(void *ctx, struct fake_put *put)
{
    const struct fake_put *how = ctx;
    put->answered = how->answered;
    put->http_status = how->http_status;
    put->code = how->code;
    if (how->entries)
        for (size_t i = 0; i < put->count; i++)
            put->entries[i] = how->entries[0];
}

/* Nothing ever works: what is said when the deadline has passed? */
static void never_works(struct fake_put how, enum kinesis_fate fate, const char *code)
{
    struct rig rig;
    int rc;
    rig_init(&rig, 10, 4, always, &how);
    rig.options.record_deadline_ms = 10000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < 10; i++)
        rig_put(&rig, "k", "v", &rc);
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, fate), 10);
    assert_int_equal(rig.results[1].status, SIGV4_E_TIMEOUT);
    assert_string_equal(rig.results[1].code, code);
    assert_in_range(rig.results[1].at_ms, 10000, 10001);
    print_message("%u requests: %s\n", fake_stream_puts(rig.stream), rig.results[1].message);
    assert_in_range(fake_stream_puts(rig.stream), 1, 40);
    rig_end(&rig);
}

static void deadlines_are_kept(void **state)
{
    (void)state;
    enum fake_entry throttled = FAKE_THROTTLED, internal = FAKE_INTERNAL;
    never_works((struct fake_put){.answered = FAKE_UNSENT}, KINESIS_NOT_WRITTEN, "");
    never_works((struct fake_put){.answered = FAKE_DROPPED}, KINESIS_MAYBE_WRITTEN, "");
    never_works((struct fake_put){.answered = FAKE_SWALLOWED}, KINESIS_MAYBE_WRITTEN, "");
    never_works((struct fake_put){.entries = &throttled}, KINESIS_NOT_WRITTEN,
                "ProvisionedThroughputExceededException");
    never_works((struct fake_put){.entries = &internal}, KINESIS_NOT_WRITTEN, "InternalFailure");
    never_works((struct fake_put){.answered = FAKE_REFUSE,
                                  .http_status = 503,
                                  .code = "ServiceUnavailable"},
                KINESIS_NOT_WRITTEN, "ServiceUnavailable");
}

/* A request that is under way when one record's time is over goes on for the others. */
static void a_deadline_does_not_cut_the_request(void **state)
{
    (void)state;
    struct rig rig;
    struct plan plan = {.count = 1, .requests = {{.delay_ms = 300}}};
    int rc;
    rig_init(&rig, 2, 4, by_plan, &plan);
    rig.options.record_deadline_ms = 400;
    rig.options.linger_ms = 250;
    assert_int_equal(rig_open(&rig, NULL), 0);
    rig_put(&rig, "k", "old", &rc);
    fake_run_ms(rig.fake, rig.loop, 200);
    rig_put(&rig, "k", "young", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_MAYBE_WRITTEN);
    assert_int_equal(rig.results[1].at_ms, 400);
    assert_int_equal(rig.results[2].fate, KINESIS_WRITTEN);
    assert_int_equal(rig.results[2].at_ms, 550);
    assert_int_equal(fake_stream_count(rig.stream), 2);
    rig_end(&rig);
}

static void a_request_nobody_waits_for_is_ended(void **state)
{
    (void)state;
    struct rig rig;
    struct plan plan = {.count = 1, .requests = {{.answered = FAKE_SWALLOWED}}};
    int rc;
    rig_init(&rig, 2, 4, by_plan, &plan);
    rig.options.record_deadline_ms = 1000;
    rig.options.max_requests_in_flight = 1;
    assert_int_equal(rig_open(&rig, NULL), 0);
    rig_put(&rig, "k", "lost", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_MAYBE_WRITTEN);
    rig_put(&rig, "k", "next", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[2].fate, KINESIS_WRITTEN);
    assert_in_range(rig.results[2].at_ms, 1050, 1200);
    rig_end(&rig);
}

static void clocks_may_jump(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    rig_init(&rig, 3, 4, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    rig_put(&rig, "k", "v", &rc);
    fake_set_wall_ms(rig.fake, 0);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_WRITTEN);
    rig_put(&rig, "k", "v", &rc);
    sigv4_loop_run(rig.loop, 0);
    fake_pass_ms(rig.fake, 3600 * 1000); /* asleep for an hour */
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[2].fate, KINESIS_NOT_WRITTEN);
    rig_put(&rig, "k", "v", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[3].fate, KINESIS_WRITTEN);
    rig_end(&rig);
}

static void first_entry_throttled(void *ctx, struct fake_put *put)
{
    (void)ctx;
    put->entries[0] = FAKE_THROTTLED;
}

/* The first of each request fails; each is in two requests at most. */
static void attempts_can_be_limited(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    rig_init(&rig, 3, 1, first_entry_throttled, NULL);
    rig.options.max_attempts = 2;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_true(rig_put(&rig, "k", "v", &rc));
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_NOT_WRITTEN), 1);
    assert_int_equal(rig.results[1].fate, KINESIS_NOT_WRITTEN);
    assert_int_equal(rig.results[1].attempts, 2);
    assert_int_equal(rig.results[1].status, SIGV4_E_THROTTLED);
    assert_non_null(strstr(rig.results[1].message, "given up after 2 attempts"));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_failed_entry_goes_again),
        cmocka_unit_test(a_throttled_entry_goes_again_and_is_counted),
        cmocka_unit_test(a_lost_answer_is_a_maybe),
        cmocka_unit_test(a_refusal_is_certain),
        cmocka_unit_test(what_is_denied_fails_at_once),
        cmocka_unit_test(one_poisoned_record_fails_alone),
        cmocka_unit_test(when_all_are_refused_they_are_not_tried_one_by_one),
        cmocka_unit_test(deadlines_are_kept),
        cmocka_unit_test(a_deadline_does_not_cut_the_request),
        cmocka_unit_test(a_request_nobody_waits_for_is_ended),
        cmocka_unit_test(clocks_may_jump),
        cmocka_unit_test(attempts_can_be_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
