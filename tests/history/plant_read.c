/* Mistakes in the consumer. */
#include "history/plant.h"

#include "consumer/reader.h"
#include "wire/control_input.h"

#include <stdio.h>

enum plant plant_now;
unsigned plant_times;

#define REAL(name) __real_kinesis_##name
#define WRAP(name) __wrap_kinesis_##name

struct kinesis_get_shard_iterator_input REAL(_reader_place)(const struct kinesis__reader *r);
struct kinesis_get_shard_iterator_input WRAP(_reader_place)(const struct kinesis__reader *r);
bool REAL(_reader_position)(const struct kinesis__reader *r, struct kinesis_position *out);
bool WRAP(_reader_position)(const struct kinesis__reader *r, struct kinesis_position *out);
struct kinesis__page *REAL(_page_get)(struct kinesis__shelf *s, const char *shard_id);
struct kinesis__page *WRAP(_page_get)(struct kinesis__shelf *s, const char *shard_id);
int REAL(_page_unpack)(struct kinesis__page *page, struct kinesis__aggregate_reader *aggregates,
                       const struct kinesis__range *range, struct sigv4_error *err);
int WRAP(_page_unpack)(struct kinesis__page *page, struct kinesis__aggregate_reader *aggregates,
                       const struct kinesis__range *range, struct sigv4_error *err);
int REAL(_write_get_records)(struct sigv4__buffer *b, const struct kinesis_get_records_input *in,
                             struct sigv4_error *err);
int WRAP(_write_get_records)(struct sigv4__buffer *b, const struct kinesis_get_records_input *in,
                             struct sigv4_error *err);
const struct kinesis_shard *REAL(list_shards_at)(const struct kinesis_list_shards_result *result,
                                                 size_t i);
const struct kinesis_shard *WRAP(list_shards_at)(const struct kinesis_list_shards_result *result,
                                                 size_t i);

static char skips[129];             /* the shard whose next page lacks its first record */
static struct kinesis_shard orphan; /* as of list_shards_at, until its next call */

/* The iterator each shard was read with last. */
static struct {
    char shard[129], iterator[520];
} used[64];
static unsigned asking; /* the shard whose page is being asked for */

static unsigned slot_of(const char *shard)
{
    unsigned i = 0;
    while (i < 63 && used[i].shard[0] && strcmp(used[i].shard, shard))
        i++;
    snprintf(used[i].shard, sizeof used[i].shard, "%s", shard);
    return i;
}

struct kinesis_get_shard_iterator_input WRAP(_reader_place)(const struct kinesis__reader *r)
{
    struct kinesis_get_shard_iterator_input in = REAL(_reader_place)(r);
    if (plant_now == PLANTED_SKIP && in.type == KINESIS_AFTER_SEQUENCE_NUMBER)
        snprintf(skips, sizeof skips, "%s", r->shard_id);
    return in;
}

bool WRAP(_reader_position)(const struct kinesis__reader *r, struct kinesis_position *out)
{
    bool known = REAL(_reader_position)(r, out);
    if (known && plant_now == PLANTED_AHEAD && r->page && r->page->count) {
        out->kind = KINESIS_POSITION_AFTER;
        out->sequence_number = r->page->records[r->page->count - 1].record.sequence_number;
    }
    return known;
}

struct kinesis__page *WRAP(_page_get)(struct kinesis__shelf *s, const char *shard_id)
{
    asking = slot_of(shard_id);
    return REAL(_page_get)(s, shard_id);
}

int WRAP(_write_get_records)(struct sigv4__buffer *b, const struct kinesis_get_records_input *in,
                             struct sigv4_error *err)
{
    snprintf(used[asking].iterator, sizeof used[asking].iterator, "%.*s",
             (int)in->shard_iterator.len, (const char *)in->shard_iterator.ptr);
    return REAL(_write_get_records)(b, in, err);
}

int WRAP(_page_unpack)(struct kinesis__page *page, struct kinesis__aggregate_reader *aggregates,
                       const struct kinesis__range *range, struct sigv4_error *err)
{
    int rc = REAL(_page_unpack)(page, aggregates, range, err);
    if (rc || !page->count)
        return rc;
    if (plant_now == PLANTED_SKIP && strcmp(skips, page->shard_id) == 0) {
        memmove(page->records, page->records + 1, --page->count * sizeof *page->records);
        skips[0] = '\0';
    }
    if (plant_now == PLANTED_REPEAT && plant_times && page->answer.next_shard_iterator.len) {
        page->answer.next_shard_iterator = sigv4_str(used[slot_of(page->shard_id)].iterator);
        plant_times--;
    }
    return rc;
}

const struct kinesis_shard *WRAP(list_shards_at)(const struct kinesis_list_shards_result *result,
                                                 size_t i)
{
    const struct kinesis_shard *shard = REAL(list_shards_at)(result, i);
    if (plant_now != PLANTED_EARLY || !shard)
        return shard;
    orphan = *shard;
    orphan.parent_shard_id = orphan.adjacent_parent_shard_id = SIGV4_LIT("");
    return &orphan;
}
