/* The history checker over real sockets: scenes on klocal, with libcurl, in real time.
 *
 *     history_wire [seeds]                       all modes and kinds of faults, 1 and 8 threads
 *     history_wire planted [seeds]               mistakes of a producer, which must be seen
 *     history_wire one MODE KIND THREADS SEED    a single scene, loudly */
#include "history/crew.h"
#include "history/live.h"
#include "history/plant.h"
#include "history/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROCESSES = 12, RULES = 12, LONG_SEEDS = 200 };

/* ---- what goes wrong ---- */

struct kind {
    const char *name;
    enum scene_faults faults;     /* what the script must know of it */
    const char *rules[RULES];     /* of klocal, for PutRecords */
    bool sessions, clock, shards; /* keys end, the clock jumps, shards are split and merged */
    bool may_fail;                /* records may be given up */
    int connections;              /* at most so many at a time */
};
#define THROTTLES "\"fault\":\"throttle\",\"records\":true,\"probability\":0.15"
#define INTERNAL  "\"fault\":\"internal\",\"records\":true,\"probability\":0.15"
#define DROP      "\"fault\":\"drop_answer\",\"probability\":0.2"
#define BEFORE    "\"fault\":\"reset_before\",\"probability\":0.2"
#define DURING    "\"fault\":\"reset_during\",\"probability\":0.2"
#define AFTER     "\"fault\":\"reset_answer\",\"probability\":0.2"
#define TRUNCATE  "\"fault\":\"truncate\",\"probability\":0.2"
#define EXPIRED   "\"fault\":\"expired_token\",\"skip\":12,\"probability\":0.1"
static const struct kind kinds[] = {
    {.name = "calm"},
    {.name = "throttle", .rules = {THROTTLES}},
    {.name = "internal", .rules = {INTERNAL}},
    {.name = "400",
     .rules = {"\"fault\":\"throttle\",\"probability\":0.15",
               "\"fault\":\"error\",\"status\":400,\"code\":\"LimitExceededException\","
               "\"probability\":0.1",
               "\"fault\":\"error\",\"status\":400,\"code\":\"ResourceInUseException\","
               "\"probability\":0.1"}},
    {.name = "500",
     .rules = {"\"fault\":\"internal\",\"probability\":0.1",
               "\"fault\":\"internal\",\"commit\":true,\"probability\":0.1"}},
    {.name = "503",
     .rules = {"\"fault\":\"unavailable\",\"probability\":0.1",
               "\"fault\":\"html\",\"probability\":0.05",
               "\"fault\":\"html\",\"commit\":true,\"probability\":0.1"}},
    {.name = "drop", .rules = {DROP}},
    {.name = "reset-before",
     .rules = {"\"fault\":\"reset_before\",\"skip\":3,\"count\":5", BEFORE}},
    {.name = "reset-during", .rules = {DURING}},
    {.name = "reset-after", .rules = {AFTER}},
    {.name = "truncate", .rules = {TRUNCATE}},
    {.name = "slow",
     .rules = {"\"fault\":\"slow\",\"bytes\":50,\"delay_ms\":3,\"probability\":0.1",
               "\"fault\":\"stall\",\"delay_ms\":200,\"probability\":0.1",
               "\"fault\":\"delay\",\"delay_ms\":80,\"probability\":0.15"}},
    {.name = "length",
     .rules = {"\"fault\":\"wrong_length\",\"delta\":7,\"probability\":0.15",
               "\"fault\":\"wrong_length\",\"delta\":-7,\"probability\":0.15"}},
    {.name = "garbage",
     .rules = {"\"fault\":\"garbage\",\"commit\":true,\"probability\":0.15",
               "\"fault\":\"garbage\",\"probability\":0.1"}},
    {.name = "expired", .rules = {EXPIRED}, .sessions = true},
    {.name = "clock", .clock = true},
    {.name = "connections", .connections = 3},
    {.name = "reshard", .shards = true},
    {.name = "hurry", .faults = SCENE_HURRY, .may_fail = true},
    {.name = "everything",
     .faults = SCENE_EVERYTHING,
     .rules = {"\"fault\":\"throttle\",\"records\":true,\"probability\":0.1",
               "\"fault\":\"internal\",\"records\":true,\"probability\":0.05",
               "\"fault\":\"internal\",\"commit\":true,\"probability\":0.04",
               "\"fault\":\"unavailable\",\"probability\":0.04",
               "\"fault\":\"drop_answer\",\"probability\":0.05",
               "\"fault\":\"reset_during\",\"probability\":0.05",
               "\"fault\":\"truncate\",\"probability\":0.05",
               "\"fault\":\"wrong_length\",\"delta\":7,\"probability\":0.03",
               "\"fault\":\"garbage\",\"commit\":true,\"probability\":0.05",
               "\"fault\":\"slow\",\"bytes\":50,\"delay_ms\":3,\"probability\":0.03",
               "\"fault\":\"expired_token\",\"probability\":0.03"},
     .sessions = true,
     .clock = true,
     .shards = true,
     .may_fail = true,
     .connections = 6},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void set_faults(const struct kind *kind, uint64_t seed)
{
    char text[4000];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"seed\":%llu,", (unsigned long long)seed);
    if (kind->connections)
        n += (size_t)snprintf(text + n, sizeof text - n, "\"connections\":%d,", kind->connections);
    n += (size_t)snprintf(text + n, sizeof text - n, "\"rules\":[");
    for (size_t i = 0; i < RULES && kind->rules[i]; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s{\"operation\":\"PutRecords\",%s}",
                              i ? "," : "", kind->rules[i]);
    snprintf(text + n, sizeof text - n, "]}");
    live_tell("/_klocal/faults", text);
}

/* ---- a scene ---- */

struct stage {
    struct scene scene;
    const struct kind *kind;
    struct script script;
    struct live_client live;
    uint64_t seed;
    char stream[64];
    size_t dropped; /* PLANT_DROP: this record's result is kept back */
};

static bool loud; /* a single scene says what happens */

static void write_log(void *ctx, enum sigv4_level level, const char *area, const char *text)
{
    (void)ctx;
    (void)level;
    fprintf(stderr, "%s: %s\n", area, text);
}

static void keep_one_back(void *ctx, const struct kinesis_put_result *result)
{
    struct stage *st = ctx;
    if ((uintptr_t)result->tag - 1 != st->dropped)
        history_on_result(&st->script.history, result);
}

static void prepare_stream(const struct stage *st, unsigned shards)
{
    struct live_client calm;
    live_open(&calm, false, 0, NULL);
    live_make_stream(calm.client, st->stream, shards);
    live_close(&calm);
    set_faults(st->kind, st->scene.seed);
}

static void set_stage(struct stage *st)
{
    static unsigned number;
    struct sigv4_log log = {NULL, SIGV4_DEBUG, write_log};
    st->scene.faults = st->kind->faults;
    st->seed = st->scene.seed;
    scene_random(&st->seed);
    snprintf(st->stream, sizeof st->stream, "history-%u", number++);
    script_init(&st->script, &st->scene);
    st->script.options.stream = st->stream;
    if (st->scene.plant == PLANT_DROP) {
        st->dropped = scene_dice(&st->seed, (uint32_t)st->script.history.count);
        st->script.options.on_result = keep_one_back;
        st->script.options.ctx = st;
    }
    prepare_stream(st, 1 + scene_dice(&st->seed, 4));
    live_open(&st->live, st->kind->sessions, 2000, loud ? &log : NULL);
    live_need(kinesis_producer_new(&st->script.producer, st->live.client, &st->script.options,
                                   NULL) == SIGV4_OK,
              "the producer");
}

/* One of the things that happen while it writes. */
static void disturb(struct stage *st)
{
    static const long long skews[] = {0, 3600000, -3600000, 600000};
    const struct kind *kind = st->kind;
    uint32_t dice = scene_dice(&st->seed, 4);
    if (kind->sessions && dice < 2)
        live_expire_sessions();
    if (kind->clock && dice % 2)
        live_set_clock_ms(skews[scene_dice(&st->seed, 4)]);
    if (kind->shards && dice == 3)
        (void)live_merge(st->live.client, st->stream, &st->seed);
    else if (kind->shards)
        (void)live_split(st->live.client, st->stream, &st->seed);
}

static void between(void *ctx)
{
    struct stage *st = ctx;
    if (scene_dice(&st->seed, 12) == 0)
        disturb(st);
    else
        (void)sigv4_loop_run(st->live.loop, (int)scene_dice(&st->seed, 3));
}

static void play(struct stage *st)
{
    struct script_cast cast;
    if (st->scene.threads == 1) {
        script_play(&st->script, 0, between, st);
        return;
    }
    live_need(sigv4_loop_start(st->live.loop, NULL) == SIGV4_OK, "the loop's thread");
    script_play_all(&st->script, &cast);
    for (int i = 0; i < 4; i++) {
        usleep(1000 + scene_dice(&st->seed, 20000));
        disturb(st);
    }
    script_join(&st->script, &cast);
}

static void finish(struct stage *st)
{
    struct history *h = &st->script.history;
    uint32_t dice = scene_dice(&st->seed, 10);
    bool hurry = st->kind->may_fail;
    h->stats.size = sizeof h->stats;
    h->counts.size = sizeof h->counts;
    int rc = kinesis_producer_close(st->script.producer, hurry && dice < 5 ? (int)dice * 20 : -1,
                                    &h->counts);
    live_need(rc == SIGV4_OK || rc == SIGV4_E_TIMEOUT || rc == SIGV4_E_SERVICE, "close");
    h->has_counts = true;
    live_need(kinesis_producer_stats(st->script.producer, &h->stats) == SIGV4_OK, "stats");
    kinesis_producer_free(st->script.producer);
    live_close(&st->live); /* the last results come here */
}

static void look(struct stage *st)
{
    struct live_client calm;
    live_forget_faults();
    live_open(&calm, false, 0, NULL);
    live_look(calm.client, st->stream, &st->script.history);
    live_close(&calm);
}

/* Keys that expire again while they are renewed, a clock that jumps again while it is corrected:
 * once is tried, then it is taken for an answer. */
static bool may_be_given_up(const struct kind *kind, const struct history_record *r)
{
    return kind->may_fail || !r->accepted || r->fate == KINESIS_WRITTEN ||
           ((kind->sessions || kind->clock) &&
            (r->status == SIGV4_E_NO_CREDENTIALS || r->status == SIGV4_E_DENIED));
}

/* What passes is survived: with five minutes of patience every record is written. */
static unsigned check_written(const struct stage *st)
{
    const struct history *h = &st->script.history;
    unsigned given_up = 0;
    for (size_t i = 0; i < h->count; i++)
        given_up += !may_be_given_up(st->kind, &h->records[i]);
    if (given_up && !h->quiet)
        fprintf(stderr, "  violation: %u records were given up\n", given_up);
    return given_up;
}

static unsigned perform(struct stage *st, struct crew_sum *sum)
{
    set_stage(st);
    play(st);
    finish(st);
    look(st);
    unsigned violations = history_check(&st->script.history) + check_written(st);
    if (violations && !st->scene.quiet)
        fprintf(stderr, "%u violations: history_wire one %s %s %u %llu\n", violations,
                scene_mode_names[st->scene.mode], st->kind->name, st->scene.threads,
                (unsigned long long)st->scene.seed);
    crew_add(sum, &st->script.history);
    script_free(&st->script);
    return violations;
}

/* ---- which scenes ---- */

static struct crew_sum *sum;

static bool begin(void *ctx)
{
    (void)ctx;
    return live_start(NULL);
}

static void end(void *ctx)
{
    (void)ctx;
    live_stop();
}

static struct stage stage_of(uint64_t n)
{
    struct stage st = {.scene = {.threads = n % 2 ? 8 : 1}};
    n /= 2;
    st.scene.mode = (enum scene_mode)(n % SCENE_MODES);
    n /= SCENE_MODES;
    st.kind = &kinds[n % KINDS];
    st.scene.seed = 1 + n / KINDS;
    return st;
}

static unsigned play_scene(void *ctx, uint64_t n)
{
    struct stage st = stage_of(n);
    (void)ctx;
    return perform(&st, sum);
}

/* Scenes that once failed. */
static const struct {
    enum scene_mode mode;
    const char *kind;
    unsigned threads;
    uint64_t seed;
} kept[] = {
    /* libcurl sent a request again that had been answered with a reset */
    {SCENE_PLAIN, "everything", 1, 1},
    /* an attempt was ended while libcurl looked for another connection */
    {SCENE_ORDERED, "everything", 1, 103},
    /* the clock jumped while several requests were under way */
    {SCENE_AGGREGATED, "clock", 1, 1},
};

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    live_need(false, name);
    return NULL;
}

