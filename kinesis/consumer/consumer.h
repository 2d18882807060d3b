#ifndef KINESIS_CONSUMER_CONSUMER_H
#define KINESIS_CONSUMER_CONSUMER_H
/* The consumer as its readers and its roster see it. Everything but the first group belongs to the
 * loop. */
#include "consumer/reader.h"
#include "wire/key_table.h"

#include <pthread.h>
#include <stdatomic.h>

struct kinesis_consumer {
    struct sigv4_client *client;
    struct sigv4_loop *loop;
    struct kinesis_consumer_options options; /* texts are copies */
    char *stream, *start_sequence, *consumer_arn;
    char **shard_ids;
    struct kinesis_place place;
    struct kinesis__shelf *shelf;
    struct kinesis__aggregate_reader aggregates, *aggregates_open; /* NULL: they are kept */
    struct kinesis_checkpoint *positions;                          /* where to go on; NULL: none */
    struct sigv4_job start_job, stop_job, free_job, end_job;
    atomic_bool stop_asked, ended;

    struct kinesis__reader *readers, **readers_end;
    struct kinesis__key_table ids;  /* of the readers, and by these numbers: */
    struct sigv4__buffer by_number; /* struct kinesis__reader * each */
    uint32_t list_serial;           /* of the listing under way, or the last */
    uint32_t lists_complete;        /* the serial of the last that came to its end */
    bool *chosen_found;             /* of options.shard_ids */
    unsigned under_way;             /* calls and deliveries that will still come back */
    bool stopping, freed, ending;
    bool listed; /* the first listing is complete */
    bool listing, list_again;
    struct sigv4_call *list_call, *check_call;
    struct sigv4_timer *list_timer; /* a listing that failed and is tried again */
    struct sigv4_job list_job;
    unsigned list_failures;

    size_t max_bytes, reserved; /* the budget, and what of it is for fetches under way */
    struct kinesis__reader *queue, **queue_end; /* that wait for it */
    struct sigv4_timer *budget_timer;
    struct sigv4_job budget_job;

    pthread_mutex_t pull_mutex;
    struct kinesis__reader *offered, **offered_end, *emptied;
    struct sigv4_job pull_job;
    bool pull_posted;
    struct sigv4_error error; /* why it ended; status 0: asked to, or all shards ended */
    char host[256];
};

/* Something will come back; something came back. When the last has, the end is told. */
void kinesis__consumer_expect(struct kinesis_consumer *c);
void kinesis__consumer_came_back(struct kinesis_consumer *c);
/* For good: a failure that will not pass. */
void kinesis__consumer_fail(struct kinesis_consumer *c, const struct sigv4_error *err,
                            const char *host);
void kinesis__consumer_stop(struct kinesis_consumer *c);
void kinesis__consumer_tell(struct kinesis__reader *r, enum kinesis_shard_event event,
                            const struct sigv4_error *err);

/* roster.c: which shards there are, and which may be read. */
void kinesis__roster_list(struct kinesis_consumer *c);
/* Starts what may start; when nothing is left to read, the consumer stops. */
void kinesis__roster_review(struct kinesis_consumer *c);
/* It reached its tip, and that is enough. */
void kinesis__roster_rests(struct kinesis__reader *r);
int kinesis__roster_init(struct kinesis_consumer *c);
void kinesis__roster_free(struct kinesis_consumer *c);
struct kinesis__reader *kinesis__roster_find(const struct kinesis_consumer *c,
                                             struct sigv4_slice shard_id);
/* The service does not know that shard: the list decides what that means. */
void kinesis__roster_missing(struct kinesis__reader *r);
void kinesis__roster_ended(struct kinesis__reader *r, const struct kinesis_child_shard *children,
                           size_t count);

/* budget.c: how much may be in memory. */
int kinesis__budget_init(struct kinesis_consumer *c, uint64_t max_bytes);
void kinesis__budget_stop(struct kinesis_consumer *c);
/* True: there is room for its next page, which is reserved; false: its reader is started again when
 * there is. */
bool kinesis__budget_take(struct kinesis__reader *r);
void kinesis__budget_return(struct kinesis__reader *r);
/* For an event of n bytes that is here already; false: the subscription is resumed later. */
bool kinesis__budget_admits(struct kinesis__reader *r, size_t n);
void kinesis__budget_review(struct kinesis_consumer *c); /* something was released */

/* pull.c: records to whom asks for them. */
void kinesis__pull_init(struct kinesis_consumer *c);
void kinesis__pull_stop(struct kinesis_consumer *c);
void kinesis__pull_offer(struct kinesis__reader *r);
void kinesis__pull_emptied(struct sigv4_job *job); /* emptied_job of a reader */
#endif
