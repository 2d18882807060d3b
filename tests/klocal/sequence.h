/* Sequence numbers: 56 decimal digits, increasing within a shard and across splits and merges.
 * "49", 16 digits of microseconds, 26 digits of a counter, 12 digits of the shard. */
#ifndef KLOCAL_SEQUENCE_H
#define KLOCAL_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "klocal.h"

#define SEQUENCE_SIZE 57

struct sequence {
    uint64_t micros;
    uint64_t counter;
    uint32_t shard;
};

/* The lock is held. */
struct sequence sequence_next(struct klocal *klocal, uint32_t shard);
void sequence_format(struct sequence sequence, char out[SEQUENCE_SIZE]);
bool sequence_parse(const char *text, struct sequence *sequence);
int sequence_compare(struct sequence a, struct sequence b);

#endif
