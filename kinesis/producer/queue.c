/* Queues of records: doubly linked through the records, counted. */
#include "producer/record.h"

static void link_before(struct kinesis__queue *q, struct kinesis__record *r,
                        struct kinesis__record *before)
{
    uint32_t size = kinesis__record_size(r);
    r->home = q;
    r->prev = before->prev;
    r->next = before;
    if (before->prev)
        before->prev->next = r;
    else
        q->first = r;
    before->prev = r;
    kinesis__tally_add(&q->has, 1, size);
    if (q->sum)
        kinesis__tally_add(q->sum, 1, size);
}

void kinesis__queue_insert(struct kinesis__queue *q, struct kinesis__record *r)
{
    struct kinesis__record *at = q->inserted ? q->inserted : q->first;
    while (at && at->number < r->number)
        at = at->next;
    while (at && at->prev && at->prev->number > r->number)
        at = at->prev;
    if (at)
        link_before(q, r, at);
    else
        kinesis__queue_push(q, r);
    q->inserted = r;
}

void kinesis__queue_count_in(struct kinesis__queue *q, struct kinesis__tally *sum)
{
    if (q->sum == sum)
        return;
    if (q->sum)
        kinesis__tally_take(q->sum, q->has.count, q->has.bytes);
    q->sum = sum;
    if (sum)
        kinesis__tally_add(sum, q->has.count, q->has.bytes);
}
