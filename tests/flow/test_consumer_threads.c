/* Stop, resume, hold and free from other threads, while the loop runs on its own. For TSan. */
#include "flow/kinesis_stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { HELD = 64 };

struct shared {
    struct kinesis_consumer *consumer;
    pthread_mutex_t mutex;
    const struct kinesis_record *held[HELD];
    unsigned count;
    atomic_uint records, ends;
    atomic_bool over;
};

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *record)
{
    struct shared *s = ctx;
    unsigned n = atomic_fetch_add(&s->records, 1);
    pthread_mutex_lock(&s->mutex);
    if (s->count < HELD)
        s->held[s->count++] = kinesis_record_hold(record);
    pthread_mutex_unlock(&s->mutex);
    return n % 3 == 0 ? KINESIS_PAUSE_SHARD : KINESIS_GO_ON;
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct shared *s = ctx;
    (void)host;
    assert_null(err);
    atomic_fetch_add(&s->ends, 1);
}

static void *release_and_resume(void *ctx)
{
    struct shared *s = ctx;
    while (!atomic_load(&s->over)) {
        const struct kinesis_record *record = NULL;
        pthread_mutex_lock(&s->mutex);
        if (s->count)
            record = s->held[--s->count];
        pthread_mutex_unlock(&s->mutex);
        if (!record) {
            usleep(500);
            (void)!kinesis_consumer_resume(s->consumer, SIGV4_LIT("A"));
            continue;
        }
        const struct kinesis_record *again = kinesis_record_hold(record);
        kinesis_record_release(record);
        assert_memory_equal(again->data.ptr, "hello", 5);
        (void)!kinesis_consumer_resume(s->consumer, again->shard_id);
        kinesis_record_release(again);
    }
    return NULL;
}

static void *stop(void *ctx)
{
    struct shared *s = ctx;
    while (atomic_load(&s->records) < 150)
        usleep(200);
    kinesis_consumer_stop(s->consumer);
    return NULL;
}

/* The fake engine wants something to happen at all times. */
static struct sigv4_timer *pulse;

static void on_pulse(void *ctx)
{
    (void)ctx;
    sigv4_timer_set(pulse, 10);
}

static void from_other_threads(void **state)
{
    struct stage *stage = *state;
    struct shared s = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[4];
    stage_add(stage, "A", 300);
    stage_add(stage, "B", 300);
    stage->read_page = 10;
    stage->options.on_record = on_record;
    stage->options.on_shard = NULL;
    stage->options.on_end = on_end;
    stage->options.ctx = &s;
    assert_int_equal(sigv4_timer_new(&pulse, stage->loop, on_pulse, NULL), SIGV4_OK);
    on_pulse(NULL);
    assert_int_equal(sigv4_loop_start(stage->loop, NULL), SIGV4_OK);
    assert_int_equal(kinesis_consumer_new(&s.consumer, stage->client, &stage->options, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i < 2 ? release_and_resume : stop, &s);
    assert_int_equal(kinesis_consumer_wait(s.consumer, -1), SIGV4_OK);
    atomic_store(&s.over, true);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&s.ends), 1);
    kinesis_consumer_free(s.consumer);
    assert_int_equal(sigv4_loop_stop(stage->loop), SIGV4_OK);
    sigv4_timer_free(pulse);
    while (s.count)
        kinesis_record_release(s.held[--s.count]);
}

/* ---- pulling ---- */

static void *pull(void *ctx)
{
    struct shared *s = ctx;
    const struct kinesis_record *record;
    int rc;
    while (!(rc = kinesis_consumer_next(s->consumer, &record, -1, NULL))) {
        assert_memory_equal(record->data.ptr, "hello", 5);
        if (atomic_fetch_add(&s->records, 1) % 7 == 0)
            usleep(300);
        kinesis_record_release(record);
    }
    assert_int_equal(rc, SIGV4_E_CLOSED);
    return NULL;
}

static void pulled_by_many_threads(void **state)
{
    struct stage *stage = *state;
    struct shared s = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[4];
    stage_add(stage, "A", 300)->closed_at_ms = 1;
    stage_add(stage, "B", 300)->closed_at_ms = 1;
    stage->read_page = 10;
    stage->options.on_record = NULL;
    stage->options.on_shard = NULL;
    stage->options.on_end = on_end;
    stage->options.ctx = &s;
    stage->options.max_bytes = 20000;
    assert_int_equal(sigv4_timer_new(&pulse, stage->loop, on_pulse, NULL), SIGV4_OK);
    on_pulse(NULL);
    fake_pass_ms(stage->fake, 10);
    assert_int_equal(sigv4_loop_start(stage->loop, NULL), SIGV4_OK);
    assert_int_equal(kinesis_consumer_new(&s.consumer, stage->client, &stage->options, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, pull, &s);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&s.records), 600);
    assert_int_equal(atomic_load(&s.ends), 1);
    kinesis_consumer_free(s.consumer);
    assert_int_equal(sigv4_loop_stop(stage->loop), SIGV4_OK);
    sigv4_timer_free(pulse);
}

/* The allocator that counts is for one thread. */
static int set_up(void **state)
{
    if (stage_set_up(state))
        return -1;
    struct stage *s = *state;
    sigv4_client_free(s->client);
    sigv4_provider_free(s->provider);
    sigv4_loop_free(s->loop);
    s->loop = fake_loop(s->fake, NULL);
    s->provider = example_keys();
    return stage_make_client(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_other_threads, set_up, stage_tear_down),
        cmocka_unit_test_setup_teardown(pulled_by_many_threads, set_up, stage_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
