/* The answer to GetRecords, read in place. */
#include "wire/get_records.h"

#include "base/fail.h"
#include "base/memory.h"
#include "wire/aggregate.h"
#include "wire/json_members.h"
#include "wire/usual_record.h"

enum {
    DATA = 1,
    PARTITION_KEY = 2,
    SEQUENCE_NUMBER = 4,
    ARRIVED = 8,
    ENCRYPTION_TYPE = 16,
    ALL_REQUIRED = DATA | PARTITION_KEY | SEQUENCE_NUMBER
};

/* The milliseconds of epoch seconds. */
enum { SECONDS = 3 };

void kinesis__get_answer_init(struct kinesis__get_answer *answer, const struct sigv4_alloc *alloc)
{
    memset(answer, 0, sizeof *answer);
    answer->alloc = sigv4__alloc_or_default(alloc);
    answer->base64 = kinesis__base64_best();
}

void kinesis__get_answer_free(struct kinesis__get_answer *answer)
{
    sigv4__alloc_put(&answer->alloc, answer->records, answer->cap * sizeof *answer->records);
    answer->records = NULL;
    answer->count = answer->cap = 0;
}

static const char out_of_memory[] = "out of memory";

/* The next record's place, zeroed; NULL after trouble. */
static struct kinesis_got_record *add_record(struct kinesis__get_answer *answer,
                                             struct kinesis__json *r)
{
    if (answer->count == KINESIS__GET_MAX_RECORDS) {
        kinesis__json_refuse(r, "more records than there can be");
        return NULL;
    }
    if (answer->count == answer->cap) {
        size_t size = sizeof *answer->records, cap = answer->cap ? answer->cap * 2 : 128;
        void *grown =
            sigv4__alloc_resize(&answer->alloc, answer->records, answer->cap * size, cap * size);
        if (!grown) {
            kinesis__json_refuse(r, out_of_memory);
            return NULL;
        }
        answer->records = grown;
        answer->cap = cap;
    }
    struct kinesis_got_record *record = &answer->records[answer->count++];
    memset(record, 0, sizeof *record);
    record->size = sizeof *record;
    record->arrived_unix_ms = INT64_MIN;
    return record;
}

static bool read_data(const struct kinesis__base64 *base64, struct kinesis__json *r,
                      struct sigv4_slice *out)
{
    struct kinesis__json_string s;
    size_t len;
    if (!kinesis__json_string(r, &s))
        return false;
    /* A base64 text may hold escapes all the same: some writers escape '/'. */
    if (s.escaped)
        kinesis__json_text(&s);
    if (!kinesis__base64_decode(base64, s.ptr, s.ptr, s.len, &len)) {
        r->at = s.ptr;
        return kinesis__json_refuse(r, "data that is not base64");
    }
    *out = sigv4_bytes(s.ptr, len);
    return true;
}

/* A null leaves the member's bit unset again: it is as good as absent. */
static bool read_text(struct kinesis__json *r, unsigned *seen, unsigned bit,
                      struct sigv4_slice *out)
{
    struct kinesis__json_string s;
    if (!kinesis__json_once(r, seen, bit))
        return false;
    if (kinesis__json_null(r)) {
        *seen &= ~(bit & ALL_REQUIRED);
        return true;
    }
    if (!kinesis__json_string(r, &s))
        return false;
    *out = kinesis__json_text(&s);
    return true;
}

static bool read_record_member(struct kinesis__get_answer *answer, struct kinesis__json *r,
                               struct sigv4_slice name, struct kinesis_got_record *record,
                               unsigned *seen)
{
    if (KINESIS__IS(name, "Data"))
        return kinesis__json_peek(r) == 'n' ? kinesis__json_null(r)
                                            : kinesis__json_once(r, seen, DATA) &&
                                                  read_data(answer->base64, r, &record->data);
    if (KINESIS__IS(name, "PartitionKey"))
        return read_text(r, seen, PARTITION_KEY, &record->partition_key);
    if (KINESIS__IS(name, "SequenceNumber"))
        return read_text(r, seen, SEQUENCE_NUMBER, &record->sequence_number);
    if (KINESIS__IS(name, "ApproximateArrivalTimestamp"))
        return kinesis__json_once(r, seen, ARRIVED) &&
               kinesis__json_decimal_or_null(r, SECONDS, &record->arrived_unix_ms);
    if (KINESIS__IS(name, "EncryptionType"))
        return read_text(r, seen, ENCRYPTION_TYPE, &record->encryption_type);
    return kinesis__json_skip(r);
}

static bool read_members(struct kinesis__get_answer *answer, struct kinesis__json *r,
                         struct kinesis_got_record *record)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        if (!read_record_member(answer, r, name, record, &seen))
            return false;
    }
    if (r->trouble)
        return false;
    if ((seen & ALL_REQUIRED) != ALL_REQUIRED || record->sequence_number.len == 0)
        return kinesis__json_refuse(r, "a record without data, partition key or sequence number");
    return true;
}

static bool read_record(struct kinesis__get_answer *answer, struct kinesis__json *r)
{
    struct kinesis_got_record *record = add_record(answer, r);
    if (!record)
        return false;
    enum kinesis__usual usual = kinesis__usual_record(r, answer->base64, record);
    if (usual == KINESIS__SPOILT || (usual == KINESIS__UNUSUAL && !read_members(answer, r, record)))
        return false;
    answer->framed += kinesis__aggregate_frames(record->data);
    return true;
}

