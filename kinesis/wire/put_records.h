#ifndef KINESIS_WIRE_PUT_RECORDS_H
#define KINESIS_WIRE_PUT_RECORDS_H
/* The body of a PutRecords or PutRecord request, written record by record: data goes from the
 * caller's memory through base64 straight into the body, and is hashed while it is warm in the
 * cache. The memory is kept from one request to the next, so that in the steady state nothing is
 * allocated. Owner: whoever sends; one thread at a time. */
#include "base/buffer.h"
#include "base/digest.h"
#include "wire/base64.h"
#include "wire/put_item.h"

struct kinesis__put_records {
    size_t count, bytes; /* records so far, and their data and keys */
    struct sigv4__buffer body;
    size_t hashed; /* of body */
    struct sigv4__digest *hash;
    const struct kinesis__base64 *base64;
};

/* NOMEM. The struct may be freed after a failure, too. */
int kinesis__put_records_init(struct kinesis__put_records *p, const struct sigv4_alloc *alloc);
void kinesis__put_records_free(struct kinesis__put_records *p);

/* Starts over. stream: name or ARN, valid. The body before must not be in use any more. */
int kinesis__put_records_begin(struct kinesis__put_records *p, struct sigv4_slice stream);
/* Bytes of body that add would write. */
size_t kinesis__put_records_cost(const struct kinesis__put_item *item);
/* item must have passed kinesis__put_item_check; it is not needed afterwards. FULL: one record or
 * byte too many; NOMEM. In both cases the body is as it was and may still be finished. */
int kinesis__put_records_add(struct kinesis__put_records *p, const struct kinesis__put_item *item);
/* The body, valid until begin or free, and its SHA-256 as 64 hex digits and NUL. */
int kinesis__put_records_finish(struct kinesis__put_records *p, struct sigv4_slice *body,
                                char hex[65]);

/* In place of all these: the body of PutRecord. ordering may be empty. */
int kinesis__put_record_write(struct kinesis__put_records *p, struct sigv4_slice stream,
                              const struct kinesis__put_item *item, struct sigv4_slice ordering,
                              struct sigv4_slice *body, char hex[65]);
#endif
