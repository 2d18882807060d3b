#ifndef TOOLS_KCAT_PROGRESS_H
#define TOOLS_KCAT_PROGRESS_H
/* How far kcat is, for the person who looks: a line on a terminal, and what went wrong. */
#include <kinesis/kinesis.h>
#include <stdio.h>

struct progress_shard;
struct progress {
    bool quiet, chatty;
    bool shows; /* stderr is a terminal that the records do not go to */
    bool shown; /* the line is on the screen now */
    uint64_t records, outside, damaged;
    struct progress_shard *shards;
    size_t count, cap, last;
    uint64_t troubles; /* not told since told_ms */
    int64_t told_ms;
    int64_t last_refused_ms;
    int64_t refused_ms; /* since then nothing came but refusals of the ordinary kind; 0: not so */
};
void progress_record(struct progress *p, const struct kinesis_record *record);
void progress_shard(struct progress *p, struct sigv4_slice shard_id, enum kinesis_shard_event event,
                    const struct sigv4_error *err);
void progress_show(struct progress *p);
void progress_end(struct progress *p); /* takes the line away, frees */
int64_t progress_now_ms(void);         /* monotonic */
#endif
