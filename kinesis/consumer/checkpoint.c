/* Positions by shard, sorted, and their text. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "consumer/page.h"
#include "wire/stream_name.h"

#include <inttypes.h>
#include <kinesis/checkpoint.h>
#include <stdio.h>

enum { VERSION = 1, MAX_SHARD_ID = 128, MAX_ENTRIES = 200000, MAX_WORDS = 4 };

struct entry {
    char shard_id[MAX_SHARD_ID + 1];
    char sequence[KINESIS__MAX_SEQUENCE + 1];
    enum kinesis_position_kind kind;
    uint64_t sub_sequence;
    int64_t unix_ms;
};

struct kinesis_checkpoint {
    struct sigv4_alloc alloc;
    char *stream; /* its name, also when it was named by an ARN */
    struct entry *entries;
    size_t count, cap;
};

/* ---- positions ---- */

static struct sigv4_slice name_of(const char *stream)
{
    const char *slash = strrchr(stream, '/');
    bool arn = kinesis__stream_is_arn(sigv4_str(stream));
    return sigv4_str(arn && slash ? slash + 1 : stream);
}

int kinesis_checkpoint_new(struct kinesis_checkpoint **out, const char *stream,
                           const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4_alloc a = sigv4__alloc_or_default(alloc);
    int rc = kinesis__stream_check(stream, err);
    if (rc)
        return rc;
    struct kinesis_checkpoint *c = sigv4__alloc_zero(&a, 1, sizeof *c);
    if (c) {
        c->alloc = a;
        c->stream = sigv4__string_copy(&a, name_of(stream));
    }
    if (!c || !c->stream) {
        kinesis_checkpoint_free(c);
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a checkpoint");
    }
    *out = c;
    return SIGV4_OK;
}

void kinesis_checkpoint_free(struct kinesis_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    struct sigv4_alloc alloc = checkpoint->alloc;
    sigv4__string_free(&alloc, checkpoint->stream);
    sigv4__alloc_put(&alloc, checkpoint->entries, checkpoint->cap * sizeof *checkpoint->entries);
    sigv4__alloc_put(&alloc, checkpoint, sizeof *checkpoint);
}

void kinesis_checkpoint_clear(struct kinesis_checkpoint *checkpoint)
{
    checkpoint->count = 0;
}

size_t kinesis_checkpoint_count(const struct kinesis_checkpoint *checkpoint)
{
    return checkpoint->count;
}

bool kinesis_checkpoint_at(const struct kinesis_checkpoint *checkpoint, size_t i,
                           struct kinesis_position *out)
{
    if (i >= checkpoint->count)
        return false;
    const struct entry *e = &checkpoint->entries[i];
    *out = (struct kinesis_position){.size = sizeof *out,
                                     .shard_id = sigv4_str(e->shard_id),
                                     .kind = e->kind,
                                     .sequence_number = sigv4_str(e->sequence),
                                     .sub_sequence_number = e->sub_sequence,
                                     .unix_ms = e->unix_ms};
    return true;
}

static int compare(struct sigv4_slice id, const struct entry *e)
{
    size_t n = strlen(e->shard_id), shorter = id.len < n ? id.len : n;
    int order = shorter ? memcmp(id.ptr, e->shard_id, shorter) : 0;
    return order ? order : id.len == n ? 0 : id.len < n ? -1 : 1;
}

/* Where it is, or would be. */
static size_t place_of(const struct kinesis_checkpoint *c, struct sigv4_slice id, bool *found)
{
    size_t low = 0, high = c->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(id, &c->entries[middle]);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool kinesis_checkpoint_find(const struct kinesis_checkpoint *checkpoint,
                             struct sigv4_slice shard_id, struct kinesis_position *out)
{
    bool found;
    size_t i = place_of(checkpoint, shard_id, &found);
    return found && kinesis_checkpoint_at(checkpoint, i, out);
}

static bool is_name(struct sigv4_slice s)
{
    const char *text = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(text[i]) && text[i] != '_' && text[i] != '.' && text[i] != '-')
            return false;
    return s.len > 0 && s.len <= MAX_SHARD_ID;
}

static bool is_number(struct sigv4_slice s)
{
    const char *text = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_digit(text[i]))
            return false;
    return s.len > 0 && s.len <= KINESIS__MAX_SEQUENCE;
}

