/* Several records in one: as many of a lane as an aggregate holds. */
#include "producer/batch.h"

/* KPL's own choice: readers look at the keys of the members. */
static const char outer_key[] = "a";

struct packing {
    const struct kinesis__source *from;
    struct kinesis__lane *lane;
    struct kinesis__queue members; /* taken out, in their order */
    struct kinesis__hash given;    /* the last hash that was written out, and its text */
    size_t given_len;
    char given_text[KINESIS__HASH_TEXT];
};

static struct kinesis__put_item item_of(struct packing *k, const struct kinesis__record *r)
{
    struct kinesis__put_item item = {kinesis__record_key(r), kinesis__record_hash_key(r),
                                     kinesis__record_data(r)};
    if (!(r->flags & KINESIS__HASH_GIVEN))
        return item;
    if (k->given_len == 0 || kinesis__hash_compare(k->given, r->hash)) {
        k->given_len = kinesis__hash_format(r->hash, k->given_text);
        k->given = r->hash;
    }
    item.explicit_hash_key = sigv4_bytes(k->given_text, k->given_len);
    return item;
}

static int add(struct packing *k, const struct kinesis__record *r)
{
    struct kinesis__put_item item = item_of(k, r);
    return kinesis__aggregate_add(k->from->aggregate, &item);
}

/* What waits behind r's gate may come along: in one aggregate they are in order. */
static int add_followers(struct packing *k, const struct kinesis__record *r)
{
    struct kinesis__record *next;
    int rc = SIGV4_OK;
    while (!rc && (next = kinesis__gates_peek(k->from->gates, r))) {
        bool same = kinesis__hasher_find(k->from->hasher, next) &&
                    !(next->flags & KINESIS__ALONE) &&
                    kinesis__record_size(next) <= KINESIS__RECORD_DEFAULT_BYTES &&
                    kinesis__lanes_of(k->from->lanes, next) == k->lane;
        rc = same ? add(k, next) : SIGV4_E_FULL;
        if (rc)
            return rc;
        kinesis__gates_follow(k->from->gates, next);
        kinesis__queue_push(&k->members, next);
    }
    return rc;
}

/* FULL: no more fit. */
static int add_members(struct packing *k)
{
    struct kinesis__record *r;
    int rc = SIGV4_OK;
    while (!rc && (r = k->lane->waiting.first)) {
        if ((r->flags & KINESIS__ALONE) || !(r->flags & KINESIS__HASHED))
            return SIGV4_E_FULL;
        rc = add(k, r);
        if (rc)
            return rc;
        kinesis__queue_remove(r);
        kinesis__queue_push(&k->members, r);
        rc = add_followers(k, r);
    }
    return rc;
}

/* From the last to the first, as after a failure. */
static void take_back(struct packing *k)
{
    struct kinesis__record *r;
    while ((r = k->members.last)) {
        kinesis__queue_remove(r);
        if (!kinesis__gates_return(k->from->gates, r))
            kinesis__lanes_return(k->from->lanes, k->lane, r);
    }
}

static int add_aggregate(struct kinesis__batch *b, struct packing *k)
{
    char hash[KINESIS__HASH_TEXT];
    struct kinesis__record *r;
    struct kinesis__put_item item = {.partition_key = sigv4_bytes(outer_key, 1)};
    int rc = kinesis__aggregate_finish(k->from->aggregate, &item.data);
    item.explicit_hash_key = sigv4_bytes(hash, kinesis__hash_format(k->members.first->hash, hash));
    if (!rc)
        rc = kinesis__put_records_add(&b->body, &item);
    if (rc)
        return rc;
    struct kinesis__entry *e = kinesis__batch_open(b, k->lane);
    while ((r = kinesis__queue_pop(&k->members)))
        kinesis__batch_take(b, e, r, k->from->limits);
    e->aggregated = true;
    e->size = (uint32_t)kinesis__put_item_size(&item);
    kinesis__pace_take(&k->lane->pace, e->size);
    return SIGV4_OK;
}

int kinesis__pack(struct kinesis__batch *b, struct kinesis__lane *lane,
                  const struct kinesis__source *from)
{
    struct packing k = {.from = from, .lane = lane};
    kinesis__aggregate_begin(from->aggregate, from->limits->aggregate_bytes);
    int rc = add_members(&k);
    if (rc == SIGV4_E_NOMEM && !k.members.first)
        return rc;
    if (k.members.has.count < 2) {
        /* A lone record, or one that is too large for company, goes as it is. */
        take_back(&k);
        return kinesis__batch_add(b, lane, lane->waiting.first, from);
    }
    rc = add_aggregate(b, &k);
    take_back(&k);
    return rc;
}
