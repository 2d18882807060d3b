#ifndef KINESIS_PRODUCER_VERDICT_H
#define KINESIS_PRODUCER_VERDICT_H
/* What became of the records of one request. All of it is step 5 of the loop. */
#include "producer/producer.h"

struct kinesis__verdict {
    struct kinesis_producer *p;
    struct kinesis__batch *b;
    const struct sigv4_response *response; /* NULL: judged later */
    struct kinesis__queue *done;           /* told, to be given back */
    uint32_t chance;
};

enum kinesis__way_back {
    KINESIS__TO_ITS_PLACE, /* in its lane, at once: what holds it up is known there */
    KINESIS__AFTER_A_WHILE
};
/* All records of an entry failed: the trouble they had, and flags they get. */
void kinesis__mark(struct kinesis__entry *e, enum kinesis__trouble trouble, uint8_t flags);
/* Those of an entry whose time is over get their results. */
void kinesis__tell_given_up(struct kinesis__verdict *v, struct kinesis__entry *e);
/* They are told when their time is over, and sent again otherwise. lane NULL: by their hash. */
void kinesis__send_back(struct kinesis__verdict *v, struct kinesis__entry *e,
                        struct kinesis__lane *lane, enum kinesis__way_back way);

/* setback.c: the whole request failed. maybe: the service may have acted on it. */
void kinesis__judge_failure(struct kinesis__verdict *v, const struct sigv4_error *err, bool maybe);
bool kinesis__is_maybe_done(const struct sigv4_response *response);

/* doubt.c: where an entry was written, compared with where it was to go. */
enum kinesis__landing {
    KINESIS__AS_PREDICTED,
    KINESIS__ELSEWHERE,   /* no harm done, but the map is old */
    KINESIS__MISPLACED,   /* an aggregate the KCL will drop */
    KINESIS__NOBODY_KNOWS /* an aggregate in a shard that is not in the map */
};
enum kinesis__landing kinesis__landing_of(const struct kinesis__lanes *lanes,
                                          const struct kinesis__entry *e,
                                          struct sigv4_slice shard_id);
void kinesis__entry_written(struct kinesis__verdict *v, struct kinesis__entry *e,
                            const struct kinesis_put_outcome *o);
void kinesis__entry_misplaced(struct kinesis__verdict *v, struct kinesis__entry *e,
                              const struct kinesis_put_outcome *o);
#endif
