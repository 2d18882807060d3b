/* The history checker over real sockets: scenes on klocal, with libcurl, in real time.
 *
 *     history_wire [seeds]                        all modes and faults, 1 and 8 threads
 *     history_wire one MODE FAULTS THREADS SEED   a single scene */
#include "history/scene.h"
#include "wire/local_service.h"

#include <arpa/inet.h>
#include <kinesis/kinesis.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

struct stage {
    const struct scene *scene;
    struct script script;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    uint64_t seed;
    char stream[64];
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "history_wire: %s failed\n", what);
    exit(1);
}

/* ---- klocal's own pages ---- */

static void tell_klocal(const char *path, const char *body)
{
    const char *url = getenv("AWS_ENDPOINT_URL"); /* http://127.0.0.1:PORT */
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     path, strlen(body), body);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connecting to klocal");
    need(n > 0 && n < (int)sizeof text && write(fd, text, (size_t)n) == n, "writing to klocal");
    ssize_t got = read(fd, text, sizeof text - 1);
    need(got > 12 && strncmp(text + 9, "200", 3) == 0, body);
    close(fd);
}

static bool is_one_of(const struct stage *st, enum scene_faults faults)
{
    return st->scene->faults == faults || st->scene->faults == SCENE_EVERYTHING;
}

static size_t add_rules(char *out, size_t cap, const struct stage *st, enum scene_faults faults,
                        const char *const *rules)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; is_one_of(st, faults) && rules[i]; i++)
        n += (size_t)snprintf(out + n, cap - n, ",{\"operation\":\"PutRecords\",%s}", rules[i]);
    return n;
}

/* With "everything" each kind gets its turn. */
static void set_faults(const struct stage *st)
{
    static const char *const throttles[] = {
        "\"fault\":\"throttle\",\"records\":true,\"probability\":0.15", NULL};
    static const char *const internal[] = {
        "\"fault\":\"internal\",\"records\":true,\"probability\":0.15", NULL};
    static const char *const lost[] = {
        "\"fault\":\"drop_answer\",\"probability\":0.08",
        "\"fault\":\"reset_answer\",\"probability\":0.05",
        "\"fault\":\"truncate\",\"probability\":0.05",
        "\"fault\":\"wrong_length\",\"delta\":7,\"probability\":0.04",
        "\"fault\":\"wrong_length\",\"delta\":-7,\"probability\":0.04",
        "\"fault\":\"garbage\",\"commit\":true,\"probability\":0.05",
        "\"fault\":\"garbage\",\"probability\":0.03",
        "\"fault\":\"internal\",\"commit\":true,\"probability\":0.04",
        "\"fault\":\"html\",\"commit\":true,\"probability\":0.03",
        "\"fault\":\"slow\",\"bytes\":50,\"delay_ms\":3,\"probability\":0.03",
        "\"fault\":\"delay\",\"delay_ms\":80,\"probability\":0.05",
        NULL};
    static const char *const refusals[] = {"\"fault\":\"throttle\",\"probability\":0.1",
                                           "\"fault\":\"internal\",\"probability\":0.08",
                                           "\"fault\":\"unavailable\",\"probability\":0.08",
                                           "\"fault\":\"html\",\"probability\":0.04", NULL};
    static const char *const unreached[] = {"\"fault\":\"reset_before\",\"skip\":3,\"count\":6",
                                            "\"fault\":\"reset_during\",\"probability\":0.1", NULL};
    char text[7000];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "{\"seed\":%llu,\"rules\":[{\"fault\":\"delay\",\"delay_ms\":0,"
                                "\"operation\":\"PutRecords\",\"count\":1}",
                                (unsigned long long)st->scene->seed);
    n += add_rules(text + n, sizeof text - n, st, SCENE_THROTTLES, throttles);
    n += add_rules(text + n, sizeof text - n, st, SCENE_INTERNAL, internal);
    n += add_rules(text + n, sizeof text - n, st, SCENE_LOST, lost);
    n += add_rules(text + n, sizeof text - n, st, SCENE_REFUSALS, refusals);
    n += add_rules(text + n, sizeof text - n, st, SCENE_UNREACHED, unreached);
    snprintf(text + n, sizeof text - n, "]}");
    tell_klocal("/_klocal/faults", text);
}

