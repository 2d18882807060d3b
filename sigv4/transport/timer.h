#ifndef TRANSPORT_TIMER_H
#define TRANSPORT_TIMER_H
/* The loop's timers: an intrusive pairing heap ordered by time, then by when they were set, so that
 * setting one can never fail.
 *
 *        root (soonest)
 *         |child
 *         v
 *         a --next--> b --next--> c      each with children of its own
 *
 * prev points to the left sibling, or for a first child to the parent. */
#include <sigv4/loop.h>

struct sigv4_timer {
    struct sigv4_loop *loop;
    void (*fire)(void *ctx);
    void *ctx;
    int64_t due_ms;
    uint64_t order;
    bool armed;                              /* in the heap */
    bool due;                                /* on the list of those about to fire */
    struct sigv4_timer *child, *next, *prev; /* heap; next and prev also link the due list */
};

struct sigv4__timers {
    struct sigv4_timer *root;
    struct sigv4_timer *due_first, *due_last;
    uint64_t order;
};

/* Milliseconds until the soonest (0 when past), -1 when there is none. */
int64_t sigv4__timers_next(const struct sigv4__timers *t, int64_t now_ms);
/* Fires all that are due at now_ms, collected first: one set while firing waits its turn. Returns
 * how many. */
size_t sigv4__timers_fire(struct sigv4__timers *t, int64_t now_ms);
#endif
