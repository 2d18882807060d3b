#ifndef KINESIS_CONSUMER_H
#define KINESIS_CONSUMER_H
/* The consumer reads a stream's shards, each in order and parents before their children, and hands
 * the records over where they were received: decoded in place, not copied.
 *
 * Per shard the service allows five reads and 2 MB a second (facts, 1.6;
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html); the consumer keeps
 * to that, waits longer at the tip, and backs off when it is throttled, for longer where others
 * read the shard, too. Iterators that expired are renewed behind the last record delivered.
 * Failures that may pass are reported and survived; those that will not (denied, no such stream)
 * end it. A shard the service does not know is looked for in the stream's list: as long as it
 * stands there it is tried again; when five lists in a row lack it, it alone is given up. */
#include <kinesis/checkpoint.h>
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kinesis_consumer;

/* The library's; read-only; valid during the callback, or while held. */
struct kinesis_record {
    size_t size;
    struct sigv4_slice shard_id, sequence_number, partition_key, data;
    struct sigv4_slice encryption_type; /* may be empty */
    int64_t arrived_unix_ms;            /* INT64_MIN: the service did not say */
    int64_t behind_ms;                  /* distance to the tip when fetched; -1: not said */
    /* Of a record that came in an aggregate of the KPL: its own key and data are above, sequence
     * number and arrival are the aggregate's. */
    uint64_t sub_sequence_number;         /* 0, 1, 2 ... in the aggregate */
    struct sigv4_slice explicit_hash_key; /* decimal; may be empty */
    uint32_t flags;
};
/* flags */
#define KINESIS_AGGREGATED 0x1u /* it came in an aggregate */
/* Its key belongs to another shard: the aggregate was made by an older map of the shards. The KCL
 * drops the whole aggregate, and a producer that notices writes it again elsewhere. */
#define KINESIS_OUTSIDE_SHARD     0x2u
#define KINESIS_AGGREGATE_DAMAGED 0x4u /* an aggregate that cannot be read, as it came */
/* Keep a record past its callback without a copy: what was received with it stays, too. @thread
 * any. Each hold wants one release; records may outlive the consumer, but not its loop. */
SIGV4_API const struct kinesis_record *kinesis_record_hold(const struct kinesis_record *record);
SIGV4_API void kinesis_record_release(const struct kinesis_record *record);

enum kinesis_next {
    KINESIS_GO_ON,
    KINESIS_PAUSE_SHARD, /* this record was taken; no more of this shard until resume */
    KINESIS_STOP         /* this record was taken; end the consumer */
};
typedef enum kinesis_next kinesis_record_fn(void *ctx, const struct kinesis_record *record);

enum kinesis_shard_event {
    KINESIS_SHARD_FOUND,   /* it will be read, when its parents have ended */
    KINESIS_SHARD_STARTED, /* its first iterator is there */
    KINESIS_SHARD_AT_TIP,  /* a read found nothing more to come now */
    KINESIS_SHARD_ENDED,   /* closed, and read to its end */
    KINESIS_SHARD_TROUBLE, /* a read failed; err says how; it is tried again */
    /* The service has it no longer: its records grew older than the stream keeps them before they
     * were read. Its children are read. err says which shard. */
    KINESIS_SHARD_GONE,
    /* For half a minute reads brought nothing while its lag did not shrink; it is begun again where
     * it was. err tells the lag. */
    KINESIS_SHARD_STALLED
};
typedef void kinesis_shard_fn(void *ctx, struct sigv4_slice shard_id,
                              enum kinesis_shard_event event, const struct sigv4_error *err);
/* Once, last of all: err NULL after stop, or when every shard ended. host as in sigv4_response. */
typedef void kinesis_end_fn(void *ctx, const struct sigv4_error *err, const char *host);

enum kinesis_start {
    KINESIS_FROM_OLDEST,
    KINESIS_FROM_NOW,
    KINESIS_FROM_TIME,          /* start_unix_ms */
    KINESIS_FROM_SEQUENCE,      /* start_sequence, of one chosen shard */
    KINESIS_FROM_AFTER_SEQUENCE /* the same, without that record */
};

