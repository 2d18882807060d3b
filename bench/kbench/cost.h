#ifndef KBENCH_COST_H
#define KBENCH_COST_H
#include <stddef.h>

/* What a way costs beside the service itself. List prices change and differ by region: they are a
 * start for your own sum, and say where they come from. */
struct cost {
    const char *way;
    double dollars_per_hour, dollars_per_gb;
    const char *note;
};
extern const char cost_region[], cost_date[], cost_source[];
extern const struct cost costs[];
extern const size_t cost_count;
#endif
