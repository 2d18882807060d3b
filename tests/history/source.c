/* Shards, records and their times; then the service's answers. */
#include "history/source.h"

#include "base/memory.h"
#include "flow/fake_script.h"
#include "history/scene.h"
#include "wire/aggregate.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__extension__ typedef unsigned __int128 hash;

enum { SHARDS = 64, RECORDS = 400, KEYS = 12, SKEW_MS = 300000 };
#define BORN_MS INT64_C(1767225600000)

struct record {
    int64_t at_ms;
    char sequence[64], key[32];
    char *data; /* base64 */
};
struct shard {
    char id[32];
    hash first, last;
    int parents[2];             /* -1: none */
    int64_t born_ms, closed_ms; /* closed_ms INT64_MAX: open */
    struct record records[RECORDS];
    size_t count;
};
struct source {
    struct fake *fake;
    enum source_trouble trouble;
    uint64_t seed;
    struct shard *shards;
    int shard_count;
    int64_t end_ms, iterator_ms;
    unsigned long long next_sequence;
    bool silent_children, late_ends;
    struct reading *truth;
    struct kinesis__aggregate aggregate;
    char *text;
};
const char *const source_trouble_names[SOURCE_TROUBLES] = {
    "calm",    "throttles", "refusals", "resets", "silence",
    "garbage", "expired",   "tokens",   "clock",  "everything"};

static uint32_t dice(struct source *s, uint32_t n)
{
    return scene_dice(&s->seed, n);
}

/* ---- what is written ---- */

static hash hash_of(const char *key)
{
    unsigned char md5[16];
    hash h = 0;
    if (!EVP_Digest(key, strlen(key), md5, NULL, EVP_md5(), NULL))
        abort();
    for (int i = 0; i < 16; i++)
        h = h << 8 | md5[i];
    return h;
}

static void format(hash h, char out[48])
{
    char *at = out + 47;
    *at = '\0';
    do
        *--at = (char)('0' + (int)(h % 10));
    while ((h /= 10));
    memmove(out, at, strlen(at) + 1);
}

static struct shard *add_shard(struct source *s, hash first, hash last, int parent, int other,
                               int64_t now)
{
    struct shard *h = &s->shards[s->shard_count];
    *h = (struct shard){.first = first,
                        .last = last,
                        .parents = {parent, other},
                        .born_ms = now,
                        .closed_ms = INT64_MAX};
    snprintf(h->id, sizeof h->id, "shardId-%012d", s->shard_count++);
    return h;
}

static int pick_open(struct source *s)
{
    int from = (int)dice(s, (uint32_t)s->shard_count);
    for (int i = 0; i < s->shard_count; i++)
        if (s->shards[(from + i) % s->shard_count].closed_ms == INT64_MAX)
            return (from + i) % s->shard_count;
    abort();
}

static void split(struct source *s, int64_t now)
{
    int i = pick_open(s);
    struct shard *h = &s->shards[i];
    if (s->shard_count + 2 > SHARDS || h->last - h->first < 16)
        return;
    hash middle = h->first + (h->last - h->first) / (2 + dice(s, 3));
    h->closed_ms = now;
    add_shard(s, h->first, middle, i, -1, now);
    add_shard(s, middle + 1, h->last, i, -1, now);
}

static void merge(struct source *s, int64_t now)
{
    int i = pick_open(s);
    struct shard *h = &s->shards[i];
    for (int k = 0; k < s->shard_count && s->shard_count < SHARDS; k++) {
        struct shard *next = &s->shards[k];
        if (next->closed_ms != INT64_MAX || h->last == ~(hash)0 || next->first != h->last + 1)
            continue;
        h->closed_ms = next->closed_ms = now;
        add_shard(s, h->first, next->last, i, k, now);
        return;
    }
}

