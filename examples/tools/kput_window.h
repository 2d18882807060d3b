#ifndef TOOLS_KPUT_WINDOW_H
#define TOOLS_KPUT_WINDOW_H
/* How much is given to the producer at a time. A record's deadline runs from its put, so what waits
 * in line behind a slow shard must not be more than can be written in a part of that time: the
 * window grows while results come soon, and shrinks while they come late. */
#include <kinesis/kinesis.h>
#include <stdatomic.h>

struct window {
    struct sigv4_loop *loop;
    struct kinesis_producer *producer;
    uint32_t late_ms;
    atomic_uint_fast64_t records, bytes;           /* put, without a result */
    atomic_uint_fast64_t most_records, most_bytes; /* the window */
    atomic_bool open;                              /* for good: there is no point in waiting */

    /* The loop's. */
    uint64_t wary; /* results until it may grow again */
    bool second;   /* of two that came late, one makes it smaller: the other lets a record in */
};

void window_init(struct window *w, struct sigv4_loop *loop, struct kinesis_producer *producer,
                 uint32_t deadline_ms);
/* Waits until a record may be put; then it counts until its result. */
void window_enter(struct window *w, size_t bytes);
/* It was not accepted, or it got its result. */
void window_leave(struct window *w, size_t bytes);
/* @thread loop. How long did a written one take? */
void window_learn(struct window *w, size_t bytes, uint32_t latency_ms);
#endif
