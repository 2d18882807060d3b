#ifndef KINESIS_CHECKPOINT_H
#define KINESIS_CHECKPOINT_H
/* How far each shard of a stream was read, to go on there in another process. A checkpoint is a
 * small text, one line per shard, that any store can keep; a file is kept here.
 *
 *     kinesis-checkpoint 1
 *     stream numbers
 *     shardId-000000000000 end
 *     shardId-000000000001 after 49653...
 *     shardId-000000000002 within 49653... 12
 *     shardId-000000000003 oldest
 *     shardId-000000000004 time 1767225600000
 *     shards 5
 */
#include <sigv4/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kinesis_checkpoint; /* not shared between threads */

enum kinesis_position_kind {
    KINESIS_POSITION_OLDEST, /* nothing was read yet, all of it is wanted */
    KINESIS_POSITION_TIME,   /* nothing was read yet, wanted is what came from unix_ms on */
    KINESIS_POSITION_AFTER,  /* sequence_number was the last */
    KINESIS_POSITION_WITHIN, /* the same, but of that aggregate only up to sub_sequence_number */
    KINESIS_POSITION_END     /* closed, and read to its end */
};
struct kinesis_position {
    size_t size;
    struct sigv4_slice shard_id;
    enum kinesis_position_kind kind;
    struct sigv4_slice sequence_number;
    uint64_t sub_sequence_number;
    int64_t unix_ms;
};

/* stream: as the consumer has it, or the name of it. Errors: INVALID, NOMEM. alloc may be NULL. */
SIGV4_API int kinesis_checkpoint_new(struct kinesis_checkpoint **out, const char *stream,
                                     const struct sigv4_alloc *alloc,
                                     struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API void kinesis_checkpoint_free(struct kinesis_checkpoint *checkpoint);
/* Adds or replaces. Errors: INVALID (no name, a sequence number that is none), NOMEM. */
SIGV4_API int kinesis_checkpoint_set(struct kinesis_checkpoint *checkpoint,
                                     const struct kinesis_position *position,
                                     struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API void kinesis_checkpoint_clear(struct kinesis_checkpoint *checkpoint);
SIGV4_API size_t kinesis_checkpoint_count(const struct kinesis_checkpoint *checkpoint);
/* In the order of shard ids; false from the count on. Views are valid until the next change. */
SIGV4_API bool kinesis_checkpoint_at(const struct kinesis_checkpoint *checkpoint, size_t i,
                                     struct kinesis_position *out);
SIGV4_API bool kinesis_checkpoint_find(const struct kinesis_checkpoint *checkpoint,
                                       struct sigv4_slice shard_id, struct kinesis_position *out);

/* As text, for stores of any kind. parse replaces what was there, or fails and leaves it: PROTOCOL
 * (malformed, cut off, of a newer version; with the line), CONFLICT (of another stream), NOMEM. */
SIGV4_API int kinesis_checkpoint_format(const struct kinesis_checkpoint *checkpoint,
                                        struct sigv4_text *out) SIGV4_MUST_CHECK;
SIGV4_API int kinesis_checkpoint_parse(struct kinesis_checkpoint *checkpoint,
                                       struct sigv4_slice text,
                                       struct sigv4_error *err) SIGV4_MUST_CHECK;

/* @blocks. In a file, which is replaced as a whole, and on the disk when save returns: whatever
 * happens, it holds the checkpoint of before or this one. (PATH.new is used on the way; of a
 * symbolic link, that of the file it leads to.) save: NOT_FOUND (the folder), IO (also for what is
 * no regular file), INVALID, NOMEM. load as parse, and NOT_FOUND, IO, TOO_LARGE. */
SIGV4_API int kinesis_checkpoint_load(struct kinesis_checkpoint *checkpoint, const char *path,
                                      struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API int kinesis_checkpoint_save(const struct kinesis_checkpoint *checkpoint, const char *path,
                                      struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
