/* The history checker of reading, in virtual time: a consumer follows a stream that is written and
 * resharded, is disturbed, dies, and goes on from its checkpoint.
 *
 *     history_read [seeds]                    all kinds of trouble, with one life and with many
 *     history_read planted [seeds]            mistakes of a consumer, which must be seen
 *     history_read one TROUBLE DIES SEED      a single scene, loudly; DIES: 0 or 1 */
#include "flow/example_keys.h"
#include "history/crew.h"
#include "history/plant.h"
#include "history/scene.h"
#include "history/source.h"

#include <sigv4/sigv4.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAUSED = 8, MAX_LIVES = 300, PATIENCE_MS = 3600 * 1000, SHORT_MS = 20000 };

struct scene_of_reading {
    enum source_trouble trouble;
    bool dies;
    uint64_t seed;
    enum plant plant;
    bool quiet, loud;
};

struct stage {
    const struct scene_of_reading *scene;
    struct fake *fake;
    struct source *source;
    struct reading *reading;
    struct sigv4_provider *provider;
    uint64_t seed;
    struct kinesis_checkpoint *kept; /* the last that was noted down; NULL: none */
    unsigned errors;                 /* lives that ended by themselves */

    /* of this life */
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct kinesis_consumer *consumer;
    bool alive, ended;
    char paused[PAUSED][40];
};

/* ---- one life ---- */

static void save(struct stage *st)
{
    struct kinesis_checkpoint *now = NULL;
    if (kinesis_checkpoint_new(&now, "s", NULL, NULL) ||
        kinesis_consumer_checkpoint(st->consumer, now, NULL))
        abort();
    reading_saved(st->reading, now);
    kinesis_checkpoint_free(st->kept);
    st->kept = now;
}

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *record)
{
    struct stage *st = ctx;
    uint32_t dice = scene_dice(&st->seed, 100);
    if (!st->alive)
        return KINESIS_STOP;
    if (dice < 2)
        save(st); /* of all but this one */
    if (st->scene->loud)
        fprintf(stderr, "%8lld ms: %.*s %.*s/%llu\n", (long long)fake_now_ms(st->fake),
                (int)record->shard_id.len, (const char *)record->shard_id.ptr,
                (int)record->sequence_number.len, (const char *)record->sequence_number.ptr,
                (unsigned long long)record->sub_sequence_number);
    reading_delivered(st->reading, record);
    size_t slot = 0;
    while (slot < PAUSED && st->paused[slot][0])
        slot++;
    if (dice < 95 || slot == PAUSED)
        return KINESIS_GO_ON;
    snprintf(st->paused[slot], sizeof st->paused[0], "%.*s", (int)record->shard_id.len,
             (const char *)record->shard_id.ptr);
    return KINESIS_PAUSE_SHARD;
}

static void on_shard(void *ctx, struct sigv4_slice shard_id, enum kinesis_shard_event event,
                     const struct sigv4_error *err)
{
    static const char *const names[] = {"found", "started", "at its tip", "ended", "in trouble"};
    struct stage *st = ctx;
    if (st->scene->loud)
        fprintf(stderr, "%8lld ms: %.*s %s %s\n", (long long)fake_now_ms(st->fake),
                (int)shard_id.len, (const char *)shard_id.ptr, names[event],
                err ? err->message : "");
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct stage *st = ctx;
    (void)host;
    if (!st->alive)
        return;
    st->ended = true;
    st->errors += err != NULL;
    if (st->scene->loud)
        fprintf(stderr, "%8lld ms: ended: %s\n", (long long)fake_now_ms(st->fake),
                err ? err->message : "");
}

