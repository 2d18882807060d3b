#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H
/* What one run of a bench program is to do. */
#include <stddef.h>
#include <stdint.h>

struct plan {
    const char *what;     /* the first argument */
    const char *url, *ca; /* of the sink; its certificate */
    size_t size;          /* of a record */
    size_t records;       /* stop after so many; 0: by time */
    double seconds;
    size_t batch;       /* records per request */
    size_t keys;        /* different partition keys; 0: none is given */
    size_t buffered;    /* records that may be under way */
    size_t batch_bytes; /* 0: the library's */
    size_t requests;    /* in flight */
    int connections;
    int core; /* -1: any */
};
/* Exits with 2 on wrong usage. */
void plan_read(struct plan *plan, int argc, char **argv, const char *usage);
#endif
