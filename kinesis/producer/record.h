#ifndef KINESIS_PRODUCER_RECORD_H
#define KINESIS_PRODUCER_RECORD_H
/* One record on its way from put to result, and the queues it stands in.
 *
 * It is in at most one queue (home) at a time, so that it can be taken out from anywhere; and from
 * the hand-over to the result it is also in the list of all records by age. */
#include "shards/hash_key.h"
#include "wire/put_item.h"

enum { KINESIS__INLINE_TEXTS = 56 }; /* partition key and explicit hash key, when they are short */
#define KINESIS__NO_GATE UINT32_MAX

enum kinesis__record_flag {
    KINESIS__SPREAD = 0x01, /* no partition key was given: one was made up */
    KINESIS__HASHED = 0x02, /* hash is known */
    KINESIS__MAYBE = 0x04,  /* some attempt may have written it */
    KINESIS__ALONE = 0x08,  /* in a request of its own */
    KINESIS__UNDER_WAY = 0x10,
    KINESIS__TEXTS_IN_BLOCK = 0x20,
    KINESIS__HASH_GIVEN = 0x40 /* by us: spread over shards, not by its made-up key */
};

/* What its last failure was: where the words for it are kept. */
enum kinesis__trouble {
    KINESIS__NO_TROUBLE,
    KINESIS__ENTRY_FAILED,
    KINESIS__REQUEST_FAILED,
    KINESIS__NO_ANSWER, /* yet */
    KINESIS__OVERSIZE
};

struct kinesis__record;
struct kinesis__tally {
    size_t count;
    uint64_t bytes; /* data and partition keys */
};
struct kinesis__queue {
    struct kinesis__record *first, *last;
    struct kinesis__record *inserted; /* the last one, while it is here: where to look next */
    struct kinesis__tally has;
    struct kinesis__tally *sum; /* a total this queue counts in; NULL: none */
};

struct kinesis__record {
    struct kinesis__record *next, *prev;     /* in home */
    struct kinesis__queue *home;             /* NULL: in none */
    struct kinesis__record *older, *younger; /* of all that have no result yet */
    const void *data;
    void *tag;
    void *block;               /* of the store: texts that are not short, copied data */
    struct kinesis__hash hash; /* where it belongs, once HASHED */
    uint64_t number;           /* counted up by put */
    int64_t put_ms;
    uint32_t data_len;
    uint32_t block_size;
    uint32_t charge; /* of the budget */
    uint32_t gate;   /* KINESIS__NO_GATE: none */
    uint32_t place;  /* in its aggregate */
    uint16_t key_len;
    uint16_t attempts;
    uint8_t hash_key_len;
    uint8_t flags;
    uint8_t trouble;
    char texts[KINESIS__INLINE_TEXTS]; /* partition key, then explicit hash key */
};

static inline const char *kinesis__record_texts(const struct kinesis__record *r)
{
    return r->flags & KINESIS__TEXTS_IN_BLOCK ? (const char *)r->block : r->texts;
}
static inline struct sigv4_slice kinesis__record_key(const struct kinesis__record *r)
{
    return sigv4_bytes(kinesis__record_texts(r), r->key_len);
}
static inline struct sigv4_slice kinesis__record_hash_key(const struct kinesis__record *r)
{
    return sigv4_bytes(kinesis__record_texts(r) + r->key_len, r->hash_key_len);
}
static inline struct sigv4_slice kinesis__record_data(const struct kinesis__record *r)
{
    return sigv4_bytes(r->data, r->data_len);
}
/* What counts against the service's limits. */
static inline uint32_t kinesis__record_size(const struct kinesis__record *r)
{
    return r->data_len + r->key_len;
}

/* What is sent. text: room for a hash key that is not among the record's texts. */
static inline struct kinesis__put_item kinesis__record_item(const struct kinesis__record *r,
                                                            char text[KINESIS__HASH_TEXT])
{
    struct kinesis__put_item item = {kinesis__record_key(r), kinesis__record_hash_key(r),
                                     kinesis__record_data(r)};
    if (r->flags & KINESIS__HASH_GIVEN)
        item.explicit_hash_key = sigv4_bytes(text, kinesis__hash_format(r->hash, text));
    return item;
}

static inline void kinesis__tally_add(struct kinesis__tally *tally, size_t count, uint64_t bytes)
{
    tally->count += count;
    tally->bytes += bytes;
}
static inline void kinesis__tally_take(struct kinesis__tally *tally, size_t count, uint64_t bytes)
{
    tally->count -= count;
    tally->bytes -= bytes;
}

/* At the end. These three are inline: every record goes through four queues. */
static inline void kinesis__queue_push(struct kinesis__queue *q, struct kinesis__record *r)
{
    uint32_t size = kinesis__record_size(r);
    r->home = q;
    r->prev = q->last;
    r->next = NULL;
    if (q->last)
        q->last->next = r;
    else
        q->first = r;
    q->last = r;
    kinesis__tally_add(&q->has, 1, size);
    if (q->sum)
        kinesis__tally_add(q->sum, 1, size);
}

/* Takes it out of the queue it is in. */
static inline void kinesis__queue_remove(struct kinesis__record *r)
{
    struct kinesis__queue *q = r->home;
    uint32_t size = kinesis__record_size(r);
    if (q->inserted == r)
        q->inserted = r->next;
    if (r->prev)
        r->prev->next = r->next;
    else
        q->first = r->next;
    if (r->next)
        r->next->prev = r->prev;
    else
        q->last = r->prev;
    r->next = r->prev = NULL;
    r->home = NULL;
    kinesis__tally_take(&q->has, 1, size);
    if (q->sum)
        kinesis__tally_take(q->sum, 1, size);
}

/* The first; NULL: empty. */
static inline struct kinesis__record *kinesis__queue_pop(struct kinesis__queue *q)
{
    struct kinesis__record *r = q->first;
    if (r)
        kinesis__queue_remove(r);
    return r;
}

/* Where its number belongs in a queue in the order of numbers; a row of them takes one walk. */
void kinesis__queue_insert(struct kinesis__queue *q, struct kinesis__record *r);
/* Counts in another total from now on; NULL: in none. */
void kinesis__queue_count_in(struct kinesis__queue *q, struct kinesis__tally *sum);
#endif
