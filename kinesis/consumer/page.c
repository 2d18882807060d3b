/* Answers, counted and used again. */
#include "consumer/page.h"

#include "base/fail.h"
#include "base/memory.h"

#include <pthread.h>

enum {
    SPARE_PAGES = 4,
    MAX_MEMBERS = 1024 * 1024 /* of a page: empty members take six bytes there and many here */
};

struct kinesis__shelf {
    struct sigv4_alloc alloc;
    pthread_mutex_t mutex;
    unsigned holders; /* the owner, and each page that is out */
    struct kinesis__page *spare;
    unsigned spare_count;
    size_t bytes, spare_bytes, max_spare; /* of the pages that are out; of the spare ones */
};

int kinesis__shelf_new(struct kinesis__shelf **out, const struct sigv4_alloc *alloc,
                       size_t max_spare)
{
    struct kinesis__shelf *s = sigv4__alloc_zero(alloc, 1, sizeof *s);
    if (!s)
        return SIGV4_E_NOMEM;
    s->alloc = *alloc;
    s->holders = 1;
    s->max_spare = max_spare;
    if (pthread_mutex_init(&s->mutex, NULL)) {
        sigv4__alloc_put(alloc, s, sizeof *s);
        return SIGV4_E_NOMEM;
    }
    *out = s;
    return SIGV4_OK;
}

static void page_free(struct kinesis__page *page)
{
    const struct sigv4_alloc *alloc = &page->shelf->alloc;
    kinesis__get_answer_free(&page->answer);
    sigv4__alloc_put(alloc, page->body, page->body_cap);
    sigv4__alloc_put(alloc, page->records, page->record_cap * sizeof *page->records);
    sigv4__alloc_put(alloc, page, sizeof *page);
}

static void shelf_free(struct kinesis__shelf *s)
{
    struct sigv4_alloc alloc = s->alloc;
    while (s->spare) {
        struct kinesis__page *page = s->spare;
        s->spare = page->next;
        page_free(page);
    }
    pthread_mutex_destroy(&s->mutex);
    sigv4__alloc_put(&alloc, s, sizeof *s);
}

void kinesis__shelf_release(struct kinesis__shelf *shelf)
{
    if (!shelf)
        return;
    pthread_mutex_lock(&shelf->mutex);
    bool last = --shelf->holders == 0;
    pthread_mutex_unlock(&shelf->mutex);
    if (last)
        shelf_free(shelf);
}

static struct kinesis__page *page_new(struct kinesis__shelf *s)
{
    struct kinesis__page *page = sigv4__alloc_zero(&s->alloc, 1, sizeof *page);
    if (page) {
        page->shelf = s;
        kinesis__get_answer_init(&page->answer, &s->alloc);
    }
    return page;
}

struct kinesis__page *kinesis__page_get(struct kinesis__shelf *s, const char *shard_id)
{
    pthread_mutex_lock(&s->mutex);
    struct kinesis__page *page = s->spare;
    if (page) {
        s->spare = page->next;
        s->spare_count--;
        s->spare_bytes -= page->weight;
        page->weight = 0;
    }
    s->holders++;
    pthread_mutex_unlock(&s->mutex);
    if (!page && !(page = page_new(s))) {
        kinesis__shelf_release(s);
        return NULL;
    }
    page->next = NULL;
    page->holders = 1;
    sigv4__fixed_copy(page->shard_id, sizeof page->shard_id, sigv4_str(shard_id));
    page->shard_id_len = strlen(page->shard_id);
    return page;
}

static void page_hold(struct kinesis__page *page)
{
    pthread_mutex_lock(&page->shelf->mutex);
    page->holders++;
    pthread_mutex_unlock(&page->shelf->mutex);
}

void kinesis__page_release(struct kinesis__page *page)
{
    if (!page)
        return;
    struct kinesis__shelf *s = page->shelf;
    pthread_mutex_lock(&s->mutex);
    bool last = --page->holders == 0;
    bool keep =
        last && s->spare_count < SPARE_PAGES && page->weight <= s->max_spare - s->spare_bytes;
    if (last)
        s->bytes -= page->weight;
    if (keep) {
        s->spare_bytes += page->weight;
        page->next = s->spare;
        s->spare = page;
        s->spare_count++;
    }
    pthread_mutex_unlock(&s->mutex);
    if (!last)
        return;
    if (!keep)
        page_free(page);
    kinesis__shelf_release(s);
}

size_t kinesis__page_weigh(struct kinesis__page *page)
{
    struct kinesis__shelf *s = page->shelf;
    size_t weight = page->body_cap + page->record_cap * sizeof *page->records +
                    page->answer.cap * sizeof *page->answer.records;
    pthread_mutex_lock(&s->mutex);
    s->bytes += weight - page->weight;
    page->weight = weight;
    pthread_mutex_unlock(&s->mutex);
    return weight;
}

size_t kinesis__shelf_bytes(struct kinesis__shelf *s)
{
    pthread_mutex_lock(&s->mutex);
    size_t bytes = s->bytes;
    pthread_mutex_unlock(&s->mutex);
    return bytes;
}

/* ---- its records ---- */