static unsigned play_kept(void *ctx, uint64_t n)
{
    struct stage st = {
        .kind = kind_named(kept[n].kind),
        .scene = {.mode = kept[n].mode, .threads = kept[n].threads, .seed = kept[n].seed}};
    (void)ctx;
    return perform(&st, sum);
}

static int perform_all(unsigned seeds)
{
    struct crew crew = {.processes = PROCESSES,
                        .count = (uint64_t)seeds * 2 * SCENE_MODES * KINDS,
                        .begin = begin,
                        .play = play_scene,
                        .end = end};
    struct crew again = {.processes = 2,
                         .count = sizeof kept / sizeof *kept,
                         .begin = begin,
                         .play = play_kept,
                         .end = end};
    bool good = crew_play(&again, sum);
    atomic_store(&sum->scenes, 0);
    good = crew_play(&crew, sum) && good;
    printf("%llu scenes (%u seeds, %d kinds of faults), %llu with violations; %llu records: %llu "
           "written (%llu maybe twice), %llu not, %llu maybe; %llu sent again, %llu aggregates "
           "misplaced\n",
           (unsigned long long)sum->scenes, seeds, KINDS, (unsigned long long)sum->failed,
           (unsigned long long)sum->accepted, (unsigned long long)sum->fates[KINESIS_WRITTEN],
           (unsigned long long)sum->twice, (unsigned long long)sum->fates[KINESIS_NOT_WRITTEN],
           (unsigned long long)sum->fates[KINESIS_MAYBE_WRITTEN], (unsigned long long)sum->retried,
           (unsigned long long)sum->misplaced);
    return good && sum->failed == 0 ? 0 : 1;
}

