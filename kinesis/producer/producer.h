#ifndef KINESIS_PRODUCER_PRODUCER_H
#define KINESIS_PRODUCER_PRODUCER_H
/* The producer as its parts see it. A record's way through the files:
 *
 *   admit.c     put, on any thread: checked, counted against the budget, given to the loop
 *   intake.c    on the loop: through its key's gate (gate.c) into its shard's lane (lane.c)
 *   dispatch.c  when a request is due, a batch is filled (batch.c), signed and sent
 *   verdict.c   the answer: written, given up, or back to its lane, now or later (again.c)
 *   result.c    its user is told, its memory and its share of the budget are free again
 *
 * Beside it: due.c is what happens by time, follow.c knows the stream's shards and record size,
 * close.c is flush, abandon, finish and the end. */
#include "producer/again.h"
#include "producer/batch.h"
#include "producer/histogram.h"
#include "producer/store.h"

#include <kinesis/endpoint.h>
#include <kinesis/producer.h>
#include <pthread.h>
#include <stdatomic.h>

/* Written on the loop, read by anyone. */
struct kinesis__counters {
    atomic_uint_least64_t written, not_written, maybe_written, maybe_twice, retried, bytes_written;
    atomic_uint_least64_t requests_sent, requests_failed, requests_maybe_done, in_flight;
    atomic_uint_least64_t throttles, aggregates_sent, aggregates_misplaced;
    atomic_uint_least64_t shards_known, shards_paced;
};
static inline uint64_t kinesis__counted(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}
static inline void kinesis__set(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, n, memory_order_relaxed);
}
/* One writer: no read-modify-write on the bus. */
static inline void kinesis__count(atomic_uint_least64_t *counter, uint64_t n)
{
    kinesis__set(counter, kinesis__counted(counter) + n);
}

/* Something to be known of the stream: asked once, and again when the service could not be asked.
 */
struct kinesis__question {
    bool wanted;
    bool answered;           /* or it never will be: denied */
    struct sigv4_call *call; /* under way */
    uint32_t failures;
    int64_t again_ms; /* not asked before */
};

struct kinesis_producer {
    /* Set once. */
    struct sigv4_client *client;
    struct sigv4_loop *loop;
    struct sigv4_alloc alloc;
    struct kinesis__limits limits;
    uint32_t flags;
    kinesis_result_fn *on_result;
    kinesis_room_fn *on_room;
    kinesis_trouble_fn *on_trouble;
    void *ctx;
    char *stream;
    struct kinesis_place place; /* for kinesis_resolve */
    pthread_mutex_t mutex;

    struct sigv4_job knock_job; /* something was left under the lock */
    struct sigv4_job tell_job;  /* users are to be told something outside of an answer */
    struct kinesis__counters counters;
    struct kinesis__histogram latency;
    atomic_uint_least64_t told_upto; /* all up to this number had their result */
    atomic_bool closed;              /* the last one was told */
    atomic_bool cut_short;           /* finish had to abandon some */

    struct { /* by mutex */
        struct kinesis__store store;
        struct kinesis__queue arrived;
        uint64_t records, bytes; /* in the budget */
        uint64_t most_bytes, accepted_bytes;
        uint64_t last_number; /* of the last accepted: how many there were */
        uint64_t push_upto, abandon_upto;
        kinesis_closed_fn *on_closed;
        void *closed_ctx;
        int64_t finish_ms; /* when to abandon what is left; INT64_MAX: never */
        bool knocked, wants_room, refusing, freed;
    } locked;

    struct {            /* the loop's */
        int64_t now_ms; /* of the step */
        struct kinesis__record *oldest, *youngest;
        uint64_t last_number, push_upto, abandon_upto;
        int64_t finish_ms;
        struct kinesis__gates gates;
        struct kinesis__queue released; /* their gate opened: to be placed */
        struct kinesis__queue unsized;  /* larger than 1 MiB: does the stream take them? */
        struct kinesis__queue unplaced; /* to be aggregated: which shards are there? */
        struct kinesis__lanes lanes;
        struct kinesis__again again;
        struct kinesis__queue told; /* their result is decided; the user is told in step 5 */
        struct kinesis__batch *under_way, *idle;
        struct kinesis__batch *doubts; /* answered; their aggregates wait for a new map */
        uint32_t in_flight;
        struct kinesis__aggregate *aggregate; /* NULL: records go as they are */
        struct kinesis__hasher hasher;
        struct { /* records without a key are aggregated by shards in turn */
            size_t shard;
            uint64_t bytes;
        } spread;
        struct kinesis__question sizes, shards;
        struct kinesis__shard_map *pages; /* being listed */
        uint32_t max_record;              /* of the stream; 0: not known */
        uint32_t next_key;                /* for made-up partition keys */
        struct sigv4_timer *timer;
        int64_t timer_ms;                              /* when it fires; INT64_MAX: never */
        struct sigv4_error entry_error, request_error; /* the last of each */
        struct sigv4_error over;                       /* everything ends with this */
        int64_t trouble_told_ms;
        uint32_t poison; /* lone records refused as invalid, in a row */
        bool ever_succeeded, troubled, telling, closing, freed;
    } on_loop;
};

