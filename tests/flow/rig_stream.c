/* A stream behind the fake engine. Deliberately plain: jansson, copies, linear searches. */
#include "flow/rig_stream.h"

#include "flow/fake_script.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 hash;

struct shard {
    struct fake_shard seen;
    hash first, last;
};
struct fake_stream {
    struct fake *fake;
    void (*faults)(void *ctx, struct fake_put *put);
    void *ctx;
    struct shard *shards;
    unsigned shard_count;
    struct fake_written *written;
    size_t count, cap;
    unsigned puts, lists, summaries, max_record_kib;
    bool shards_denied;
    enum fake_lie lie;
    size_t largest_put;
    char *answer;
    unsigned long long next_sequence;
};

/* ---- hashes and shards ---- */

static hash parse(const char *text)
{
    hash h = 0;
    for (; *text; text++)
        h = h * 10 + (unsigned)(*text - '0');
    return h;
}

static void format(hash h, char out[48])
{
    char digits[48];
    int n = 0;
    do
        digits[n++] = (char)('0' + (int)(h % 10));
    while ((h /= 10));
    for (int i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    out[n] = '\0';
}

static hash hash_of(const char *key, const char *hash_key)
{
    unsigned char md5[16];
    hash h = 0;
    if (hash_key)
        return parse(hash_key);
    if (!EVP_Digest(key, strlen(key), md5, NULL, EVP_md5(), NULL))
        abort();
    for (int i = 0; i < 16; i++)
        h = h << 8 | md5[i];
    return h;
}

static unsigned add_shard(struct fake_stream *s, hash first, hash last, int parent, int other)
{
    s->shards = fake__must(realloc(s->shards, (s->shard_count + 1) * sizeof *s->shards));
    struct shard *new = &s->shards[s->shard_count];
    memset(new, 0, sizeof *new);
    snprintf(new->seen.id, sizeof new->seen.id, "shardId-%012u", s->shard_count);
    new->first = first;
    new->last = last;
    format(first, new->seen.first);
    format(last, new->seen.last);
    new->seen.open = true;
    new->seen.parents[0] = parent;
    new->seen.parents[1] = other;
    return s->shard_count++;
}

void fake_stream_split_all(struct fake_stream *s)
{
    unsigned before = s->shard_count;
    for (unsigned i = 0; i < before; i++) {
        struct shard old = s->shards[i];
        if (!old.seen.open)
            continue;
        hash middle = old.first + (old.last - old.first) / 2;
        s->shards[i].seen.open = false;
        add_shard(s, old.first, middle, (int)i, -1);
        add_shard(s, middle + 1, old.last, (int)i, -1);
    }
}

void fake_stream_merge_all(struct fake_stream *s)
{
    unsigned before = s->shard_count;
    for (unsigned i = 0; i < before; i++)
        for (unsigned j = 0; j < before; j++) {
            struct shard a = s->shards[i], b = s->shards[j];
            if (i == j || !a.seen.open || !b.seen.open || a.last + 1 != b.first || !b.first)
                continue;
            s->shards[i].seen.open = s->shards[j].seen.open = false;
            add_shard(s, a.first, b.last, (int)i, (int)j);
        }
}

bool fake_hash_between(const char *first, const char *last, const char *key, const char *hash_key)
{
    hash h = hash_of(key, hash_key);
    return parse(first) <= h && h <= parse(last);
}

bool fake_stream_covers(const struct fake_stream *s, unsigned shard, const char *key,
                        const char *hash_key)
{
    hash h = hash_of(key, hash_key);
    return s->shards[shard].first <= h && h <= s->shards[shard].last;
}

unsigned fake_stream_place(const struct fake_stream *s, const char *key, const char *hash_key)
{
    for (unsigned i = 0; i < s->shard_count; i++)
        if (s->shards[i].seen.open && fake_stream_covers(s, i, key, hash_key))
            return i;
    abort();
}

/* ---- PutRecords ---- */

static void sequence(struct fake_stream *s, char out[64])
{
    snprintf(out, 64, "49600000000000000000000000000000000000000000%012llu", ++s->next_sequence);
}

static void keep(struct fake_stream *s, const struct fake_written *w)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 256;
        s->written = fake__must(realloc(s->written, s->cap * sizeof *s->written));
    }
    s->written[s->count++] = *w;
}

