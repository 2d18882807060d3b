/* klocal, by its own pages and by the library's typed calls. */
#include "history/live.h"

#include "history/scene.h"
#include "wire/local_service.h"

__extension__ typedef unsigned __int128 hash;

static struct local_service service;

void live_need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

bool live_start(const char *const *args)
{
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    return local_service_start(&service, args);
}

void live_stop(void)
{
    local_service_stop(&service);
}

/* ---- klocal's own pages ---- */

/* With a limit of connections it may take a while to get one. */
void live_tell(const char *path, const char *body)
{
    bool told = false;
    for (int i = 0; i < 3000 && !told; i++) {
        if (i > 0)
            usleep(20000);
        told = local_service_tell(path, body);
    }
    live_need(told, body);
}

void live_expire_sessions(void)
{
    (void)local_service_tell("/_klocal/credentials/expire", "");
}

void live_set_clock_ms(long long skew_ms)
{
    char body[64];
    snprintf(body, sizeof body, "{\"skew_ms\":%lld}", skew_ms);
    (void)local_service_tell("/_klocal/clock", body);
}

void live_forget_faults(void)
{
    live_tell("/_klocal/faults", "{\"rules\":[]}");
    live_tell("/_klocal/clock", "{\"skew_ms\":0}");
}

/* ---- clients ---- */

void live_open(struct live_client *c, bool sessions, uint32_t stall_ms, const struct sigv4_log *log)
{
    struct sigv4_loop_options loop_options = SIGV4_LOOP_OPTIONS;
    struct sigv4_client_options options = SIGV4_CLIENT_OPTIONS;
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    char kept[2][128], url[256];
    snprintf(kept[0], sizeof kept[0], "%s", id);
    snprintf(kept[1], sizeof kept[1], "%s", secret);
    snprintf(url, sizeof url, "%s/v2/credentials/r", getenv("AWS_ENDPOINT_URL"));
    if (sessions) {
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    }
    loop_options.log = log;
    options.stall_timeout_ms = stall_ms;
    live_need(sigv4_loop_new(&c->loop, &loop_options, NULL) == SIGV4_OK, "the loop");
    live_need(sigv4_client_new(&c->client, c->loop, &options, NULL) == SIGV4_OK, "the client");
    setenv("AWS_ACCESS_KEY_ID", kept[0], 1);
    setenv("AWS_SECRET_ACCESS_KEY", kept[1], 1);
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

void live_close(struct live_client *c)
{
    sigv4_client_free(c->client);
    sigv4_loop_free(c->loop);
}

int live_finish(int rc, struct sigv4_call *call, const int *status)
{
    if (rc)
        return rc;
    rc = sigv4_call_wait(call, 300000);
    sigv4_call_release(call);
    return rc ? rc : *status;
}

static void on_done(void *ctx, const struct kinesis_done_result *result)
{
    *(int *)ctx = result->error ? result->error->status : SIGV4_OK;
}

/* ---- shards ---- */

void live_make_stream(struct sigv4_client *client, const char *stream, unsigned shards)
{
    struct sigv4_call *call = NULL;
    int status = -1;
    int rc = kinesis_create_stream(client,
                                   KINESIS_CREATE_STREAM(.stream = stream, .shard_count = shards),
                                   on_done, &status, &call, NULL);
    live_need(live_finish(rc, call, &status) == SIGV4_OK, "CreateStream");
}

static void copy_text(char *out, size_t cap, struct sigv4_slice text)
{
    snprintf(out, cap, "%.*s", (int)text.len, text.len ? (const char *)text.ptr : "");
}

static void on_shards(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct live_shards *s = ctx;
    const struct kinesis_shard *in;
    s->status = result->error ? result->error->status : SIGV4_OK;
    for (size_t i = 0; (in = kinesis_list_shards_at(result, i)) && s->count < 256; i++) {
        struct live_shard *out = &s->list[s->count++];
        copy_text(out->id, sizeof out->id, in->shard_id);
        copy_text(out->first, sizeof out->first, in->starting_hash_key);
        copy_text(out->last, sizeof out->last, in->ending_hash_key);
        copy_text(out->parents[0], sizeof out->parents[0], in->parent_shard_id);
        copy_text(out->parents[1], sizeof out->parents[1], in->adjacent_parent_shard_id);
        out->open = in->ending_sequence_number.len == 0;
    }
}

struct live_shards *live_list(struct sigv4_client *client, const char *stream)
{
    struct sigv4_call *call = NULL;
    struct live_shards *s = calloc(1, sizeof *s);
    live_need(s != NULL, "memory");
    int rc = kinesis_list_shards(client, KINESIS_LIST_SHARDS(.stream = stream), on_shards, s, &call,
                                 NULL);
    if (live_finish(rc, call, &s->status) != SIGV4_OK)
        s->count = 0; /* with the clock jumping and keys that end it may fail */
    return s;
}

static hash parse(const char *text)
{
    hash h = 0;
    for (; *text; text++)
        h = h * 10 + (unsigned)(*text - '0');
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

static const struct live_shard *pick_open(const struct live_shards *s, uint64_t *seed)
{
    size_t from = scene_dice(seed, (uint32_t)s->count);
    for (size_t i = 0; i < s->count; i++)
        if (s->list[(from + i) % s->count].open)
            return &s->list[(from + i) % s->count];
    return NULL;
}

static unsigned open_count(const struct live_shards *s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s->count; i++)
        n += s->list[i].open;
    return n;
}

bool live_split(struct sigv4_client *client, const char *stream, uint64_t *seed)
{
    struct live_shards *s = live_list(client, stream);
    const struct live_shard *shard = s->count < 100 ? pick_open(s, seed) : NULL;
    struct sigv4_call *call = NULL;
    int status = -1;
    if (shard && open_count(s) < 8) {
        char at[48];
        hash first = parse(shard->first), last = parse(shard->last);
        /* Not always in the middle. */
        format(first + (last - first) / (2 + scene_dice(seed, 3)), at);
        int rc = kinesis_split_shard(client,
                                     KINESIS_SPLIT_SHARD(.stream = stream,
                                                         .shard_id = sigv4_str(shard->id),
                                                         .new_starting_hash_key = sigv4_str(at)),
                                     on_done, &status, &call, NULL);
        status = live_finish(rc, call, &status);
    }
    free(s);
    return status == SIGV4_OK;
}

bool live_merge(struct sigv4_client *client, const char *stream, uint64_t *seed)
{
    struct live_shards *s = live_list(client, stream);
    const struct live_shard *shard = s->count < 100 ? pick_open(s, seed) : NULL, *next = NULL;
    struct sigv4_call *call = NULL;
    int status = -1;
    for (size_t i = 0; shard && i < s->count; i++)
        if (s->list[i].open && parse(shard->last) + 1 == parse(s->list[i].first) &&
            parse(s->list[i].first) != 0)
            next = &s->list[i];
    if (next) {
        int rc = kinesis_merge_shards(
            client,
            KINESIS_MERGE_SHARDS(.stream = stream, .shard_id = sigv4_str(shard->id),
                                 .adjacent_shard_id = sigv4_str(next->id)),
            on_done, &status, &call, NULL);
        status = live_finish(rc, call, &status);
    }
    free(s);
    return status == SIGV4_OK;
}

/* ---- reading back ---- */

struct reading {
    struct history *history;
    const struct live_shard *shard;
    char iterator[600];
    int status;
    bool over;
};

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *result)
{
    struct reading *r = ctx;
    r->status = result->error ? result->error->status : SIGV4_OK;
    copy_text(r->iterator, sizeof r->iterator, result->shard_iterator);
}

