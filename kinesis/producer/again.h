#ifndef KINESIS_PRODUCER_AGAIN_H
#define KINESIS_PRODUCER_AGAIN_H
/* When to try again. Records that failed alone wait here, by how often they were sent; when whole
 * requests fail, nothing goes for a while and then one request at a time, until one succeeds. Full
 * jitter, doubled from one attempt to the next. Pure: time and chance come in. */
#include "producer/record.h"

enum { KINESIS__AGAIN_LEVELS = 8 };

struct kinesis__again {
    struct {
        struct kinesis__queue waiting;
        int64_t due_ms;
    } levels[KINESIS__AGAIN_LEVELS];
    uint32_t failures; /* whole requests, since the last success; not those under way together */
    int64_t quiet_until_ms;
};

/* r (in no queue) waits for its next attempt. chance: 0 to UINT32_MAX. */
void kinesis__again_wait(struct kinesis__again *a, struct kinesis__record *r, int64_t now_ms,
                         uint32_t chance);
/* The next whose time has come, out of the queue; NULL: none. */
struct kinesis__record *kinesis__again_next(struct kinesis__again *a, int64_t now_ms);
/* When to ask again; INT64_MAX: nothing waits. */
int64_t kinesis__again_due(const struct kinesis__again *a);

/* A whole request failed that was sent at sent_ms. */
void kinesis__again_failed(struct kinesis__again *a, int64_t now_ms, int64_t sent_ms,
                           uint32_t chance);
void kinesis__again_succeeded(struct kinesis__again *a);
/* How many requests may be under way now, at most `most`. */
uint32_t kinesis__again_requests(const struct kinesis__again *a, int64_t now_ms, uint32_t most);
#endif
