/* Recording and checking. */
#include "history/history.h"

#include "flow/fake_script.h"
#include "flow/rig_members.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADER = 8 };

void history_init(struct history *h, size_t count, bool ordered, uint64_t budget)
{
    memset(h, 0, sizeof *h);
    h->records = fake__must(calloc(count, sizeof *h->records));
    h->count = count;
    h->ordered = ordered;
    h->budget = budget;
}

void history_free(struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->records[i].data);
    free(h->records);
    free(h->copies);
}

/* ---- data that tells where it comes from ---- */

static void make_bytes(size_t record, size_t len, char *out)
{
    uint32_t seed = (uint32_t)record * 2654435761u + 1;
    memcpy(out, "HIST", 4);
    for (int i = 0; i < 4; i++)
        out[4 + i] = (char)(record >> 8 * i);
    for (size_t i = HEADER; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        out[i] = (char)(seed >> 24);
    }
}

void history_make(struct history *h, size_t i, size_t len)
{
    struct history_record *r = &h->records[i];
    r->len = len < HEADER ? HEADER : len;
    r->data = fake__must(malloc(r->len));
    make_bytes(i, r->len, r->data);
}

static size_t record_in(const struct history *h, const unsigned char *data, size_t len)
{
    size_t record = 0;
    if (len < HEADER || memcmp(data, "HIST", 4) != 0)
        return HISTORY_FOREIGN;
    for (int i = 0; i < 4; i++)
        record |= (size_t)data[4 + i] << 8 * i;
    return record < h->count ? record : HISTORY_FOREIGN;
}

static bool is_intact(const struct history_record *r, size_t number, const void *data, size_t len)
{
    char *expected = fake__must(malloc(r->len));
    make_bytes(number, r->len, expected);
    bool same = len == r->len && memcmp(data, expected, len) == 0;
    free(expected);
    return same;
}

const char *history_key(unsigned key, char out[32])
{
    if (key == HISTORY_NO_KEY)
        return "";
    /* Some short, some too long for what a producer keeps without a further block. */
    snprintf(out, 32,
             key % 3 ? "key-%u"
                     : "\xC3\xBC"
                       "ber lange Schl\xC3\xBCssel %u",
             key);
    return out;
}

/* ---- recording ---- */

static void copy_text(char *out, size_t cap, struct sigv4_slice text)
{
    snprintf(out, cap, "%.*s", (int)text.len, (const char *)text.ptr);
}

void history_on_result(void *ctx, const struct kinesis_put_result *result)
{
    struct history *h = ctx;
    struct history_record *r = &h->records[(uintptr_t)result->tag - 1];
    r->fate = result->fate;
    r->maybe_twice = result->maybe_twice;
    r->aggregated = result->aggregated;
    r->has_error = result->error != NULL;
    r->status = result->error ? result->error->status : SIGV4_OK;
    r->attempts = result->attempts;
    r->sub_sequence = result->sub_sequence_number;
    copy_text(r->shard, sizeof r->shard, result->shard_id);
    copy_text(r->sequence, sizeof r->sequence, result->sequence_number);
    memset(r->data, '#', r->len); /* it is ours again: nobody may read it any more */
    atomic_fetch_add(&r->told, 1);
}

void history_found(struct history *h, const struct history_copy *where, const char *key,
                   const char *hash_key, const void *data, size_t len)
{
    char text[32];
    if (h->copy_count == h->copy_cap) {
        h->copy_cap = h->copy_cap ? 2 * h->copy_cap : 256;
        h->copies = fake__must(realloc(h->copies, h->copy_cap * sizeof *h->copies));
    }
    struct history_copy *c = &h->copies[h->copy_count++];
    *c = *where;
    c->record = record_in(h, data, len);
    if (c->record == HISTORY_FOREIGN)
        return;
    const struct history_record *r = &h->records[c->record];
    bool same_key = r->key == HISTORY_NO_KEY || strcmp(history_key(r->key, text), key) == 0;
    bool same_hash = !r->hash_key || (c->key_alone && !c->aggregated) ||
                     (hash_key && strcmp(r->hash_key, hash_key) == 0);
    c->intact = same_key && same_hash && is_intact(r, c->record, data, len);
}

void history_found_raw(struct history *h, struct history_copy where, const char *key,
                       const char *hash_key, const char *data, size_t len, const char *first,
                       const char *last)
{
    size_t n = rig_members(data, len, NULL, 0);
    if (n == 0) {
        history_found(h, &where, key, hash_key, data, len);
        return;
    }
    struct rig_member *m = fake__must(calloc(n, sizeof *m));
    rig_members(data, len, m, n);
    where.aggregated = true;
    where.dropped = rig_is_outside(data, len, first, last);
    for (size_t i = 0; i < n; i++) {
        where.sub_sequence = (uint32_t)i;
        history_found(h, &where, m[i].key, m[i].hash_key[0] ? m[i].hash_key : NULL, m[i].data,
                      m[i].len);
    }
    free(m);
}

/* ---- checking ---- */