/* admit.c */
void kinesis__knock(struct kinesis_producer *p); /* @thread any; the lock is held */
/* Step 5. Their memory and their share of the budget; on_room. */
void kinesis__give_back(struct kinesis_producer *p, struct kinesis__queue *done);

/* intake.c */
void kinesis__take_in(struct sigv4_job *knock_job);
/* r is beyond its gate and in no queue. */
void kinesis__place(struct kinesis_producer *p, struct kinesis__record *r);
void kinesis__place_all(struct kinesis_producer *p, struct kinesis__queue *from);
/* r has gone for good: the next behind its gate is released. */
void kinesis__leave_gate(struct kinesis_producer *p, struct kinesis__record *r);

/* dispatch.c: sends what is due, arms the timer. */
void kinesis__dispatch(struct kinesis_producer *p);
uint32_t kinesis__requests_allowed(const struct kinesis_producer *p);
/* The request is over and has no records any more. */
void kinesis__retire(struct kinesis_producer *p, struct kinesis__batch *b);

/* verdict.c, doubt.c: step 5. Tells those whose result is known (they end in done), keeps the
 * others. */
void kinesis__judge(struct kinesis__batch *b, const struct sigv4_response *response,
                    struct kinesis__queue *done);
void kinesis__judge_doubts(struct kinesis_producer *p, struct kinesis__queue *done);
void kinesis__drop_doubts(struct kinesis_producer *p); /* those nobody waits for any more */

/* result.c */
/* No attempt is left to it. */
static inline bool kinesis__is_worn_out(const struct kinesis_producer *p,
                                        const struct kinesis__record *r)
{
    return p->limits.attempts && r->attempts >= p->limits.attempts;
}

struct kinesis__outcome {
    enum kinesis_fate fate;
    const struct sigv4_error *error; /* NULL: written */
    struct sigv4_slice shard_id, sequence_number, encryption_type;
    bool aggregated;
};
/* Step 5. r is in no queue; it ends in done. */
void kinesis__tell(struct kinesis_producer *p, struct kinesis__record *r,
                   const struct kinesis__outcome *outcome, struct kinesis__queue *done);
/* Step 5. r has failed, for the reason that explain gives. */
void kinesis__tell_failed(struct kinesis_producer *p, struct kinesis__record *r,
                          struct kinesis__queue *done);
/* Any step: r, wherever it stands, has failed; the user is told in step 5. */
void kinesis__tell_later(struct kinesis_producer *p, struct kinesis__record *r);
void kinesis__run_tell(struct sigv4_job *tell_job);
void kinesis__notify(struct kinesis_producer *p);
/* Step 5, last: what waits for results, and whoever waits for the end. May free p. */
void kinesis__end_step(struct kinesis_producer *p, struct kinesis__queue *done);

/* due.c */
void kinesis__arm(struct kinesis_producer *p);
void kinesis__on_timer(void *producer);
void kinesis__give_up(struct kinesis_producer *p, uint64_t upto);

/* follow.c */
void kinesis__ask_sizes(struct kinesis_producer *p);
void kinesis__ask_shards(struct kinesis_producer *p);     /* unless they are known */
void kinesis__refresh_shards(struct kinesis_producer *p); /* what is known is old */
bool kinesis__is_waiting_for_shards(const struct kinesis_producer *p);

/* stats.c */
void kinesis__add_up(struct kinesis_producer *p, struct kinesis_producer_counts *out);

/* producer.c */
void kinesis__destroy(struct kinesis_producer *p);
int64_t kinesis__now(const struct kinesis_producer *p);
uint32_t kinesis__chance(const struct kinesis_producer *p);
void kinesis__say(const struct kinesis_producer *p, enum sigv4_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
