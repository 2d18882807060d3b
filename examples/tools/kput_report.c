/* One result after another: said, counted, kept. */
#include "kput_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int report_init(struct report *r, size_t most_sources)
{
    r->sources = calloc(most_sources, sizeof *r->sources);
    pthread_mutex_init(&r->mutex, NULL);
    return r->sources ? SIGV4_OK : SIGV4_E_NOMEM;
}

void report_free(struct report *r)
{
    free(r->sources);
    pthread_mutex_destroy(&r->mutex);
}

void report_source(struct report *r, const char *name)
{
    pthread_mutex_lock(&r->mutex);
    r->sources[r->source_count++] = (struct report_source){name, r->count};
    pthread_mutex_unlock(&r->mutex);
}

void *report_next(struct report *r)
{
    pthread_mutex_lock(&r->mutex);
    uint64_t number = ++r->count;
    pthread_mutex_unlock(&r->mutex);
    return (void *)(uintptr_t)number;
}

/* ---- rows, under the mutex ---- */

static size_t source_of(const struct report *r, uint64_t number)
{
    size_t low = 0, high = r->source_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->sources[middle].before < number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void tell_row(struct report *r)
{
    const struct report_row *row = &r->row;
    const struct report_source *source = &r->sources[row->source];
    bool several = row->first != row->last;
    char numbers[64], why[400] = "";
    if (!r->has_row)
        return;
    r->has_row = false;
    snprintf(numbers, sizeof numbers,
             several ? "records %" PRIu64 " to %" PRIu64 : "record %" PRIu64,
             row->first - source->before, row->last - source->before);
    if (!atomic_load(&r->gave_up) || row->read_wrongly)
        snprintf(why, sizeof why, ": %s", row->error.message);
    else if (!row->maybe && atomic_load(&r->written) == 0)
        return; /* nothing was written at all, and that is said */
    teller_err(r->teller, "kput: %s: %s %s%s\n", source->name, numbers,
               !row->maybe ? several ? "were not written" : "was not written"
                           : "may have been written",
               why);
}

static bool continues(const struct report_row *row, const struct report_row *next)
{
    return (next->first == row->last + 1 || next->first + 1 == row->first) &&
           next->source == row->source && next->maybe == row->maybe &&
           next->error.status == row->error.status &&
           strcmp(next->error.code, row->error.code) == 0 &&
           (!next->read_wrongly || strcmp(next->error.message, row->error.message) == 0);
}

static void add_to_row(struct report *r, uint64_t number, bool maybe, bool read_wrongly,
                       const struct sigv4_error *error)
{
    struct report_row next = {source_of(r, number), number, number, maybe, read_wrongly, *error};
    if (r->has_row && continues(&r->row, &next)) {
        if (number > r->row.last)
            r->row.last = number;
        else
            r->row.first = number;
        return;
    }
    tell_row(r);
    r->row = next;
    r->has_row = true;
    teller_touch(r->teller);
}

void report_flush(struct report *r)
{
    pthread_mutex_lock(&r->mutex);
    tell_row(r);
    pthread_mutex_unlock(&r->mutex);
}

/* ---- what was not even tried ---- */

/* The last one that was read. */
static void keep_this(struct report *r, const struct kept_record *record)
{
    struct kept_record numbered = *record;
    numbered.number = r->count;
    kept_add(r->kept, &numbered);
}

void report_refuse(struct report *r, const struct sigv4_error *error,
                   const struct kept_record *record)
{
    pthread_mutex_lock(&r->mutex);
    r->refused++;
    add_to_row(r, r->count, false, true, error);
    pthread_mutex_unlock(&r->mutex);
    if (record && r->kept)
        keep_this(r, record);
}

void report_keep(struct report *r, const struct kept_record *record)
{
    pthread_mutex_lock(&r->mutex);
    r->not_tried++;
    pthread_mutex_unlock(&r->mutex);
    keep_this(r, record);
}

/* ---- results ---- */

/* Identifiers of the service need no escapes; what would need them is left out. */
static size_t clean(char *out, size_t cap, struct sigv4_slice text)
{
    const char *from = text.ptr;
    size_t n = 0;
    for (size_t i = 0; i < text.len && n + 1 < cap; i++)
        if (from[i] >= ' ' && from[i] < 127 && from[i] != '"' && from[i] != '\\')
            out[n++] = from[i];
    out[n] = '\0';
    return n;
}

static void tell_written(struct report *r, const struct kinesis_put_result *result)
{
    char shard[160], sequence[160], encryption[32], line[512];
    int n;
    if (r->form == KPUT_NONE)
        return;
    clean(shard, sizeof shard, result->shard_id);
    clean(sequence, sizeof sequence, result->sequence_number);
    if (r->form == KPUT_TEXT) {
        n = snprintf(line, sizeof line, "%s\t%s\n", shard, sequence);
        teller_out(r->teller, line, (size_t)n);
        return;
    }
    n = snprintf(line, sizeof line, "{\"ShardId\":\"%s\",\"SequenceNumber\":\"%s\"", shard,
                 sequence);
    if (result->aggregated)
        n += snprintf(line + n, sizeof line - (size_t)n, ",\"SubSequenceNumber\":%" PRIu32,
                      result->sub_sequence_number);
    if (clean(encryption, sizeof encryption, result->encryption_type))
        n += snprintf(line + n, sizeof line - (size_t)n, ",\"EncryptionType\":\"%s\"", encryption);
    n += snprintf(line + n, sizeof line - (size_t)n, "}\n");
    teller_out(r->teller, line, (size_t)n);
}

static void keep(struct report *r, const struct kinesis_put_result *result)
{
    const struct sigv4_error *e = result->error;
    struct kept_record record = {
        .key = result->partition_key,
        .hash_key = result->explicit_hash_key,
        .data = result->data,
        .number = (uint64_t)(uintptr_t)result->tag,
        .error = e->code[0] ? e->code : sigv4_status_text(e->status),
        .maybe = result->fate == KINESIS_MAYBE_WRITTEN,
    };
    kept_add(r->kept, &record);
}

void report_result(struct report *r, const struct kinesis_put_result *result)
{
    if (result->fate == KINESIS_WRITTEN) {
        atomic_fetch_add_explicit(&r->written, 1, memory_order_relaxed);
        tell_written(r, result);
        return;
    }
    if (r->kept)
        keep(r, result);
    pthread_mutex_lock(&r->mutex);
    add_to_row(r, (uint64_t)(uintptr_t)result->tag, result->fate == KINESIS_MAYBE_WRITTEN, false,
               result->error);
    pthread_mutex_unlock(&r->mutex);
}