static size_t decoded_length(const char *text)
{
    size_t n = strlen(text);
    return n / 4 * 3 - (n && text[n - 1] == '=') - (n && text[n - 2] == '=');
}

static json_t *write_one(struct fake_stream *s, json_t *record)
{
    const char *data = json_string_value(json_object_get(record, "Data"));
    const char *key = json_string_value(json_object_get(record, "PartitionKey"));
    const char *hash_key = json_string_value(json_object_get(record, "ExplicitHashKey"));
    struct fake_written w = {.request = s->puts - 1};
    size_t text = strlen(data);
    w.data = fake__must(malloc(text + 1));
    if (EVP_DecodeBlock((unsigned char *)w.data, (const unsigned char *)data, (int)text) < 0)
        abort();
    w.len = decoded_length(data);
    w.data[w.len] = '\0';
    w.key = fake__must(strdup(key));
    w.hash_key = hash_key ? fake__must(strdup(hash_key)) : NULL;
    w.shard = fake_stream_place(s, key, hash_key);
    sequence(s, w.sequence);
    keep(s, &w);
    return json_pack("{s:s,s:s}", "SequenceNumber", w.sequence, "ShardId",
                     s->shards[w.shard].seen.id);
}

static json_t *refuse_one(struct fake_stream *s, json_t *record, enum fake_entry how)
{
    const char *key = json_string_value(json_object_get(record, "PartitionKey"));
    const char *hash_key = json_string_value(json_object_get(record, "ExplicitHashKey"));
    char text[200];
    if (how == FAKE_INTERNAL)
        return json_pack("{s:s,s:s}", "ErrorCode", "InternalFailure", "ErrorMessage",
                         "Internal Service Failure");
    snprintf(text, sizeof text, "Rate exceeded for shard %s in stream s under account 1.",
             s->shards[fake_stream_place(s, key, hash_key)].seen.id);
    return json_pack("{s:s,s:s}", "ErrorCode", "ProvisionedThroughputExceededException",
                     "ErrorMessage", text);
}

static size_t size_of(json_t *records)
{
    size_t i, sum = 0;
    json_t *r;
    json_array_foreach(records, i, r)
    {
        sum += decoded_length(json_string_value(json_object_get(r, "Data")));
        sum += strlen(json_string_value(json_object_get(r, "PartitionKey")));
    }
    return sum;
}

static json_t *carry_out(struct fake_stream *s, json_t *records, const struct fake_put *put)
{
    json_t *entries = json_array(), *record;
    size_t i, failed = 0;
    json_array_foreach(records, i, record)
    {
        failed += put->entries[i] != FAKE_WRITTEN;
        if (put->answered == FAKE_SHORT && i + 1 == put->count && put->count > 1)
            json_decref(write_one(s, record));
        else
            json_array_append_new(entries, put->entries[i] == FAKE_WRITTEN
                                               ? write_one(s, record)
                                               : refuse_one(s, record, put->entries[i]));
    }
    return json_pack("{s:I,s:o,s:s}", "FailedRecordCount", (json_int_t)failed, "Records", entries,
                     "EncryptionType", "NONE");
}

static json_t *tell_lies(const struct fake_stream *s, json_t *answer)
{
    json_t *entries = json_object_get(answer, "Records");
    size_t n = json_array_size(entries);
    bool partly = json_integer_value(json_object_get(answer, "FailedRecordCount")) > 0;
    if (s->lie == FAKE_SWAPPED && n > 1) {
        json_t *first = json_incref(json_array_get(entries, 0));
        json_array_set(entries, 0, json_array_get(entries, n - 1));
        json_array_set_new(entries, n - 1, first);
    }
    for (size_t i = 0; s->lie == FAKE_ALL_FAILED && partly && i < n; i++)
        json_array_set_new(entries, i,
                           json_pack("{s:s,s:s}", "ErrorCode", "InternalFailure", "ErrorMessage",
                                     "Internal Service Failure"));
    return answer;
}

