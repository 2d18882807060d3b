#ifndef KINESIS_PRODUCER_PACE_H
#define KINESIS_PRODUCER_PACE_H
/* How fast one shard is written to: not limited until it throttles, then two token buckets (records
 * and bytes) whose rates fall at a throttle and rise slowly while there is none. What the shard
 * still takes tells what other writers leave of it. Pure: time and chance come in. */
#include <sigv4/types.h>

struct kinesis__pace {
    bool limited;
    double records_per_ms, bytes_per_ms; /* while limited */
    double records, bytes;               /* tokens as of at_ms; below zero after a throttle */
    int64_t at_ms;
    int64_t slowed_ms, eased_ms; /* the last fall and the last rise */
    uint32_t row;                /* throttles without a success between them */
    int64_t window_ms;           /* what got through lately */
    double window_records, window_bytes;
    double seen_records, seen_bytes; /* per ms, in the window before */
};

/* How long a record of that size must wait: 0 when it may go now. */
int64_t kinesis__pace_wait(struct kinesis__pace *p, int64_t now_ms, uint32_t bytes);
/* It goes. */
void kinesis__pace_take(struct kinesis__pace *p, uint32_t bytes);
/* It was written. */
void kinesis__pace_written(struct kinesis__pace *p, int64_t now_ms, uint32_t bytes);
/* The shard refused one that was sent at sent_ms: no news when that was before the last fall.
 * chance: 0 to UINT32_MAX, for the jitter. */
void kinesis__pace_throttled(struct kinesis__pace *p, int64_t now_ms, int64_t sent_ms,
                             uint32_t chance);
#endif