static struct shard *shard_for(struct source *s, const char *key)
{
    hash h = hash_of(key);
    for (int i = 0; i < s->shard_count; i++)
        if (s->shards[i].closed_ms == INT64_MAX && s->shards[i].first <= h &&
            h <= s->shards[i].last)
            return &s->shards[i];
    abort();
}

static struct sigv4_slice random_data(struct source *s, char out[120])
{
    size_t n = dice(s, 120);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)dice(s, 256);
    return sigv4_bytes(out, n);
}

static struct record *add_record(struct source *s, struct shard *h, const char *key,
                                 struct sigv4_slice data, int64_t now)
{
    struct record *r = &h->records[h->count++];
    if (h->count > RECORDS)
        abort();
    r->at_ms = now;
    snprintf(r->sequence, sizeof r->sequence, "4960000000000000000000000000000000000000%012llu",
             ++s->next_sequence);
    snprintf(r->key, sizeof r->key, "%s", key);
    r->data = fake__must(malloc(data.len / 3 * 4 + 5));
    EVP_EncodeBlock((unsigned char *)r->data, data.ptr, (int)data.len);
    return r;
}

static void write_one(struct source *s, int64_t now)
{
    char key[32], data[120];
    snprintf(key, sizeof key, "key-%u", dice(s, KEYS));
    struct sigv4_slice bytes = random_data(s, data);
    struct shard *h = shard_for(s, key);
    const struct record *r = add_record(s, h, key, bytes, now);
    reading_record(s->truth, h->id, r->sequence, 0, sigv4_str(key), bytes);
}

/* Of keys of one shard, as a producer that knows the shards makes it. */
static void write_aggregate(struct source *s, int64_t now)
{
    char key[32], data[120], sequence[64];
    struct sigv4_slice out;
    uint64_t sub = 0;
    struct shard *h = NULL;
    snprintf(sequence, sizeof sequence, "4960000000000000000000000000000000000000%012llu",
             s->next_sequence + 1);
    kinesis__aggregate_begin(&s->aggregate, 100000);
    for (unsigned n = 2 + dice(s, 8); n > 0; n--) {
        snprintf(key, sizeof key, "key-%u", dice(s, KEYS));
        if (h && shard_for(s, key) != h)
            continue;
        h = shard_for(s, key);
        struct kinesis__put_item item = {.partition_key = sigv4_str(key),
                                         .data = random_data(s, data)};
        if (kinesis__aggregate_add(&s->aggregate, &item))
            abort();
        reading_record(s->truth, h->id, sequence, sub++, item.partition_key, item.data);
    }
    if (kinesis__aggregate_finish(&s->aggregate, &out))
        abort();
    add_record(s, h, "a", out, now);
}

static void make(struct source *s)
{
    int64_t now = 0;
    unsigned shards = 1 + dice(s, 4), left = 20 + dice(s, 150);
    hash size = ~(hash)0 / shards;
    for (unsigned i = 0; i < shards; i++)
        add_shard(s, i * size, i + 1 == shards ? ~(hash)0 : (i + 1) * size - 1, -1, -1, 0);
    for (int i = 0; i < s->shard_count; i++)
        reading_shard(s->truth, s->shards[i].id, "", "");
    bool lively = dice(s, 2), aggregates = dice(s, 2);
    for (; left > 0; left--) {
        int before = s->shard_count;
        now += dice(s, 4) ? dice(s, 20) : dice(s, lively ? 400 : 3000);
        uint32_t what = dice(s, 100);
        /* Chains, too: what has just come into being is split and merged again. */
        for (uint32_t chain = what < 10 ? 1 + dice(s, 4) : 0; chain > 0; chain--)
            (dice(s, 2) ? split : merge)(s, now);
        for (int i = before; i < s->shard_count; i++) {
            const int *p = s->shards[i].parents;
            reading_shard(s->truth, s->shards[i].id, p[0] < 0 ? "" : s->shards[p[0]].id,
                          p[1] < 0 ? "" : s->shards[p[1]].id);
        }
        (aggregates && what % 3 == 0 ? write_aggregate : write_one)(s, now);
    }
    s->end_ms = now + 1;
}

