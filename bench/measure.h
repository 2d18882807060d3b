#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H
/* What a stretch of work took, and its line of figures.
 *
 * Allocations and copies are counted by standing in for malloc, calloc, realloc and memcpy of the
 * whole process, libcurl and OpenSSL included; our own share of the allocations by the loop's hook.
 * A copy the compiler writes out itself (a few bytes of a known size) is not seen. Under a
 * sanitizer, which stands there already, only the hook counts. */
#include <sigv4/types.h>

struct measure {
    double wall, cpu;             /* seconds */
    uint64_t allocations, hooked; /* how many; by the hook */
    uint64_t copied;              /* bytes */
    uint64_t records, bytes;      /* confirmed; of their data */
    uint64_t body;                /* bytes of all request or answer bodies; 0: none */
    uint64_t requests;            /* 0: not counted */
    double p50_us, p99_us;        /* from put to result; 0: not measured */
};

void measure_begin(struct measure *m);
void measure_end(struct measure *m);
/* One JSON object on stdout, with the process's peak memory. */
void measure_print(const struct measure *m, const char *what);

/* malloc, counted. */
const struct sigv4_alloc *measure_alloc(void);

/* Runs on this core only from here on; -1: anywhere. */
void measure_pin(int core);
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* interpose.c */
extern uint64_t interpose_allocations, interpose_copied;
#endif
