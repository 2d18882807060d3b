#include "histogram.h"

/* Cells 0 to 255 hold one microsecond each; then each power of two has 128 cells. */
static unsigned cell_of(uint64_t us)
{
    unsigned shift = 0;
    while ((us >> shift) >= 2 * HISTOGRAM_STEPS)
        shift++;
    return shift * HISTOGRAM_STEPS + (unsigned)(us >> shift);
}

static uint64_t top_of(unsigned cell)
{
    if (cell < 2 * HISTOGRAM_STEPS)
        return cell;
    unsigned shift = cell / HISTOGRAM_STEPS - 1;
    return ((uint64_t)(cell - shift * HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t us)
{
    const unsigned last = sizeof h->cells / sizeof *h->cells - 1;
    uint64_t most = top_of(last);
    us = us > most ? most : us;
    h->cells[cell_of(us)]++;
    h->count++;
    h->sum += us;
    h->largest = us > h->largest ? us : h->largest;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
    uint64_t seen = 0, wanted = (uint64_t)(q * (double)h->count + 0.999999);
    if (h->count == 0)
        return 0;
    wanted = wanted < 1 ? 1 : wanted > h->count ? h->count : wanted;
    for (unsigned i = 0; i < sizeof h->cells / sizeof *h->cells; i++) {
        seen += h->cells[i];
        if (seen >= wanted)
            return top_of(i) < h->largest ? top_of(i) : h->largest;
    }
    return h->largest;
}

void histogram_print(const struct histogram *h, FILE *out)
{
    uint64_t seen = 0;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    for (unsigned i = 0; i < sizeof h->cells / sizeof *h->cells && h->count; i++) {
        if (h->cells[i] == 0)
            continue;
        seen += h->cells[i];
        double part = (double)seen / (double)h->count;
        uint64_t value = top_of(i) < h->largest ? top_of(i) : h->largest;
        fprintf(out, "%12.3f %2.12f %10llu", (double)value / 1000, part, (unsigned long long)seen);
        if (seen < h->count)
            fprintf(out, " %14.2f", 1 / (1 - part));
        fputc('\n', out);
    }
    fprintf(out, "#[Mean    = %12.3f, Total count    = %12llu]\n",
            h->count ? (double)h->sum / (double)h->count / 1000 : 0, (unsigned long long)h->count);
    fprintf(out, "#[Max     = %12.3f]\n", (double)h->largest / 1000);
}
