#ifndef KBENCH_STATISTICS_H
#define KBENCH_STATISTICS_H
/* Quantiles, and how far they can be trusted. Pure. */
#include "series.h"

/* The q-quantile (0 to 1) of values, which are put in another order. Between two values it is
 * interpolated. count must not be 0. */
double quantile(double *values, size_t count, double q);

/* How many values a quantile needs so that at least some lie beyond it: 1000 for 0.999. */
bool quantile_is_known(size_t count, double q);

/* An interval that covers the true value in 95 of 100 trials. */
struct interval {
    double value, low, high;
};
/* The bootstrap: whole blocks are drawn again with replacement, because readings that were taken
 * together are disturbed together. false: no memory, or an empty sample. */
bool estimate(const struct sample *sample, double q, struct interval *out);
/* Of b's quantile minus a's. Blocks are drawn in pairs when there are as many of each: they were
 * taken side by side. */
bool estimate_difference(const struct sample *a, const struct sample *b, double q,
                         struct interval *out);
#endif