static void set_answer(struct fake_stream *s, struct fake_answer *answer, json_t *body)
{
    free(s->answer);
    s->answer = fake__must(json_dumps(body, JSON_COMPACT));
    json_decref(body);
    answer->body = s->answer;
    answer->headers = "x-amzn-RequestId: 0000-1111\n";
}

static void refuse(struct fake_stream *s, struct fake_answer *answer, int status, const char *code)
{
    answer->status = status;
    set_answer(s, answer, json_pack("{s:s,s:s}", "__type", code, "message", "no"));
}

static void how_it_ends(struct fake_stream *s, const struct fake_put *put,
                        struct fake_answer *answer)
{
    switch (put->answered) {
    case FAKE_WHOLE:
    case FAKE_SHORT:
    case FAKE_REFUSE:
        break;
    case FAKE_DROPPED:
    case FAKE_LOST:
        answer->outcome = FAKE_RESET;
        break;
    case FAKE_SWALLOWED:
        answer->outcome = FAKE_SILENT;
        break;
    case FAKE_HALF:
        answer->outcome = FAKE_CUT;
        break;
    case FAKE_GARBAGE:
        set_answer(s, answer, json_pack("{s:s}", "hello", "world"));
        break;
    case FAKE_UNSENT:
        answer->outcome = FAKE_REFUSED;
        break;
    }
}

static size_t count_records(const struct fake_request *request)
{
    size_t n = 0;
    for (const char *at = request->body; (at = strstr(at, "\"PartitionKey\":")); at++)
        n++;
    return n;
}

/* Parsing takes most of a test's time: what is not carried out is not parsed. */
static void put_records(struct fake_stream *s, const struct fake_request *request,
                        struct fake_answer *answer)
{
    struct fake_put put = {.number = s->puts++, .count = count_records(request), .delay_ms = 5};
    put.entries = fake__must(calloc(put.count, sizeof *put.entries));
    if (put.count == 0 || put.count > 500)
        abort();
    if (s->faults)
        s->faults(s->ctx, &put);
    answer->delay_ms = put.delay_ms;
    if (put.answered == FAKE_REFUSE) {
        refuse(s, answer, put.http_status, put.code);
    } else if (put.answered != FAKE_UNSENT && put.answered != FAKE_LOST) {
        json_t *in = fake__must(json_loadb(request->body, request->body_len, 0, NULL));
        json_t *records = json_object_get(in, "Records");
        if (json_array_size(records) != put.count)
            abort();
        if (size_of(records) > s->largest_put)
            s->largest_put = size_of(records);
        set_answer(s, answer, tell_lies(s, carry_out(s, records, &put)));
        json_decref(in);
    }
    how_it_ends(s, &put, answer);
    free(put.entries);
}

/* ---- the others ---- */

static void list_shards(struct fake_stream *s, const struct fake_request *request,
                        struct fake_answer *answer)
{
    enum { PAGE = 3 };
    json_t *in = fake__must(json_loadb(request->body, request->body_len, 0, NULL));
    json_t *shards = json_array(), *body;
    const char *token = json_string_value(json_object_get(in, "NextToken"));
    unsigned from = token ? (unsigned)atoi(token) : 0, i;
    s->lists++;
    for (i = from; i < s->shard_count && json_array_size(shards) < PAGE; i++)
        if (s->shards[i].seen.open)
            json_array_append_new(
                shards, json_pack("{s:s,s:{s:s,s:s},s:{s:s}}", "ShardId", s->shards[i].seen.id,
                                  "HashKeyRange", "StartingHashKey", s->shards[i].seen.first,
                                  "EndingHashKey", s->shards[i].seen.last, "SequenceNumberRange",
                                  "StartingSequenceNumber", "1"));
    body = json_pack("{s:o}", "Shards", shards);
    if (i < s->shard_count) {
        char next[16];
        snprintf(next, sizeof next, "%u", i);
        json_object_set_new(body, "NextToken", json_string(next));
    }
    set_answer(s, answer, body);
    json_decref(in);
}

