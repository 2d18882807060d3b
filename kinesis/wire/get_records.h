#ifndef KINESIS_WIRE_GET_RECORDS_H
#define KINESIS_WIRE_GET_RECORDS_H
/* The answer to GetRecords, and the events of SubscribeToShard, which have the same members: read
 * in one strict pass over the body, where data is decoded and strings are unescaped in place. What
 * comes out are views into the body, which may outlive the struct.
 *
 * An answer is good as a whole or not at all, and members may come in any order: when read returns,
 * the records, the next iterator and the children are all known. The memory for the views is kept
 * from one answer to the next, so that in the steady state nothing is allocated. */
#include "wire/base64.h"

#include <kinesis/calls.h>

enum {
    KINESIS__GET_MAX_RECORDS = 100000, /* ten times what the service gives */
    KINESIS__GET_MAX_CHILDREN = 16     /* a shard has at most two */
};

struct kinesis__get_answer {
    struct kinesis_got_record *records; /* count of them */
    size_t count, cap;
    size_t framed; /* of the records: begin as aggregates of the KPL do */
    struct kinesis_child_shard children[KINESIS__GET_MAX_CHILDREN];
    size_t child_count;
    struct sigv4_slice next_shard_iterator;          /* empty: null or absent, the shard's end */
    struct sigv4_slice continuation_sequence_number; /* the same for an event */
    int64_t behind_ms;                               /* -1: null or absent */
    struct sigv4_alloc alloc;
    const struct kinesis__base64 *base64;
};

void kinesis__get_answer_init(struct kinesis__get_answer *answer, const struct sigv4_alloc *alloc);
void kinesis__get_answer_free(struct kinesis__get_answer *answer);

/* body is written to. Required are Records, and of each record Data, PartitionKey and
 * SequenceNumber; null is as good as absent, other members are skipped. PROTOCOL with the place;
 * NOMEM. After a failure there are no records, and the body is spoilt. */
int kinesis__get_answer_read(struct kinesis__get_answer *answer, char *body, size_t n,
                             struct sigv4_error *err);
#endif
