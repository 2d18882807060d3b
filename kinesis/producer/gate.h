#ifndef KINESIS_PRODUCER_GATE_H
#define KINESIS_PRODUCER_GATE_H
/* Order per partition key: behind a key's gate wait those that were put later, until the one that
 * went through has its result. In one aggregate several may go through together: they are written
 * together, in their order, or not at all. Keys that happen to share a gate wait for each other. */
#include "producer/record.h"

struct kinesis__gate {
    struct kinesis__queue parked;
    uint32_t beyond; /* went through and have no result */
    uint32_t stuck;  /* of these: have their result, but their request is still under way */
    uint32_t next_stuck;
};
struct kinesis__gates {
    struct sigv4_alloc alloc;
    struct kinesis__gate *gates; /* NULL: order does not matter */
    uint32_t count;              /* a power of two */
};

int kinesis__gates_init(struct kinesis__gates *g, const struct sigv4_alloc *alloc,
                        uint32_t records);
void kinesis__gates_free(struct kinesis__gates *g);

/* True: it may go on. False: it was parked. Records without a key of their own always go on. */
bool kinesis__gates_enter(struct kinesis__gates *g, struct kinesis__record *r);
/* One went for good: the next that may go on, or NULL. */
struct kinesis__record *kinesis__gates_leave(struct kinesis__gates *g, uint32_t gate);
/* The next behind r's gate, which stays there; NULL: none. */
struct kinesis__record *kinesis__gates_peek(const struct kinesis__gates *g,
                                            const struct kinesis__record *r);
/* Lets that one through as well. */
void kinesis__gates_follow(struct kinesis__gates *g, struct kinesis__record *next);
/* After a failure: r (in no queue) goes back behind its gate when another is beyond it, too. */
bool kinesis__gates_return(struct kinesis__gates *g, struct kinesis__record *r);

/* r has its result while its request is under way: the gate stays shut until the request ends.
 * row: the first of a chain of such gates, to be given to unstick. */
void kinesis__gates_stick(struct kinesis__gates *g, const struct kinesis__record *r, uint32_t *row);
/* Takes the first gate off the row; its next record that may go on, or NULL. */
struct kinesis__record *kinesis__gates_unstick(struct kinesis__gates *g, uint32_t *row);
#endif
