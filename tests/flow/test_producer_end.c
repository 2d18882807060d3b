/* The end: close, finish, abandon, free, and the client freed first. Every record has its result.
 */
#include "flow/rig_producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void slow(void *ctx, struct fake_put *put)
{
    put->delay_ms = *(int *)ctx;
}

static void never(void *ctx, struct fake_put *put)
{
    (void)ctx;
    put->answered = FAKE_UNSENT;
}

static void fill(struct rig *rig, unsigned n)
{
    int rc;
    for (unsigned i = 0; i < n; i++)
        assert_true(rig_put(rig, "k", "v", &rc));
}

static void close_waits_for_all(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    int delay = 700, rc;
    rig_init(&rig, 1000, 4, slow, &delay);
    rig.options.linger_ms = 5000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 900);
    assert_int_equal(kinesis_producer_close(rig.producer, 10000, &counts), 0);
    assert_int_equal(fake_now_ms(rig.fake), 700);
    assert_int_equal(rig.told, 900);
    assert_int_equal(counts.accepted, 900);
    assert_int_equal(counts.written, 900);
    assert_int_equal(rig_put(&rig, "k", "late", &rc), 0);
    assert_int_equal(rc, SIGV4_E_CLOSED);
    assert_int_equal(kinesis_producer_close(rig.producer, 10000, &counts), SIGV4_E_CLOSED);
    rig_end(&rig);
}

static void close_gives_up_in_time_with_exact_counts(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    int delay = 5000;
    rig_init(&rig, 1000, 4, slow, &delay);
    rig.options.max_requests_in_flight = 1;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 900);
    assert_int_equal(kinesis_producer_close(rig.producer, 1000, &counts), SIGV4_E_TIMEOUT);
    assert_in_range(fake_now_ms(rig.fake), 1000, 1001);
    assert_int_equal(rig.told, 900);
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(counts.accepted, 900);
    assert_int_equal(counts.written, 0);
    assert_int_equal(counts.maybe_written, 500); /* the one under way */
    assert_int_equal(counts.not_written, 400);
    assert_int_equal(rig.results[1].status, SIGV4_E_CANCELED);
    assert_int_equal(rig.results[900].status, SIGV4_E_CANCELED);
    print_message("%s\n%s\n", rig.results[1].message, rig.results[900].message);
    rig_end(&rig);
}

static void close_tells_what_failed(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    rig_init(&rig, 10, 4, never, NULL);
    rig.options.record_deadline_ms = 2000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 10);
    assert_int_equal(kinesis_producer_close(rig.producer, -1, &counts), SIGV4_E_SERVICE);
    assert_int_equal(counts.not_written, 10);
    rig_end(&rig);
}

static void note_closed(void *ctx, const struct kinesis_producer_counts *counts)
{
    struct rig *rig = ctx;
    rig->closed++;
    rig->counts = *counts;
}

static bool is_closed(void *ctx)
{
    return ((struct rig *)ctx)->closed > 0;
}

static void finish_calls_back_when_all_is_told(void **state)
{
    (void)state;
    struct rig rig;
    int delay = 300;
    rig_init(&rig, 1000, 4, slow, &delay);
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 600);
    assert_int_equal(kinesis_producer_finish(rig.producer, -1, note_closed, &rig), 0);
    assert_int_equal(kinesis_producer_finish(rig.producer, -1, note_closed, &rig), SIGV4_E_CLOSED);
    assert_int_equal(rig.closed, 0);
    assert_true(fake_run_until(rig.fake, rig.loop, is_closed, &rig));
    assert_int_equal(rig.told, 600);
    assert_int_equal(rig.counts.written, 600);
    fake_run_ms(rig.fake, rig.loop, 1000);
    assert_int_equal(rig.closed, 1);
    rig_end(&rig);
}

static void an_empty_producer_closes_too(void **state)
{
    (void)state;
    struct rig rig;
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    rig_init(&rig, 1, 4, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    assert_int_equal(kinesis_producer_close(rig.producer, 0, &counts), 0);
    assert_int_equal(counts.accepted, 0);
    rig_end(&rig);
}

static void abandon_ends_what_was_put_before(void **state)
{
    (void)state;
    struct rig rig;
    int delay = 5000;
    rig_init(&rig, 1000, 4, slow, &delay);
    rig.options.max_requests_in_flight = 1;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 600);
    fake_run_ms(rig.fake, rig.loop, 100);
    kinesis_producer_abandon(rig.producer);
    delay = 5;
    fill(&rig, 1);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_MAYBE_WRITTEN);
    assert_int_equal(rig.results[1].status, SIGV4_E_CANCELED);
    assert_int_equal(rig.results[1].at_ms, 100);
    assert_int_equal(rig.results[600].fate, KINESIS_NOT_WRITTEN);
    assert_int_equal(rig.results[600].at_ms, 100);
    assert_int_equal(rig.results[601].fate, KINESIS_WRITTEN);
    for (size_t i = 2; i <= 500; i++) /* of one request, in the order they were put */
        assert_int_equal(rig.results[i].order, rig.results[i - 1].order + 1);
    rig_end(&rig);
}

