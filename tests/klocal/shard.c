/* A shard and its records. */
#include "shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct shard *shard_new(uint32_t index, hash_key start, hash_key end, struct sequence first,
                        int64_t now_ms)
{
    struct shard *shard = memory_take(1, sizeof *shard);
    shard->index = index;
    shard->parent = shard->adjacent = SHARD_NONE;
    shard->start = start;
    shard->end = end;
    shard->first = first;
    shard->created_ms = now_ms;
    return shard;
}

void shard_free(struct shard *shard)
{
    if (shard == NULL)
        return;
    for (size_t i = 0; i < shard->count; i++)
        free(shard->records[shard->head + i]);
    free(shard->records);
    free(shard);
}

void shard_id(uint32_t index, char out[SHARD_ID_SIZE])
{
    snprintf(out, SHARD_ID_SIZE, "shardId-%012u", index);
}

void shard_append(struct shard *shard, struct record *record)
{
    if (shard->head + shard->count == shard->capacity) {
        shard->capacity = shard->capacity == 0 ? 64 : shard->capacity * 2;
        shard->records = memory_grow(shard->records, shard->capacity, sizeof *shard->records);
    }
    /* Arrival times never go back, so that searching by time is well defined. */
    if (shard->count > 0) {
        const struct record *last = shard->records[shard->head + shard->count - 1];
        if (record->arrival_ms < last->arrival_ms)
            record->arrival_ms = last->arrival_ms;
    }
    shard->records[shard->head + shard->count++] = record;
}

void shard_trim(struct shard *shard, int64_t horizon_ms)
{
    while (shard->count > 0 && shard->records[shard->head]->arrival_ms < horizon_ms) {
        free(shard->records[shard->head++]);
        shard->count--;
        shard->base++;
    }
    if (shard->head > 1024 && shard->head > shard->count) {
        memmove(shard->records, shard->records + shard->head,
                shard->count * sizeof *shard->records);
        shard->head = 0;
    }
}

uint64_t shard_end(const struct shard *shard)
{
    return shard->base + shard->count;
}

struct record *shard_record(const struct shard *shard, uint64_t position)
{
    return shard->records[shard->head + (size_t)(position - shard->base)];
}

uint64_t shard_find_time(const struct shard *shard, int64_t ms)
{
    uint64_t low = shard->base, high = shard_end(shard);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (shard_record(shard, middle)->arrival_ms < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t shard_find_sequence(const struct shard *shard, struct sequence sequence, bool after)
{
    uint64_t low = shard->base, high = shard_end(shard);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int order = sequence_compare(shard_record(shard, middle)->sequence, sequence);
        if (order < 0 || (order == 0 && after))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool allowance_has(struct allowance *allowance, double per_second, double amount, int64_t now_ms)
{
    double gained = (double)(now_ms - allowance->updated_ms) * per_second / 1000;
    allowance->tokens =
        allowance->tokens + gained < per_second ? allowance->tokens + gained : per_second;
    allowance->updated_ms = now_ms;
    return allowance->tokens >= (amount < per_second ? amount : per_second);
}

void allowance_take(struct allowance *allowance, double amount)
{
    allowance->tokens -= amount;
}
