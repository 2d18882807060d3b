#ifndef TOOLS_KPUT_BATCH_H
#define TOOLS_KPUT_BATCH_H
/* Records collected for one PutRecords after another: sent when full, the failed ones (and only
 * those) sent again after a pause, each one's outcome told once. */
#include "session.h"

#include <kinesis/kinesis.h>

enum { BATCH_RECORDS = 500, BATCH_BYTES = 5 * 1024 * 1024 };

struct batch {
    const char *stream;
    struct session *session;
    uint64_t deadline_ms; /* for one record, from its first attempt */
    /* One line per record that was written; may be NULL. */
    void (*written)(void *ctx, const struct kinesis_put_outcome *outcome,
                    struct sigv4_slice encryption_type);
    void *ctx;

    char *block; /* the records' bytes */
    size_t used, cap;
    struct kinesis_put_entry entries[BATCH_RECORDS];
    size_t count;
    uint64_t written_count, failed_count, maybe_count;
    int code;  /* the exit code so far */
    bool over; /* a failure that concerns all further records, too */
};

/* Copies the record. 0; or the exit code of a record that cannot be sent (others may go on). Sends
 * first when it is full. key empty: a random one, which spreads the records evenly. */
int batch_add(struct batch *b, struct sigv4_slice key, struct sigv4_slice hash_key,
              struct sigv4_slice data);
/* Sends what is there and waits until each record has its outcome. */
void batch_send(struct batch *b);
void batch_free(struct batch *b);
#endif