struct kinesis_consumer_options {
    size_t size;
    const char *stream;           /* name or ARN */
    const char *const *shard_ids; /* NULL: all, and their children as they appear */
    size_t shard_count;
    enum kinesis_start start;
    int64_t start_unix_ms;
    const char *start_sequence;
    kinesis_record_fn *on_record; /* NULL: records are pulled with kinesis_consumer_next */
    kinesis_shard_fn *on_shard;   /* may be NULL */
    kinesis_end_fn *on_end;       /* may be NULL without on_record */
    void *ctx;
    uint32_t max_records_per_fetch; /* 0: the service's 10000 */
    uint32_t idle_ms;               /* between reads at the tip; 0: 1000 */
    uint32_t flags;                 /* KINESIS_STOP_AT_TIP, ... */
    /* Shards with a position go on there, their children begin at their oldest record, and start is
     * for the others. Copied. NULL: none. */
    const struct kinesis_checkpoint *checkpoint;
    /* Not 0: a shard is read up to this time of arrival, and the consumer ends when all have been.
     */
    int64_t until_unix_ms;
    /* Enhanced fan-out: the ARN of a registered consumer (kinesis/calls.h), which need not be
     * ACTIVE yet; the service then sends the records of each shard as they come, 2 MB a second for
     * this consumer alone. Subscriptions are made anew when they end, where they ended. Give the
     * loop a max_connections_per_host above the number of shards. NULL: by GetRecords. */
    const char *consumer_arn;
    /* 0: 64 MiB. About so much memory holds records of all shards: those on their way, those that
     * wait to be pulled, those of paused shards, and those held. While it is used up nothing more
     * is fetched, so who holds records must release some to get others. At least one page (14 MB
     * at most) is fetched in any case; with fan-out an event for each shard (about 1 MB) comes on
     * top. A paused shard's page that would take up too much is dropped, and fetched again. */
    uint64_t max_bytes;
};
#define KINESIS_STOP_AT_TIP     0x2u /* end when every shard has ended or has nothing more for now */
#define KINESIS_NO_PACING       0x1u /* read as fast as answers come: against local services only */
#define KINESIS_KEEP_AGGREGATES 0x4u /* deliver aggregates of the KPL as they came */
#define KINESIS_CONSUMER_OPTIONS                                                                   \
    {                                                                                              \
        .size = sizeof(struct kinesis_consumer_options)                                            \
    }

/* @thread any. Begins at once; strings are copied. Errors: INVALID (what is missing or out of
 * range, a consumer_arn of another stream), NOMEM, FORKED. The client must outlive the consumer. */
SIGV4_API int kinesis_consumer_new(struct kinesis_consumer **out, struct sigv4_client *client,
                                   const struct kinesis_consumer_options *opts,
                                   struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread any @blocks. Without on_record: the next record of any shard, held, to be released; each
 * shard's in order. Errors: TIMEOUT (-1: no limit), CLOSED after the last (stopped, or every shard
 * ended), or why the consumer ended; and those of sigv4_loop_wait. */
SIGV4_API int kinesis_consumer_next(struct kinesis_consumer *consumer,
                                    const struct kinesis_record **record, int timeout_ms,
                                    struct sigv4_error *err) SIGV4_MUST_CHECK;
/* For whom pulls, @thread any: the record's shard was read up to it. checkpoint belongs to the
 * caller. Errors: NOMEM. */
SIGV4_API int kinesis_checkpoint_record(struct kinesis_checkpoint *checkpoint,
                                        const struct kinesis_record *record,
                                        struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread loop, in on_end too. How far each shard was read: up to the last record whose callback
 * returned, or that was pulled. checkpoint is emptied first; shards of which nothing can be said
 * are left out. Errors: NOMEM. */
SIGV4_API int kinesis_consumer_checkpoint(const struct kinesis_consumer *consumer,
                                          struct kinesis_checkpoint *checkpoint,
                                          struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread any. Go on with a shard that paused. */
SIGV4_API int kinesis_consumer_resume(struct kinesis_consumer *consumer,
                                      struct sigv4_slice shard_id);
/* @thread any. No more records after the callback under way; on_end follows. */
SIGV4_API void kinesis_consumer_stop(struct kinesis_consumer *consumer);
/* @thread any @blocks. Until on_end was called; as sigv4_loop_wait. */
SIGV4_API int kinesis_consumer_wait(struct kinesis_consumer *consumer, int timeout_ms);
/* @thread any; NULL is fine. Stops as kinesis_consumer_stop, and frees when everything under way is
 * over; on_end still comes. */
SIGV4_API void kinesis_consumer_free(struct kinesis_consumer *consumer);

#ifdef __cplusplus
}
#endif
#endif
