/* Every life is played again: each shard has a place, which only its next record may move. */
#include "history/reading.h"

#include "flow/fake_script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTHING = -1 };

struct item {
    char sequence[80], key[260];
    uint64_t sub, sum; /* of the data */
};
struct shard {
    char id[40];
    int parents[2];
    struct item *items;
    size_t count, cap;
    size_t at; /* the record that must come next in this life */
};
enum event_kind { BEGINS, DELIVERED, SAVED };
struct event {
    enum event_kind kind;
    char shard[40];
    struct item item;
    struct kinesis_checkpoint *checkpoint;
};
struct reading {
    struct shard *shards;
    size_t shard_count;
    struct event *events;
    size_t event_count, event_cap;
    size_t delivered;
    unsigned lives, violations;
    bool quiet;
};

struct reading *reading_new(bool quiet)
{
    struct reading *r = fake__must(calloc(1, sizeof *r));
    r->quiet = quiet;
    return r;
}

void reading_free(struct reading *r)
{
    for (size_t i = 0; i < r->shard_count; i++)
        free(r->shards[i].items);
    for (size_t i = 0; i < r->event_count; i++)
        kinesis_checkpoint_free(r->events[i].checkpoint);
    free(r->shards);
    free(r->events);
    free(r);
}

/* ---- the truth ---- */

static int find(const struct reading *r, const char *id)
{
    for (size_t i = 0; i < r->shard_count; i++)
        if (strcmp(r->shards[i].id, id) == 0)
            return (int)i;
    return NOTHING;
}

void reading_shard(struct reading *r, const char *id, const char *parent, const char *other)
{
    r->shards = fake__must(realloc(r->shards, (r->shard_count + 1) * sizeof *r->shards));
    struct shard *s = &r->shards[r->shard_count];
    memset(s, 0, sizeof *s);
    snprintf(s->id, sizeof s->id, "%s", id);
    s->parents[0] = find(r, parent);
    s->parents[1] = find(r, other);
    r->shard_count++;
}

static void copy_text(char *out, size_t cap, struct sigv4_slice text)
{
    snprintf(out, cap, "%.*s", (int)text.len, text.len ? (const char *)text.ptr : "");
}

static uint64_t sum_of(struct sigv4_slice data)
{
    const unsigned char *p = data.ptr;
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < data.len; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h ^ data.len;
}

void reading_record(struct reading *r, const char *shard, const char *sequence, uint64_t sub,
                    struct sigv4_slice key, struct sigv4_slice data)
{
    int index = find(r, shard);
    if (index == NOTHING)
        abort();
    struct shard *s = &r->shards[index];
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->items = fake__must(realloc(s->items, s->cap * sizeof *s->items));
    }
    struct item *item = &s->items[s->count++];
    memset(item, 0, sizeof *item);
    snprintf(item->sequence, sizeof item->sequence, "%s", sequence);
    copy_text(item->key, sizeof item->key, key);
    item->sub = sub;
    item->sum = sum_of(data);
}

size_t reading_record_count(const struct reading *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->shard_count; i++)
        n += r->shards[i].count;
    return n;
}

/* ---- what happened ---- */