static void on_records(void *ctx, const struct kinesis_get_records_result *result)
{
    struct reading *r = ctx;
    const struct kinesis_got_record *in;
    r->status = result->error ? result->error->status : SIGV4_OK;
    for (size_t i = 0; (in = kinesis_get_records_at(result, i)); i++) {
        struct history_copy where = {.key_alone = true};
        char key[1100];
        copy_text(where.shard, sizeof where.shard, sigv4_str(r->shard->id));
        copy_text(where.sequence, sizeof where.sequence, in->sequence_number);
        copy_text(key, sizeof key, in->partition_key);
        history_found_raw(r->history, where, key, NULL, in->data.ptr, in->data.len, r->shard->first,
                          r->shard->last);
    }
    copy_text(r->iterator, sizeof r->iterator, result->next_shard_iterator);
    r->over = !result->error &&
              (!r->iterator[0] || (result->record_count == 0 && result->behind_ms == 0));
}

static void read_shard(struct sigv4_client *client, const char *stream,
                       const struct live_shard *shard, struct history *h)
{
    struct reading r = {.history = h, .shard = shard};
    struct sigv4_call *call = NULL;
    int rc = kinesis_get_shard_iterator(client,
                                        KINESIS_GET_SHARD_ITERATOR(.stream = stream,
                                                                   .shard_id = sigv4_str(shard->id),
                                                                   .type = KINESIS_TRIM_HORIZON),
                                        on_iterator, &r, &call, NULL);
    live_need(live_finish(rc, call, &r.status) == SIGV4_OK, "GetShardIterator");
    while (!r.over) {
        rc = kinesis_get_records(client,
                                 KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(r.iterator)),
                                 on_records, &r, &call, NULL);
        live_need(live_finish(rc, call, &r.status) == SIGV4_OK, "GetRecords");
    }
}

void live_look(struct sigv4_client *client, const char *stream, struct history *h)
{
    struct live_shards *s = live_list(client, stream);
    live_need(s->count > 0, "ListShards");
    for (size_t i = 0; i < s->count; i++)
        read_shard(client, stream, &s->list[i], h);
    free(s);
}
