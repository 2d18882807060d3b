/* Clocks, counters, and the line they end in. */
#include "measure.h"

#include "moment.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static uint64_t hooked;

void measure_begin(struct measure *m)
{
    memset(m, 0, sizeof *m);
    m->allocations = interpose_allocations;
    m->hooked = hooked;
    m->copied = interpose_copied;
    m->cpu = moment_cpu_seconds();
    m->wall = moment_seconds();
}

void measure_end(struct measure *m)
{
    m->wall = moment_seconds() - m->wall;
    m->cpu = moment_cpu_seconds() - m->cpu;
    m->allocations = interpose_allocations - m->allocations;
    m->hooked = hooked - m->hooked;
    m->copied = interpose_copied - m->copied;
}

void measure_print(const struct measure *m, const char *what)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"what\":\"%s\",\"wall\":%.6f,\"cpu\":%.6f,\"records\":%llu,\"bytes\":%llu,"
           "\"body\":%llu,\"requests\":%llu,\"allocations\":%llu,\"hooked\":%llu,\"copied\":%llu,"
           "\"p50_us\":%.0f,\"p99_us\":%.0f,\"peak_kib\":%ld}\n",
           what, m->wall, m->cpu, (unsigned long long)m->records, (unsigned long long)m->bytes,
           (unsigned long long)m->body, (unsigned long long)m->requests,
           (unsigned long long)m->allocations, (unsigned long long)m->hooked,
           (unsigned long long)m->copied, m->p50_us, m->p99_us, usage.ru_maxrss);
}

static void *count_get(void *ctx, size_t n)
{
    (void)ctx;
    hooked++;
    return malloc(n);
}

static void *count_resize(void *ctx, void *p, size_t old_n, size_t n)
{
    (void)ctx;
    (void)old_n;
    hooked++;
    return realloc(p, n);
}

static void count_put(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)n;
    free(p);
}

const struct sigv4_alloc *measure_alloc(void)
{
    static const struct sigv4_alloc alloc = {NULL, count_get, count_resize, count_put};
    return &alloc;
}

void measure_pin(int core)
{
    cpu_set_t set;
    if (core < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fprintf(stderr, "bench: not pinned to core %d\n", core);
}

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}
