/* The loop: order of an iteration, timers, threads, embedding, fork, calls. */
#include "fake_engine.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "foreign_loop.h"

/* What happened, one letter each. */
struct diary {
    char text[256];
    size_t n;
};

static void note(struct diary *d, char c)
{
    assert_true(d->n + 1 < sizeof d->text);
    d->text[d->n++] = c;
}

struct noted {
    struct sigv4_job job;
    struct sigv4_loop *loop;
    struct diary *diary;
    char letter;
    struct noted *then_post, *then_notify;
    struct sigv4_timer *then_arm;
    int64_t arm_ms;
};

static void write_down(struct sigv4_job *job)
{
    struct noted *n = (struct noted *)job;
    note(n->diary, n->letter);
    if (n->then_post)
        sigv4_loop_post(n->loop, &n->then_post->job);
    if (n->then_notify)
        sigv4_loop_notify(n->loop, &n->then_notify->job);
    if (n->then_arm)
        sigv4_timer_set(n->then_arm, n->arm_ms);
}

static struct noted noted(struct sigv4_loop *loop, struct diary *diary, char letter)
{
    return (struct noted){
        .job = {.run = write_down}, .loop = loop, .diary = diary, .letter = letter};
}

static void test_iteration_order(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct diary d = {0};
    struct noted a = noted(loop, &d, 'a'), b = noted(loop, &d, 'b'), c = noted(loop, &d, 'c');
    struct noted user = noted(loop, &d, 'U'), later = noted(loop, &d, 'L');
    a.then_notify = &user;   /* heard after all jobs of this iteration */
    user.then_post = &later; /* what a user starts belongs to the next iteration */
    sigv4_loop_post(loop, &a.job);
    sigv4_loop_post(loop, &b.job);
    sigv4_loop_post(loop, &c.job);
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_OK);
    assert_string_equal(d.text, "abcU");
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_OK);
    assert_string_equal(d.text, "abcUL");
    sigv4_loop_free(loop);
    fake_free(fake);
}

struct ticking {
    struct diary *diary;
    char letter;
    struct sigv4_timer *timer, *disarm, *rearm;
};

static void tick(void *ctx)
{
    struct ticking *t = ctx;
    note(t->diary, t->letter);
    if (t->disarm)
        sigv4_timer_set(t->disarm, -1);
    if (t->rearm)
        sigv4_timer_set(t->rearm, 0);
}

static void test_timers(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct diary d = {0};
    struct ticking t[4];
    for (size_t i = 0; i < 4; i++) {
        t[i] = (struct ticking){.diary = &d, .letter = (char)('0' + i)};
        assert_int_equal(sigv4_timer_new(&t[i].timer, loop, tick, &t[i]), SIGV4_OK);
    }
    sigv4_timer_set(t[3].timer, 30);
    sigv4_timer_set(t[1].timer, 10);
    sigv4_timer_set(t[2].timer, 10); /* the same moment: in the order they were set */
    sigv4_timer_set(t[0].timer, 5);
    sigv4_timer_set(t[0].timer, 20); /* replaces */
    fake_run_ms(fake, loop, 100);
    assert_string_equal(d.text, "1203");
    assert_true(fake_now_ms(fake) >= 100);

    /* One that fires takes back one that is due as well, and one set while firing waits its turn.
     */
    t[0].disarm = t[1].timer;
    t[2].rearm = t[3].timer;
    for (size_t i = 0; i < 3; i++)
        sigv4_timer_set(t[i].timer, 10);
    fake_run_ms(fake, loop, 100);
    assert_string_equal(d.text, "1203023");
    for (size_t i = 0; i < 4; i++)
        sigv4_timer_free(t[i].timer);
    sigv4_loop_free(loop);
    fake_free(fake);
}

static void remember_time(void *ctx)
{
    struct diary *d = ctx;
    note(d, '.');
}

