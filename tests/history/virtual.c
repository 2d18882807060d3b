/* The history checker in virtual time: scenes on the fake engine, with a simulated stream.
 *
 *     history_virtual [plain|ordered|aggregated|ordered+aggregated|planted] [seeds]
 *     history_virtual one MODE FAULTS THREADS SEED      a single scene, loudly */
#include "flow/example_keys.h"
#include "flow/rig_stream.h"
#include "history/crew.h"
#include "history/scene.h"

#include <sigv4/sigv4.h>
#include <stdio.h>
#include <stdlib.h>

struct stage {
    const struct scene *scene;
    struct script script;
    struct fake *fake;
    struct fake_stream *stream;
    struct sigv4_loop *loop;
    struct sigv4_provider *provider;
    struct sigv4_client *client;
    uint64_t seed; /* of the faults */
    int64_t out_from, out_to;
    unsigned ending; /* drawn before the loop's thread draws, too */
    size_t dropped;  /* PLANT_DROP: this record's result is kept back */
};

/* ---- faults ---- */

static bool is_one_of(const struct stage *st, enum scene_faults faults)
{
    return st->scene->faults == faults || st->scene->faults == SCENE_EVERYTHING;
}

static bool strikes(struct stage *st, enum scene_faults faults, uint32_t percent)
{
    return is_one_of(st, faults) && scene_dice(&st->seed, 100) < percent;
}

static void lose_answer(struct stage *st, struct fake_put *put)
{
    static const enum fake_answered ways[] = {
        FAKE_DROPPED, FAKE_DROPPED, FAKE_HALF, FAKE_GARBAGE, FAKE_SHORT, FAKE_LOST, FAKE_SWALLOWED};
    put->answered = ways[scene_dice(&st->seed, sizeof ways / sizeof *ways)];
}

static void refuse(struct stage *st, struct fake_put *put)
{
    static const struct {
        int status;
        const char *code;
    } ways[] = {{400, "ProvisionedThroughputExceededException"},
                {400, "LimitExceededException"},
                {400, "KMSThrottlingException"},
                {500, "InternalFailure"},
                {503, "ServiceUnavailable"},
                {502, ""},
                {400, "ResourceInUseException"}};
    unsigned way = scene_dice(&st->seed, sizeof ways / sizeof *ways);
    put->answered = FAKE_REFUSE;
    put->http_status = ways[way].status;
    put->code = ways[way].code;
}

static void reshard(struct stage *st)
{
    if (scene_dice(&st->seed, 2))
        fake_stream_merge_all(st->stream);
    else if (fake_stream_open(st->stream) < 12)
        fake_stream_split_all(st->stream);
}

static void break_things(void *ctx, struct fake_put *put)
{
    struct stage *st = ctx;
    int64_t now = fake_now_ms(st->fake);
    put->delay_ms = 1 + (int)scene_dice(&st->seed, 40);
    for (size_t i = 0; i < put->count; i++) {
        if (strikes(st, SCENE_THROTTLES, 15))
            put->entries[i] = FAKE_THROTTLED;
        if (strikes(st, SCENE_INTERNAL, 15))
            put->entries[i] = FAKE_INTERNAL;
    }
    if (strikes(st, SCENE_LOST, 20))
        lose_answer(st, put);
    if (strikes(st, SCENE_REFUSALS, 25))
        refuse(st, put);
    if (strikes(st, SCENE_RESHARDS, 10))
        reshard(st);
    if (is_one_of(st, SCENE_UNREACHED) && now >= st->out_from && now < st->out_to)
        put->answered = FAKE_UNSENT;
    if (st->scene->plant == PLANT_RESEND && scene_dice(&st->seed, 3) == 0)
        put->entries[0] = FAKE_INTERNAL;
}

/* ---- the cast ---- */

static void keep_one_back(void *ctx, const struct kinesis_put_result *result)
{
    struct stage *st = ctx;
    if ((uintptr_t)result->tag - 1 != st->dropped)
        history_on_result(&st->script.history, result);
}

static int open_client(struct stage *st)
{
    struct sigv4_client_options options = SIGV4_CLIENT_OPTIONS;
    st->provider = example_keys();
    options.region = "us-east-1";
    options.endpoint_url = "http://stream";
    options.credentials = st->provider;
    return sigv4_client_new(&st->client, st->loop, &options, NULL);
}

