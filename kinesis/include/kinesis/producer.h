#ifndef KINESIS_PRODUCER_H
#define KINESIS_PRODUCER_H
/* The producer: many records, one result each. It batches, sends, sends again what failed and only
 * that, and says of every record it accepted what became of it: written, not written, or maybe.
 *
 *     struct kinesis_producer_options opts = KINESIS_PRODUCER_OPTIONS;
 *     opts.stream = "numbers";
 *     opts.on_result = on_result;
 *     if (kinesis_producer_new(&producer, client, &opts, &err))
 *         return complain(&err);
 *     if (kinesis_producer_put_wait(producer, KINESIS_PUT(.partition_key = SIGV4_LIT("adam"),
 *                                                         .data = SIGV4_LIT("one")), -1))
 *         return ...;                            // refused: on_result will never come for it
 *     kinesis_producer_close(producer, 10000, &counts);     // on_result came for every record
 *     kinesis_producer_free(producer);
 *
 * Memory: max_buffered_bytes bounds the data and keys of all records without a result, copied ones
 * rounded up to the block they lie in. On top come about 200 bytes per record of
 * max_buffered_records, and the bodies of the requests under way: 4/3 of the records in them. */
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kinesis_producer;

/* What became of one record. */
enum kinesis_fate {
    KINESIS_WRITTEN,      /* acknowledged, with a sequence number */
    KINESIS_NOT_WRITTEN,  /* certainly not in the stream: sending again cannot duplicate */
    KINESIS_MAYBE_WRITTEN /* sent, no answer: sending again may duplicate */
};

struct kinesis_put_result { /* the library's; valid during the callback */
    size_t size;
    enum kinesis_fate fate;
    bool maybe_twice; /* written, and an earlier attempt may have been written as well: its answer
                       * was lost, or it lay in an aggregate in the wrong shard */
    const struct sigv4_error *error;              /* NULL when written */
    struct sigv4_slice shard_id, sequence_number; /* empty unless written */
    struct sigv4_slice encryption_type;           /* "NONE", "KMS"; empty when not said */
    uint32_t sub_sequence_number;                 /* place in its aggregate */
    bool aggregated;                              /* it lies in one */
    struct sigv4_slice partition_key;             /* as given */
    struct sigv4_slice explicit_hash_key;         /* as given */
    struct sigv4_slice data;                      /* your bytes: from here on yours to reuse */
    void *tag;                                    /* kinesis_put.tag */
    uint32_t attempts;                            /* requests it was in */
    uint32_t latency_ms;                          /* from put to now */
};
/* On the loop, once per accepted record. It may call everything here but what blocks. */
typedef void kinesis_result_fn(void *ctx, const struct kinesis_put_result *result);
/* On the loop, once after FULL was returned: less than half of both budgets is used now. */
typedef void kinesis_room_fn(void *ctx);
/* On the loop: a whole request failed. Its records are sent again, or get their results. Called for
 * the first of a row of failures and then at most once a second. Both are the library's; the
 * response names the host that was tried. */
typedef void kinesis_trouble_fn(void *ctx, const struct sigv4_error *error,
                                const struct sigv4_response *response);

struct kinesis_producer_options {
    size_t size;
    const char *stream;              /* name or ARN; required */
    kinesis_result_fn *on_result;    /* required */
    kinesis_room_fn *on_room;        /* optional */
    kinesis_trouble_fn *on_trouble;  /* optional */
    void *ctx;                       /* of all three */
    uint64_t max_buffered_bytes;     /* 0: 64 MiB */
    uint32_t max_buffered_records;   /* 0: 100000 */
    uint32_t linger_ms;              /* 0: 50; none at all: KINESIS_NO_LINGER */
    uint32_t max_batch_records;      /* 0: 500, the service's limit */
    uint32_t max_batch_bytes;        /* 0: 4 MiB; the service takes up to 10. Larger records go
                                      * alone */
    uint32_t max_requests_in_flight; /* 0: 8; at most 64 */
    uint32_t record_deadline_ms;     /* 0: 30000; from put to result */
    uint32_t max_aggregate_bytes;    /* 0: 51200; of one aggregated record */
    uint32_t flags;
    uint32_t max_attempts; /* 0: no limit but the deadline; requests one record may be in */
};
#define KINESIS_PRODUCER_OPTIONS                                                                   \
    {                                                                                              \
        .size = sizeof(struct kinesis_producer_options)                                            \
    }
/* Several records in one, in the format of the KPL. Needs kinesis:ListShards; where that is denied,
 * records go as they are. */
#define KINESIS_AGGREGATE 0x1u
/* Records of one partition key are acknowledged in the order they were put: at most one of them is
 * under way (with KINESIS_AGGREGATE: one aggregate), and the next waits for its result. A record
 * that is given up leaves a gap. Records without a key have no order. */
#define KINESIS_KEEP_ORDER 0x2u
/* Send as soon as a request may go, however few records wait. */
#define KINESIS_NO_LINGER 0x4u

/* @thread any. No network. The producer keeps the client alive; freeing it first ends the producer:
 * what is buffered gets its results with CLOSED. Errors: INVALID (what is missing or out of range),
 * NOMEM, FORKED. */
SIGV4_API int kinesis_producer_new(struct kinesis_producer **out, struct sigv4_client *client,
                                   const struct kinesis_producer_options *opts,
                                   struct sigv4_error *err) SIGV4_MUST_CHECK;

