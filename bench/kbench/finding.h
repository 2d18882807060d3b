#ifndef KBENCH_FINDING_H
#define KBENCH_FINDING_H
/* What the readings of two ways say: quantiles of each phase, and the difference. Pure. */
#include "statistics.h"

enum { QUANTILES = 4 };
extern const double finding_quantiles[QUANTILES];           /* 0.5, 0.9, 0.99, 0.999 */
extern const char *const finding_quantile_names[QUANTILES]; /* "p50" */

struct phase_finding {
    size_t count_a, count_b;                     /* readings that had this phase */
    bool known_a[QUANTILES], known_b[QUANTILES]; /* enough readings for it */
    struct interval a[QUANTILES], b[QUANTILES];
    bool compared;
    struct interval difference; /* of the medians, b minus a */
};

/* false: no memory. */
bool finding_of(const struct series *a, const struct series *b, enum phase phase,
                struct phase_finding *out);

/* Is it a difference that matters? Its interval lies on one side of zero, and it is larger than
 * what two identical ways show on an ordinary machine. */
bool finding_differs(const struct interval *difference, double smallest_ms);
#endif