int kinesis__page_fill(struct kinesis__page *page, char *body, size_t n, size_t cap,
                       struct sigv4_error *err)
{
    page->body = body;
    page->body_cap = cap;
    page->count = 0;
    return kinesis__get_answer_read(&page->answer, body, n, err);
}

static int reserve_records(struct kinesis__page *page, size_t n)
{
    const struct sigv4_alloc *alloc = &page->shelf->alloc;
    size_t cap = page->record_cap, size = sizeof *page->records;
    if (n <= cap)
        return SIGV4_OK;
    cap = n > 2 * cap ? n : 2 * cap;
    void *grown = sigv4__alloc_resize(alloc, page->records, page->record_cap * size, cap * size);
    if (!grown)
        return SIGV4_E_NOMEM;
    page->records = grown;
    page->record_cap = cap;
    return SIGV4_OK;
}

static struct kinesis__page_record *lay_out(struct kinesis__page *page, size_t i)
{
    const struct kinesis_got_record *got = &page->answer.records[i];
    struct kinesis__page_record *r = &page->records[page->count++];
    *r = (struct kinesis__page_record){
        .record =
            {
                .size = sizeof(struct kinesis_record),
                .shard_id = sigv4_bytes(page->shard_id, page->shard_id_len),
                .sequence_number = got->sequence_number,
                .partition_key = got->partition_key,
                .data = got->data,
                .encryption_type = got->encryption_type,
                .arrived_unix_ms = got->arrived_unix_ms,
                .behind_ms = page->answer.behind_ms,
            },
        .page = page,
    };
    return r;
}

static int check_range(struct kinesis_record *record, struct sigv4__digest *md5,
                       const struct kinesis__range *range)
{
    struct kinesis__hash hash;
    if (!range->known)
        return SIGV4_OK;
    if (!record->explicit_hash_key.len || !kinesis__hash_parse(record->explicit_hash_key, &hash)) {
        int rc = kinesis__hash_of_key(md5, record->partition_key, &hash);
        if (rc)
            return rc;
    }
    if (kinesis__hash_compare(hash, range->first) < 0 ||
        kinesis__hash_compare(hash, range->last) > 0)
        record->flags |= KINESIS_OUTSIDE_SHARD;
    return SIGV4_OK;
}

/* The members of the i-th record, which is an open aggregate. */
static int lay_out_members(struct kinesis__page *page, size_t i,
                           struct kinesis__aggregate_reader *aggregates,
                           const struct kinesis__range *range)
{
    struct kinesis__aggregate_member m;
    size_t left = aggregates->count;
    int rc = reserve_records(page, page->count + left + (page->answer.count - i));
    while (!rc && kinesis__aggregate_next(aggregates, &m)) {
        struct kinesis__page_record *r = lay_out(page, i);
        r->more = --left > 0;
        r->record.flags = KINESIS_AGGREGATED;
        r->record.partition_key = m.partition_key;
        r->record.explicit_hash_key = m.explicit_hash_key;
        r->record.data = m.data;
        r->record.sub_sequence_number = m.sub_sequence;
        rc = check_range(&r->record, aggregates->md5, range);
    }
    return rc;
}

static int unpack_one(struct kinesis__page *page, size_t i,
                      struct kinesis__aggregate_reader *aggregates,
                      const struct kinesis__range *range)
{
    enum kinesis__aggregate_kind kind = KINESIS__NOT_AGGREGATED;
    if (aggregates) {
        int rc = kinesis__aggregate_open(aggregates, page->answer.records[i].data, &kind);
        if (rc)
            return rc;
        if (kind == KINESIS__AGGREGATED && aggregates->count > MAX_MEMBERS - page->count)
            kind = KINESIS__AGGREGATE_DAMAGED;
    }
    if (kind == KINESIS__AGGREGATED)
        return lay_out_members(page, i, aggregates, range);
    struct kinesis__page_record *r = lay_out(page, i);
    if (kind == KINESIS__AGGREGATE_DAMAGED)
        r->record.flags = KINESIS_AGGREGATE_DAMAGED;
    return SIGV4_OK;
}

int kinesis__page_unpack(struct kinesis__page *page, struct kinesis__aggregate_reader *aggregates,
                         const struct kinesis__range *range, struct sigv4_error *err)
{
    page->count = 0;
    if (page->answer.framed == 0)
        aggregates = NULL; /* their first bytes were seen while they were warm in the cache */
    int rc = reserve_records(page, page->answer.count);
    for (size_t i = 0; !rc && i < page->answer.count; i++) {
        /* Longer ones could not be given back to the service. */
        if (page->answer.records[i].sequence_number.len > KINESIS__MAX_SEQUENCE)
            return sigv4__fail(err, SIGV4_E_PROTOCOL,
                               "GetRecords: a sequence number is longer than there can be");
        rc = unpack_one(page, i, aggregates, range);
    }
    return rc ? sigv4__fail(err, rc, "no memory for %zu records", page->answer.count) : rc;
}

const struct kinesis_record *kinesis_record_hold(const struct kinesis_record *record)
{
    page_hold(((const struct kinesis__page_record *)(const void *)record)->page);
    return record;
}

void kinesis_record_release(const struct kinesis_record *record)
{
    if (record)
        kinesis__page_release(((const struct kinesis__page_record *)(const void *)record)->page);
}