struct kinesis_put {
    size_t size;
    /* UTF-8, 1 to 256 characters, copied. Empty: spread evenly over the shards, by a short key made
     * up for the record. */
    struct sigv4_slice partition_key;
    struct sigv4_slice explicit_hash_key; /* optional; decimal, below 2^128; read at once */
    struct sigv4_slice data;              /* borrowed until on_result, unless KINESIS_COPY */
    void *tag;
    uint32_t flags; /* KINESIS_COPY */
};
#define KINESIS_COPY     0x1u
#define KINESIS_PUT(...) (&(struct kinesis_put){.size = sizeof(struct kinesis_put), __VA_ARGS__})

/* @thread any. Never blocks, never calls back. OK: on_result comes exactly once for this record.
 * Otherwise it never comes and the data is still yours: FULL; TOO_LARGE (over 10 MiB with its key,
 * or over the whole budget; a record over 1 MiB is accepted, and refused by its result when the
 * stream does not take it); INVALID (the key or hash key); CLOSED; NOMEM; FORKED. */
SIGV4_API int kinesis_producer_put(struct kinesis_producer *producer,
                                   const struct kinesis_put *put) SIGV4_MUST_CHECK;
/* The same for many (stepping by puts->size): *accepted counts from the front, the status is that
 * of the first one refused. */
SIGV4_API int kinesis_producer_put_many(struct kinesis_producer *producer,
                                        const struct kinesis_put *puts, size_t count,
                                        size_t *accepted) SIGV4_MUST_CHECK;
/* @thread any @blocks. Waits for room instead of FULL, as sigv4_loop_wait: drives the loop when it
 * has no thread. timeout_ms -1: no limit; else also TIMEOUT. Also WRONG_THREAD. */
SIGV4_API int kinesis_producer_put_wait(struct kinesis_producer *producer,
                                        const struct kinesis_put *put,
                                        int timeout_ms) SIGV4_MUST_CHECK;

/* @thread any @blocks. Sends what was put before this call without lingering; OK when all of it has
 * had its result, TIMEOUT (results still come later), WRONG_THREAD. */
SIGV4_API int kinesis_producer_flush(struct kinesis_producer *producer, int timeout_ms);
/* @thread any. The first half of flush: send without lingering, wait for nothing. */
SIGV4_API void kinesis_producer_push(struct kinesis_producer *producer);
/* @thread any. Gives up what was put before this call: results with CANCELED come on the loop,
 * soon, and say which may have been written. New records are still welcome. */
SIGV4_API void kinesis_producer_abandon(struct kinesis_producer *producer);

/* What became of all records accepted so far. At the end they add up:
 * accepted = written + not_written + maybe_written. */
struct kinesis_producer_counts {
    size_t size;
    uint64_t accepted, written, not_written, maybe_written;
    uint64_t maybe_twice; /* of the written */
};
/* @thread any. Refuses new records, sends the others without lingering, and abandons what has no
 * result after timeout_ms (-1: no limit but the records' own deadlines). Then, when the last result
 * was delivered, on_closed is called on the loop, once. A second call: CLOSED. */
typedef void kinesis_closed_fn(void *ctx, const struct kinesis_producer_counts *counts);
SIGV4_API int kinesis_producer_finish(struct kinesis_producer *producer, int timeout_ms,
                                      kinesis_closed_fn *on_closed, void *ctx) SIGV4_MUST_CHECK;
/* @thread any @blocks. The same, waiting for it. OK: every record was written; otherwise some were
 * not, or not certainly, and the status is TIMEOUT when some had to be abandoned, else SERVICE. The
 * counts are exact in all these cases; counts may be NULL. WRONG_THREAD, CLOSED: nothing was done.
 */
SIGV4_API int kinesis_producer_close(struct kinesis_producer *producer, int timeout_ms,
                                     struct kinesis_producer_counts *counts);
/* @thread any; NULL is fine. Returns at once: refuses new records and abandons the others; their
 * results still come on the loop (sigv4_loop_free delivers the last), on_room and on_trouble do
 * not. */
SIGV4_API void kinesis_producer_free(struct kinesis_producer *producer);

struct kinesis_producer_stats {
    size_t size; /* in: sizeof; only so much is filled */
    uint64_t records_accepted, records_written, records_not_written, records_maybe_written;
    uint64_t records_maybe_twice;
    uint64_t records_retried; /* a record sent again, counted each time */
    uint64_t bytes_accepted, bytes_written;
    uint64_t requests_sent, requests_failed;
    uint64_t requests_maybe_done; /* failed, and the service may have acted on them */
    uint64_t throttles;           /* entries and whole requests the service refused as too much */
    uint64_t aggregates_sent, aggregates_misplaced;
    uint64_t buffered_records, buffered_bytes; /* now */
    uint64_t max_seen_buffered_bytes;
    uint64_t requests_in_flight;             /* now */
    uint64_t shards_known, shards_paced;     /* now; 0 while the shards do not matter */
    uint64_t latency_ms_p50, latency_ms_p99; /* of the written */
};
/* @thread any. Consistent enough to show; exact when nothing is under way. */
SIGV4_API int kinesis_producer_stats(struct kinesis_producer *producer,
                                     struct kinesis_producer_stats *out);

#ifdef __cplusplus
}
#endif
#endif
