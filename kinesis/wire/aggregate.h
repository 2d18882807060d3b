#ifndef KINESIS_WIRE_AGGREGATE_H
#define KINESIS_WIRE_AGGREGATE_H
/* Several records in one, in the format of the KPL (facts, 8.1 and 8.2):
 *
 *     F3 89 9A C2 | protobuf AggregatedRecord | MD5 of the protobuf
 *
 * Keys lie in tables and are shared by the records that have them. */
#include "wire/key_table.h"
#include "wire/put_item.h"

#include "base/digest.h"

enum {
    KINESIS__AGGREGATE_FRAME = 4 + SIGV4__MD5_LEN, /* what an aggregate has besides the protobuf */
    KINESIS__AGGREGATE_MAX_KEYS = 100000,          /* of one aggregate of ours */
    KINESIS__AGGREGATE_MAX_KEY = 4 * KINESIS__KEY_MAX_CHARACTERS
};

/* ---- Writing. The memory is kept from one aggregate to the next; one thread at a time. ---- */

struct kinesis__aggregate {
    size_t count, size; /* records so far, and what finish would give */
    size_t max;
    struct kinesis__key_table keys, hash_keys;
    struct sigv4__buffer records, out;
    struct sigv4__digest *md5;
};

/* NOMEM. The struct may be freed after a failure, too. */
int kinesis__aggregate_init(struct kinesis__aggregate *a, const struct sigv4_alloc *alloc);
void kinesis__aggregate_free(struct kinesis__aggregate *a);
/* Starts over. The finished aggregate is to have at most max bytes. */
void kinesis__aggregate_begin(struct kinesis__aggregate *a, size_t max);
/* item must have passed kinesis__put_item_check; it is not needed afterwards. FULL: the aggregate
 * would be too large; NOMEM. In both cases the records are as they were. */
int kinesis__aggregate_add(struct kinesis__aggregate *a, const struct kinesis__put_item *item);
/* The aggregate, size bytes; valid until the next begin, finish or free. */
int kinesis__aggregate_finish(struct kinesis__aggregate *a, struct sigv4_slice *out);

/* ---- Reading, without a copy. ---- */

/* Does it begin as an aggregate does? What does not is none, and need not be opened. */
static inline bool kinesis__aggregate_frames(struct sigv4_slice data)
{
    return data.len > KINESIS__AGGREGATE_FRAME && memcmp(data.ptr, "\xf3\x89\x9a\xc2", 4) == 0;
}

/* What a record's data is. */
enum kinesis__aggregate_kind {
    KINESIS__NOT_AGGREGATED, /* no magic number, no valid digest, or nothing in between */
    KINESIS__AGGREGATED,
    KINESIS__AGGREGATE_DAMAGED /* magic number and digest are right, what they frame is not: deliver
                                * the record as it is, and say so */
};
struct kinesis__aggregate_member {
    struct sigv4_slice partition_key, explicit_hash_key, data;
    bool has_hash_key;
    uint64_t sub_sequence;
};
struct kinesis__aggregate_reader {
    size_t count;                         /* members */
    struct sigv4__buffer keys, hash_keys; /* struct sigv4_slice each */
    struct sigv4__digest *md5;
    const unsigned char *at, *end;
    uint64_t next;
};

int kinesis__aggregate_reader_init(struct kinesis__aggregate_reader *r,
                                   const struct sigv4_alloc *alloc);
void kinesis__aggregate_reader_free(struct kinesis__aggregate_reader *r);
/* Checks all of data, which the members will point into. NOMEM: ask again; *kind is undefined. */
int kinesis__aggregate_open(struct kinesis__aggregate_reader *r, struct sigv4_slice data,
                            enum kinesis__aggregate_kind *kind);
/* The next member, in order; false after the last, and at once unless the kind was AGGREGATED. */
bool kinesis__aggregate_next(struct kinesis__aggregate_reader *r,
                             struct kinesis__aggregate_member *out);
#endif
