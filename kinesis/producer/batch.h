#ifndef KINESIS_PRODUCER_BATCH_H
#define KINESIS_PRODUCER_BATCH_H
/* One request: which records go into it, and its body. Nothing is gathered before a request may be
 * sent: until then records wait in their lanes, and then as many go as fit. */
#include "producer/gate.h"
#include "producer/hasher.h"
#include "producer/lane.h"
#include "wire/aggregate.h"
#include "wire/put_records.h"

#include <kinesis/calls.h>

struct kinesis__limits { /* the options with their defaults */
    uint64_t buffered_bytes;
    uint32_t buffered_records, linger_ms, batch_records, batch_bytes, requests, deadline_ms,
        aggregate_bytes, attempts;
};

/* What became one record of the request. */
struct kinesis__entry {
    struct kinesis__queue records; /* several in an aggregate; fewer once some have their result */
    size_t members;                /* as many as were sent */
    struct kinesis__lane *lane;
    uint32_t size; /* as the service counts it */
    bool aggregated;
};

struct kinesis__batch {
    struct kinesis__batch *next;
    struct kinesis_producer *producer;
    struct kinesis__put_records body;
    struct kinesis__entry *entries;
    struct kinesis_put_outcome *outcomes; /* as many */
    size_t count, cap;
    struct kinesis__tally live; /* records still without a result */
    uint32_t stuck;             /* row of gates to open when the request has ended */
    int64_t sent_ms;
    int64_t last_deadline_ms; /* of its youngest record */
    struct sigv4_slice text;  /* the body, finished */
    char text_hash[65];
    struct sigv4_call *call;
    void *answer;                       /* a block for the answer, used again */
    struct sigv4_slice encryption_type; /* it said */
    size_t answer_len, answer_cap;
    bool canceled;
};

/* The batch of a record under way: it stands in an entry, which counts in its batch's total. */
static inline struct kinesis__batch *kinesis__batch_of(const struct kinesis__record *r)
{
    return (struct kinesis__batch *)((char *)r->home->sum - offsetof(struct kinesis__batch, live));
}

int kinesis__batch_new(struct kinesis__batch **out, const struct sigv4_alloc *alloc,
                       uint32_t records);
void kinesis__batch_free(struct kinesis__batch *b, const struct sigv4_alloc *alloc);

/* Is it time for a request? *when: when to ask again, if not. */
bool kinesis__batch_due(struct kinesis__lanes *lanes, const struct kinesis__limits *limits,
                        int64_t now_ms, int64_t *when);

/* What a batch is filled from. */
struct kinesis__source {
    struct kinesis__lanes *lanes;
    struct kinesis__gates *gates;
    const struct kinesis__limits *limits;
    struct kinesis__hasher *hasher;
    struct kinesis__aggregate *aggregate; /* NULL: records go as they are */
    struct sigv4_slice stream;
    int64_t now_ms;
};
/* For pack.c: r, in no queue, goes with this entry. */
struct kinesis__entry *kinesis__batch_open(struct kinesis__batch *b, struct kinesis__lane *lane);
void kinesis__batch_take(struct kinesis__batch *b, struct kinesis__entry *e,
                         struct kinesis__record *r, const struct kinesis__limits *limits);

/* pack.c: the first records of the lane as one, or the first alone. FULL, NOMEM. */
int kinesis__pack(struct kinesis__batch *b, struct kinesis__lane *lane,
                  const struct kinesis__source *from);
/* Adds r as a record of its own. */
int kinesis__batch_add(struct kinesis__batch *b, struct kinesis__lane *lane,
                       struct kinesis__record *r, const struct kinesis__source *from);

/* Takes records out of their lanes and finishes the body. count stays 0 when there was nothing to
 * take, all is paced, or (NOMEM) not one could be encoded. */
int kinesis__batch_fill(struct kinesis__batch *b, const struct kinesis__source *from);
/* Everything back to where it was taken from, as if it never had been. */
void kinesis__batch_empty(struct kinesis__batch *b, struct kinesis__lanes *lanes);
#endif
