#ifndef BENCH_BARE_H
#define BENCH_BARE_H
/* The floor of every transfer: libcurl alone, posting bytes that were made before and throwing the
 * answer away. */
#include "measure.h"
#include "plan.h"

/* Posts body until the plan's time is over; target: "PutRecords". Fills requests and body (of what
 * was sent and received). */
void bare_post(const struct plan *plan, const char *target, struct sigv4_slice body,
               struct measure *m);
#endif