/* ---- calls that are waited for ---- */

static void on_done(void *ctx, const struct kinesis_done_result *result)
{
    *(int *)ctx = result->error ? result->error->status : SIGV4_OK;
}

static int finish_call(int started, struct sigv4_call *call, const int *status)
{
    if (started)
        return started;
    int rc = sigv4_call_wait(call, 30000);
    sigv4_call_release(call);
    return rc ? rc : *status;
}

static void create_stream(struct stage *st)
{
    struct sigv4_call *call;
    int status = -1;
    int rc = kinesis_create_stream(
        st->client,
        KINESIS_CREATE_STREAM(.stream = st->stream, .shard_count = 1 + scene_dice(&st->seed, 4)),
        on_done, &status, &call, NULL);
    need(finish_call(rc, call, &status) == SIGV4_OK, "CreateStream");
}

/* ---- all shards, kept ---- */

struct shard {
    char id[40], first[48], last[48];
    bool open;
};
struct shards {
    struct shard list[256];
    size_t count;
    int status;
};

static void copy_text(char *out, size_t cap, struct sigv4_slice text)
{
    snprintf(out, cap, "%.*s", (int)text.len, (const char *)text.ptr);
}

static void on_shards(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct shards *s = ctx;
    const struct kinesis_shard *in;
    s->status = result->error ? result->error->status : SIGV4_OK;
    for (size_t i = 0; (in = kinesis_list_shards_at(result, i)) && s->count < 256; i++) {
        struct shard *out = &s->list[s->count++];
        copy_text(out->id, sizeof out->id, in->shard_id);
        copy_text(out->first, sizeof out->first, in->starting_hash_key);
        copy_text(out->last, sizeof out->last, in->ending_hash_key);
        out->open = in->ending_sequence_number.len == 0;
    }
}

static struct shards *list_shards(struct stage *st)
{
    struct sigv4_call *call;
    struct shards *s = calloc(1, sizeof *s);
    int rc = kinesis_list_shards(st->client, KINESIS_LIST_SHARDS(.stream = st->stream), on_shards,
                                 s, &call, NULL);
    need(finish_call(rc, call, &s->status) == SIGV4_OK, "ListShards");
    return s;
}

/* Splits some open shard in the middle of what its bounds have in common with powers of ten. */
static void split_one(struct stage *st)
{
    struct shards *s = list_shards(st);
    struct sigv4_call *call;
    size_t pick = scene_dice(&st->seed, (uint32_t)s->count), open = 0;
    for (size_t i = 0; i < s->count; i++)
        open += s->list[i].open;
    if (open < 8 && s->list[pick].open) {
        /* One above its first hash: a very small shard and a large one. */
        char at[48];
        snprintf(at, sizeof at, "%s", s->list[pick].last);
        at[0] = (char)(at[0] > '1' ? at[0] - 1 : at[0]);
        int status = -1;
        int rc = kinesis_split_shard(st->client,
                                     KINESIS_SPLIT_SHARD(.stream = st->stream,
                                                         .shard_id = sigv4_str(s->list[pick].id),
                                                         .new_starting_hash_key = sigv4_str(at)),
                                     on_done, &status, &call, NULL);
        (void)finish_call(rc, call, &status); /* the middle may lie outside: then it is refused */
    }
    free(s);
}

/* ---- reading back ---- */

struct reading {
    struct history *history;
    const struct shard *shard;
    char iterator[600];
    int status;
    size_t got;
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
    r->got = result->record_count;
    copy_text(r->iterator, sizeof r->iterator, result->next_shard_iterator);
    r->over = !result->error && (!r->iterator[0] || (r->got == 0 && result->behind_ms == 0));
}