/* ---- answers ---- */

static bool is_closed(const struct source *s, const struct shard *h)
{
    return h->closed_ms <= fake_now_ms(s->fake);
}

static size_t visible(const struct source *s, const struct shard *h)
{
    size_t n = 0;
    while (n < h->count && h->records[n].at_ms <= fake_now_ms(s->fake))
        n++;
    return n;
}

static json_t *range_of(const struct shard *h)
{
    char first[48], last[48];
    format(h->first, first);
    format(h->last, last);
    return json_pack("{s:s,s:s}", "StartingHashKey", first, "EndingHashKey", last);
}

static json_t *list(struct source *s, json_t *in)
{
    json_t *shards = json_array(), *out = json_pack("{s:o}", "Shards", shards);
    const char *token = json_string_value(json_object_get(in, "NextToken"));
    int i = token ? atoi(token) : 0;
    for (; i < s->shard_count && json_array_size(shards) < 5; i++) {
        const struct shard *h = &s->shards[i];
        if (h->born_ms > fake_now_ms(s->fake))
            continue;
        json_t *numbers = json_pack("{s:s}", "StartingSequenceNumber", "1");
        if (is_closed(s, h))
            json_object_set_new(numbers, "EndingSequenceNumber", json_string("2"));
        json_t *shard = json_pack("{s:s,s:o,s:o}", "ShardId", h->id, "HashKeyRange", range_of(h),
                                  "SequenceNumberRange", numbers);
        if (h->parents[0] >= 0)
            json_object_set_new(shard, "ParentShardId", json_string(s->shards[h->parents[0]].id));
        if (h->parents[1] >= 0)
            json_object_set_new(shard, "AdjacentParentShardId",
                                json_string(s->shards[h->parents[1]].id));
        json_array_append_new(shards, shard);
    }
    if (i < s->shard_count)
        json_object_set_new(out, "NextToken", json_sprintf("%d", i));
    return out;
}

static json_t *iterator(const struct source *s, int shard, size_t at)
{
    return json_sprintf("%d %zu %lld", shard, at, (long long)fake_now_ms(s->fake));
}

static json_t *place(struct source *s, json_t *in)
{
    const char *type = json_string_value(json_object_get(in, "ShardIteratorType"));
    const char *number = json_string_value(json_object_get(in, "StartingSequenceNumber"));
    int shard = atoi(json_string_value(json_object_get(in, "ShardId")) + strlen("shardId-"));
    const struct shard *h = &s->shards[shard];
    size_t at = 0;
    while (number && at < h->count && strcmp(h->records[at].sequence, number) < 0)
        at++;
    if (number && strcmp(type, "AFTER_SEQUENCE_NUMBER") == 0)
        at++;
    if (!number && strcmp(type, "TRIM_HORIZON") != 0)
        abort();
    return json_pack("{s:o}", "ShardIterator", iterator(s, shard, at));
}

static json_t *children(const struct source *s, int parent)
{
    json_t *out = json_array();
    for (int i = 0; i < s->shard_count; i++) {
        const struct shard *h = &s->shards[i];
        if (h->parents[0] != parent && h->parents[1] != parent)
            continue;
        json_t *parents = json_pack("[s]", s->shards[h->parents[0]].id);
        if (h->parents[1] >= 0)
            json_array_append_new(parents, json_string(s->shards[h->parents[1]].id));
        json_array_append_new(out, json_pack("{s:s,s:o,s:o}", "ShardId", h->id, "ParentShards",
                                             parents, "HashKeyRange", range_of(h)));
    }
    return out;
}