static void set_stage(struct stage *st, const struct scene *scene)
{
    memset(st, 0, sizeof *st);
    st->scene = scene;
    script_init(&st->script, scene);
    st->seed = scene->seed;
    scene_random(&st->seed);
    st->out_from = scene_dice(&st->seed, 300);
    st->out_to = st->out_from + scene_dice(&st->seed, 20000);
    st->ending = scene_dice(&st->seed, 10);
    st->fake = fake_new();
    st->stream = fake_stream_new(st->fake, 1 + scene_dice(&st->seed, 5), break_things, st);
    if (scene->plant == PLANT_RESEND)
        fake_stream_lie(st->stream, FAKE_ALL_FAILED);
    if (scene->plant == PLANT_SWAP)
        fake_stream_lie(st->stream, FAKE_SWAPPED);
    if (scene->plant == PLANT_DROP) {
        st->dropped = scene_dice(&st->seed, (uint32_t)st->script.history.count);
        st->script.options.on_result = keep_one_back;
        st->script.options.ctx = st;
    }
    if (scene->threads > 1)
        fake_allow_threads(st->fake);
    st->loop = fake_loop(st->fake, NULL);
    if (!st->loop || open_client(st) ||
        kinesis_producer_new(&st->script.producer, st->client, &st->script.options, NULL))
        abort();
}

static void strike_stage(struct stage *st)
{
    script_free(&st->script);
    fake_free(st->fake);
    fake_stream_free(st->stream);
}

/* ---- playing ---- */

static void let_it_run(void *ctx)
{
    struct stage *st = ctx;
    fake_run_ms(st->fake, st->loop, scene_dice(&st->seed, 20));
}

static void play(struct stage *st)
{
    struct script_cast cast;
    if (st->scene->threads == 1) {
        script_play(&st->script, 0, let_it_run, st);
        return;
    }
    if (sigv4_loop_start(st->loop, NULL))
        abort();
    script_play_all(&st->script, &cast);
    script_join(&st->script, &cast);
}

/* Sometimes with patience, sometimes in a hurry, sometimes the client goes first. */
static void finish(struct stage *st)
{
    struct history *h = &st->script.history;
    struct kinesis_producer *p = st->script.producer;
    bool hurry = is_one_of(st, SCENE_HURRY);
    h->stats.size = sizeof h->stats;
    h->counts.size = sizeof h->counts;
    if (hurry && st->ending == 0) {
        sigv4_client_free(st->client);
        st->client = NULL;
    }
    if (!hurry || st->ending < 7) {
        int rc = kinesis_producer_close(p, hurry && st->ending < 5 ? (int)st->ending * 20 : -1,
                                        &h->counts);
        h->has_counts = rc == SIGV4_OK || rc == SIGV4_E_TIMEOUT || rc == SIGV4_E_SERVICE;
        if (!h->has_counts)
            abort();
    }
    if (kinesis_producer_stats(p, &h->stats))
        abort();
    kinesis_producer_free(p);
    sigv4_client_free(st->client);
    sigv4_loop_free(st->loop); /* the last results come here */
    sigv4_provider_free(st->provider);
}

/* ---- what is in the stream ---- */

static void look_into_stream(struct stage *st)
{
    struct history *h = &st->script.history;
    for (size_t i = 0; i < fake_stream_count(st->stream); i++) {
        const struct fake_written *w = fake_stream_at(st->stream, i);
        struct history_copy where = {0};
        const struct fake_shard *shard = fake_stream_shard(st->stream, w->shard);
        snprintf(where.shard, sizeof where.shard, "%s", shard->id);
        snprintf(where.sequence, sizeof where.sequence, "%s", w->sequence);
        history_found_raw(h, where, w->key, w->hash_key, w->data, w->len, shard->first,
                          shard->last);
    }
}

/* What all scenes together came to: proof that things were really broken. */
static struct {
    uint64_t records, fates[3], twice, retried, misplaced, requests;
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
    sum.retried += h->stats.records_retried;
    sum.misplaced += h->stats.aggregates_misplaced;
    sum.requests += h->stats.requests_sent;
}

