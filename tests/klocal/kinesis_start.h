/* Where reading begins: the five types, as GetShardIterator and SubscribeToShard know them. */
#ifndef KLOCAL_KINESIS_START_H
#define KLOCAL_KINESIS_START_H

#include "kinesis.h"

struct start {
    int type;
    const char *number;
    bool has_time;
    int64_t time_ms;
};

/* From members of object: the type's name differs, the number's too. */
void start_read(struct kinesis_call *call, json_t *object, const char *type_name,
                const char *number_name, struct start *start);
/* false after refusing. */
bool start_check(struct kinesis_call *call, const struct start *start);
bool start_find(struct kinesis_call *call, const struct stream *stream, const struct shard *shard,
                const struct start *start, uint64_t *position);

#endif
