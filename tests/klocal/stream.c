/* Streams. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static size_t lower_bound(const struct klocal *klocal, const char *name)
{
    size_t low = 0, high = klocal->stream_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(klocal->streams[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void stream_free(struct stream *stream)
{
    for (size_t i = 0; i < stream->shard_count; i++)
        shard_free(stream->shards[i]);
    for (size_t i = 0; i < stream->consumer_count; i++)
        free(stream->consumers[i].name);
    free(stream->shards);
    free(stream->open);
    free(stream->consumers);
    free(stream->key_id);
    free(stream->name);
    free(stream);
}

void stream_remove(struct klocal *klocal, struct stream *stream)
{
    size_t i = lower_bound(klocal, stream->name);
    klocal->stream_count--;
    memmove(klocal->streams + i, klocal->streams + i + 1,
            (klocal->stream_count - i) * sizeof(struct stream *));
    stream_free(stream);
}

struct stream *stream_find(struct klocal *klocal, const char *name)
{
    size_t i = lower_bound(klocal, name);
    if (i == klocal->stream_count || strcmp(klocal->streams[i]->name, name) != 0)
        return NULL;
    struct stream *stream = klocal->streams[i];
    if (stream->busy == STREAM_DELETING &&
        clock_service_ms(&klocal->clock) >= stream->busy_until_ms) {
        stream_remove(klocal, stream);
        return NULL;
    }
    return stream;
}

static struct shard *add_shard(struct klocal *klocal, struct stream *stream, hash_key start,
                               hash_key end)
{
    uint32_t index = (uint32_t)stream->shard_count;
    stream->shards = memory_grow(stream->shards, stream->shard_count + 1, sizeof(struct shard *));
    stream->shards[stream->shard_count++] = shard_new(
        index, start, end, sequence_next(klocal, index), clock_service_ms(&klocal->clock));
    return stream->shards[index];
}

static void split_evenly(struct klocal *klocal, struct stream *stream, uint32_t count)
{
    hash_key part = HASH_KEY_MAX / count;
    for (uint32_t i = 0; i < count; i++) {
        /* 2^128 / count, rounded down: HASH_KEY_MAX / count differs for powers of two only. */
        hash_key size = HASH_KEY_MAX % count == count - 1 ? part + 1 : part;
        hash_key start = size * i;
        add_shard(klocal, stream, start, i + 1 == count ? HASH_KEY_MAX : start + size - 1);
    }
}

struct stream *stream_create(struct klocal *klocal, const char *name, uint32_t shard_count)
{
    struct stream *stream = memory_take(1, sizeof *stream);
    size_t at = lower_bound(klocal, name);
    stream->name = memory_string(name);
    stream->id = ++klocal->stream_ids;
    stream->created_ms = clock_service_ms(&klocal->clock);
    stream->retention_hours = 24;
    stream->max_record_kib = 1024;
    split_evenly(klocal, stream, shard_count);
    stream_sort_open(stream);
    klocal->streams =
        memory_grow(klocal->streams, klocal->stream_count + 1, sizeof(struct stream *));
    memmove(klocal->streams + at + 1, klocal->streams + at,
            (klocal->stream_count - at) * sizeof(struct stream *));
    klocal->streams[at] = stream;
    klocal->stream_count++;
    stream_set_busy(klocal, stream, STREAM_CREATING);
    return stream;
}

enum stream_status stream_status(const struct klocal *klocal, const struct stream *stream)
{
    return clock_service_ms(&klocal->clock) < stream->busy_until_ms ? stream->busy : STREAM_ACTIVE;
}

const char *stream_status_name(enum stream_status status)
{
    static const char *const names[] = {"CREATING", "DELETING", "ACTIVE", "UPDATING"};
    return names[status];
}

bool stream_serves(const struct klocal *klocal, const struct stream *stream)
{
    enum stream_status status = stream_status(klocal, stream);
    return status == STREAM_ACTIVE || status == STREAM_UPDATING;
}

void stream_set_busy(struct klocal *klocal, struct stream *stream, enum stream_status status)
{
    stream->busy = status;
    stream->busy_until_ms = clock_service_ms(&klocal->clock) + klocal->options.create_ms;
}

void stream_arn(const struct klocal *klocal, const struct stream *stream, char out[256])
{
    snprintf(out, 256, "arn:aws:kinesis:%s:%s:stream/%s", klocal->options.region,
             klocal->options.account, stream->name);
}

struct shard *stream_shard_by_id(struct stream *stream, const char *id)
{
    static const char prefix[] = "shardId-";
    if (strncmp(id, prefix, strlen(prefix)) != 0 || strlen(id) != strlen(prefix) + 12 ||
        strspn(id + strlen(prefix), "0123456789") != 12)
        return NULL;
    unsigned long long index = strtoull(id + strlen(prefix), NULL, 10);
    return index < stream->shard_count ? stream->shards[index] : NULL;
}

struct shard *stream_shard_for(const struct stream *stream, hash_key key)
{
    size_t low = 0, high = stream->open_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (stream->open[middle]->start <= key)
            low = middle;
        else
            high = middle;
    }
    return stream->open[low];
}

struct shard *stream_add_child(struct klocal *klocal, struct stream *stream, hash_key start,
                               hash_key end, uint32_t parent, uint32_t adjacent)
{
    struct shard *shard = add_shard(klocal, stream, start, end);
    shard->parent = parent;
    shard->adjacent = adjacent;
    return shard;
}

void stream_close_shard(struct klocal *klocal, struct shard *shard)
{
    shard->last = sequence_next(klocal, shard->index);
    shard->closed_ms = clock_service_ms(&klocal->clock);
}

static int by_start(const void *a, const void *b)
{
    const struct shard *const *x = a, *const *y = b;
    return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

void stream_sort_open(struct stream *stream)
{
    stream->open = memory_grow(stream->open, stream->shard_count, sizeof(struct shard *));
    stream->open_count = 0;
    for (size_t i = 0; i < stream->shard_count; i++)
        if (stream->shards[i]->closed_ms == 0)
            stream->open[stream->open_count++] = stream->shards[i];
    qsort(stream->open, stream->open_count, sizeof(struct shard *), by_start);
}

int64_t stream_horizon_ms(const struct klocal *klocal, const struct stream *stream)
{
    int64_t horizon =
        clock_service_ms(&klocal->clock) - (int64_t)stream->retention_hours * 3600 * 1000;
    return horizon > stream->created_ms ? horizon : stream->created_ms;
}

bool stream_shard_expired(const struct klocal *klocal, const struct stream *stream,
                          const struct shard *shard)
{
    return shard->closed_ms != 0 && shard->closed_ms < stream_horizon_ms(klocal, stream);
}
