#include "finding.h"

#include <math.h>

const double finding_quantiles[QUANTILES] = {0.5, 0.9, 0.99, 0.999};
const char *const finding_quantile_names[QUANTILES] = {"p50", "p90", "p99", "p99.9"};

static bool of_one(const struct sample *s, bool known[QUANTILES], struct interval out[QUANTILES])
{
    for (size_t i = 0; i < QUANTILES; i++) {
        known[i] = quantile_is_known(s->count, finding_quantiles[i]);
        if (known[i] && !estimate(s, finding_quantiles[i], &out[i]))
            return false;
    }
    return true;
}

bool finding_of(const struct series *a, const struct series *b, enum phase phase,
                struct phase_finding *out)
{
    struct sample of_a = {0}, of_b = {0};
    *out = (struct phase_finding){0};
    bool ok = series_cut(a, phase, &of_a) && series_cut(b, phase, &of_b);
    if (ok) {
        out->count_a = of_a.count;
        out->count_b = of_b.count;
        ok = of_one(&of_a, out->known_a, out->a) && of_one(&of_b, out->known_b, out->b);
    }
    if (ok && of_a.count && of_b.count) {
        out->compared = true;
        ok = estimate_difference(&of_a, &of_b, 0.5, &out->difference);
    }
    sample_free(&of_a);
    sample_free(&of_b);
    return ok;
}

bool finding_differs(const struct interval *difference, double smallest_ms)
{
    bool one_side = difference->low > 0 || difference->high < 0;
    return one_side && fabs(difference->value) >= smallest_ms;
}
