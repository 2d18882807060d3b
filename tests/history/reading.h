#ifndef HISTORY_READING_H
#define HISTORY_READING_H
/* What is in a stream, what a consumer was told of it in its lives, what it noted down; and whether
 * that is right. A life begins at a checkpoint and ends anywhere. Knows nothing of how the reading
 * was disturbed. */
#include <kinesis/consumer.h>
#include <stdint.h>

struct reading;
struct reading *reading_new(bool quiet);
void reading_free(struct reading *r);

/* The truth: shards with their parents ("" for none) before their children, the records of each in
 * their order. */
void reading_shard(struct reading *r, const char *id, const char *parent, const char *other);
void reading_record(struct reading *r, const char *shard, const char *sequence, uint64_t sub,
                    struct sigv4_slice key, struct sigv4_slice data);

/* What happened, in its order. checkpoint NULL: none, from the oldest. */
void reading_begins(struct reading *r, const struct kinesis_checkpoint *checkpoint);
void reading_delivered(struct reading *r, const struct kinesis_record *record);
void reading_saved(struct reading *r, const struct kinesis_checkpoint *checkpoint);

/* How many records there are, and how many times one was delivered. */
size_t reading_record_count(const struct reading *r);
size_t reading_delivery_count(const struct reading *r);
unsigned reading_life_count(const struct reading *r);
/* Whether the life that goes on has been given all there is; the truth must be complete. */
bool reading_is_complete(struct reading *r);
/* Returns how many rules were broken. The last life must have come to the end. */
unsigned reading_check(struct reading *r);
#endif
