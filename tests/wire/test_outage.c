/* The service goes away for a while, first by resetting every connection, then by saying nothing:
 * memory stays where it is, nobody spins, and every record is written afterwards. LONG: a minute.
 */
#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>

#include <cmocka.h>

#include "wire/local_service.h"

enum { BUDGET = 16 * 1024 * 1024, MOST = 200000, MEGA = 1000000 };
#if defined(__SANITIZE_ADDRESS__)
enum { SLACK = 64 * MEGA }; /* freed memory rests in quarantine */
#else
enum { SLACK = 6 * MEGA };
#endif

static struct local_service service;

static void faults(const char *rules)
{
    assert_true(local_service_tell("/_klocal/faults", rules));
}

static long resident(void)
{
    long pages = 0, whole = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%ld %ld", &whole, &pages), 2);
    fclose(statm);
    return pages * sysconf(_SC_PAGESIZE);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void rest(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

struct seen {
    atomic_uint told[MOST];
    atomic_uint results, written;
};

static void on_result(void *ctx, const struct kinesis_put_result *result)
{
    struct seen *s = ctx;
    atomic_fetch_add(&s->told[(uintptr_t)result->tag], 1);
    atomic_fetch_add(&s->written, result->fate == KINESIS_WRITTEN);
    atomic_fetch_add(&s->results, 1);
}

/* Puts until the budget is used, at most `most` records; how many it were. */
static unsigned fill(struct kinesis_producer *p, unsigned from, unsigned most)
{
    static char data[2000];
    unsigned i = from;
    int rc = 0;
    for (; !rc && i < MOST && i - from < most; i += !rc)
        rc = kinesis_producer_put(p,
                                  KINESIS_PUT(.data = sigv4_bytes(data, sizeof data - i % 1000),
                                              .tag = (void *)(uintptr_t)i, .flags = KINESIS_COPY));
    assert_true(rc == 0 || rc == SIGV4_E_FULL);
    return i - from;
}

/* Watches for so long; the most memory that was resident, and the CPU time used. */
static long watch(double how_long, double *cpu)
{
    double end = seconds(CLOCK_MONOTONIC) + how_long,
           cpu_before = seconds(CLOCK_PROCESS_CPUTIME_ID);
    long most = 0;
    while (seconds(CLOCK_MONOTONIC) < end) {
        rest(100);
        long now = resident();
        most = now > most ? now : most;
    }
    *cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
    return most;
}

/* Until it does next to nothing for a while: what is under way fills its requests first. */
static void settle(struct kinesis_producer *p, unsigned *put)
{
    double cpu = 1;
    for (int i = 0; i < 120 && cpu > 0.05; i++) {
        *put += fill(p, *put, MOST);
        (void)watch(0.5, &cpu);
    }
}

static void outage(struct kinesis_producer *p, struct seen *seen, unsigned *put, bool silent)
{
    double cpu, length = getenv("LONG") ? 30 : 2;
    long before, most;
    if (silent)
        kill(service.pid, SIGSTOP);
    else
        faults("{\"rules\":[{\"fault\":\"reset_before\",\"operation\":\"PutRecords\"}]}");
    settle(p, put);
    before = resident();
    most = watch(length, &cpu);
    print_message("%s for %.0f s: %ld MB resident, at most %ld; %.3f s of CPU (%.1f %%)\n",
                  silent ? "silent" : "resets", length, before / MEGA, most / MEGA, cpu,
                  100 * cpu / length);
    assert_true(most - before < SLACK);
    assert_true(cpu / length < 0.25);
    if (silent)
        kill(service.pid, SIGCONT);
    else
        faults("{\"rules\":[]}");
    double began = seconds(CLOCK_MONOTONIC);
    assert_int_equal(kinesis_producer_flush(p, 300000), 0);
    print_message("all written %.1f s afterwards\n", seconds(CLOCK_MONOTONIC) - began);
    assert_int_equal(atomic_load(&seen->results), *put);
    assert_int_equal(atomic_load(&seen->written), *put);
}

static void nothing_is_lost_and_nothing_grows(void **state)
{
    (void)state;
    static struct seen seen;
    struct kinesis_producer_options o = KINESIS_PRODUCER_OPTIONS;
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct kinesis_producer *p;
    unsigned put = 0;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    assert_int_equal(sigv4_client_new(&client, loop, NULL, NULL), 0);
    o.stream = "outage";
    o.on_result = on_result;
    o.ctx = &seen;
    o.max_buffered_bytes = BUDGET;
    o.record_deadline_ms = 600000;
    assert_int_equal(kinesis_producer_new(&p, client, &o, NULL), 0);
    assert_int_equal(sigv4_loop_start(loop, NULL), 0);
    put += fill(p, put, 4000);
    assert_int_equal(kinesis_producer_flush(p, 120000), 0);
    outage(p, &seen, &put, false);
    outage(p, &seen, &put, true);
    assert_int_equal(kinesis_producer_close(p, 120000, &counts), 0);
    assert_int_equal(counts.written, put);
    print_message("%u records, all written, %u maybe twice\n", put, (unsigned)counts.maybe_twice);
    for (unsigned i = 0; i < put; i++)
        assert_int_equal(atomic_load(&seen.told[i]), 1);
    kinesis_producer_free(p);
    sigv4_client_free(client);
    sigv4_loop_free(loop);
}

int main(void)
{
    static const char *const args[] = {"--stream", "outage", NULL};
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_and_nothing_grows)};
    signal(SIGPIPE, SIG_IGN);
    if (!local_service_start(&service, args)) {
        print_message("SKIP: no klocal\n");
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    local_service_stop(&service);
    return failed;
}
