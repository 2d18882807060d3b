/* The answers to PutRecords and PutRecord. */
#include "wire/put_answer.h"

#include "wire/json_members.h"
#include "wire/usual_text.h"

enum {
    SEQUENCE_NUMBER = 1,
    SHARD_ID = 2,
    ERROR_CODE = 4,
    ERROR_MESSAGE = 8,
    ENCRYPTION_TYPE = 16,
    RECORDS = 32
};

static bool read_entry_member(struct kinesis__json *r, struct sigv4_slice name,
                              struct kinesis_put_outcome *out, unsigned *seen)
{
    if (KINESIS__IS(name, "SequenceNumber"))
        return kinesis__json_once(r, seen, SEQUENCE_NUMBER) &&
               kinesis__json_text_or_null(r, &out->sequence_number);
    if (KINESIS__IS(name, "ShardId"))
        return kinesis__json_once(r, seen, SHARD_ID) &&
               kinesis__json_text_or_null(r, &out->shard_id);
    if (KINESIS__IS(name, "ErrorCode"))
        return kinesis__json_once(r, seen, ERROR_CODE) &&
               kinesis__json_text_or_null(r, &out->error_code);
    if (KINESIS__IS(name, "ErrorMessage"))
        return kinesis__json_once(r, seen, ERROR_MESSAGE) &&
               kinesis__json_text_or_null(r, &out->error_message);
    return kinesis__json_skip(r);
}

/* A record that was written, as the service says it. */
static bool read_usual_entry(struct kinesis__json *r, struct kinesis_put_outcome *out)
{
    struct kinesis__usual_text t = {r->at, r->end};
    struct sigv4_slice number, shard;
    if (r->trouble || !KINESIS__PASS(&t, "{\"SequenceNumber\":\"") ||
        !kinesis__usual_take(&t, &number) || !KINESIS__PASS(&t, "\",\"ShardId\":\"") ||
        !kinesis__usual_take(&t, &shard) || !KINESIS__PASS(&t, "\"}") || !number.len || !shard.len)
        return false;
    out->sequence_number = number;
    out->shard_id = shard;
    r->at = t.at;
    r->fresh = false;
    return true;
}

static bool read_entry(struct kinesis__json *r, struct kinesis_put_outcome *out)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    if (read_usual_entry(r, out))
        return true;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        if (!read_entry_member(r, name, out, &seen))
            return false;
    }
    if (r->trouble)
        return false;
    bool written = out->sequence_number.len && out->shard_id.len;
    if (written == (out->error_code.len > 0) || (!written && out->sequence_number.len))
        return kinesis__json_refuse(r, "an entry that is neither written nor failed");
    return true;
}

static bool read_entries(struct kinesis__json *r, struct kinesis__put_answer *answer,
                         struct kinesis_put_outcome *out, size_t count)
{
    size_t i = 0;
    if (!kinesis__json_array(r))
        return false;
    while (kinesis__json_element(r)) {
        if (i == count)
            return kinesis__json_refuse(r, "more entries than records were sent");
        if (!read_entry(r, &out[i]))
            return false;
        answer->failed += out[i].error_code.len > 0;
        i++;
    }
    if (!r->trouble && i < count)
        return kinesis__json_refuse(r, "fewer entries than records were sent");
    return !r->trouble;
}

static bool read_answer(struct kinesis__json *r, struct kinesis__put_answer *answer,
                        struct kinesis_put_outcome *out, size_t count)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        bool good;
        if (KINESIS__IS(name, "Records"))
            good = kinesis__json_once(r, &seen, RECORDS) && read_entries(r, answer, out, count);
        else if (KINESIS__IS(name, "EncryptionType"))
            good = kinesis__json_once(r, &seen, ENCRYPTION_TYPE) &&
                   kinesis__json_text_or_null(r, &answer->encryption_type);
        else
            good = kinesis__json_skip(r);
        if (!good)
            return false;
    }
    if (!kinesis__json_finish(r))
        return false;
    return seen & RECORDS ? true : kinesis__json_refuse(r, "no Records");
}

int kinesis__put_answer_read(struct kinesis__put_answer *answer, char *body, size_t n,
                             struct kinesis_put_outcome *out, size_t count, struct sigv4_error *err)
{
    struct kinesis__json r;
    memset(answer, 0, sizeof *answer);
    kinesis__json_open(&r, body, n);
    return read_answer(&r, answer, out, count) ? SIGV4_OK
                                               : kinesis__json_fail(&r, "PutRecords answer", err);
}

static bool read_single(struct kinesis__json *r, struct kinesis_put_record_result *out)
{
    struct sigv4_slice name;
    unsigned seen = 0;
    if (!kinesis__json_object(r))
        return false;
    while (kinesis__json_member(r, &name)) {
        bool good;
        if (KINESIS__IS(name, "SequenceNumber"))
            good = kinesis__json_once(r, &seen, SEQUENCE_NUMBER) &&
                   kinesis__json_text_or_null(r, &out->sequence_number);
        else if (KINESIS__IS(name, "ShardId"))
            good = kinesis__json_once(r, &seen, SHARD_ID) &&
                   kinesis__json_text_or_null(r, &out->shard_id);
        else if (KINESIS__IS(name, "EncryptionType"))
            good = kinesis__json_once(r, &seen, ENCRYPTION_TYPE) &&
                   kinesis__json_text_or_null(r, &out->encryption_type);
        else
            good = kinesis__json_skip(r);
        if (!good)
            return false;
    }
    if (!kinesis__json_finish(r))
        return false;
    return out->sequence_number.len && out->shard_id.len
               ? true
               : kinesis__json_refuse(r, "no sequence number or no shard");
}

int kinesis__put_record_answer_read(struct kinesis_put_record_result *out, char *body, size_t n,
                                    struct sigv4_error *err)
{
    struct kinesis__json r;
    kinesis__json_open(&r, body, n);
    return read_single(&r, out) ? SIGV4_OK : kinesis__json_fail(&r, "PutRecord answer", err);
}