static unsigned perform(const struct scene *scene)
{
    struct stage st;
    set_stage(&st, scene);
    play(&st);
    finish(&st);
    look_into_stream(&st);
    unsigned violations = history_check(&st.script.history);
    if (violations && !scene->quiet)
        fprintf(stderr, "%u violations: history_virtual one %s %s %u %llu\n", violations,
                scene_mode_names[scene->mode], scene_fault_names[scene->faults], scene->threads,
                (unsigned long long)scene->seed);
    add_up(&st.script.history);
    strike_stage(&st);
    return violations;
}

/* ---- which scenes ---- */

/* Seeds that once failed. */
static const struct scene kept[] = {
    {SCENE_PLAIN, SCENE_EVERYTHING, 1, 1, PLANT_NOTHING, false},
};

static int play_mode(enum scene_mode mode, unsigned seeds)
{
    unsigned scenes = 0, failed = 0;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (kept[i].mode == mode)
            failed += perform(&kept[i]) > 0;
    for (unsigned faults = 0; faults < SCENE_FAULTS; faults++)
        for (unsigned threads = 1; threads <= 8; threads += 7)
            for (uint64_t seed = 1; seed <= seeds; seed++, scenes++) {
                struct scene scene = {mode, (enum scene_faults)faults, threads, seed, PLANT_NOTHING,
                                      false};
                failed += perform(&scene) > 0;
            }
    printf("%s: %u scenes, %u with violations; %llu records: %llu written (%llu maybe twice), %llu "
           "not, %llu maybe; %llu sent again, %llu aggregates misplaced, %llu requests\n",
           scene_mode_names[mode], scenes, failed, (unsigned long long)sum.records,
           (unsigned long long)sum.fates[KINESIS_WRITTEN], (unsigned long long)sum.twice,
           (unsigned long long)sum.fates[KINESIS_NOT_WRITTEN],
           (unsigned long long)sum.fates[KINESIS_MAYBE_WRITTEN], (unsigned long long)sum.retried,
           (unsigned long long)sum.misplaced, (unsigned long long)sum.requests);
    return failed ? 1 : 0;
}

/* How many of the seeds show a mistake. */
static int play_planted(unsigned seeds)
{
    static const char *const names[] = {"", "the whole batch goes again", "a result is dropped",
                                        "two records are swapped"};
    int rc = 0;
    for (int plant = PLANT_RESEND; plant <= PLANT_SWAP; plant++)
        for (unsigned mode = 0; mode < SCENE_MODES; mode++) {
            unsigned seen = 0;
            for (uint64_t seed = 1; seed <= seeds; seed++) {
                struct scene scene = {(enum scene_mode)mode,   SCENE_CALM, 1, seed,
                                      (enum scene_plant)plant, true};
                seen += perform(&scene) > 0;
            }
            printf("%s, %s: caught in %u of %u scenes\n", names[plant], scene_mode_names[mode],
                   seen, seeds);
            rc |= seen < seeds / 2;
        }
    return rc;
}

static unsigned index_of(const char *const *names, unsigned count, const char *name)
{
    unsigned i = 0;
    while (i < count && strcmp(names[i], name))
        i++;
    if (i == count) {
        fprintf(stderr, "unknown: %s\n", name);
        exit(2);
    }
    return i;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "plain";
    const char *count = argc > 2 ? argv[2] : NULL;
    if (strcmp(what, "one") == 0 && argc == 6) {
        struct scene scene = {(enum scene_mode)index_of(scene_mode_names, SCENE_MODES, argv[2]),
                              (enum scene_faults)index_of(scene_fault_names, SCENE_FAULTS, argv[3]),
                              (unsigned)strtoul(argv[4], NULL, 10),
                              strtoull(argv[5], NULL, 10),
                              PLANT_NOTHING,
                              false};
        return perform(&scene) ? 1 : 0;
    }
    if (strcmp(what, "planted") == 0)
        return play_planted(crew_seeds(count, 10, 30));
    return play_mode((enum scene_mode)index_of(scene_mode_names, SCENE_MODES, what),
                     crew_seeds(count, 20, 200));
}
