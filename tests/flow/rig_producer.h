#ifndef RIG_PRODUCER_H
#define RIG_PRODUCER_H
/* A producer with a fake stream before it, and a note of every result. */
#include "flow/rig_stream.h"

#include <kinesis/producer.h>

struct rig_result {
    unsigned count; /* must end as 1 */
    enum kinesis_fate fate;
    bool maybe_twice, aggregated;
    int status; /* of the error; 0: none */
    char code[64], message[336];
    char shard[32], sequence[64], encryption[8];
    uint32_t sub_sequence, attempts, latency_ms;
    int64_t at_ms;
    size_t order; /* the how many-th result it was */
};

struct rig {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_provider *provider;
    struct sigv4_client *client;
    struct fake_stream *stream;
    struct kinesis_producer *producer;
    struct kinesis_producer_options options; /* to be changed before rig_start */
    struct rig_result *results;              /* by tag; tags are 1 to count */
    size_t count, told;
    unsigned rooms, troubles, closed;
    struct kinesis_producer_counts counts; /* as on_closed had them */
    bool trouble_host;                     /* the response named one */
    struct sigv4_error trouble;            /* the last */
    void (*on_each)(struct rig *rig, size_t tag);
};

/* capacity: how many records may be put at most. alloc may be NULL. rig_open returns a status when
 * the client or the producer could not be made. */
void rig_init(struct rig *rig, size_t capacity, unsigned shards,
              void (*faults)(void *ctx, struct fake_put *put), void *ctx);
int rig_open(struct rig *rig, const struct sigv4_alloc *alloc);
/* Frees what is there; the last results come. */
void rig_close(struct rig *rig);
void rig_end(struct rig *rig);

/* data and key must live until the result. Returns the tag, 0 when refused (*rc says why). */
size_t rig_put(struct rig *rig, const char *key, const char *data, int *rc);
/* Runs until all that was put had its result; false: an hour was not enough. */
bool rig_run(struct rig *rig);
unsigned rig_fates(const struct rig *rig, enum kinesis_fate fate);
bool rig_each_told_once(const struct rig *rig);
/* As many of the stream's records have this data. */
unsigned rig_copies(const struct rig *rig, const char *data);
#endif