/* Many timers in random order fire in the order of their times. */
static void test_timer_heap(void **state)
{
    (void)state;
    enum { N = 500 };
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct sigv4_timer *timers[N];
    struct diary d = {0};
    unsigned seed = 1;
    for (size_t i = 0; i < N; i++)
        assert_int_equal(sigv4_timer_new(&timers[i], loop, remember_time, &d), SIGV4_OK);
    for (size_t round = 0; round < 20; round++) {
        size_t live = 0;
        for (size_t i = 0; i < N; i++)
            sigv4_timer_set(timers[i], (int64_t)(rand_r(&seed) % 1000) + 1);
        for (size_t i = 0; i < N; i++)
            if (rand_r(&seed) % 4)
                sigv4_timer_set(timers[i], -1);
            else
                live++;
        int64_t end = fake_now_ms(fake) + 1001;
        size_t fired = 0;
        while (fake_now_ms(fake) < end) {
            d.n = 0;
            assert_int_equal(sigv4_loop_run(loop, (int)(end - fake_now_ms(fake))), SIGV4_OK);
            fired += d.n;
        }
        assert_int_equal(fired, live);
    }
    for (size_t i = 0; i < N; i++)
        sigv4_timer_free(timers[i]);
    sigv4_loop_free(loop);
    fake_free(fake);
}

/* ---- calls ---- */

struct operation {
    struct sigv4_call *call;
    struct sigv4_job finish;
    unsigned canceled;
};

static void finish_operation(struct sigv4_job *job)
{
    struct operation *o = (struct operation *)((char *)job - offsetof(struct operation, finish));
    sigv4_call_finish(o->call);
}

static void cancel_operation(void *ctx)
{
    struct operation *o = ctx;
    o->canceled++;
    finish_operation(&o->finish);
}

static void test_calls(void **state)
{
    (void)state;
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct operation done = {.finish = {.run = finish_operation}}, canceled = done;
    assert_int_equal(sigv4_call_new(&done.call, loop, cancel_operation, &done), SIGV4_OK);
    assert_int_equal(sigv4_call_new(&canceled.call, loop, cancel_operation, &canceled), SIGV4_OK);
    assert_int_equal(sigv4_call_wait(done.call, 10), SIGV4_E_TIMEOUT);
    sigv4_loop_post(loop, &done.finish);
    assert_int_equal(sigv4_call_wait(done.call, 10), SIGV4_OK);
    sigv4_call_cancel(done.call); /* too late: nothing happens */
    sigv4_call_cancel(canceled.call);
    sigv4_call_cancel(canceled.call); /* once is enough */
    assert_false(sigv4_call_finished(canceled.call));
    assert_int_equal(sigv4_call_wait(canceled.call, 10), SIGV4_OK);
    assert_int_equal(done.canceled, 0);
    assert_int_equal(canceled.canceled, 1);
    sigv4_call_release(done.call);
    sigv4_call_release(canceled.call);
    sigv4_loop_free(loop);
    fake_free(fake);
}

/* ---- threads ---- */

struct counter {
    struct sigv4_job job;
    struct sigv4_loop *loop;
    atomic_int runs;
    int rounds;
};

static void count_and_repost(struct sigv4_job *job)
{
    struct counter *c = (struct counter *)job;
    if (atomic_fetch_add(&c->runs, 1) + 1 < c->rounds)
        sigv4_loop_post(c->loop, job);
}

static void *post_one(void *arg)
{
    struct counter *c = arg;
    sigv4_loop_post(c->loop, &c->job);
    return NULL;
}

static bool all_ran(void *ctx)
{
    struct counter *c = ctx;
    for (size_t i = 0; i < 8; i++)
        if (atomic_load(&c[i].runs) < c[i].rounds)
            return false;
    return true;
}

static void test_thread(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct counter c[8];
    pthread_t threads[8];
    struct sigv4_error err;
    assert_int_equal(sigv4_loop_new(&loop, NULL, &err), SIGV4_OK);
    assert_int_equal(sigv4_loop_start(loop, &err), SIGV4_OK);
    assert_int_equal(sigv4_loop_start(loop, &err), SIGV4_E_INVALID);
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_E_WRONG_THREAD);
    for (size_t i = 0; i < 8; i++) {
        c[i] = (struct counter){.job = {.run = count_and_repost}, .loop = loop, .rounds = 500};
        assert_int_equal(pthread_create(&threads[i], NULL, post_one, &c[i]), 0);
    }
    assert_int_equal(sigv4_loop_wait(loop, all_ran, c, 20000), SIGV4_OK);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(sigv4_loop_stop(loop), SIGV4_OK);
    assert_int_equal(sigv4_loop_start(loop, &err), SIGV4_OK); /* again */
    assert_int_equal(sigv4_loop_stop(loop), SIGV4_OK);
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_OK);
    sigv4_loop_free(loop);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

