#ifndef KBENCH_HISTOGRAM_H
#define KBENCH_HISTOGRAM_H
/* Times in microseconds up to about an hour, each kept to within 1 %, in a fixed amount of memory,
 * as HdrHistogram does it. */
#include <stdint.h>
#include <stdio.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_POWERS = 25 };
struct histogram {
    uint64_t count, sum, largest;
    uint64_t cells[(HISTOGRAM_POWERS + 1) * HISTOGRAM_STEPS];
};
void histogram_add(struct histogram *h, uint64_t microseconds); /* larger ones count as an hour */
/* The largest value of the cell in which the q-quantile lies, never above the largest added; 0 when
 * empty. */
uint64_t histogram_quantile(const struct histogram *h, double q);
/* Lines "milliseconds quantile count 1/(1-quantile)", which HdrHistogram's plotter reads. */
void histogram_print(const struct histogram *h, FILE *out);
#endif