static void violated(struct history *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void violated(struct history *h, const char *format, ...)
{
    va_list args;
    if (++h->violations > 10 || h->quiet)
        return;
    va_start(args, format);
    fprintf(stderr, "  violation: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void check_told(struct history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        if (atomic_load(&r->told) != r->accepted)
            violated(h, "record %zu was %s and had %u results", i,
                     r->accepted ? "accepted" : "refused", atomic_load(&r->told));
        if (r->accepted && r->told && (r->fate == KINESIS_WRITTEN) == r->has_error)
            violated(h, "record %zu has fate %d %s an error", i, (int)r->fate,
                     r->has_error ? "with" : "without");
    }
}

static bool is_acknowledged_copy(const struct history_record *r, const struct history_copy *c)
{
    return strcmp(r->shard, c->shard) == 0 && strcmp(r->sequence, c->sequence) == 0 &&
           r->aggregated == c->aggregated && (!r->aggregated || r->sub_sequence == c->sub_sequence);
}

/* Per record: how many copies there are, and whether the acknowledged one is among them. */
struct sighting {
    unsigned copies, acknowledged;
};

static struct sighting *sight(struct history *h)
{
    struct sighting *seen = fake__must(calloc(h->count, sizeof *seen));
    for (size_t i = 0; i < h->copy_count; i++) {
        const struct history_copy *c = &h->copies[i];
        if (c->record == HISTORY_FOREIGN) {
            violated(h, "something nobody put is in %s at %s", c->shard, c->sequence);
            continue;
        }
        const struct history_record *r = &h->records[c->record];
        if (!c->intact)
            violated(h, "record %zu was changed on its way to %s", c->record, c->sequence);
        seen[c->record].copies++;
        if (r->fate == KINESIS_WRITTEN && !c->dropped && is_acknowledged_copy(r, c))
            seen[c->record].acknowledged++;
    }
    return seen;
}

static void check_presence(struct history *h)
{
    struct sighting *seen = sight(h);
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        if (!r->accepted && seen[i].copies)
            violated(h, "record %zu was refused and is in the stream", i);
        if (!r->accepted || !r->told)
            continue;
        if (r->fate == KINESIS_WRITTEN && seen[i].acknowledged != 1)
            violated(h, "record %zu is said to be in %s at %s (%u): found there %u times", i,
                     r->shard, r->sequence, r->sub_sequence, seen[i].acknowledged);
        if (r->fate == KINESIS_NOT_WRITTEN && seen[i].copies)
            violated(h, "record %zu is said not to be written and is there", i);
        if (seen[i].copies > 1 && r->fate == KINESIS_WRITTEN && !r->maybe_twice)
            violated(h, "record %zu is there %u times and nobody said so", i, seen[i].copies);
    }
    free(seen);
}

/* Sequence numbers are decimal numbers of any length. */
static int compare_sequences(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

static bool is_after(const struct history_record *r, const struct history_record *before)
{
    int order = compare_sequences(r->sequence, before->sequence);
    return order ? order > 0 : r->sub_sequence > before->sub_sequence;
}

static int by_key_and_order(const void *a, const void *b)
{
    const struct history_record *x = *(const struct history_record *const *)a;
    const struct history_record *y = *(const struct history_record *const *)b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void check_order(struct history *h)
{
    const struct history_record **row = fake__must(calloc(h->count, sizeof *row));
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        if (r->accepted && r->told && r->fate == KINESIS_WRITTEN && r->key != HISTORY_NO_KEY)
            row[n++] = r;
    }
    qsort(row, n, sizeof *row, by_key_and_order);
    for (size_t i = 1; i < n; i++)
        if (row[i]->key == row[i - 1]->key && !is_after(row[i], row[i - 1]))
            violated(h, "key %u: put %u lies at %s, put %u at %s", row[i]->key, row[i - 1]->order,
                     row[i - 1]->sequence, row[i]->order, row[i]->sequence);
    free(row);
}

static void check_numbers(struct history *h)
{
    uint64_t accepted = 0, fates[3] = {0}, twice = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        accepted += r->accepted;
        if (r->accepted && r->told)
            fates[r->fate]++;
        twice += r->told && r->maybe_twice;
    }
    if (h->has_counts &&
        (h->counts.accepted != accepted || h->counts.written != fates[KINESIS_WRITTEN] ||
         h->counts.not_written != fates[KINESIS_NOT_WRITTEN] ||
         h->counts.maybe_written != fates[KINESIS_MAYBE_WRITTEN] || h->counts.maybe_twice != twice))
        violated(h, "the producer's own counts are wrong: %llu accepted, %llu written",
                 (unsigned long long)h->counts.accepted, (unsigned long long)h->counts.written);
    if (h->stats.max_seen_buffered_bytes > h->budget)
        violated(h, "%llu bytes were buffered, the budget is %llu",
                 (unsigned long long)h->stats.max_seen_buffered_bytes,
                 (unsigned long long)h->budget);
    if (h->has_counts && (h->stats.buffered_bytes || h->stats.buffered_records))
        violated(h, "%llu bytes are still buffered", (unsigned long long)h->stats.buffered_bytes);
}

unsigned history_check(struct history *h)
{
    check_told(h);
    check_presence(h);
    if (h->ordered)
        check_order(h);
    check_numbers(h);
    return h->violations;
}