static int reserve(struct kinesis_checkpoint *c)
{
    if (c->count < c->cap)
        return SIGV4_OK;
    size_t cap = c->cap ? c->cap * 2 : 16, size = sizeof *c->entries;
    void *grown = sigv4__alloc_resize(&c->alloc, c->entries, c->cap * size, cap * size);
    if (!grown)
        return SIGV4_E_NOMEM;
    c->entries = grown;
    c->cap = cap;
    return SIGV4_OK;
}

int kinesis_checkpoint_set(struct kinesis_checkpoint *checkpoint,
                           const struct kinesis_position *position, struct sigv4_error *err)
{
    struct kinesis_checkpoint *c = checkpoint;
    bool found, by_number = position->kind == KINESIS_POSITION_AFTER ||
                            position->kind == KINESIS_POSITION_WITHIN;
    if ((unsigned)position->kind > KINESIS_POSITION_END || !is_name(position->shard_id) ||
        (by_number && !is_number(position->sequence_number)) ||
        (position->kind == KINESIS_POSITION_TIME && position->unix_ms < 0))
        return sigv4__fail(err, SIGV4_E_INVALID, "a position needs a shard and where in it");
    size_t at = place_of(c, position->shard_id, &found);
    if (!found && (c->count == MAX_ENTRIES || reserve(c)))
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a checkpoint");
    if (!found)
        memmove(&c->entries[at + 1], &c->entries[at], (c->count++ - at) * sizeof *c->entries);
    struct entry *e = &c->entries[at];
    memset(e, 0, sizeof *e);
    e->kind = position->kind;
    sigv4__fixed_copy(e->shard_id, sizeof e->shard_id, position->shard_id);
    if (by_number)
        sigv4__fixed_copy(e->sequence, sizeof e->sequence, position->sequence_number);
    if (e->kind == KINESIS_POSITION_WITHIN)
        e->sub_sequence = position->sub_sequence_number;
    if (e->kind == KINESIS_POSITION_TIME)
        e->unix_ms = position->unix_ms;
    return SIGV4_OK;
}

/* ---- text ---- */

static const char *const kinds[] = {
    [KINESIS_POSITION_OLDEST] = "oldest", [KINESIS_POSITION_TIME] = "time",
    [KINESIS_POSITION_AFTER] = "after",   [KINESIS_POSITION_WITHIN] = "within",
    [KINESIS_POSITION_END] = "end",
};

static void format_entry(const struct entry *e, struct sigv4_text *out)
{
    char line[512];
    snprintf(line, sizeof line, "%s %s", e->shard_id, kinds[e->kind]);
    sigv4__text_str(out, line);
    line[0] = '\0';
    if (e->kind == KINESIS_POSITION_AFTER)
        snprintf(line, sizeof line, " %s", e->sequence);
    if (e->kind == KINESIS_POSITION_WITHIN)
        snprintf(line, sizeof line, " %s %" PRIu64, e->sequence, e->sub_sequence);
    if (e->kind == KINESIS_POSITION_TIME)
        snprintf(line, sizeof line, " %" PRId64, e->unix_ms);
    sigv4__text_str(out, line);
    sigv4__text_char(out, '\n');
}

int kinesis_checkpoint_format(const struct kinesis_checkpoint *checkpoint, struct sigv4_text *out)
{
    char line[64];
    out->len = 0;
    snprintf(line, sizeof line, "kinesis-checkpoint %d\nstream ", VERSION);
    sigv4__text_str(out, line);
    sigv4__text_str(out, checkpoint->stream);
    sigv4__text_char(out, '\n');
    for (size_t i = 0; i < checkpoint->count; i++)
        format_entry(&checkpoint->entries[i], out);
    snprintf(line, sizeof line, "shards %zu\n", checkpoint->count);
    sigv4__text_str(out, line);
    return sigv4__text_status(out);
}

/* The next line, split at single blanks; words beyond MAX_WORDS make it malformed (count 0). */
struct line {
    size_t number, count;
    struct sigv4_slice words[MAX_WORDS];
};

static bool next_line(struct sigv4_slice *text, struct line *line)
{
    size_t end = sigv4__find(*text, '\n');
    struct sigv4_slice rest = sigv4__first(*text, end);
    line->number++;
    line->count = 0;
    if (end == text->len)
        return false; /* a last line without its end was cut off */
    *text = sigv4__from(*text, end + 1);
    for (bool more = true; more;) {
        size_t n = sigv4__find(rest, ' ');
        more = n < rest.len;
        if (line->count == MAX_WORDS || n == 0) {
            line->count = 0;
            return true;
        }
        line->words[line->count++] = sigv4__first(rest, n);
        rest = sigv4__from(rest, more ? n + 1 : n);
    }
    return true;
}

