#include "statistics.h"

#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000 };

/* ---- quantiles ---- */

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

/* Hoare's selection: afterwards values[k] is where sorting would put it, and nothing behind it is
 * smaller. */
static double nth(double *values, size_t count, size_t k)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, wanted = (ptrdiff_t)k;
    while (low < high) {
        double pivot = values[wanted];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (pivot < values[j])
                j--;
            if (i <= j)
                swap(&values[i++], &values[j--]);
        }
        if (j < wanted)
            low = i;
        if (wanted < i)
            high = j;
    }
    return values[k];
}

static double smallest(const double *values, size_t count)
{
    double least = values[0];
    for (size_t i = 1; i < count; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

double quantile(double *values, size_t count, double q)
{
    double place = q * (double)(count - 1);
    size_t k = (size_t)place;
    double low = nth(values, count, k), part = place - (double)k;
    if (part <= 0 || k + 1 >= count)
        return low;
    return low + part * (smallest(values + k + 1, count - k - 1) - low);
}

bool quantile_is_known(size_t count, double q)
{
    return (double)count * (1 - q) >= 1 - 1e-9;
}

/* ---- the bootstrap ---- */

/* xorshift64*: the same trial gives the same interval. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(0x2545F4914F6CDD1D) >> 11) % below;
}

/* A sample drawn again from itself. room holds the longest block times their number. */
struct redraw {
    const struct sample *of;
    double *room;
    size_t count;
};

static bool redraw_init(struct redraw *r, const struct sample *of)
{
    size_t longest = 0;
    for (size_t b = 0; b < of->blocks; b++) {
        size_t n = of->block_start[b + 1] - of->block_start[b];
        longest = n > longest ? n : longest;
    }
    *r = (struct redraw){.of = of};
    if (longest)
        r->room = malloc(longest * of->blocks * sizeof *r->room);
    return r->room != NULL;
}

static void redraw_add(struct redraw *r, size_t block)
{
    size_t from = r->of->block_start[block], n = r->of->block_start[block + 1] - from;
    memcpy(r->room + r->count, r->of->values + from, n * sizeof *r->room);
    r->count += n;
}

static double redraw_quantile(struct redraw *r, double q)
{
    double value = quantile(r->room, r->count, q);
    r->count = 0;
    return value;
}

static double once(struct redraw *r, double q, uint64_t *state)
{
    for (size_t i = 0; i < r->of->blocks; i++)
        redraw_add(r, (size_t)draw(state, r->of->blocks));
    return redraw_quantile(r, q);
}

static double once_paired(struct redraw *a, struct redraw *b, double q, uint64_t *state)
{
    for (size_t i = 0; i < a->of->blocks; i++) {
        size_t block = (size_t)draw(state, a->of->blocks);
        redraw_add(a, block);
        redraw_add(b, block);
    }
    double of_a = redraw_quantile(a, q);
    return redraw_quantile(b, q) - of_a;
}

static double whole(struct redraw *r, double q)
{
    for (size_t i = 0; i < r->of->blocks; i++)
        redraw_add(r, i);
    return redraw_quantile(r, q);
}

static void close_interval(struct interval *out, double drawn[RESAMPLES])
{
    out->low = quantile(drawn, RESAMPLES, 0.025);
    out->high = quantile(drawn, RESAMPLES, 0.975);
}

bool estimate(const struct sample *sample, double q, struct interval *out)
{
    double drawn[RESAMPLES];
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    struct redraw r;
    if (!redraw_init(&r, sample))
        return false;
    out->value = whole(&r, q);
    for (size_t i = 0; i < RESAMPLES; i++)
        drawn[i] = once(&r, q, &state);
    close_interval(out, drawn);
    free(r.room);
    return true;
}

bool estimate_difference(const struct sample *a, const struct sample *b, double q,
                         struct interval *out)
{
    double drawn[RESAMPLES];
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    struct redraw of_a, of_b;
    bool ok = redraw_init(&of_a, a);
    ok = redraw_init(&of_b, b) && ok;
    if (ok) {
        double value = whole(&of_a, q);
        out->value = whole(&of_b, q) - value;
        for (size_t i = 0; i < RESAMPLES; i++) {
            if (a->blocks == b->blocks)
                drawn[i] = once_paired(&of_a, &of_b, q, &state);
            else
                drawn[i] = -once(&of_a, q, &state) + once(&of_b, q, &state);
        }
        close_interval(out, drawn);
    }
    free(of_a.room);
    free(of_b.room);
    return ok;
}