static void begin_life(struct stage *st)
{
    struct sigv4_client_options options = SIGV4_CLIENT_OPTIONS;
    struct kinesis_consumer_options o = {
        .size = sizeof o,
        .stream = "s",
        .on_record = on_record,
        .on_shard = on_shard,
        .on_end = on_end,
        .ctx = st,
        .max_records_per_fetch = scene_dice(&st->seed, 3) ? scene_dice(&st->seed, 20) : 0,
        .idle_ms = 1 + scene_dice(&st->seed, 1500),
        .flags = scene_dice(&st->seed, 3) == 0 ? KINESIS_NO_PACING : 0,
        .checkpoint = st->kept,
    };
    options.region = "us-east-1";
    options.endpoint_url = "http://stream";
    options.credentials = st->provider;
    st->alive = true;
    st->ended = false;
    memset(st->paused, 0, sizeof st->paused);
    st->loop = fake_loop(st->fake, NULL);
    reading_begins(st->reading, st->kept);
    if (!st->loop || sigv4_client_new(&st->client, st->loop, &options, NULL) ||
        kinesis_consumer_new(&st->consumer, st->client, &o, NULL))
        abort();
}

/* As by kill -9: nothing is noted down any more. */
static void end_life(struct stage *st)
{
    st->alive = false;
    kinesis_consumer_free(st->consumer);
    sigv4_client_free(st->client);
    sigv4_loop_free(st->loop);
}

static void resume_some(struct stage *st)
{
    for (size_t i = 0; i < PAUSED; i++) {
        if (!st->paused[i][0] || scene_dice(&st->seed, 2))
            continue;
        if (kinesis_consumer_resume(st->consumer, sigv4_str(st->paused[i])))
            abort();
        st->paused[i][0] = '\0';
    }
}

static void live(struct stage *st, int64_t until)
{
    bool clock = st->scene->trouble == SOURCE_CLOCK || st->scene->trouble == SOURCE_EVERYTHING;
    bool last = until > source_end_ms(st->source);
    while (!st->ended && fake_now_ms(st->fake) < until) {
        fake_run_ms(st->fake, st->loop, 1 + scene_dice(&st->seed, 400));
        resume_some(st);
        uint32_t dice = scene_dice(&st->seed, 20);
        if (dice < 4 && !st->ended)
            save(st);
        if (dice == 5 && clock)
            fake_set_wall_ms(st->fake, INT64_C(1767225600000) + fake_now_ms(st->fake) +
                                           scene_dice(&st->seed, 7200000) - 3600000);
        if (last && fake_now_ms(st->fake) > source_end_ms(st->source) &&
            reading_is_complete(st->reading))
            return;
    }
}

/* ---- a scene ---- */

static void set_stage(struct stage *st, const struct scene_of_reading *scene)
{
    memset(st, 0, sizeof *st);
    st->scene = scene;
    st->seed = scene->seed * 31 + scene->trouble;
    scene_random(&st->seed);
    st->fake = fake_new();
    st->reading = reading_new(scene->quiet);
    st->source = source_new(st->fake, scene->trouble, scene->seed, st->reading);
    st->provider = example_keys();
}

static void strike_stage(struct stage *st)
{
    kinesis_checkpoint_free(st->kept);
    sigv4_provider_free(st->provider);
    source_free(st->source);
    reading_free(st->reading);
    fake_free(st->fake);
}

static void play(struct stage *st)
{
    bool last = false;
    for (unsigned i = 0; !last && i < MAX_LIVES; i++) {
        int64_t now = fake_now_ms(st->fake), end = source_end_ms(st->source);
        bool dies = st->scene->dies && (now < end || scene_dice(&st->seed, 3) == 0);
        begin_life(st);
        /* With a mistake planted, what is lost would be waited for. */
        int64_t patience = st->scene->plant ? SHORT_MS : PATIENCE_MS;
        live(st, dies ? now + scene_dice(&st->seed, 6000) : now + end + patience);
        last = !dies && (!st->ended || reading_is_complete(st->reading));
        end_life(st);
    }
}

static struct {
    uint64_t scenes, failed, records, deliveries, lives, errors;
} sum;

