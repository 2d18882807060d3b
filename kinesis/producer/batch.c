/* Filling a request from the lanes. */
#include "producer/batch.h"

#include "base/memory.h"

int kinesis__batch_new(struct kinesis__batch **out, const struct sigv4_alloc *alloc,
                       uint32_t records)
{
    struct kinesis__batch *b = sigv4__alloc_zero(alloc, 1, sizeof *b);
    if (!b)
        return SIGV4_E_NOMEM;
    b->cap = records;
    b->stuck = KINESIS__NO_GATE;
    b->entries = sigv4__alloc_zero(alloc, records, sizeof *b->entries);
    b->outcomes = sigv4__alloc_zero(alloc, records, sizeof *b->outcomes);
    int rc = kinesis__put_records_init(&b->body, alloc);
    if (!rc && (!b->entries || !b->outcomes))
        rc = SIGV4_E_NOMEM;
    if (rc) {
        kinesis__batch_free(b, alloc);
        return rc;
    }
    *out = b;
    return SIGV4_OK;
}

void kinesis__batch_free(struct kinesis__batch *b, const struct sigv4_alloc *alloc)
{
    if (!b)
        return;
    kinesis__put_records_free(&b->body);
    sigv4__alloc_put(alloc, b->entries, b->cap * sizeof *b->entries);
    sigv4__alloc_put(alloc, b->outcomes, b->cap * sizeof *b->outcomes);
    sigv4__alloc_put(alloc, b->answer, b->answer_cap);
    sigv4__alloc_put(alloc, b, sizeof *b);
}

/* ---- when ---- */

bool kinesis__batch_due(struct kinesis__lanes *lanes, const struct kinesis__limits *limits,
                        int64_t now_ms, int64_t *when)
{
    struct kinesis__lane *lane = kinesis__lanes_first(lanes);
    *when = INT64_MAX;
    if (!lane)
        return false;
    const struct kinesis__record *head = lane->waiting.first;
    bool full = lanes->sendable.bytes >= limits->batch_bytes ||
                (!limits->aggregate_bytes && lanes->sendable.count >= limits->batch_records);
    *when = head->put_ms + limits->linger_ms;
    return full || head->attempts || *when <= now_ms;
}

/* ---- what ---- */

struct kinesis__entry *kinesis__batch_open(struct kinesis__batch *b, struct kinesis__lane *lane)
{
    struct kinesis__entry *e = &b->entries[b->count++];
    memset(e, 0, sizeof *e);
    e->records.sum = &b->live;
    e->lane = lane;
    lane->under_way++;
    return e;
}

void kinesis__batch_take(struct kinesis__batch *b, struct kinesis__entry *e,
                         struct kinesis__record *r, const struct kinesis__limits *limits)
{
    int64_t deadline = r->put_ms + limits->deadline_ms;
    if (deadline > b->last_deadline_ms)
        b->last_deadline_ms = deadline;
    r->flags |= KINESIS__UNDER_WAY;
    r->place = (uint32_t)e->records.has.count;
    if (r->attempts < UINT16_MAX)
        r->attempts++;
    kinesis__queue_push(&e->records, r);
    e->members++;
}

int kinesis__batch_add(struct kinesis__batch *b, struct kinesis__lane *lane,
                       struct kinesis__record *r, const struct kinesis__source *from)
{
    char text[KINESIS__HASH_TEXT];
    struct kinesis__put_item item = kinesis__record_item(r, text);
    int rc = kinesis__put_records_add(&b->body, &item);
    if (rc)
        return rc;
    struct kinesis__entry *e = kinesis__batch_open(b, lane);
    kinesis__queue_remove(r);
    kinesis__batch_take(b, e, r, from->limits);
    e->size = kinesis__record_size(r);
    kinesis__pace_take(&lane->pace, e->size);
    return SIGV4_OK;
}

static bool fits(const struct kinesis__batch *b, const struct kinesis__record *r,
                 const struct kinesis__source *from)
{
    size_t size = kinesis__record_size(r);
    if (b->count == 0)
        return true;
    if (from->aggregate && size < from->limits->aggregate_bytes) /* company may come along */
        size = from->limits->aggregate_bytes;
    return b->count < b->cap && !(r->flags & KINESIS__ALONE) &&
           b->body.bytes + size <= from->limits->batch_bytes;
}

/* Records from one lane, until it is empty or paced, or the batch is full (FULL). */
static int fill_from(struct kinesis__batch *b, struct kinesis__lane *lane,
                     const struct kinesis__source *from)
{
    int rc = SIGV4_OK;
    while (!rc && lane->waiting.first) {
        struct kinesis__record *r = lane->waiting.first;
        bool alone = r->flags & KINESIS__ALONE;
        if (!fits(b, r, from))
            return SIGV4_E_FULL;
        int64_t wait = kinesis__pace_wait(&lane->pace, from->now_ms, kinesis__record_size(r));
        if (wait > 0) {
            kinesis__lanes_pause(from->lanes, lane, from->now_ms + wait);
            return SIGV4_OK;
        }
        rc = from->aggregate && lane->known && !alone ? kinesis__pack(b, lane, from)
                                                      : kinesis__batch_add(b, lane, r, from);
        if (!rc && alone)
            rc = SIGV4_E_FULL;
    }
    return rc;
}

void kinesis__batch_empty(struct kinesis__batch *b, struct kinesis__lanes *lanes)
{
    struct kinesis__record *r;
    for (size_t i = 0; i < b->count; i++) {
        b->entries[i].lane->under_way--;
        while ((r = kinesis__queue_pop(&b->entries[i].records))) {
            r->attempts--;
            r->flags &= (uint8_t)~KINESIS__UNDER_WAY;
            kinesis__lanes_return(lanes, b->entries[i].lane, r);
        }
    }
    b->count = 0;
}

int kinesis__batch_fill(struct kinesis__batch *b, const struct kinesis__source *from)
{
    struct kinesis__lane *lane;
    b->count = 0;
    b->last_deadline_ms = INT64_MIN;
    b->canceled = false;
    int rc = kinesis__put_records_begin(&b->body, from->stream);
    while (!rc && (lane = kinesis__lanes_first(from->lanes))) {
        rc = fill_from(b, lane, from);
        if (rc)
            kinesis__lanes_rotate(from->lanes, lane);
    }
    if (b->count == 0)
        return rc == SIGV4_E_FULL ? SIGV4_OK : rc;
    rc = kinesis__put_records_finish(&b->body, &b->text, b->text_hash);
    if (rc)
        kinesis__batch_empty(b, from->lanes);
    return rc;
}
