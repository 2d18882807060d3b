/* Where a reader goes on, and how that is kept. */
#include "base/fail.h"
#include "consumer/consumer.h"

struct kinesis_get_shard_iterator_input kinesis__reader_place(const struct kinesis__reader *r)
{
    const struct kinesis_consumer *c = r->consumer;
    struct kinesis_get_shard_iterator_input in = {
        .size = sizeof in, .stream = c->stream, .shard_id = sigv4_str(r->shard_id)};
    if (r->last_sequence[0]) {
        in.type = r->within ? KINESIS_AT_SEQUENCE_NUMBER : KINESIS_AFTER_SEQUENCE_NUMBER;
        in.sequence_number = sigv4_str(r->last_sequence);
        return in;
    }
    if (r->from_oldest)
        return in;
    if (r->from_time) {
        in.type = KINESIS_AT_TIMESTAMP;
        in.timestamp_unix_ms = r->placed_unix_ms;
        return in;
    }
    switch (c->options.start) {
    case KINESIS_FROM_OLDEST:
        break;
    case KINESIS_FROM_NOW:
        /* "Now" is when it was first asked: a renewal must not skip what came since. */
        in.type = r->placed_unix_ms ? KINESIS_AT_TIMESTAMP : KINESIS_LATEST;
        in.timestamp_unix_ms = r->placed_unix_ms;
        break;
    case KINESIS_FROM_TIME:
        in.type = KINESIS_AT_TIMESTAMP;
        in.timestamp_unix_ms = c->options.start_unix_ms;
        break;
    case KINESIS_FROM_SEQUENCE:
    case KINESIS_FROM_AFTER_SEQUENCE:
        in.type = c->options.start == KINESIS_FROM_SEQUENCE ? KINESIS_AT_SEQUENCE_NUMBER
                                                            : KINESIS_AFTER_SEQUENCE_NUMBER;
        in.sequence_number = sigv4_str(c->start_sequence);
        break;
    }
    return in;
}

void kinesis__reader_put(struct kinesis__reader *r, const struct kinesis_position *position)
{
    switch (position->kind) {
    case KINESIS_POSITION_OLDEST:
        r->from_oldest = true;
        break;
    case KINESIS_POSITION_TIME:
        r->from_time = true;
        r->from_oldest = false;
        r->placed_unix_ms = position->unix_ms;
        break;
    case KINESIS_POSITION_AFTER:
    case KINESIS_POSITION_WITHIN:
        r->within = position->kind == KINESIS_POSITION_WITHIN;
        r->last_sub = position->sub_sequence_number;
        sigv4__fixed_copy(r->last_sequence, sizeof r->last_sequence, position->sequence_number);
        break;
    case KINESIS_POSITION_END:
        r->state = KINESIS__ENDED;
        break;
    }
}

bool kinesis__reader_position(const struct kinesis__reader *r, struct kinesis_position *out)
{
    struct sigv4_slice last =
        r->last ? r->last->record.sequence_number : sigv4_str(r->last_sequence);
    enum kinesis_start start = r->consumer->options.start;
    *out = (struct kinesis_position){
        .size = sizeof *out, .shard_id = sigv4_str(r->shard_id), .sequence_number = last};
    if (r->state == KINESIS__ENDED) {
        out->kind = KINESIS_POSITION_END;
    } else if (last.len) {
        bool within = r->last ? r->last->more : r->within;
        out->kind = within ? KINESIS_POSITION_WITHIN : KINESIS_POSITION_AFTER;
        out->sub_sequence_number = r->last ? r->last->record.sub_sequence_number : r->last_sub;
    } else if (r->from_oldest || start == KINESIS_FROM_OLDEST) {
        out->kind = r->from_time ? KINESIS_POSITION_TIME : KINESIS_POSITION_OLDEST;
        out->unix_ms = r->placed_unix_ms;
    } else {
        out->kind = KINESIS_POSITION_TIME;
        out->unix_ms = r->placed_unix_ms;
        if (start == KINESIS_FROM_TIME && !r->from_time)
            out->unix_ms = r->consumer->options.start_unix_ms;
        return out->unix_ms > 0 && start != KINESIS_FROM_SEQUENCE;
    }
    return true;
}

int kinesis_checkpoint_record(struct kinesis_checkpoint *checkpoint,
                              const struct kinesis_record *record, struct sigv4_error *err)
{
    const struct kinesis__page_record *r =
        (const struct kinesis__page_record *)(const void *)record;
    struct kinesis_position p = {
        .size = sizeof p,
        .shard_id = record->shard_id,
        .kind = r->more ? KINESIS_POSITION_WITHIN : KINESIS_POSITION_AFTER,
        .sequence_number = record->sequence_number,
        .sub_sequence_number = record->sub_sequence_number,
    };
    return kinesis_checkpoint_set(checkpoint, &p, err);
}
