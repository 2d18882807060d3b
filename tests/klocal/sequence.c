/* Sequence numbers. */
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

struct sequence sequence_next(struct klocal *klocal, uint32_t shard)
{
    uint64_t now = (uint64_t)clock_service_ms(&klocal->clock) * 1000;
    if (now > klocal->sequence_micros)
        klocal->sequence_micros = now;
    return (struct sequence){
        .micros = klocal->sequence_micros, .counter = ++klocal->sequence_counter, .shard = shard};
}

void sequence_format(struct sequence sequence, char out[SEQUENCE_SIZE])
{
    snprintf(out, SEQUENCE_SIZE, "49%016llu%026llu%012u",
             (unsigned long long)(sequence.micros % 10000000000000000u),
             (unsigned long long)sequence.counter, sequence.shard);
}

static uint64_t digits(const char *text, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    return value;
}

bool sequence_parse(const char *text, struct sequence *sequence)
{
    if (strlen(text) != SEQUENCE_SIZE - 1 || strspn(text, "0123456789") != SEQUENCE_SIZE - 1)
        return false;
    if (memcmp(text, "49", 2) != 0 || strspn(text + 18, "0") < 7)
        return false;
    uint64_t shard = digits(text + 44, 12);
    if (shard > UINT32_MAX)
        return false;
    sequence->micros = digits(text + 2, 16);
    sequence->counter = digits(text + 25, 19);
    sequence->shard = (uint32_t)shard;
    return true;
}

int sequence_compare(struct sequence a, struct sequence b)
{
    if (a.micros != b.micros)
        return a.micros < b.micros ? -1 : 1;
    return a.counter < b.counter ? -1 : a.counter > b.counter;
}
