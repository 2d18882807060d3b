/* A shard and its records. The lock of klocal is held for all of these. */
#ifndef KLOCAL_SHARD_H
#define KLOCAL_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "sequence.h"

#define SHARD_NONE    UINT32_MAX
#define SHARD_ID_SIZE 24

struct record {
    int64_t arrival_ms;
    struct sequence sequence;
    uint32_t key_length;
    uint32_t data_length;
    unsigned char bytes[]; /* the partition key, then the data */
};

/* A bucket that refills with its own size per second. */
struct allowance {
    double tokens;
    int64_t updated_ms;
};

struct shard {
    uint32_t index;
    uint32_t parent;   /* SHARD_NONE: none */
    uint32_t adjacent; /* the other parent of a merge */
    hash_key start;
    hash_key end;
    struct sequence first;
    struct sequence last; /* when closed */
    int64_t created_ms;
    int64_t closed_ms; /* 0: open */
    struct record **records;
    size_t count; /* of records kept */
    size_t capacity;
    size_t head;   /* records[head] is the oldest kept */
    uint64_t base; /* how many were trimmed: the position of the oldest kept */
    struct allowance write_bytes;
    struct allowance write_records;
    struct allowance read_bytes;
    struct allowance read_calls;
};

struct shard *shard_new(uint32_t index, hash_key start, hash_key end, struct sequence first,
                        int64_t now_ms);
void shard_free(struct shard *shard);
void shard_id(uint32_t index, char out[SHARD_ID_SIZE]);

/* The record becomes the shard's. */
void shard_append(struct shard *shard, struct record *record);
void shard_trim(struct shard *shard, int64_t horizon_ms);

/* Positions count from the shard's first record ever. */
uint64_t shard_end(const struct shard *shard);
struct record *shard_record(const struct shard *shard, uint64_t position);
uint64_t shard_find_time(const struct shard *shard, int64_t ms);
/* The first position at the number, or behind it. */
uint64_t shard_find_sequence(const struct shard *shard, struct sequence sequence, bool after);

/* Takes the amount if any is left (it may then go below zero, as a large record does). */
bool allowance_has(struct allowance *allowance, double per_second, double amount, int64_t now_ms);
void allowance_take(struct allowance *allowance, double amount);

#endif
