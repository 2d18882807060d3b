/* Queues of records: doubly linked through the records, counted. */
#include "producer/record.h"

static void count(struct kinesis__tally *tally, size_t records, uint64_t bytes)
{
    if (tally) {
        tally->count += records;
        tally->bytes += bytes;
    }
}

static void discount(struct kinesis__tally *tally, size_t records, uint64_t bytes)
{
    if (tally) {
        tally->count -= records;
        tally->bytes -= bytes;
    }
}

/* Before `before`; NULL: at the end. */
static void link_before(struct kinesis__queue *q, struct kinesis__record *r,
                        struct kinesis__record *before)
{
    struct kinesis__record *after = before ? before->prev : q->last;
    r->home = q;
    r->prev = after;
    r->next = before;
    if (after)
        after->next = r;
    else
        q->first = r;
    if (before)
        before->prev = r;
    else
        q->last = r;
    count(&q->has, 1, kinesis__record_size(r));
    count(q->sum, 1, kinesis__record_size(r));
}

void kinesis__queue_push(struct kinesis__queue *q, struct kinesis__record *r)
{
    link_before(q, r, NULL);
}

void kinesis__queue_remove(struct kinesis__record *r)
{
    struct kinesis__queue *q = r->home;
    if (q->inserted == r)
        q->inserted = r->next;
    if (r->prev)
        r->prev->next = r->next;
    else
        q->first = r->next;
    if (r->next)
        r->next->prev = r->prev;
    else
        q->last = r->prev;
    r->next = r->prev = NULL;
    r->home = NULL;
    discount(&q->has, 1, kinesis__record_size(r));
    discount(q->sum, 1, kinesis__record_size(r));
}

struct kinesis__record *kinesis__queue_pop(struct kinesis__queue *q)
{
    struct kinesis__record *r = q->first;
    if (r)
        kinesis__queue_remove(r);
    return r;
}

void kinesis__queue_insert(struct kinesis__queue *q, struct kinesis__record *r)
{
    struct kinesis__record *at = q->inserted ? q->inserted : q->first;
    while (at && at->number < r->number)
        at = at->next;
    while (at && at->prev && at->prev->number > r->number)
        at = at->prev;
    link_before(q, r, at);
    q->inserted = r;
}

void kinesis__queue_count_in(struct kinesis__queue *q, struct kinesis__tally *sum)
{
    if (q->sum == sum)
        return;
    discount(q->sum, q->has.count, q->has.bytes);
    q->sum = sum;
    count(q->sum, q->has.count, q->has.bytes);
}
