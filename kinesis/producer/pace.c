/* Additive increase, multiplicative decrease, per shard. */
#include "producer/pace.h"

/* What a shard takes (facts, 1.6): 1000 records and 1 MiB in a second. */
#define SHARD_RECORDS_PER_MS 1.0
#define SHARD_BYTES_PER_MS   1048.576

#define FALL   0.75    /* at a throttle */
#define RISE   0.00005 /* of the shard's limit, per ms: 5 % a second */
#define LEAST  0.01    /* of the shard's limit */
#define START  0.5     /* of the shard's limit, when nothing was measured yet */
#define ENOUGH 2.0     /* times the limit: no throttle has a reason any more */
#define BURST  250.0   /* ms of tokens that may be saved up */

enum {
    WINDOW_MS = 1000, /* over which success is measured */
    SHORTEST_WINDOW_MS = 200,
    FIRST_PAUSE_MS = 100, /* full jitter up to this, doubled per row */
    LONGEST_PAUSE_MS = 5000
};

static double least_of(double a, double b)
{
    return a < b ? a : b;
}

static double most_of(double a, double b)
{
    return a > b ? a : b;
}

static void refill(struct kinesis__pace *p, int64_t now_ms)
{
    double ms = now_ms > p->at_ms ? (double)(now_ms - p->at_ms) : 0;
    p->records =
        least_of(p->records + ms * p->records_per_ms, most_of(1, BURST * p->records_per_ms));
    p->bytes = least_of(p->bytes + ms * p->bytes_per_ms, BURST * p->bytes_per_ms);
    p->at_ms = now_ms;
}

/* Time until tokens reach need; a record larger than the bucket goes when the bucket is full. */
static double time_until(double need, double tokens, double rate)
{
    return tokens >= need ? 0 : (need - tokens) / rate;
}

int64_t kinesis__pace_wait(struct kinesis__pace *p, int64_t now_ms, uint32_t bytes)
{
    if (!p->limited)
        return 0;
    refill(p, now_ms);
    double need = least_of(bytes, BURST * p->bytes_per_ms);
    double ms = most_of(time_until(1, p->records, p->records_per_ms),
                        time_until(need, p->bytes, p->bytes_per_ms));
    return ms <= 0 ? 0 : (int64_t)ms + 1;
}

void kinesis__pace_take(struct kinesis__pace *p, uint32_t bytes)
{
    if (!p->limited)
        return;
    p->records -= 1;
    p->bytes -= bytes;
}

static void measure(struct kinesis__pace *p, int64_t now_ms, uint32_t bytes)
{
    int64_t ms = now_ms - p->window_ms;
    if (ms >= WINDOW_MS || ms < 0) {
        bool recent = ms >= 0 && ms < 2 * WINDOW_MS;
        p->seen_records = recent ? p->window_records / (double)ms : 0;
        p->seen_bytes = recent ? p->window_bytes / (double)ms : 0;
        p->window_records = p->window_bytes = 0;
        p->window_ms = now_ms;
    }
    p->window_records += 1;
    p->window_bytes += bytes;
}

static void rise(struct kinesis__pace *p, int64_t now_ms)
{
    double ms = now_ms > p->eased_ms ? (double)(now_ms - p->eased_ms) : 0;
    refill(p, now_ms);
    p->records_per_ms += ms * RISE * SHARD_RECORDS_PER_MS;
    p->bytes_per_ms += ms * RISE * SHARD_BYTES_PER_MS;
    p->eased_ms = now_ms;
    if (p->records_per_ms >= ENOUGH * SHARD_RECORDS_PER_MS &&
        p->bytes_per_ms >= ENOUGH * SHARD_BYTES_PER_MS)
        p->limited = false;
}

void kinesis__pace_written(struct kinesis__pace *p, int64_t now_ms, uint32_t bytes)
{
    measure(p, now_ms, bytes);
    p->row = 0;
    if (p->limited)
        rise(p, now_ms);
}

/* The rates to begin with: what got through, as far as it was measured. */
static void start_limiting(struct kinesis__pace *p, int64_t now_ms)
{
    double ms = most_of((double)(now_ms - p->window_ms), SHORTEST_WINDOW_MS);
    p->records_per_ms = most_of(p->seen_records, p->window_records / ms);
    p->bytes_per_ms = most_of(p->seen_bytes, p->window_bytes / ms);
    /* Only one of the two was the reason; the other may have been far from its limit. */
    double used =
        most_of(p->records_per_ms / SHARD_RECORDS_PER_MS, p->bytes_per_ms / SHARD_BYTES_PER_MS);
    used = used > 0 ? least_of(used, 1) : START;
    p->records_per_ms = used * SHARD_RECORDS_PER_MS;
    p->bytes_per_ms = used * SHARD_BYTES_PER_MS;
    p->records = p->bytes = 0;
    p->at_ms = p->eased_ms = now_ms;
    p->limited = true;
}

static void fall(struct kinesis__pace *p, int64_t now_ms)
{
    p->records_per_ms = most_of(FALL * p->records_per_ms, LEAST * SHARD_RECORDS_PER_MS);
    p->bytes_per_ms = most_of(FALL * p->bytes_per_ms, LEAST * SHARD_BYTES_PER_MS);
    p->slowed_ms = p->eased_ms = now_ms;
}

/* Nothing goes for a while, and other writers who were refused with us come back at other times. */
static void pause_for(struct kinesis__pace *p, int64_t now_ms, uint32_t chance)
{
    double longest = FIRST_PAUSE_MS;
    for (uint32_t i = 1; i < p->row && longest < LONGEST_PAUSE_MS; i++)
        longest *= 2;
    double ms = least_of(longest, LONGEST_PAUSE_MS) * chance / UINT32_MAX;
    refill(p, now_ms);
    p->records = least_of(p->records, 1 - ms * p->records_per_ms);
    p->bytes = least_of(p->bytes, -ms * p->bytes_per_ms);
}

void kinesis__pace_throttled(struct kinesis__pace *p, int64_t now_ms, int64_t sent_ms,
                             uint32_t chance)
{
    /* A request full of throttles is one reason, not five hundred. */
    if (p->limited && sent_ms <= p->slowed_ms)
        return;
    if (!p->limited)
        start_limiting(p, now_ms);
    p->row++;
    fall(p, now_ms);
    pause_for(p, now_ms, chance);
}
