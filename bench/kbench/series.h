#ifndef KBENCH_SERIES_H
#define KBENCH_SERIES_H
#include "phase.h"

#include <stddef.h>

struct series {
    struct reading *readings;
    size_t count, capacity;
    uint64_t failures; /* requests that brought no answer */
    char failure[256]; /* the first one's message */
};
bool series_init(struct series *s, size_t capacity);
void series_free(struct series *s);
bool series_add(struct series *s, const struct reading *reading); /* false: full */

/* One phase of a series: its values, block by block. */
struct sample {
    double *values;
    size_t count;
    size_t *block_start; /* blocks + 1 of them */
    size_t blocks;
    uint32_t last_block;
};
/* false: no memory. */
bool series_cut(const struct series *s, enum phase phase, struct sample *out);
void sample_free(struct sample *sample);
#endif
