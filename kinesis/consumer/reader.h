#ifndef KINESIS_CONSUMER_READER_H
#define KINESIS_CONSUMER_READER_H
/* clang-format off */
/* One shard being read:
 *
 *   BLOCKED --every parent ended--> PLACING --iterator--> WAITING --its time--> FETCHING
 *                                      ^                   ^  ^                   |   |
 *                                      |                   |  +--failed, for now--+   | answer
 *                                      +--expired--        |                          v
 *                                                          +--all delivered--- DELIVERING --> ENDED
 *                                                                                |    ^
 *                                                                   user pauses  v    |  resumes
 *                                                                                PAUSED
 *
 * With enhanced fan-out there is no PLACING, and FETCHING is a subscription, which goes on while its
 * events are delivered. With STOP_AT_TIP a shard that reached its tip rests: WAITING without a timer.
 * All on the loop's thread. */
/* clang-format on */
#include "consumer/page.h"

#include "base/buffer.h"

#include <kinesis/calls.h>
#include <kinesis/endpoint.h>

enum kinesis__reader_state {
    KINESIS__BLOCKED,
    KINESIS__PLACING,
    KINESIS__FETCHING,
    KINESIS__DELIVERING,
    KINESIS__WAITING,
    KINESIS__PAUSED,
    KINESIS__OFFERED, /* instead of DELIVERING, to whom pulls */
    KINESIS__ENDED
};

struct kinesis__reader {
    struct kinesis__reader *next;
    struct kinesis_consumer *consumer;
    enum kinesis__reader_state state;
    char shard_id[129];
    char parents[2][129]; /* "" for none */
    struct kinesis__range range;
    bool from_oldest; /* a child found later is read from its beginning */
    bool from_time;   /* by a checkpoint: from placed_unix_ms */
    bool closed;      /* when it was listed: no more will be written */
    bool missing;     /* the service did not know it, and is asked for the list */
    unsigned lacking; /* lists in a row that did not have it while it was missing */
    uint32_t listed_in;
    uint32_t awaits_list; /* a parent is not known yet: that listing, or a later one, will say */

    /* Where to go on: behind last_sequence; without one at the start, or (FROM_NOW, once there was
     * an iterator) at placed_unix_ms, by the service's clock. */
    char last_sequence[130];
    uint64_t last_sub; /* within: of that aggregate, this was the last */
    bool within;
    int64_t placed_unix_ms;
    char iterator[513];     /* "": none */
    char continuation[130]; /* of a feed: behind this all was delivered; "": see above */
    bool started, at_tip, rests;
    bool over;  /* the page is the shard's last */
    bool again; /* a feed that stalled: subscribe anew */

    struct sigv4_timer *timer;
    struct sigv4_job step_job, deliver_job, emptied_job;
    struct sigv4__buffer input;
    struct sigv4_slice body;
    struct kinesis__page *page;
    size_t delivered; /* of the page */
    const struct kinesis__page_record
        *last;               /* while delivering: the last whose callback returned */
    int64_t fetched_unix_ms; /* by the service's clock, at most a second early */
    struct sigv4_call *call;
    struct kinesis__subscription *subscription; /* of a feed */
    struct sigv4_error feed_error;              /* what was wrong with its last event */
    int64_t feed_clock_ms;                      /* monotonic to the service's */
    int64_t fetch_began_ms, earliest_ms;        /* monotonic */
    int64_t pace_ms;                            /* between two reads: longer after throttles */
    int64_t quiet_since_ms;                     /* monotonic; since then nothing came, -1: not so */
    int64_t quiet_behind_ms;                    /* the lag it had then last */
    unsigned failures, spoilt, expired;         /* in a row */

    size_t reserved, page_bytes; /* of the budget, for the fetch under way; of the last page */
    struct kinesis__reader *queued_next;
    bool queued; /* for the budget */

    /* While OFFERED these, delivered and last belong to the consumer's pull_mutex. */
    struct kinesis__reader *offered_next;
    size_t pull_limit; /* of the page: what is behind it is not for the user */
    bool pull_late;    /* because it came too late */
};

int kinesis__reader_new(struct kinesis__reader **out, struct kinesis_consumer *consumer,
                        struct sigv4_slice shard_id);
void kinesis__reader_free(struct kinesis__reader *r); /* nothing under way */
/* position.c. Where an earlier life left it. */
void kinesis__reader_put(struct kinesis__reader *r, const struct kinesis_position *position);
/* Where it is; false: nothing can be said. */
bool kinesis__reader_position(const struct kinesis__reader *r, struct kinesis_position *out);
struct kinesis_get_shard_iterator_input kinesis__reader_place(const struct kinesis__reader *r);
void kinesis__reader_start(struct kinesis__reader *r);
void kinesis__reader_resume(struct kinesis__reader *r);
/* The service has it no longer. err says so. */
void kinesis__reader_gone(struct kinesis__reader *r, const struct sigv4_error *err);
void kinesis__reader_stop(struct kinesis__reader *r); /* what is under way comes back canceled */

/* For polling.c and feed.c, which bring the pages. */
void kinesis__polling_step(struct kinesis__reader *r);
int64_t kinesis__reader_now_ms(const struct kinesis__reader *r);
/* By the service's clock, at most a second early. said: INT64_MIN when it did not say. */
int64_t kinesis__reader_service_ms(const struct kinesis__reader *r, int64_t said_unix_ms);
int64_t kinesis__reader_time_of(const struct kinesis__reader *r,
                                const struct sigv4_response *response);
void kinesis__reader_wait_until(struct kinesis__reader *r, int64_t when_ms);
void kinesis__reader_drop_call(struct kinesis__reader *r);
void kinesis__reader_drop_page(struct kinesis__reader *r);
/* It has an iterator, or a subscription. */
void kinesis__reader_started(struct kinesis__reader *r, int64_t service_unix_ms);
/* r->page is filled and r->over is set: its records are delivered soon. */
void kinesis__reader_take(struct kinesis__reader *r, int64_t service_unix_ms);
/* delivery.c. The job of r; what remains to be done when the page was delivered; where that was. */
void kinesis__delivery_run(struct sigv4_job *job);
void kinesis__delivery_over(struct kinesis__reader *r, bool late);
void kinesis__delivery_mark(struct kinesis__reader *r);
/* Tries again later, or ends the consumer. */
void kinesis__reader_fail(struct kinesis__reader *r, const struct sigv4_error *err,
                          const char *host);
#endif