static void read_shard(struct stage *st, const struct shard *shard)
{
    struct reading r = {.history = &st->script.history, .shard = shard};
    struct sigv4_call *call;
    int rc = kinesis_get_shard_iterator(st->client,
                                        KINESIS_GET_SHARD_ITERATOR(.stream = st->stream,
                                                                   .shard_id = sigv4_str(shard->id),
                                                                   .type = KINESIS_TRIM_HORIZON),
                                        on_iterator, &r, &call, NULL);
    need(finish_call(rc, call, &r.status) == SIGV4_OK, "GetShardIterator");
    while (!r.over) {
        rc = kinesis_get_records(st->client,
                                 KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(r.iterator)),
                                 on_records, &r, &call, NULL);
        need(finish_call(rc, call, &r.status) == SIGV4_OK, "GetRecords");
    }
}

static void look_into_stream(struct stage *st)
{
    struct shards *s = list_shards(st);
    for (size_t i = 0; i < s->count; i++)
        read_shard(st, &s->list[i]);
    free(s);
}

/* ---- playing ---- */

static bool loud; /* a single scene says what happens */

static void write_log(void *ctx, enum sigv4_level level, const char *area, const char *text)
{
    (void)ctx;
    (void)level;
    fprintf(stderr, "%s: %s\n", area, text);
}

static void set_stage(struct stage *st, const struct scene *scene, unsigned number)
{
    struct sigv4_client_options options = SIGV4_CLIENT_OPTIONS;
    memset(st, 0, sizeof *st);
    st->scene = scene;
    st->seed = scene->seed;
    scene_random(&st->seed);
    snprintf(st->stream, sizeof st->stream, "history-%u", number);
    script_init(&st->script, scene);
    st->script.options.stream = st->stream;
    struct sigv4_log log = {NULL, SIGV4_DEBUG, write_log};
    struct sigv4_loop_options loop_options = SIGV4_LOOP_OPTIONS;
    loop_options.log = loud ? &log : NULL;
    need(sigv4_loop_new(&st->loop, &loop_options, NULL) == SIGV4_OK, "the loop");
    options.stall_timeout_ms = 2000;
    need(sigv4_client_new(&st->client, st->loop, &options, NULL) == SIGV4_OK, "the client");
    create_stream(st);
    set_faults(st);
    need(kinesis_producer_new(&st->script.producer, st->client, &st->script.options, NULL) ==
             SIGV4_OK,
         "the producer");
}

static void between(void *ctx)
{
    struct stage *st = ctx;
    if (is_one_of(st, SCENE_RESHARDS) && scene_dice(&st->seed, 12) == 0)
        split_one(st);
    else
        (void)sigv4_loop_run(st->loop, (int)scene_dice(&st->seed, 3));
}

struct actor {
    pthread_t thread;
    struct stage *stage;
    unsigned number;
};

static void *act(void *arg)
{
    struct actor *a = arg;
    script_play(&a->stage->script, a->number, NULL, NULL);
    return NULL;
}

static void play(struct stage *st)
{
    struct actor actors[16];
    if (st->scene->threads == 1) {
        script_play(&st->script, 0, between, st);
        return;
    }
    need(sigv4_loop_start(st->loop, NULL) == SIGV4_OK, "the loop's thread");
    for (unsigned i = 0; i < st->scene->threads; i++) {
        actors[i] = (struct actor){.stage = st, .number = i};
        need(pthread_create(&actors[i].thread, NULL, act, &actors[i]) == 0, "a thread");
    }
    for (int i = 0; i < 3 && is_one_of(st, SCENE_RESHARDS); i++) {
        usleep(5000 + scene_dice(&st->seed, 20000));
        split_one(st);
    }
    for (unsigned i = 0; i < st->scene->threads; i++)
        pthread_join(actors[i].thread, NULL);
}