/* ---- mistakes ---- */

struct mistake {
    const char *name;
    enum plant plant;
    enum scene_plant played;
    enum scene_mode mode;
    const char *kind;
};
static const struct mistake mistakes[] = {
    {"the whole batch goes again", PLANTED_RESEND, PLANT_NOTHING, SCENE_PLAIN, "internal"},
    {"the whole batch goes again", PLANTED_RESEND, PLANT_NOTHING, SCENE_ORDERED, "internal"},
    {"the whole batch goes again", PLANTED_RESEND, PLANT_NOTHING, SCENE_AGGREGATED, "internal"},
    {"a result is dropped", PLANTED_NOTHING, PLANT_DROP, SCENE_PLAIN, "calm"},
    {"a result is dropped", PLANTED_NOTHING, PLANT_DROP, SCENE_AGGREGATED, "calm"},
    {"two results are swapped", PLANTED_SWAP, PLANT_NOTHING, SCENE_PLAIN, "calm"},
    {"two results are swapped", PLANTED_SWAP, PLANT_NOTHING, SCENE_ORDERED, "calm"},
    {"records of a key pass each other", PLANTED_UNORDERED, PLANT_NOTHING, SCENE_ORDERED,
     "internal"},
};
enum { MISTAKES = sizeof mistakes / sizeof *mistakes };