static unsigned perform(const struct scene_of_reading *scene)
{
    struct stage st;
    plant_now = scene->plant;
    plant_times = 3;
    set_stage(&st, scene);
    play(&st);
    unsigned violations = reading_check(st.reading);
    if (violations && !scene->quiet)
        fprintf(stderr, "%u violations: history_read one %s %d %llu\n", violations,
                source_trouble_names[scene->trouble], scene->dies, (unsigned long long)scene->seed);
    sum.scenes++;
    sum.failed += violations > 0;
    sum.records += reading_record_count(st.reading);
    sum.deliveries += reading_delivery_count(st.reading);
    sum.lives += reading_life_count(st.reading);
    sum.errors += st.errors;
    strike_stage(&st);
    plant_now = PLANTED_NOTHING;
    return violations;
}

/* ---- which scenes ---- */

/* Scenes that once failed. */
static const struct scene_of_reading kept[] = {
    /* A merged shard began before its second parent, which was not known yet. */
    {.trouble = SOURCE_THROTTLES, .dies = false, .seed = 10},
    {.trouble = SOURCE_SILENCE, .dies = false, .seed = 10},
};

static int perform_all(unsigned seeds)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        perform(&kept[i]);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        for (int trouble = 0; trouble < SOURCE_TROUBLES; trouble++)
            for (int dies = 0; dies < 2; dies++) {
                struct scene_of_reading scene = {
                    .trouble = (enum source_trouble)trouble, .dies = dies, .seed = seed};
                perform(&scene);
            }
    printf("%llu scenes (%u seeds, %d kinds of trouble), %llu with violations; %llu records, "
           "delivered %llu times in %llu lives, of which %llu ended by themselves\n",
           (unsigned long long)sum.scenes, seeds, SOURCE_TROUBLES, (unsigned long long)sum.failed,
           (unsigned long long)sum.records, (unsigned long long)sum.deliveries,
           (unsigned long long)sum.lives, (unsigned long long)sum.errors);
    return sum.failed ? 1 : 0;
}

static int perform_planted(unsigned seeds)
{
    static const struct {
        enum plant plant;
        const char *name;
        enum source_trouble trouble;
        bool dies;
    } mistakes[] = {
        {PLANTED_SKIP, "a record is skipped after an expired iterator", SOURCE_EXPIRED, false},
        {PLANTED_EARLY, "children begin before their parents have ended", SOURCE_CALM, true},
        {PLANTED_AHEAD, "checkpoints are ahead of what was delivered", SOURCE_CALM, true},
        {PLANTED_REPEAT, "a page is repeated", SOURCE_CALM, false},
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        unsigned seen = 0;
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            struct scene_of_reading scene = {.trouble = mistakes[i].trouble,
                                             .dies = mistakes[i].dies,
                                             .seed = seed,
                                             .plant = mistakes[i].plant,
                                             .quiet = true};
            seen += perform(&scene) > 0;
        }
        printf("%s: caught in %u of %u scenes\n", mistakes[i].name, seen, seeds);
        rc |= seen < (seeds + 3) / 4;
    }
    return rc;
}

static int perform_one(char **words)
{
    struct scene_of_reading scene = {
        .dies = atoi(words[1]), .seed = strtoull(words[2], NULL, 10), .loud = true};
    while (scene.trouble < SOURCE_TROUBLES &&
           strcmp(source_trouble_names[scene.trouble], words[0]) != 0)
        scene.trouble++;
    if (scene.trouble == SOURCE_TROUBLES) {
        fprintf(stderr, "unknown: %s\n", words[0]);
        return 2;
    }
    return perform(&scene) ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "one") == 0)
        return perform_one(argv + 2);
    if (argc > 1 && strcmp(argv[1], "planted") == 0)
        return perform_planted(crew_seeds(argc > 2 ? argv[2] : NULL, 4, 50));
    return perform_all(crew_seeds(argc > 1 ? argv[1] : NULL, 5, 200));
}
