/* Readings of one way in the order they were taken. */
#include "series.h"

#include <stdlib.h>

bool series_init(struct series *s, size_t capacity)
{
    *s = (struct series){.readings = calloc(capacity ? capacity : 1, sizeof *s->readings),
                         .capacity = capacity};
    return s->readings != NULL;
}

void series_free(struct series *s)
{
    free(s->readings);
    *s = (struct series){0};
}

bool series_add(struct series *s, const struct reading *reading)
{
    if (s->count == s->capacity)
        return false;
    s->readings[s->count++] = *reading;
    return true;
}

bool series_cut(const struct series *s, enum phase phase, struct sample *out)
{
    *out = (struct sample){.values = malloc((s->count + 1) * sizeof *out->values),
                           .block_start = malloc((s->count + 1) * sizeof *out->block_start)};
    if (!out->values || !out->block_start) {
        sample_free(out);
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->readings[i].phase[phase] < 0)
            continue;
        if (out->count == 0 || s->readings[i].block != out->last_block)
            out->block_start[out->blocks++] = out->count;
        out->last_block = s->readings[i].block;
        out->values[out->count++] = s->readings[i].phase[phase];
    }
    out->block_start[out->blocks] = out->count;
    return true;
}

void sample_free(struct sample *sample)
{
    free(sample->values);
    free(sample->block_start);
    *sample = (struct sample){0};
}