static atomic_uint *caught; /* of each mistake */

static unsigned play_mistake(void *ctx, uint64_t n)
{
    const struct mistake *m = &mistakes[n % MISTAKES];
    struct stage st = {.kind = kind_named(m->kind),
                       .scene = {.mode = m->mode,
                                 .threads = 1,
                                 .seed = 1 + n / MISTAKES,
                                 .plant = m->played,
                                 .quiet = true}};
    (void)ctx;
    plant_now = m->plant;
    plant_times = 3;
    if (perform(&st, sum))
        atomic_fetch_add(&caught[n % MISTAKES], 1);
    plant_now = PLANTED_NOTHING;
    return 0;
}

static int perform_planted(unsigned seeds)
{
    struct crew crew = {.processes = PROCESSES,
                        .count = (uint64_t)seeds * MISTAKES,
                        .begin = begin,
                        .play = play_mistake,
                        .end = end};
    caught = crew_shared(MISTAKES * sizeof *caught);
    bool good = crew_play(&crew, sum);
    for (unsigned i = 0; i < MISTAKES; i++) {
        printf("%s, %s: caught in %u of %u scenes\n", mistakes[i].name,
               scene_mode_names[mistakes[i].mode], caught[i], seeds);
        good = good && caught[i] >= (seeds + 3) / 4;
    }
    return good ? 0 : 1;
}

static enum scene_mode mode_named(const char *name)
{
    unsigned i = 0;
    while (i < SCENE_MODES && strcmp(scene_mode_names[i], name))
        i++;
    live_need(i < SCENE_MODES, name);
    return (enum scene_mode)i;
}

static int perform_one(char **words)
{
    struct stage st = {.kind = kind_named(words[1]),
                       .scene = {.mode = mode_named(words[0]),
                                 .threads = (unsigned)strtoul(words[2], NULL, 10),
                                 .seed = strtoull(words[3], NULL, 10)}};
    loud = true;
    live_need(live_start(NULL), "klocal");
    unsigned violations = perform(&st, sum);
    live_stop();
    return violations ? 1 : 0;
}

int main(int argc, char **argv)
{
    const char *klocal = getenv("KLOCAL");
    if (!klocal || access(klocal, X_OK)) {
        printf("SKIP: no klocal\n");
        return 77;
    }
    sum = crew_shared(sizeof *sum);
    if (argc == 6 && strcmp(argv[1], "one") == 0)
        return perform_one(argv + 2);
    if (argc > 1 && strcmp(argv[1], "planted") == 0)
        return perform_planted(crew_seeds(argc > 2 ? argv[2] : NULL, 8, 40));
    return perform_all(crew_seeds(argc > 1 ? argv[1] : NULL, 1, LONG_SEEDS));
}
