/* SplitShard and MergeShards. */
#include <string.h>

#include "kinesis.h"
#include "kinesis_input.h"

static struct shard *open_shard(struct kinesis_call *call, struct stream *stream, const char *id)
{
    struct shard *shard = stream_shard_by_id(stream, id);
    if (shard == NULL) {
        kinesis_refuse(call, "ResourceNotFoundException",
                       "Could not find shard %s in stream %s under account %s.", id, stream->name,
                       call->klocal->options.account);
        return NULL;
    }
    if (shard->closed_ms == 0)
        return shard;
    kinesis_refuse(call, "ResourceInUseException",
                   "Shard %s in stream %s under account %s has already been merged or split, and "
                   "thus is not eligible for merging or splitting.",
                   id, stream->name, call->klocal->options.account);
    return NULL;
}

static void changed(struct kinesis_call *call, struct stream *stream)
{
    stream_sort_open(stream);
    stream_set_busy(call->klocal, stream, STREAM_UPDATING);
    pthread_cond_broadcast(&call->klocal->changed);
}

void kinesis_split_shard(struct kinesis_call *call)
{
    const char *id = input_member(call, &input_shard_id, "ShardToSplit", true);
    const char *text = input_member(call, &input_hash_key, "NewStartingHashKey", true);
    struct stream *stream = input_active_stream(call);
    struct shard *shard = stream == NULL ? NULL : open_shard(call, stream, id);
    hash_key key = 0;
    if (shard == NULL)
        return;
    if (!hash_parse(text, &key) || key <= shard->start + 1 || key >= shard->end) {
        char low[HASH_KEY_SIZE], high[HASH_KEY_SIZE];
        hash_format(shard->start, low);
        hash_format(shard->end, high);
        kinesis_refuse(call, "InvalidArgumentException",
                       "NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under "
                       "account %s is not both greater than one plus the shard's StartingHashKey "
                       "%s and less than the shard's EndingHashKey %s.",
                       text, id, stream->name, call->klocal->options.account, low, high);
        return;
    }
    stream_close_shard(call->klocal, shard);
    stream_add_child(call->klocal, stream, shard->start, key - 1, shard->index, SHARD_NONE);
    stream_add_child(call->klocal, stream, key, shard->end, shard->index, SHARD_NONE);
    changed(call, stream);
}

void kinesis_merge_shards(struct kinesis_call *call)
{
    const char *id = input_member(call, &input_shard_id, "ShardToMerge", true);
    const char *other_id = input_member(call, &input_shard_id, "AdjacentShardToMerge", true);
    struct stream *stream = input_active_stream(call);
    struct shard *shard = stream == NULL ? NULL : open_shard(call, stream, id);
    struct shard *other = shard == NULL ? NULL : open_shard(call, stream, other_id);
    if (other == NULL)
        return;
    bool below = shard->end != HASH_KEY_MAX && shard->end + 1 == other->start;
    bool above = other->end != HASH_KEY_MAX && other->end + 1 == shard->start;
    if (!below && !above) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "Shards %s and %s in stream %s under account %s are not an adjacent pair of "
                       "shards eligible for merging",
                       id, other_id, stream->name, call->klocal->options.account);
        return;
    }
    stream_close_shard(call->klocal, shard);
    stream_close_shard(call->klocal, other);
    stream_add_child(call->klocal, stream, below ? shard->start : other->start,
                     below ? other->end : shard->end, shard->index, other->index);
    changed(call, stream);
}
