/* Shard iterators: a position in a shard and the time it was handed out. */
#ifndef KLOCAL_ITERATOR_H
#define KLOCAL_ITERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "klocal.h"

struct iterator {
    uint64_t stream_id;
    uint32_t shard;
    uint64_t position;
    int64_t created_ms;
};

char *iterator_write(const struct klocal *klocal, const struct iterator *iterator);
bool iterator_read(const struct klocal *klocal, const char *text, struct iterator *iterator);

#endif