static void describe(struct fake_stream *s, struct fake_answer *answer)
{
    s->summaries++;
    set_answer(s, answer,
               json_pack("{s:{s:s,s:s,s:s,s:i,s:f,s:[],s:i,s:i}}", "StreamDescriptionSummary",
                         "StreamName", "s", "StreamARN",
                         "arn:aws:kinesis:us-east-1:123456789012:stream/s", "StreamStatus",
                         "ACTIVE", "RetentionPeriodHours", 24, "StreamCreationTimestamp", 1.5,
                         "EnhancedMonitoring", "OpenShardCount", (int)s->shard_count,
                         "MaxRecordSizeInKiB", (int)s->max_record_kib));
}

static bool is_operation(const struct fake_request *request, const char *name)
{
    char line[96];
    snprintf(line, sizeof line, "Kinesis_20131202.%s\n", name);
    return strstr(request->headers, line) != NULL;
}

static void decide(void *ctx, const struct fake_request *request, struct fake_answer *answer)
{
    struct fake_stream *s = ctx;
    answer->delay_ms = 5;
    if (is_operation(request, "PutRecords"))
        put_records(s, request, answer);
    else if (is_operation(request, "ListShards") && !s->shards_denied)
        list_shards(s, request, answer);
    else if (is_operation(request, "DescribeStreamSummary") && s->max_record_kib)
        describe(s, answer);
    else
        refuse(s, answer, 400, "AccessDeniedException");
}

/* ---- life, and looking ---- */

struct fake_stream *fake_stream_new(struct fake *fake, unsigned shards,
                                    void (*faults)(void *ctx, struct fake_put *put), void *ctx)
{
    struct fake_stream *s = fake__must(calloc(1, sizeof *s));
    hash size = ~(hash)0 / shards;
    s->fake = fake;
    s->faults = faults;
    s->ctx = ctx;
    s->max_record_kib = 1024;
    for (unsigned i = 0; i < shards; i++)
        add_shard(s, i * size, i + 1 == shards ? ~(hash)0 : (i + 1) * size - 1, -1, -1);
    fake_script(fake, (struct fake_answer){.decide = decide, .ctx = s});
    return s;
}

void fake_stream_free(struct fake_stream *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->written[i].key);
        free(s->written[i].hash_key);
        free(s->written[i].data);
    }
    free(s->written);
    free(s->shards);
    free(s->answer);
    free(s);
}

void fake_stream_set_max_record_kib(struct fake_stream *s, unsigned kib)
{
    s->max_record_kib = kib;
}

void fake_stream_deny_shards(struct fake_stream *s)
{
    s->shards_denied = true;
}

void fake_stream_lie(struct fake_stream *s, enum fake_lie lie)
{
    s->lie = lie;
}

unsigned fake_stream_open(const struct fake_stream *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->shard_count; i++)
        n += s->shards[i].seen.open;
    return n;
}

size_t fake_stream_count(const struct fake_stream *s)
{
    return s->count;
}

const struct fake_written *fake_stream_at(const struct fake_stream *s, size_t i)
{
    return &s->written[i];
}

const struct fake_shard *fake_stream_shard(const struct fake_stream *s, unsigned shard)
{
    return &s->shards[shard].seen;
}

unsigned fake_stream_puts(const struct fake_stream *s)
{
    return s->puts;
}

unsigned fake_stream_lists(const struct fake_stream *s)
{
    return s->lists;
}

unsigned fake_stream_summaries(const struct fake_stream *s)
{
    return s->summaries;
}

size_t fake_stream_largest_put(const struct fake_stream *s)
{
    return s->largest_put;
}
