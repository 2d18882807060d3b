/* Streams: their shards, state and consumers. The lock of klocal is held for all of these. */
#ifndef KLOCAL_STREAM_H
#define KLOCAL_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "klocal.h"
#include "shard.h"

enum stream_status { STREAM_CREATING, STREAM_DELETING, STREAM_ACTIVE, STREAM_UPDATING };

struct consumer {
    uint64_t id;
    char *name;
    int64_t created_ms;
    int64_t active_ms;
    int64_t deleted_ms; /* 0: not being deleted */
};

struct stream {
    char *name;
    uint64_t id; /* a stream made again has another */
    int64_t created_ms;
    int64_t busy_until_ms;
    enum stream_status busy; /* until then */
    bool on_demand;
    bool encrypted;
    char *key_id;
    int retention_hours;
    int max_record_kib;
    struct shard **shards; /* by index */
    size_t shard_count;
    struct shard **open; /* by hash range */
    size_t open_count;
    struct consumer *consumers;
    size_t consumer_count;
};

struct stream *stream_find(struct klocal *klocal, const char *name); /* reaps the deleted */
struct stream *stream_create(struct klocal *klocal, const char *name, uint32_t shard_count);
void stream_free(struct stream *stream);
void stream_remove(struct klocal *klocal, struct stream *stream);
enum stream_status stream_status(const struct klocal *klocal, const struct stream *stream);
const char *stream_status_name(enum stream_status status);
bool stream_serves(const struct klocal *klocal, const struct stream *stream);
void stream_set_busy(struct klocal *klocal, struct stream *stream, enum stream_status status);
void stream_arn(const struct klocal *klocal, const struct stream *stream, char out[256]);

struct shard *stream_shard_by_id(struct stream *stream, const char *id);
struct shard *stream_shard_for(const struct stream *stream, hash_key key);
/* A child of one or two shards, which close. */
struct shard *stream_add_child(struct klocal *klocal, struct stream *stream, hash_key start,
                               hash_key end, uint32_t parent, uint32_t adjacent);
void stream_close_shard(struct klocal *klocal, struct shard *shard);
void stream_sort_open(struct stream *stream);
int64_t stream_horizon_ms(const struct klocal *klocal, const struct stream *stream);
bool stream_shard_expired(const struct klocal *klocal, const struct stream *stream,
                          const struct shard *shard);

#endif