static bool read_records(struct kinesis__get_answer *answer, struct kinesis__json *r)
{
    if (!kinesis__json_array(r))
        return false;
    while (kinesis__json_element(r)) {
        if (!read_record(answer, r))
            return false;
    }
    return !r->trouble;
}

static bool read_parents(struct kinesis__json *r, struct kinesis_child_shard *child)
{
    struct kinesis__json_string s;
    if (kinesis__json_null(r))
        return true;
    if (!kinesis__json_array(r))
        return false;
    while (kinesis__json_element(r)) {
        if (child->parent_count == sizeof child->parents / sizeof *child->parents)
            return kinesis__json_refuse(r, "a shard with more than two parents");
        if (!kinesis__json_string(r, &s))
            return false;
        child->parents[child->parent_count++] = kinesis__json_text(&s);
    }
    return !r->trouble;
}

static bool read_range(struct kinesis__json *r, struct kinesis_child_shard *child)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    if (kinesis__json_null(r))
        return true;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        bool good;
        if (KINESIS__IS(name, "StartingHashKey"))
            good = kinesis__json_once(r, &seen, 1) &&
                   kinesis__json_text_or_null(r, &child->starting_hash_key);
        else if (KINESIS__IS(name, "EndingHashKey"))
            good = kinesis__json_once(r, &seen, 2) &&
                   kinesis__json_text_or_null(r, &child->ending_hash_key);
        else
            good = kinesis__json_skip(r);
        if (!good)
            return false;
    }
    return !r->trouble;
}

static bool read_child(struct kinesis__json *r, struct kinesis_child_shard *child)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    memset(child, 0, sizeof *child);
    child->size = sizeof *child;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        bool good;
        if (KINESIS__IS(name, "ShardId"))
            good =
                kinesis__json_once(r, &seen, 1) && kinesis__json_text_or_null(r, &child->shard_id);
        else if (KINESIS__IS(name, "ParentShards"))
            good = kinesis__json_once(r, &seen, 2) && read_parents(r, child);
        else if (KINESIS__IS(name, "HashKeyRange"))
            good = kinesis__json_once(r, &seen, 4) && read_range(r, child);
        else
            good = kinesis__json_skip(r);
        if (!good)
            return false;
    }
    if (!r->trouble && child->shard_id.len == 0)
        return kinesis__json_refuse(r, "a child shard without a name");
    return !r->trouble;
}

static bool read_children(struct kinesis__get_answer *answer, struct kinesis__json *r)
{
    if (kinesis__json_null(r))
        return true;
    if (!kinesis__json_array(r))
        return false;
    while (kinesis__json_element(r)) {
        if (answer->child_count == KINESIS__GET_MAX_CHILDREN)
            return kinesis__json_refuse(r, "more child shards than there can be");
        if (!read_child(r, &answer->children[answer->child_count++]))
            return false;
    }
    return !r->trouble;
}

enum { RECORDS = 1, NEXT = 2, CONTINUATION = 4, BEHIND = 8, CHILDREN = 16 };

static bool read_member(struct kinesis__get_answer *answer, struct kinesis__json *r,
                        struct sigv4_slice name, unsigned *seen)
{
    if (KINESIS__IS(name, "Records"))
        return kinesis__json_once(r, seen, RECORDS) && read_records(answer, r);
    if (KINESIS__IS(name, "NextShardIterator"))
        return kinesis__json_once(r, seen, NEXT) &&
               kinesis__json_text_or_null(r, &answer->next_shard_iterator);
    if (KINESIS__IS(name, "ContinuationSequenceNumber"))
        return kinesis__json_once(r, seen, CONTINUATION) &&
               kinesis__json_text_or_null(r, &answer->continuation_sequence_number);
    if (KINESIS__IS(name, "MillisBehindLatest"))
        return kinesis__json_once(r, seen, BEHIND) &&
               kinesis__json_decimal_or_null(r, 0, &answer->behind_ms);
    if (KINESIS__IS(name, "ChildShards"))
        return kinesis__json_once(r, seen, CHILDREN) && read_children(answer, r);
    return kinesis__json_skip(r);
}

static bool read_answer(struct kinesis__get_answer *answer, struct kinesis__json *r)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        if (!read_member(answer, r, name, &seen))
            return false;
    }
    if (!kinesis__json_finish(r))
        return false;
    /* Without this an empty object would pass for the end of a shard. */
    return seen & RECORDS ? true : kinesis__json_refuse(r, "no Records");
}

static void forget(struct kinesis__get_answer *answer)
{
    answer->count = answer->child_count = answer->framed = 0;
    answer->next_shard_iterator = answer->continuation_sequence_number = sigv4_bytes(NULL, 0);
    answer->behind_ms = -1;
}

int kinesis__get_answer_read(struct kinesis__get_answer *answer, char *body, size_t n,
                             struct sigv4_error *err)
{
    struct kinesis__json r;
    kinesis__json_open(&r, body, n);
    forget(answer);
    if (read_answer(answer, &r))
        return SIGV4_OK;
    forget(answer);
    if (r.trouble == out_of_memory)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory for the records of an answer");
    return kinesis__json_fail(&r, "GetRecords answer", err);
}