static struct event *add_event(struct reading *r, enum event_kind kind)
{
    if (r->event_count == r->event_cap) {
        r->event_cap = r->event_cap ? 2 * r->event_cap : 256;
        r->events = fake__must(realloc(r->events, r->event_cap * sizeof *r->events));
    }
    struct event *e = &r->events[r->event_count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    return e;
}

static struct kinesis_checkpoint *copy_of(const struct kinesis_checkpoint *from)
{
    struct kinesis_checkpoint *copy = NULL;
    struct kinesis_position p;
    if (!from)
        return NULL;
    if (kinesis_checkpoint_new(&copy, "s", NULL, NULL))
        abort();
    for (size_t i = 0; kinesis_checkpoint_at(from, i, &p); i++)
        if (kinesis_checkpoint_set(copy, &p, NULL))
            abort();
    return copy;
}

void reading_begins(struct reading *r, const struct kinesis_checkpoint *checkpoint)
{
    add_event(r, BEGINS)->checkpoint = copy_of(checkpoint);
    r->lives++;
}

void reading_saved(struct reading *r, const struct kinesis_checkpoint *checkpoint)
{
    add_event(r, SAVED)->checkpoint = copy_of(checkpoint);
}

void reading_delivered(struct reading *r, const struct kinesis_record *record)
{
    struct event *e = add_event(r, DELIVERED);
    copy_text(e->shard, sizeof e->shard, record->shard_id);
    copy_text(e->item.sequence, sizeof e->item.sequence, record->sequence_number);
    copy_text(e->item.key, sizeof e->item.key, record->partition_key);
    e->item.sub = record->sub_sequence_number;
    e->item.sum = sum_of(record->data);
    r->delivered++;
}

size_t reading_delivery_count(const struct reading *r)
{
    return r->delivered;
}

unsigned reading_life_count(const struct reading *r)
{
    return r->lives;
}

/* ---- checking ---- */

static void violated(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void violated(struct reading *r, const char *format, ...)
{
    va_list args;
    if (++r->violations > 10 || r->quiet)
        return;
    va_start(args, format);
    fprintf(stderr, "  violation: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Sequence numbers are decimal numbers of any length. */
static int compare_sequences(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

static size_t place_of(const struct shard *s, const char *sequence, uint64_t sub)
{
    size_t i = 0;
    while (i < s->count && (strcmp(s->items[i].sequence, sequence) || s->items[i].sub != sub))
        i++;
    return i;
}

/* Which record a position says comes next. */
static size_t next_by(const struct shard *s, const struct kinesis_checkpoint *checkpoint)
{
    struct kinesis_position p;
    char sequence[80];
    if (!checkpoint || !kinesis_checkpoint_find(checkpoint, sigv4_str(s->id), &p))
        return 0;
    copy_text(sequence, sizeof sequence, p.sequence_number);
    size_t i = 0;
    switch (p.kind) {
    case KINESIS_POSITION_OLDEST:
    case KINESIS_POSITION_TIME:
        return 0;
    case KINESIS_POSITION_END:
        return s->count;
    case KINESIS_POSITION_AFTER:
        while (i < s->count && compare_sequences(s->items[i].sequence, sequence) <= 0)
            i++;
        return i;
    case KINESIS_POSITION_WITHIN:
        return place_of(s, sequence, p.sub_sequence_number) + 1;
    }
    return 0;
}

static void life_begins(struct reading *r, const struct event *e)
{
    for (size_t i = 0; i < r->shard_count; i++)
        r->shards[i].at = next_by(&r->shards[i], e->checkpoint);
}

/* What it notes down is what it was given: not more, or a record is lost, and not less, or one
 * comes twice. */
static void check_saved(struct reading *r, const struct event *e)
{
    for (size_t i = 0; i < r->shard_count; i++) {
        const struct shard *s = &r->shards[i];
        size_t noted = next_by(s, e->checkpoint);
        if (noted != s->at)
            violated(r, "life %u: %zu records of %s were delivered, the checkpoint says %zu",
                     r->lives, s->at, s->id, noted);
    }
}

static void check_parents(struct reading *r, const struct shard *s)
{
    for (int i = 0; i < 2; i++) {
        const struct shard *parent = s->parents[i] == NOTHING ? NULL : &r->shards[s->parents[i]];
        if (parent && parent->at < parent->count)
            violated(r, "life %u: %s began when its parent %s was at record %zu of %zu", r->lives,
                     s->id, parent->id, parent->at, parent->count);
    }
}

static void check_content(struct reading *r, const struct item *is, const struct item *came)
{
    if (strcmp(is->key, came->key) || is->sum != came->sum)
        violated(r, "record %s/%llu came with another key or other data", is->sequence,
                 (unsigned long long)is->sub);
}

static void check_delivered(struct reading *r, const struct event *e)
{
    int index = find(r, e->shard);
    struct shard *s = index == NOTHING ? NULL : &r->shards[index];
    size_t i = s ? place_of(s, e->item.sequence, e->item.sub) : 0;
    if (!s || i == s->count) {
        violated(r, "something that is not there came from %s: %s/%llu", e->shard, e->item.sequence,
                 (unsigned long long)e->item.sub);
        return;
    }
    if (i < s->at)
        violated(r, "life %u: record %zu of %s came again, %zu was to come", r->lives, i, s->id,
                 s->at);
    if (i > s->at)
        violated(r, "life %u: record %zu of %s came, %zu was to come", r->lives, i, s->id, s->at);
    check_content(r, &s->items[i], &e->item);
    check_parents(r, s);
    s->at = i + 1;
}

/* A key's records lie in several shards after a while. */
struct last {
    const char *key;
    const struct item *item;
};

static int by_key(const void *a, const void *b)
{
    const struct last *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->item < y->item ? -1 : x->item > y->item;
}

static void check_keys(struct reading *r, size_t first, size_t end)
{
    struct last *row = fake__must(calloc(end - first + 1, sizeof *row));
    size_t n = 0;
    for (size_t i = first; i < end; i++)
        if (r->events[i].kind == DELIVERED)
            row[n++] = (struct last){r->events[i].item.key, &r->events[i].item};
    qsort(row, n, sizeof *row, by_key); /* items lie in the order in which they came */
    for (size_t i = 1; i < n; i++) {
        const struct item *a = row[i - 1].item, *b = row[i].item;
        int order = compare_sequences(a->sequence, b->sequence);
        if (strcmp(a->key, b->key) == 0 && (order > 0 || (order == 0 && a->sub >= b->sub)))
            violated(r, "key %s: %s/%llu came before %s/%llu", a->key, a->sequence,
                     (unsigned long long)a->sub, b->sequence, (unsigned long long)b->sub);
    }
    free(row);
}

static void replay(struct reading *r, size_t first)
{
    r->lives = 0;
    for (size_t i = first; i < r->event_count; i++) {
        const struct event *e = &r->events[i];
        r->lives += e->kind == BEGINS;
        if (e->kind == BEGINS)
            life_begins(r, e);
        else if (e->kind == SAVED)
            check_saved(r, e);
        else
            check_delivered(r, e);
    }
}

bool reading_is_complete(struct reading *r)
{
    size_t first = r->event_count, left = 0, came = 0;
    while (first > 0 && r->events[first - 1].kind != BEGINS)
        came += r->events[--first].kind == DELIVERED;
    if (first == 0)
        return false;
    life_begins(r, &r->events[first - 1]);
    for (size_t i = 0; i < r->shard_count; i++)
        left += r->shards[i].count - r->shards[i].at;
    return came >= left;
}

unsigned reading_check(struct reading *r)
{
    size_t first = 0;
    replay(r, 0);
    for (size_t i = 0; i < r->shard_count; i++)
        if (r->shards[i].at < r->shards[i].count)
            violated(r, "%s: record %zu of %zu never came", r->shards[i].id, r->shards[i].at,
                     r->shards[i].count);
    for (size_t i = 1; i <= r->event_count; i++)
        if (i == r->event_count || r->events[i].kind == BEGINS) {
            check_keys(r, first, i);
            first = i;
        }
    return r->violations;
}