static bool read_position(const struct line *line, struct kinesis_position *p)
{
    uint64_t ms = 0;
    size_t kind = 0, count = sizeof kinds / sizeof *kinds;
    *p = (struct kinesis_position){.size = sizeof *p, .shard_id = line->words[0]};
    while (line->count > 1 && kind < count && !sigv4__equal_str(line->words[1], kinds[kind]))
        kind++;
    if (line->count < 2 || kind == count)
        return false;
    p->kind = (enum kinesis_position_kind)kind;
    switch (p->kind) {
    case KINESIS_POSITION_OLDEST:
    case KINESIS_POSITION_END:
        return line->count == 2;
    case KINESIS_POSITION_TIME:
        if (line->count != 3 || !sigv4__parse_uint(line->words[2], INT64_MAX, &ms))
            return false;
        p->unix_ms = (int64_t)ms;
        return true;
    case KINESIS_POSITION_AFTER:
        p->sequence_number = line->words[2];
        return line->count == 3;
    case KINESIS_POSITION_WITHIN:
        p->sequence_number = line->words[2];
        return line->count == 4 &&
               sigv4__parse_uint(line->words[3], UINT64_MAX, &p->sub_sequence_number);
    }
    return false;
}

static int malformed(const struct line *line, const char *what, struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_PROTOCOL, "checkpoint, line %zu: %s", line->number, what);
}

static int read_head(const struct kinesis_checkpoint *c, struct sigv4_slice *text,
                     struct line *line, struct sigv4_error *err)
{
    uint64_t version;
    if (!next_line(text, line) || line->count != 2 ||
        !sigv4__equal_str(line->words[0], "kinesis-checkpoint") ||
        !sigv4__parse_uint(line->words[1], UINT32_MAX, &version))
        return malformed(line, "this is not a checkpoint", err);
    if (version != VERSION)
        return malformed(line, "written by another version", err);
    if (!next_line(text, line) || line->count != 2 || !sigv4__equal_str(line->words[0], "stream"))
        return malformed(line, "which stream?", err);
    if (!sigv4__equal_str(line->words[1], c->stream))
        return sigv4__fail(err, SIGV4_E_CONFLICT, "the checkpoint is of stream %.*s, not of %s",
                           (int)(line->words[1].len < 128 ? line->words[1].len : 128),
                           (const char *)line->words[1].ptr, c->stream);
    return SIGV4_OK;
}

static int read_shards(struct kinesis_checkpoint *c, struct sigv4_slice text, struct line *line,
                       struct sigv4_error *err)
{
    for (;;) {
        struct kinesis_position p;
        uint64_t count;
        if (!next_line(&text, line))
            return malformed(line, "cut off", err);
        if (line->count == 2 && sigv4__equal_str(line->words[0], "shards") &&
            sigv4__parse_uint(line->words[1], MAX_ENTRIES, &count))
            return text.len == 0 && count == c->count
                       ? SIGV4_OK
                       : malformed(line, "not as many shards as it says", err);
        if (line->count == 0 || !read_position(line, &p))
            return malformed(line, "no position of a shard", err);
        if (c->count && compare(p.shard_id, &c->entries[c->count - 1]) <= 0)
            return malformed(line, "the shards are not in order", err);
        int rc = kinesis_checkpoint_set(c, &p, err);
        if (rc)
            return rc == SIGV4_E_INVALID ? malformed(line, "no position of a shard", err) : rc;
    }
}

int kinesis_checkpoint_parse(struct kinesis_checkpoint *checkpoint, struct sigv4_slice text,
                             struct sigv4_error *err)
{
    struct line line = {0};
    struct kinesis_checkpoint fresh = {.alloc = checkpoint->alloc};
    int rc = read_head(checkpoint, &text, &line, err);
    if (!rc)
        rc = read_shards(&fresh, text, &line, err);
    if (!rc) {
        struct kinesis_checkpoint old = *checkpoint;
        checkpoint->entries = fresh.entries;
        checkpoint->count = fresh.count;
        checkpoint->cap = fresh.cap;
        fresh = old;
    }
    sigv4__alloc_put(&fresh.alloc, fresh.entries, fresh.cap * sizeof *fresh.entries);
    return rc;
}