struct from_inside {
    struct sigv4_job job;
    struct sigv4_loop *loop;
    int run, wait, stop;
    bool inside;
};

static void try_everything(struct sigv4_job *job)
{
    struct from_inside *f = (struct from_inside *)job;
    f->inside = sigv4_loop_inside(f->loop);
    f->run = sigv4_loop_run(f->loop, 0);
    f->wait = sigv4_loop_wait(f->loop, never, NULL, 0);
    f->stop = sigv4_loop_stop(f->loop);
}

static void *wait_elsewhere(void *arg)
{
    return (void *)(intptr_t)sigv4_loop_wait(arg, never, NULL, 1000);
}

static void test_wrong_thread(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    pthread_t thread;
    void *result;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), SIGV4_OK);
    struct from_inside f = {.job = {.run = try_everything}, .loop = loop};
    sigv4_loop_post(loop, &f.job);
    assert_int_equal(sigv4_loop_run(loop, 1000), SIGV4_OK);
    assert_true(f.inside);
    assert_false(sigv4_loop_inside(loop));
    assert_int_equal(f.run, SIGV4_E_WRONG_THREAD);
    assert_int_equal(f.wait, SIGV4_E_WRONG_THREAD);
    assert_int_equal(f.stop, SIGV4_E_WRONG_THREAD);
    assert_int_equal(pthread_create(&thread, NULL, wait_elsewhere, loop), 0);
    pthread_join(thread, &result);
    assert_int_equal((int)(intptr_t)result, SIGV4_E_WRONG_THREAD);
    sigv4_loop_free(loop);
}

/* ---- embedded in a poll() of the caller's ---- */

static void *post_later(void *arg)
{
    usleep(20000);
    return post_one(arg);
}

static void test_embedded(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct foreign_loop f;
    struct diary d = {0};
    struct ticking t = {.diary = &d, .letter = 't'};
    pthread_t thread;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), SIGV4_OK);
    assert_int_equal(sigv4_loop_fired(loop, 0, SIGV4_READABLE), SIGV4_E_INVALID);
    foreign_loop_embed(&f, loop);
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_E_WRONG_THREAD);
    /* A job posted from another thread wakes the foreign poll. */
    struct counter c = {.job = {.run = count_and_repost}, .loop = loop, .rounds = 3};
    assert_int_equal(pthread_create(&thread, NULL, post_later, &c), 0);
    while (atomic_load(&c.runs) < 3)
        foreign_loop_turn(&f, loop);
    pthread_join(thread, NULL);
    /* A timer set on the loop reaches the foreign timer. */
    struct noted arm = noted(loop, &d, 'a');
    assert_int_equal(sigv4_timer_new(&t.timer, loop, tick, &t), SIGV4_OK);
    arm.then_arm = t.timer;
    arm.arm_ms = 10;
    sigv4_loop_post(loop, &arm.job);
    while (d.n < 2)
        foreign_loop_turn(&f, loop);
    assert_string_equal(d.text, "at");
    sigv4_timer_free(t.timer);
    sigv4_loop_free(loop);
    assert_int_equal(f.count, 0); /* every descriptor was taken back */
}

/* ---- fork ---- */

static void test_fork(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    int status;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), SIGV4_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int wrong = sigv4_loop_check(loop) != SIGV4_E_FORKED;
        wrong |= (sigv4_loop_run(loop, 0) != SIGV4_E_FORKED) << 1;
        wrong |= (sigv4_loop_start(loop, NULL) != SIGV4_E_FORKED) << 2;
        wrong |= (sigv4_loop_wait(loop, never, NULL, 0) != SIGV4_E_FORKED) << 3;
        sigv4_loop_wake(loop);
        sigv4_loop_free(loop);
        _exit(wrong);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(sigv4_loop_check(loop), SIGV4_OK);
    assert_int_equal(sigv4_loop_run(loop, 0), SIGV4_OK);
    sigv4_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iteration_order), cmocka_unit_test(test_timers),
        cmocka_unit_test(test_timer_heap),      cmocka_unit_test(test_calls),
        cmocka_unit_test(test_thread),          cmocka_unit_test(test_wrong_thread),
        cmocka_unit_test(test_embedded),        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
