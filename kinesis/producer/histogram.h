#ifndef KINESIS_PRODUCER_HISTOGRAM_H
#define KINESIS_PRODUCER_HISTOGRAM_H
/* Latencies in milliseconds, counted in steps of about 6 %: one thread counts, any may read. */
#include <stdatomic.h>
#include <stdint.h>

enum { KINESIS__HISTOGRAM_STEPS = 16 * 29 }; /* up to 2^32 ms */

struct kinesis__histogram {
    atomic_uint_least64_t steps[KINESIS__HISTOGRAM_STEPS];
};

void kinesis__histogram_add(struct kinesis__histogram *h, uint32_t ms);
/* The least value that per_mille of all do not exceed, to the step; 0 when there are none. */
uint64_t kinesis__histogram_value(const struct kinesis__histogram *h, unsigned per_mille);
#endif