static void free_still_delivers_every_result(void **state)
{
    (void)state;
    for (int ms = 0; ms <= 200; ms += 40) {
        struct rig rig;
        int delay = 90;
        rig_init(&rig, 3000, 4, slow, &delay);
        rig.options.flags = ms % 80 ? KINESIS_KEEP_ORDER : 0;
        rig.options.max_requests_in_flight = 2;
        assert_int_equal(rig_open(&rig, NULL), 0);
        fill(&rig, 3000);
        fake_run_ms(rig.fake, rig.loop, ms);
        rig_close(&rig);
        assert_int_equal(rig.told, 3000);
        assert_true(rig_each_told_once(&rig));
        rig_end(&rig);
    }
}

static void free_without_ever_running_the_loop(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 100, 4, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 100);
    rig_close(&rig);
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_NOT_WRITTEN), 100);
    rig_end(&rig);
}

static void free_in_callback(struct rig *rig, size_t tag)
{
    if (tag == 3) {
        kinesis_producer_free(rig->producer);
        rig->producer = NULL;
    }
}

static void free_inside_a_callback(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 600, 4, NULL, NULL);
    rig.on_each = free_in_callback;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 600);
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    rig_end(&rig);
}

static void abandon_in_callback(struct rig *rig, size_t tag)
{
    if (tag == 3)
        kinesis_producer_abandon(rig->producer);
}

static void abandon_inside_a_callback(void **state)
{
    (void)state;
    struct rig rig;
    int delay = 50;
    rig_init(&rig, 2000, 4, slow, &delay);
    rig.options.max_requests_in_flight = 1;
    rig.on_each = abandon_in_callback;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 2000);
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 500);
    rig_end(&rig);
}

static void the_client_may_go_first(void **state)
{
    (void)state;
    struct rig rig;
    int delay = 500;
    rig_init(&rig, 2000, 4, slow, &delay);
    rig.options.max_requests_in_flight = 1;
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 1000);
    fake_run_ms(rig.fake, rig.loop, 100);
    sigv4_client_free(rig.client);
    rig.client = NULL;
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_MAYBE_WRITTEN);
    assert_int_equal(rig.results[1].status, SIGV4_E_CLOSED);
    assert_int_equal(rig.results[1000].fate, KINESIS_NOT_WRITTEN);
    assert_int_equal(rig.results[1000].status, SIGV4_E_CLOSED);
    print_message("%s\n", rig.results[1000].message);
    fill(&rig, 1); /* later ones end the same way */
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1001].status, SIGV4_E_CLOSED);
    rig_end(&rig);
}

static void a_child_process_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    int status, rc;
    rig_init(&rig, 10, 4, NULL, NULL);
    assert_int_equal(rig_open(&rig, NULL), 0);
    fill(&rig, 5);
    pid_t child = fork();
    if (child == 0) {
        bool ok = rig_put(&rig, "k", "v", &rc) == 0 && rc == SIGV4_E_FORKED &&
                  kinesis_producer_flush(rig.producer, 0) == SIGV4_E_FORKED &&
                  kinesis_producer_close(rig.producer, 0, NULL) == SIGV4_E_FORKED;
        kinesis_producer_abandon(rig.producer);
        kinesis_producer_free(rig.producer);
        _exit(ok && rig.told == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), 5);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_waits_for_all),
        cmocka_unit_test(close_gives_up_in_time_with_exact_counts),
        cmocka_unit_test(close_tells_what_failed),
        cmocka_unit_test(finish_calls_back_when_all_is_told),
        cmocka_unit_test(an_empty_producer_closes_too),
        cmocka_unit_test(abandon_ends_what_was_put_before),
        cmocka_unit_test(free_still_delivers_every_result),
        cmocka_unit_test(free_without_ever_running_the_loop),
        cmocka_unit_test(free_inside_a_callback),
        cmocka_unit_test(abandon_inside_a_callback),
        cmocka_unit_test(the_client_may_go_first),
        cmocka_unit_test(a_child_process_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
