/* Waits before another attempt. */
#include "producer/again.h"

enum {
    RECORD_FIRST_MS = 50, /* as the SDKs of 2026 (facts, 7.1) */
    REQUEST_FIRST_MS = 100,
    REQUEST_LEAST_MS = 10, /* chance may be 0: do not spin */
    LONGEST_MS = 5000
};

/* Full jitter up to first, doubled `times` times. */
static int64_t jitter(int64_t first, uint32_t times, uint32_t chance)
{
    int64_t longest = first;
    while (times-- > 0 && longest < LONGEST_MS)
        longest *= 2;
    if (longest > LONGEST_MS)
        longest = LONGEST_MS;
    return longest * chance / UINT32_MAX;
}

void kinesis__again_wait(struct kinesis__again *a, struct kinesis__record *r, int64_t now_ms,
                         uint32_t chance)
{
    uint32_t level = r->attempts ? r->attempts - 1u : 0;
    if (level >= KINESIS__AGAIN_LEVELS)
        level = KINESIS__AGAIN_LEVELS - 1;
    if (!a->levels[level].waiting.first)
        a->levels[level].due_ms = now_ms + jitter(RECORD_FIRST_MS, level, chance);
    kinesis__queue_push(&a->levels[level].waiting, r);
}

struct kinesis__record *kinesis__again_next(struct kinesis__again *a, int64_t now_ms)
{
    for (unsigned i = 0; i < KINESIS__AGAIN_LEVELS; i++)
        if (a->levels[i].waiting.first && a->levels[i].due_ms <= now_ms)
            return kinesis__queue_pop(&a->levels[i].waiting);
    return NULL;
}

int64_t kinesis__again_due(const struct kinesis__again *a)
{
    int64_t due = INT64_MAX;
    for (unsigned i = 0; i < KINESIS__AGAIN_LEVELS; i++)
        if (a->levels[i].waiting.first && a->levels[i].due_ms < due)
            due = a->levels[i].due_ms;
    return due;
}

void kinesis__again_failed(struct kinesis__again *a, int64_t now_ms, int64_t sent_ms,
                           uint32_t chance)
{
    /* Those that were under way when the first of them failed say the same as it did. */
    if (a->failures && sent_ms < a->quiet_until_ms)
        return;
    int64_t wait = jitter(REQUEST_FIRST_MS, a->failures++, chance);
    a->quiet_until_ms = now_ms + (wait < REQUEST_LEAST_MS ? REQUEST_LEAST_MS : wait);
}

void kinesis__again_succeeded(struct kinesis__again *a)
{
    a->failures = 0;
    a->quiet_until_ms = 0;
}

uint32_t kinesis__again_requests(const struct kinesis__again *a, int64_t now_ms, uint32_t most)
{
    if (a->failures == 0)
        return most;
    return now_ms >= a->quiet_until_ms ? 1 : 0;
}