static json_t *page(struct source *s, const struct shard *h, size_t *at, size_t limit)
{
    json_t *out = json_array();
    for (size_t end = visible(s, h); *at < end && json_array_size(out) < limit; ++*at) {
        const struct record *r = &h->records[*at];
        json_array_append_new(out, json_pack("{s:s,s:s,s:s,s:f}", "SequenceNumber", r->sequence,
                                             "PartitionKey", r->key, "Data", r->data,
                                             "ApproximateArrivalTimestamp",
                                             (double)(BORN_MS + r->at_ms) / 1000));
    }
    return out;
}

/* NULL: the iterator has expired. */
static json_t *read_shard(struct source *s, json_t *in)
{
    int shard;
    size_t at;
    long long made;
    json_t *limit = json_object_get(in, "Limit");
    if (sscanf(json_string_value(json_object_get(in, "ShardIterator")), "%d %zu %lld", &shard, &at,
               &made) != 3)
        abort();
    const struct shard *h = &s->shards[shard];
    int64_t now = fake_now_ms(s->fake);
    if (now - made > s->iterator_ms)
        return NULL;
    /* Pages may be empty although there is more. */
    size_t most = dice(s, 10) == 0 ? 0 : limit ? (size_t)json_integer_value(limit) : 10000;
    json_t *records = page(s, h, &at, most), *out = json_pack("{s:O}", "Records", records);
    bool ended = is_closed(s, h) && at == h->count;
    if (ended && s->late_ends && json_array_size(records))
        ended = false;
    json_decref(records);
    if (!ended)
        json_object_set_new(out, "NextShardIterator", iterator(s, shard, at));
    else if (!s->silent_children)
        json_object_set_new(out, "ChildShards", children(s, shard));
    json_object_set_new(out, "MillisBehindLatest",
                        json_integer(at < visible(s, h) ? now - h->records[at].at_ms + 1 : 0));
    return out;
}

/* ---- trouble ---- */

static bool strikes(struct source *s, enum source_trouble trouble, uint32_t percent)
{
    if (s->trouble == SOURCE_EVERYTHING)
        percent = (percent + 2) / 3;
    return (s->trouble == trouble || s->trouble == SOURCE_EVERYTHING) && dice(s, 100) < percent;
}

static void refuse(struct fake_answer *answer, int status, const char *code)
{
    static char body[128];
    snprintf(body, sizeof body, "{\"__type\":\"%s\",\"message\":\"no\"}", code);
    answer->status = status;
    answer->body = body;
}

static void refuse_somehow(struct source *s, struct fake_answer *answer)
{
    static const struct {
        int status;
        const char *code;
    } ways[] = {{400, "LimitExceededException"},
                {400, "KMSThrottlingException"},
                {500, "InternalFailure"},
                {503, "ServiceUnavailable"},
                {502, ""}};
    unsigned way = dice(s, sizeof ways / sizeof *ways);
    refuse(answer, ways[way].status, ways[way].code);
}

static void spoil(struct source *s, struct fake_answer *answer)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "<html>sorry</html>",
                                        "{\"hello\":\"world\"}",
                                        "{\"Records\":[{\"SequenceNumber\":\"1\"}]}",
                                        "{\"Records\":null}"};
    answer->body = texts[dice(s, sizeof texts / sizeof *texts)];
}

/* The service compares the time of the signature with its own. */
static bool is_skewed(const struct source *s, const struct fake_request *request)
{
    const char *date = strstr(request->headers, "x-amz-date: ");
    struct tm utc = {0};
    if (!date)
        date = strstr(request->headers, "X-Amz-Date: ");
    if (!date || !strptime(date + 12, "%Y%m%dT%H%M%SZ", &utc))
        abort();
    int64_t off = (int64_t)timegm(&utc) * 1000 - BORN_MS - fake_now_ms(s->fake);
    return off > SKEW_MS || off < -SKEW_MS;
}

