/* Answers, counted and used again. */
#include "consumer/page.h"

#include "base/fail.h"
#include "base/memory.h"

#include <pthread.h>

enum { SPARE_PAGES = 4 };

struct kinesis__shelf {
    struct sigv4_alloc alloc;
    pthread_mutex_t mutex;
    unsigned holders; /* the owner, and each page that is out */
    struct kinesis__page *spare;
    unsigned spare_count;
};

int kinesis__shelf_new(struct kinesis__shelf **out, const struct sigv4_alloc *alloc)
{
    struct kinesis__shelf *s = sigv4__alloc_zero(alloc, 1, sizeof *s);
    if (!s)
        return SIGV4_E_NOMEM;
    s->alloc = *alloc;
    s->holders = 1;
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
    bool keep = last && s->spare_count < SPARE_PAGES;
    if (keep) {
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

static int reserve_records(struct kinesis__page *page, size_t n)
{
    const struct sigv4_alloc *alloc = &page->shelf->alloc;
    if (n <= page->record_cap)
        return SIGV4_OK;
    void *grown = sigv4__alloc_resize(
        alloc, page->records, page->record_cap * sizeof *page->records, n * sizeof *page->records);
    if (!grown)
        return SIGV4_E_NOMEM;
    page->records = grown;
    page->record_cap = n;
    return SIGV4_OK;
}

/* Longer ones could not be given back to the service. */
static bool is_sane(const struct kinesis_got_record *got)
{
    return got->sequence_number.len <= KINESIS__MAX_SEQUENCE;
}

static void lay_out(struct kinesis__page *page, size_t i)
{
    const struct kinesis_got_record *got = &page->answer.records[i];
    page->records[i] = (struct kinesis__page_record){
        .record =
            {
                .size = sizeof(struct kinesis_record),
                .shard_id = sigv4_str(page->shard_id),
                .sequence_number = got->sequence_number,
                .partition_key = got->partition_key,
                .data = got->data,
                .encryption_type = got->encryption_type,
                .arrived_unix_ms = got->arrived_unix_ms,
                .behind_ms = page->answer.behind_ms,
            },
        .page = page,
    };
}

int kinesis__page_fill(struct kinesis__page *page, char *body, size_t n, size_t cap,
                       struct sigv4_error *err)
{
    page->body = body;
    page->body_cap = cap;
    int rc = kinesis__get_answer_read(&page->answer, body, n, err);
    if (rc)
        return rc;
    if (reserve_records(page, page->answer.count))
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for %zu records", page->answer.count);
    for (size_t i = 0; i < page->answer.count; i++) {
        if (!is_sane(&page->answer.records[i]))
            return sigv4__fail(err, SIGV4_E_PROTOCOL,
                               "GetRecords: a sequence number is longer than there can be");
        lay_out(page, i);
    }
    return SIGV4_OK;
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
