/* A fixed number of gates, found by a hash of the key. */
#include "producer/gate.h"

#include "base/memory.h"

enum { MOST_GATES = 16384 };

int kinesis__gates_init(struct kinesis__gates *g, const struct sigv4_alloc *alloc, uint32_t records)
{
    uint32_t count = 64;
    while (count < records && count < MOST_GATES)
        count *= 2;
    g->alloc = *alloc;
    g->gates = sigv4__alloc_zero(alloc, count, sizeof *g->gates);
    g->count = g->gates ? count : 0;
    return g->gates ? SIGV4_OK : SIGV4_E_NOMEM;
}

void kinesis__gates_free(struct kinesis__gates *g)
{
    sigv4__alloc_put(&g->alloc, g->gates, g->count * sizeof *g->gates);
    g->gates = NULL;
    g->count = 0;
}

/* FNV-1a, folded: an even spread is all that is asked of it. */
static uint32_t hash_of(struct sigv4_slice key)
{
    const unsigned char *p = key.ptr;
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return (uint32_t)(h ^ h >> 32);
}

bool kinesis__gates_enter(struct kinesis__gates *g, struct kinesis__record *r)
{
    r->gate = KINESIS__NO_GATE;
    if (!g->gates || (r->flags & KINESIS__SPREAD))
        return true;
    r->gate = hash_of(kinesis__record_key(r)) & (g->count - 1);
    struct kinesis__gate *gate = &g->gates[r->gate];
    if (gate->beyond) {
        kinesis__queue_push(&gate->parked, r);
        return false;
    }
    gate->beyond = 1;
    return true;
}

static struct kinesis__record *let_next_through(struct kinesis__gate *gate)
{
    struct kinesis__record *next = gate->beyond ? NULL : kinesis__queue_pop(&gate->parked);
    gate->beyond += next ? 1 : 0;
    return next;
}

struct kinesis__record *kinesis__gates_leave(struct kinesis__gates *g, uint32_t gate)
{
    if (gate == KINESIS__NO_GATE)
        return NULL;
    g->gates[gate].beyond--;
    return let_next_through(&g->gates[gate]);
}

struct kinesis__record *kinesis__gates_peek(const struct kinesis__gates *g,
                                            const struct kinesis__record *r)
{
    return r->gate == KINESIS__NO_GATE ? NULL : g->gates[r->gate].parked.first;
}

void kinesis__gates_follow(struct kinesis__gates *g, struct kinesis__record *next)
{
    kinesis__queue_remove(next);
    g->gates[next->gate].beyond++;
}

bool kinesis__gates_return(struct kinesis__gates *g, struct kinesis__record *r)
{
    if (r->gate == KINESIS__NO_GATE || g->gates[r->gate].beyond == 1)
        return false;
    g->gates[r->gate].beyond--;
    kinesis__queue_insert(&g->gates[r->gate].parked, r);
    return true;
}

void kinesis__gates_stick(struct kinesis__gates *g, const struct kinesis__record *r, uint32_t *row)
{
    if (r->gate == KINESIS__NO_GATE)
        return;
    struct kinesis__gate *gate = &g->gates[r->gate];
    if (gate->stuck++ == 0) {
        gate->next_stuck = *row;
        *row = r->gate;
    }
}

struct kinesis__record *kinesis__gates_unstick(struct kinesis__gates *g, uint32_t *row)
{
    struct kinesis__gate *gate = &g->gates[*row];
    *row = gate->next_stuck;
    gate->beyond -= gate->stuck;
    gate->stuck = 0;
    return let_next_through(gate);
}