static void finish(struct stage *st)
{
    struct history *h = &st->script.history;
    uint32_t dice = scene_dice(&st->seed, 10);
    bool hurry = is_one_of(st, SCENE_HURRY);
    h->stats.size = sizeof h->stats;
    h->counts.size = sizeof h->counts;
    int rc = kinesis_producer_close(st->script.producer, hurry && dice < 5 ? (int)dice * 20 : -1,
                                    &h->counts);
    need(rc == SIGV4_OK || rc == SIGV4_E_TIMEOUT || rc == SIGV4_E_SERVICE, "close");
    h->has_counts = true;
    need(kinesis_producer_stats(st->script.producer, &h->stats) == SIGV4_OK, "stats");
    kinesis_producer_free(st->script.producer);
}

static struct {
    unsigned scenes, failed;
    uint64_t records, fates[3], twice, misplaced;
} sum;

static void add_up(const struct history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        sum.records += r->accepted;
        if (r->accepted && r->told)
            sum.fates[r->fate]++;
        sum.twice += r->maybe_twice;
    }
    sum.misplaced += h->stats.aggregates_misplaced;
    sum.scenes++;
}

static unsigned perform(const struct scene *scene)
{
    struct stage st;
    set_stage(&st, scene, sum.scenes);
    play(&st);
    finish(&st);
    tell_klocal("/_klocal/faults", "{\"rules\":[]}");
    usleep(100000); /* what was given up may still be on its way to the service */
    look_into_stream(&st);
    sigv4_client_free(st.client);
    sigv4_loop_free(st.loop);
    unsigned violations = history_check(&st.script.history);
    if (violations)
        fprintf(stderr, "%u violations: history_wire one %s %s %u %llu\n", violations,
                scene_mode_names[scene->mode], scene_fault_names[scene->faults], scene->threads,
                (unsigned long long)scene->seed);
    add_up(&st.script.history);
    sum.failed += violations > 0;
    script_free(&st.script);
    return violations;
}

static void perform_all(unsigned seeds)
{
    for (uint64_t seed = 1; seed <= seeds; seed++)
        for (unsigned mode = 0; mode < SCENE_MODES; mode++)
            for (unsigned faults = 0; faults < SCENE_FAULTS; faults++)
                for (unsigned threads = 1; threads <= 8; threads += 7) {
                    struct scene scene = {(enum scene_mode)mode,
                                          (enum scene_faults)faults,
                                          threads,
                                          seed,
                                          PLANT_NOTHING,
                                          false};
                    (void)perform(&scene);
                }
    printf(
        "%u scenes, %u with violations; %llu records: %llu written (%llu maybe twice), %llu not, "
        "%llu maybe; %llu aggregates misplaced\n",
        sum.scenes, sum.failed, (unsigned long long)sum.records,
        (unsigned long long)sum.fates[KINESIS_WRITTEN], (unsigned long long)sum.twice,
        (unsigned long long)sum.fates[KINESIS_NOT_WRITTEN],
        (unsigned long long)sum.fates[KINESIS_MAYBE_WRITTEN], (unsigned long long)sum.misplaced);
}

static unsigned index_of(const char *const *names, unsigned count, const char *name)
{
    unsigned i = 0;
    while (i < count && strcmp(names[i], name))
        i++;
    need(i < count, name);
    return i;
}

int main(int argc, char **argv)
{
    static const char *const no_args[] = {NULL};
    struct local_service service;
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    if (!local_service_start(&service, no_args)) {
        printf("SKIP: no klocal\n");
        return 77;
    }
    if (argc == 6 && strcmp(argv[1], "one") == 0) {
        struct scene scene = {(enum scene_mode)index_of(scene_mode_names, SCENE_MODES, argv[2]),
                              (enum scene_faults)index_of(scene_fault_names, SCENE_FAULTS, argv[3]),
                              (unsigned)strtoul(argv[4], NULL, 10),
                              strtoull(argv[5], NULL, 10),
                              PLANT_NOTHING,
                              false};
        loud = true;
        (void)perform(&scene);
    } else {
        perform_all(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1);
    }
    local_service_stop(&service);
    return sum.failed ? 1 : 0;
}
