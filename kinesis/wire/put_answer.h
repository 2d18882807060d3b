#ifndef KINESIS_WIRE_PUT_ANSWER_H
#define KINESIS_WIRE_PUT_ANSWER_H
/* The answer to PutRecords: one outcome per record, as views into the body. */
#include <kinesis/calls.h>

struct kinesis__put_answer {
    size_t failed; /* counted; what the answer says of it is not needed */
    struct sigv4_slice encryption_type;
};

/* body is written to where strings hold escapes. out: as many outcomes as records were sent,
 * of no meaning after a failure. PROTOCOL: not such an answer, another number of entries, an entry
 * with neither or both of a sequence number with shard and an error code. */
int kinesis__put_answer_read(struct kinesis__put_answer *answer, char *body, size_t n,
                             struct kinesis_put_outcome *out, size_t count,
                             struct sigv4_error *err);
/* The same for PutRecord, whose answer is one entry. */
int kinesis__put_record_answer_read(struct kinesis_put_record_result *out, char *body, size_t n,
                                    struct sigv4_error *err);
#endif
