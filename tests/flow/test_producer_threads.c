/* Many threads at one producer, with a loop on a thread of its own. For ThreadSanitizer above all.
 */
#include "flow/rig_producer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 8, EACH = 1500, ALL = THREADS * EACH };

struct crowd {
    struct kinesis_producer *producer;
    atomic_uint told[ALL + 1]; /* by tag */
    atomic_uint written;
    bool accepted[ALL + 1];
    atomic_bool stop;
};

struct writer {
    pthread_t thread;
    struct crowd *crowd;
    unsigned number;
};

static void on_result(void *ctx, const struct kinesis_put_result *r)
{
    struct crowd *c = ctx;
    atomic_fetch_add(&c->told[(uintptr_t)r->tag], 1);
    atomic_fetch_add(&c->written, r->fate == KINESIS_WRITTEN);
}

static void on_room(void *ctx)
{
    (void)ctx;
}

static int put_one(struct writer *w, uintptr_t tag)
{
    char key[16], data[32];
    snprintf(key, sizeof key, "key%zu", (size_t)tag % 100);
    snprintf(data, sizeof data, "%zu", (size_t)tag);
    struct kinesis_put *put = KINESIS_PUT(.partition_key = sigv4_str(key), .data = sigv4_str(data),
                                          .tag = (void *)tag, .flags = KINESIS_COPY);
    return tag % 3 ? kinesis_producer_put_wait(w->crowd->producer, put, -1)
                   : kinesis_producer_put(w->crowd->producer, put);
}

static void *write_some(void *arg)
{
    struct writer *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        uintptr_t tag = 1 + w->number * EACH + i;
        w->crowd->accepted[tag] = put_one(w, tag) == 0;
        if (i % 500 == 77)
            kinesis_producer_flush(w->crowd->producer, 100);
        if (w->number == 0 && i % 700 == 300)
            kinesis_producer_abandon(w->crowd->producer);
    }
    return NULL;
}

static void *look(void *arg)
{
    struct crowd *c = arg;
    struct kinesis_producer_stats s = {.size = sizeof s};
    while (!atomic_load(&c->stop)) {
        if (kinesis_producer_stats(c->producer, &s) || s.buffered_bytes > 64 * 1024)
            abort();
        kinesis_producer_push(c->producer);
    }
    return NULL;
}

static void trouble(void *ctx, struct fake_put *put)
{
    (void)ctx;
    put->delay_ms = 1 + (int)(put->number % 7);
    if (put->number % 5 == 1)
        put->entries[put->count / 2] = FAKE_INTERNAL;
    if (put->number % 9 == 2)
        put->answered = FAKE_DROPPED;
}

static void crowd_with(uint32_t flags)
{
    struct rig rig;
    struct crowd *c = calloc(1, sizeof *c);
    struct writer writers[THREADS];
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    pthread_t looker;
    unsigned accepted = 0;
    rig_init(&rig, 1, 4, trouble, NULL);
    fake_allow_threads(rig.fake);
    rig.options.flags = flags;
    rig.options.max_buffered_bytes = 64 * 1024;
    rig.options.on_result = on_result;
    rig.options.on_room = on_room;
    rig.options.on_trouble = NULL;
    rig.options.ctx = c;
    assert_int_equal(rig_open(&rig, NULL), 0);
    c->producer = rig.producer;
    assert_int_equal(sigv4_loop_start(rig.loop, NULL), 0);
    assert_int_equal(pthread_create(&looker, NULL, look, c), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.crowd = c, .number = i};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_some, &writers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(writers[i].thread, NULL);
    atomic_store(&c->stop, true);
    pthread_join(looker, NULL);
    int rc = kinesis_producer_close(rig.producer, -1, &counts);
    assert_true(rc == 0 || rc == SIGV4_E_SERVICE);
    for (size_t tag = 1; tag <= ALL; tag++) {
        accepted += c->accepted[tag];
        assert_int_equal(atomic_load(&c->told[tag]), c->accepted[tag]);
    }
    assert_int_equal(counts.accepted, accepted);
    assert_int_equal(counts.written, atomic_load(&c->written));
    assert_int_equal(counts.written + counts.not_written + counts.maybe_written, accepted);
    print_message("flags %u: %u accepted, %u written\n", flags, accepted, (unsigned)counts.written);
    assert_int_equal(sigv4_loop_stop(rig.loop), 0);
    rig_end(&rig);
    free(c);
}

static void plain(void **state)
{
    (void)state;
    crowd_with(KINESIS_NO_LINGER);
}

static void ordered(void **state)
{
    (void)state;
    crowd_with(KINESIS_KEEP_ORDER);
}

static void aggregated(void **state)
{
    (void)state;
    crowd_with(KINESIS_AGGREGATE | KINESIS_KEEP_ORDER);
}

/* Freed while others still use the loop; the results come on the loop's thread. */
static void freed_while_the_loop_runs(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct rig rig;
        struct crowd *c = calloc(1, sizeof *c);
        rig_init(&rig, 1, 4, trouble, NULL);
        fake_allow_threads(rig.fake);
        rig.options.on_result = on_result;
        rig.options.on_room = NULL;
        rig.options.on_trouble = NULL;
        rig.options.ctx = c;
        assert_int_equal(rig_open(&rig, NULL), 0);
        c->producer = rig.producer;
        assert_int_equal(sigv4_loop_start(rig.loop, NULL), 0);
        struct writer w = {.crowd = c, .number = 1};
        for (uintptr_t tag = 1; tag <= 300; tag++)
            c->accepted[tag] = put_one(&w, tag) == 0;
        rig_close(&rig);
        for (size_t tag = 1; tag <= 300; tag++)
            assert_int_equal(atomic_load(&c->told[tag]), c->accepted[tag]);
        rig_end(&rig);
        free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(ordered),
        cmocka_unit_test(aggregated),
        cmocka_unit_test(freed_while_the_loop_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
