#ifndef RIG_STREAM_H
#define RIG_STREAM_H
/* A stream behind the fake engine: takes PutRecords as the service does, answers ListShards and
 * DescribeStreamSummary, and does wrong what it is told to. What it has written stays to be looked
 * at. */
#include "flow/fake_engine.h"

enum fake_entry { FAKE_WRITTEN, FAKE_THROTTLED, FAKE_INTERNAL };
enum fake_answered {
    FAKE_WHOLE,     /* the answer arrives */
    FAKE_DROPPED,   /* done, but the connection is reset */
    FAKE_SWALLOWED, /* done, but nothing comes back */
    FAKE_HALF,      /* done, half of the answer arrives */
    FAKE_GARBAGE,   /* done, and 200 with something else */
    FAKE_SHORT,     /* done, one entry is missing in the answer */
    FAKE_UNSENT,    /* not done: no connection */
    FAKE_LOST,      /* not done, although it was sent: reset */
    FAKE_REFUSE     /* not done: http_status and code */
};
/* One PutRecords request, before it is carried out. */
struct fake_put {
    unsigned number; /* of the request, from 0 */
    size_t count;
    enum fake_entry *entries; /* all FAKE_WRITTEN to begin with */
    enum fake_answered answered;
    int http_status;
    const char *code;
    int delay_ms;
};
struct fake_written {
    unsigned shard; /* index */
    char sequence[64];
    char *key, *hash_key; /* hash_key NULL: none */
    char *data;
    size_t len;
    unsigned request; /* the number of the PutRecords it came in */
};
struct fake_shard {
    char id[32];
    char first[48], last[48]; /* hash keys, decimal */
    bool open;
    int parents[2]; /* -1: none */
};

struct fake_stream;
/* Answers every request on that fake. faults may be NULL. */
struct fake_stream *fake_stream_new(struct fake *fake, unsigned shards,
                                    void (*faults)(void *ctx, struct fake_put *put), void *ctx);
void fake_stream_free(struct fake_stream *s);
void fake_stream_set_max_record_kib(struct fake_stream *s, unsigned kib); /* 0: denied */
void fake_stream_deny_shards(struct fake_stream *s);
/* All open shards are replaced by twice as many. */
void fake_stream_split_all(struct fake_stream *s);
/* Every two neighbours become one. */
void fake_stream_merge_all(struct fake_stream *s);

/* What a producer with a mistake would look like from here. */
enum fake_lie {
    FAKE_HONEST,
    FAKE_ALL_FAILED, /* where one record failed, all are said to have failed */
    FAKE_SWAPPED     /* two records of a request change places */
};
void fake_stream_lie(struct fake_stream *s, enum fake_lie lie);
unsigned fake_stream_open(const struct fake_stream *s); /* open shards */

size_t fake_stream_count(const struct fake_stream *s);
const struct fake_written *fake_stream_at(const struct fake_stream *s, size_t i);
const struct fake_shard *fake_stream_shard(const struct fake_stream *s, unsigned shard);
/* The shard a hash falls into: of an explicit one, or of the key when NULL. */
unsigned fake_stream_place(const struct fake_stream *s, const char *key, const char *hash_key);
bool fake_stream_covers(const struct fake_stream *s, unsigned shard, const char *key,
                        const char *hash_key);
/* The same for any range of hashes, decimal. */
bool fake_hash_between(const char *first, const char *last, const char *key, const char *hash_key);
unsigned fake_stream_puts(const struct fake_stream *s);  /* PutRecords so far */
unsigned fake_stream_lists(const struct fake_stream *s); /* ListShards so far */
unsigned fake_stream_summaries(const struct fake_stream *s);
size_t fake_stream_largest_put(const struct fake_stream *s); /* bytes: data and keys */
#endif