static void disturb(struct source *s, const struct fake_request *request, bool listing,
                    struct fake_answer *answer)
{
    static const enum fake_outcome cuts[] = {FAKE_REFUSED, FAKE_RESET, FAKE_CUT, FAKE_FILTER};
    answer->delay_ms = 1 + (int)dice(s, 40);
    if (is_skewed(s, request))
        refuse(answer, 400, "InvalidSignatureException");
    else if (strikes(s, SOURCE_THROTTLES, 30))
        refuse(answer, 400, "ProvisionedThroughputExceededException");
    else if (strikes(s, SOURCE_REFUSALS, 25))
        refuse_somehow(s, answer);
    else if (strikes(s, SOURCE_GARBAGE, listing ? 0 : 12))
        spoil(s, answer);
    else if (strikes(s, SOURCE_EXPIRED, listing ? 0 : 15) && strstr(request->headers, "GetRecords"))
        refuse(answer, 400, "ExpiredIteratorException");
    else if (strikes(s, SOURCE_TOKENS, 15))
        refuse(answer, 400, "ExpiredTokenException");
    else if (listing && strstr(request->body, "NextToken") && strikes(s, SOURCE_TOKENS, 15))
        refuse(answer, 400, "ExpiredNextTokenException");
    if (strikes(s, SOURCE_RESETS, 25))
        answer->outcome = cuts[dice(s, sizeof cuts / sizeof *cuts)];
    if (strikes(s, SOURCE_SILENCE, 8))
        answer->outcome = FAKE_SILENT;
    if (strikes(s, SOURCE_SILENCE, 15))
        answer->delay_ms = (int)dice(s, 19000);
    answer->chunk = dice(s, 3) ? 0 : 1 + dice(s, 200);
}

static void decide(void *ctx, const struct fake_request *request, struct fake_answer *answer)
{
    static char date[64];
    struct source *s = ctx;
    time_t now = (time_t)((BORN_MS + fake_now_ms(s->fake)) / 1000);
    struct tm utc;
    json_t *in = fake__must(json_loadb(request->body, request->body_len, 0, NULL)), *out;
    bool listing = strstr(request->headers, "ListShards") != NULL;
    if (listing)
        out = list(s, in);
    else if (strstr(request->headers, "GetShardIterator"))
        out = place(s, in);
    else
        out = read_shard(s, in);
    free(s->text);
    s->text = out ? fake__must(json_dumps(out, JSON_COMPACT)) : NULL;
    json_decref(out);
    json_decref(in);
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\n", &utc);
    answer->headers = date;
    answer->body = s->text;
    if (!out)
        refuse(answer, 400, "ExpiredIteratorException");
    disturb(s, request, listing, answer);
}

/* ---- life ---- */

struct source *source_new(struct fake *fake, enum source_trouble trouble, uint64_t seed,
                          struct reading *truth)
{
    static const int64_t lifetimes[] = {300000, 300000, 3000, 500};
    struct source *s = fake__must(calloc(1, sizeof *s));
    s->shards = fake__must(calloc(SHARDS, sizeof *s->shards));
    s->fake = fake;
    s->trouble = trouble;
    s->seed = seed;
    scene_random(&s->seed);
    s->truth = truth;
    s->silent_children = dice(s, 3) == 0;
    s->late_ends = dice(s, 2);
    bool short_lived = trouble == SOURCE_EXPIRED || trouble == SOURCE_EVERYTHING;
    s->iterator_ms = lifetimes[dice(s, short_lived ? 4 : 2)];
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    if (kinesis__aggregate_init(&s->aggregate, &alloc))
        abort();
    make(s);
    fake_script(fake, (struct fake_answer){.decide = decide, .ctx = s});
    return s;
}

void source_free(struct source *s)
{
    for (int i = 0; i < s->shard_count; i++)
        for (size_t k = 0; k < s->shards[i].count; k++)
            free(s->shards[i].records[k].data);
    kinesis__aggregate_free(&s->aggregate);
    free(s->shards);
    free(s->text);
    free(s);
}

int64_t source_end_ms(const struct source *s)
{
    return s->end_ms;
}
