/* Steps: 0 to 15 one by one, then sixteen for each power of two. */
#include "producer/histogram.h"

static unsigned step_of(uint32_t ms)
{
    if (ms < 16)
        return ms;
    unsigned power = 31 - (unsigned)__builtin_clz(ms); /* at least 4 */
    return (power - 3) * 16 + (ms >> (power - 4)) - 16;
}

/* The largest value of a step. */
static uint64_t top_of(unsigned step)
{
    if (step < 16)
        return step;
    unsigned power = step / 16 + 3;
    return ((uint64_t)(step % 16 + 17) << (power - 4)) - 1;
}

void kinesis__histogram_add(struct kinesis__histogram *h, uint32_t ms)
{
    /* One writer: no read-modify-write on the bus. */
    atomic_uint_least64_t *step = &h->steps[step_of(ms)];
    uint64_t n = atomic_load_explicit(step, memory_order_relaxed);
    atomic_store_explicit(step, n + 1, memory_order_relaxed);
}

uint64_t kinesis__histogram_value(const struct kinesis__histogram *h, unsigned per_mille)
{
    uint64_t all = 0, seen = 0;
    for (unsigned i = 0; i < KINESIS__HISTOGRAM_STEPS; i++)
        all += atomic_load_explicit(&h->steps[i], memory_order_relaxed);
    for (unsigned i = 0; i < KINESIS__HISTOGRAM_STEPS; i++) {
        seen += atomic_load_explicit(&h->steps[i], memory_order_relaxed);
        if (seen && seen * 1000 >= all * per_mille)
            return top_of(i);
    }
    return 0;
}
