/* Lag per shard, and one line about all of them. */
#include "kcat_progress.h"

#include "terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    TELL_EVERY_MS = 1000,
    PATIENCE_MS = 8000,
    SHARDS_SHOWN = 4 /* a line of a terminal holds no more */
};

enum shard_state { EXPECTED, READING, OVER };

struct progress_shard {
    char id[129];
    enum shard_state state;
    int64_t behind_ms;
};

int64_t progress_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_shard(const struct progress_shard *s, struct sigv4_slice id)
{
    return strlen(s->id) == id.len && memcmp(s->id, id.ptr, id.len) == 0;
}

/* Records come page by page, so it is mostly the one of last time. NULL: no memory. */
static struct progress_shard *find(struct progress *p, struct sigv4_slice id)
{
    if (p->last < p->count && is_shard(&p->shards[p->last], id))
        return &p->shards[p->last];
    for (p->last = 0; p->last < p->count; p->last++)
        if (is_shard(&p->shards[p->last], id))
            return &p->shards[p->last];
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 16;
        struct progress_shard *grown = realloc(p->shards, cap * sizeof *grown);
        if (!grown)
            return NULL;
        p->shards = grown;
        p->cap = cap;
    }
    struct progress_shard *s = &p->shards[p->count++];
    *s = (struct progress_shard){.behind_ms = -1};
    snprintf(s->id, sizeof s->id, "%.*s", (int)id.len, (const char *)id.ptr);
    return s;
}

static void take_away(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}

void progress_record(struct progress *p, const struct kinesis_record *record)
{
    p->records++;
    p->refused_ms = 0;
    p->outside += (record->flags & KINESIS_OUTSIDE_SHARD) != 0;
    p->damaged += (record->flags & KINESIS_AGGREGATE_DAMAGED) != 0;
    if (!p->shows)
        return;
    struct progress_shard *s = find(p, record->shard_id);
    if (s)
        s->behind_ms = record->behind_ms;
}

/* Both are ordinary: where others read, too, and for five seconds after an earlier subscription. */
static bool is_ordinary(const struct sigv4_error *err)
{
    return err->status == SIGV4_E_THROTTLED || strcmp(err->code, "ResourceInUseException") == 0;
}

/* Ordinary, but not for so long: then somebody wonders why nothing comes. */
static bool lasts(struct progress *p, int64_t now)
{
    bool another = !p->refused_ms || now - p->last_refused_ms > PATIENCE_MS;
    p->last_refused_ms = now;
    if (!another && now - p->refused_ms < PATIENCE_MS)
        return false;
    p->refused_ms = now;
    return !another;
}

/* A hundred shards fail as one. */
static void tell_trouble(struct progress *p, struct sigv4_slice shard_id,
                         const struct sigv4_error *err)
{
    int64_t now = progress_now_ms();
    if (p->quiet || (is_ordinary(err) && !p->chatty && !lasts(p, now)))
        return;
    if (p->told_ms && now - p->told_ms < TELL_EVERY_MS && !p->chatty) {
        p->troubles++;
        return;
    }
    take_away(p);
    fprintf(stderr, "kcat: %.*s: %s; trying again", (int)shard_id.len, (const char *)shard_id.ptr,
            err->message);
    if (p->troubles)
        fprintf(stderr, " (%" PRIu64 " more failures before)", p->troubles);
    fputc('\n', stderr);
    p->troubles = 0;
    p->told_ms = now;
}

void progress_shard(struct progress *p, struct sigv4_slice shard_id, enum kinesis_shard_event event,
                    const struct sigv4_error *err)
{
    static const char *const words[] = {"found", "started", "at its tip", "ended"};
    struct progress_shard *s = p->shows ? find(p, shard_id) : NULL;
    if (event == KINESIS_SHARD_AT_TIP)
        p->refused_ms = 0;
    if (event == KINESIS_SHARD_TROUBLE) {
        tell_trouble(p, shard_id, err);
        return;
    }
    if (event == KINESIS_SHARD_STALLED && !p->quiet) {
        take_away(p);
        fprintf(stderr, "kcat: %s\n", err->message);
    }
    if (event == KINESIS_SHARD_GONE && !p->quiet) {
        take_away(p);
        fprintf(stderr, "kcat: %s: what was not read of it has aged out\n", err->message);
    }
    if (s && event == KINESIS_SHARD_AT_TIP)
        s->behind_ms = 0;
    if (s)
        s->state = event == KINESIS_SHARD_FOUND                                  ? EXPECTED
                   : event == KINESIS_SHARD_ENDED || event == KINESIS_SHARD_GONE ? OVER
                                                                                 : READING;
    if (!p->chatty || (size_t)event >= sizeof words / sizeof *words)
        return;
    take_away(p);
    fprintf(stderr, "kcat: %.*s %s\n", (int)shard_id.len, (const char *)shard_id.ptr, words[event]);
}

/* "3" of shardId-000000000003. */
static const char *short_id(const struct progress_shard *s)
{
    const char *digits = strchr(s->id, '-');
    if (!digits)
        return s->id;
    digits += strspn(digits, "-0");
    return *digits ? digits : "0";
}

/* The one that is most behind of those less behind than `after`; those equally behind come in their
 * order. NULL: there is none. */
static const struct progress_shard *next_behind(const struct progress *p,
                                                const struct progress_shard *after)
{
    const struct progress_shard *worst = NULL;
    for (const struct progress_shard *s = p->shards; s < p->shards + p->count; s++) {
        if (s->state != READING || s->behind_ms <= 0)
            continue;
        if (after &&
            (s->behind_ms > after->behind_ms || (s->behind_ms == after->behind_ms && s <= after)))
            continue;
        if (!worst || s->behind_ms > worst->behind_ms)
            worst = s;
    }
    return worst;
}

static void show_lags(FILE *out, const struct progress *p, size_t reading)
{
    const struct progress_shard *s = next_behind(p, NULL);
    if (!s && reading)
        fputs(", at the tip", out);
    for (size_t shown = 0; s; s = next_behind(p, s), shown++) {
        if (shown == SHARDS_SHOWN) {
            fputs(", ...", out);
            return;
        }
        fprintf(out, "%s %s by %.1f s", shown ? "," : "; behind:", short_id(s),
                (double)s->behind_ms / 1000);
    }
}

void progress_show(struct progress *p)
{
    size_t reading = 0, over = 0, n = 0;
    char *line = NULL;
    FILE *out;
    if (!p->shows)
        return;
    for (size_t i = 0; i < p->count; i++) {
        reading += p->shards[i].state == READING;
        over += p->shards[i].state == OVER;
    }
    if (!(out = open_memstream(&line, &n)))
        return;
    fprintf(out, "%" PRIu64 " records, %zu shards", p->records, reading);
    if (over)
        fprintf(out, ", %zu ended", over);
    show_lags(out, p, reading);
    if (fclose(out) == 0) {
        take_away(p);
        /* What wraps cannot be taken away. */
        fprintf(stderr, "%.*s", (int)terminal_columns(STDERR_FILENO) - 1, line);
        fflush(stderr);
        p->shown = true;
    }
    free(line);
}

void progress_end(struct progress *p)
{
    take_away(p);
    if (p->outside && !p->quiet)
        fprintf(stderr,
                "kcat: %" PRIu64 " records came in aggregates of another shard's; the KCL drops "
                "such aggregates\n",
                p->outside);
    if (p->damaged && !p->quiet)
        fprintf(stderr, "kcat: %" PRIu64 " aggregates cannot be read and are shown as they are\n",
                p->damaged);
    free(p->shards);
    p->shards = NULL;
    p->count = p->cap = 0;
}
