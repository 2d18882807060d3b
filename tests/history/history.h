#ifndef HISTORY_H
#define HISTORY_H
/* What was put, what was said of it, and what is in the stream at the end; and whether the three
 * agree. Knows nothing of how the stream was made to fail. */
#include <kinesis/producer.h>
#include <stdatomic.h>

/* One record's life. */
struct history_record {
    unsigned key;         /* number of its partition key; HISTORY_NO_KEY: spread */
    unsigned order;       /* among the puts of its key */
    const char *hash_key; /* explicit; NULL: none */
    size_t len;
    char *data; /* made from its number, so that what arrives can be checked; spoilt after the
                   result */
    bool accepted;
    atomic_uint told;
    enum kinesis_fate fate;
    bool maybe_twice, aggregated, has_error;
    int status; /* of the error */
    char shard[40], sequence[80];
    uint32_t sub_sequence, attempts;
};
#define HISTORY_NO_KEY UINT32_MAX

/* One copy of a record in the stream. */
struct history_copy {
    size_t record; /* its number, or HISTORY_FOREIGN */
    bool intact;   /* bytes and key are as they were put */
    bool dropped;  /* in an aggregate that a KCL would drop */
    bool aggregated;
    bool key_alone; /* the stream does not tell explicit hash keys */
    char shard[40], sequence[80];
    uint32_t sub_sequence;
};
#define HISTORY_FOREIGN SIZE_MAX

struct history {
    struct history_record *records;
    size_t count;
    struct history_copy *copies;
    size_t copy_count, copy_cap;
    bool ordered;
    uint64_t budget;
    struct kinesis_producer_counts counts; /* as the producer gave them */
    bool has_counts;
    struct kinesis_producer_stats stats; /* at the end */
    unsigned violations;
    bool quiet; /* count, do not print */
};

void history_init(struct history *h, size_t count, bool ordered, uint64_t budget);
void history_free(struct history *h);
/* Lengths and keys are chosen; makes the data. */
void history_make(struct history *h, size_t i, size_t len);
/* The producer's on_result. ctx: the history; the tag: the record's number + 1. */
void history_on_result(void *ctx, const struct kinesis_put_result *result);
/* The key's text; out: 32 bytes. "" for HISTORY_NO_KEY. */
const char *history_key(unsigned key, char out[32]);

/* Something read from the stream. hash_key NULL: none. */
void history_found(struct history *h, const struct history_copy *where, const char *key,
                   const char *hash_key, const void *data, size_t len);
/* The same of a record of the stream that may be an aggregate; first, last: its shard's hashes. */
void history_found_raw(struct history *h, struct history_copy where, const char *key,
                       const char *hash_key, const char *data, size_t len, const char *first,
                       const char *last);
/* Returns how many rules were broken. */
unsigned history_check(struct history *h);
#endif
