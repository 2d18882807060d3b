#ifndef KINESIS_CONSUMER_PAGE_H
#define KINESIS_CONSUMER_PAGE_H
/* One answer to GetRecords: the body it came in, and the records that point into it. Counted,
 * because users may hold records; what nobody holds goes back to a shelf and is used again. */
#include "shards/hash_key.h"
#include "wire/aggregate.h"
#include "wire/get_records.h"

#include <kinesis/consumer.h>

enum { KINESIS__MAX_SEQUENCE = 129 };

struct kinesis__shelf; /* any thread */
struct kinesis__page;

struct kinesis__page_record {
    struct kinesis_record record; /* first: what users hold points here */
    struct kinesis__page *page;
    bool more; /* of its aggregate follows */
};

struct kinesis__range { /* of a shard */
    bool known;
    struct kinesis__hash first, last;
};

struct kinesis__page {
    struct kinesis__page *next; /* on the shelf */
    struct kinesis__shelf *shelf;
    unsigned holders; /* the shelf's lock */
    size_t weight;    /* the same: its memory, when it was weighed */
    char *body;
    size_t body_cap;
    struct kinesis__get_answer answer;
    struct kinesis__page_record *records;
    size_t count, record_cap; /* records, after aggregates were opened */
    size_t shard_id_len;
    char shard_id[129];
};

/* max_spare: bytes of pages kept to be used again. */
int kinesis__shelf_new(struct kinesis__shelf **out, const struct sigv4_alloc *alloc,
                       size_t max_spare);
size_t kinesis__shelf_bytes(struct kinesis__shelf *shelf); /* of the pages that are out, weighed */
void kinesis__shelf_release(
    struct kinesis__shelf *shelf); /* goes when its last page has come back */

/* A page with one holder; NULL: no memory. */
struct kinesis__page *kinesis__page_get(struct kinesis__shelf *shelf, const char *shard_id);
void kinesis__page_release(struct kinesis__page *page); /* NULL is fine */
size_t kinesis__page_weigh(struct kinesis__page *page);
/* The body is the page's from here on. Errors: PROTOCOL, NOMEM; then there are no records. */
int kinesis__page_fill(struct kinesis__page *page, char *body, size_t n, size_t cap,
                       struct sigv4_error *err);
/* The records, out of their aggregates; aggregates NULL: as they came. Errors: PROTOCOL, NOMEM. */
int kinesis__page_unpack(struct kinesis__page *page, struct kinesis__aggregate_reader *aggregates,
                         const struct kinesis__range *range, struct sigv4_error *err);
#endif
