/* Dice, and what they decide. */
#include "history/scene.h"

#include <stdlib.h>

const char *const scene_mode_names[SCENE_MODES] = {"plain", "ordered", "aggregated",
                                                   "ordered+aggregated"};
const char *const scene_fault_names[SCENE_FAULTS] = {"calm",     "throttles", "internal",
                                                     "lost",     "refusals",  "unreached",
                                                     "reshards", "hurry",     "everything"};

uint32_t scene_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static bool in_a_hurry(const struct scene *scene)
{
    return scene->faults == SCENE_HURRY || scene->faults == SCENE_EVERYTHING;
}

static void choose_options(struct script *s)
{
    static const uint32_t flags[SCENE_MODES] = {0, KINESIS_KEEP_ORDER, KINESIS_AGGREGATE,
                                                KINESIS_AGGREGATE | KINESIS_KEEP_ORDER};
    struct kinesis_producer_options *o = &s->options;
    *o = (struct kinesis_producer_options){
        .size = sizeof *o,
        .stream = "s",
        .on_result = history_on_result,
        .ctx = &s->history,
        .max_buffered_bytes = 2000 + scene_dice(&s->seed, in_a_hurry(s->scene) ? 6000 : 200000),
        .max_buffered_records = 1 + scene_dice(&s->seed, 200),
        .linger_ms = 1 + scene_dice(&s->seed, 30),
        .max_batch_records = 1 + scene_dice(&s->seed, 60),
        .max_batch_bytes = 500 + scene_dice(&s->seed, 20000),
        .max_requests_in_flight = 1 + scene_dice(&s->seed, 8),
        .record_deadline_ms = in_a_hurry(s->scene) ? 50 + scene_dice(&s->seed, 2000) : 300000,
        .max_aggregate_bytes = 100 + scene_dice(&s->seed, 4000),
        .flags = flags[s->scene->mode],
    };
    if (scene_dice(&s->seed, 4) == 0)
        o->flags |= KINESIS_NO_LINGER;
}

static void choose_records(struct script *s)
{
    static const char *const hash_keys[] = {"0", "170141183460469231731687303715884105728",
                                            "340282366920938463463374607431768211455"};
    unsigned *orders = calloc(s->keys, sizeof *orders);
    for (size_t i = 0; i < s->history.count; i++) {
        struct history_record *r = &s->history.records[i];
        uint32_t dice = scene_dice(&s->seed, 100);
        size_t len = dice < 60   ? scene_dice(&s->seed, 60)
                     : dice < 95 ? scene_dice(&s->seed, 900)
                                 : scene_dice(&s->seed, 1900);
        r->key = scene_dice(&s->seed, 8) ? scene_dice(&s->seed, s->keys) : HISTORY_NO_KEY;
        /* One hash key per key: with several, a key would lie in several shards. */
        if (r->key != HISTORY_NO_KEY && r->key % 5 == 4)
            r->hash_key = hash_keys[r->key % 3];
        r->order = r->key == HISTORY_NO_KEY ? 0 : orders[r->key]++;
        history_make(&s->history, i, len);
    }
    free(orders);
}

void script_init(struct script *s, const struct scene *scene)
{
    memset(s, 0, sizeof *s);
    s->scene = scene;
    s->seed = scene->seed * 1000003 + (uint64_t)scene->mode * 101 + (uint64_t)scene->faults * 11 +
              scene->threads;
    scene_random(&s->seed);
    bool ordered = scene->mode == SCENE_ORDERED || scene->mode == SCENE_BOTH;
    size_t count = 20 + scene_dice(&s->seed, 120);
    s->keys = 1 + scene_dice(&s->seed, 25);
    choose_options(s);
    history_init(&s->history, count, ordered, s->options.max_buffered_bytes);
    s->history.quiet = scene->quiet;
    choose_records(s);
}

void script_free(struct script *s)
{
    history_free(&s->history);
}

static bool is_mine(const struct script *s, unsigned thread, size_t i)
{
    unsigned key = s->history.records[i].key;
    return (key == HISTORY_NO_KEY ? i : key) % s->scene->threads == thread;
}

static void put(struct script *s, size_t i, bool copy)
{
    char key[32];
    struct history_record *r = &s->history.records[i];
    struct kinesis_put *p =
        KINESIS_PUT(.partition_key = sigv4_str(history_key(r->key, key)),
                    .explicit_hash_key = sigv4_str(r->hash_key),
                    .data = sigv4_bytes(r->data, r->len), .tag = (void *)(uintptr_t)(i + 1),
                    .flags = copy ? KINESIS_COPY : 0);
    r->accepted = kinesis_producer_put_wait(s->producer, p, 5000) == SIGV4_OK;
}

void script_play(struct script *s, unsigned thread, void (*between)(void *ctx), void *ctx)
{
    uint64_t seed = s->seed + thread;
    bool hurry = in_a_hurry(s->scene);
    for (size_t i = 0; i < s->history.count; i++) {
        if (!is_mine(s, thread, i))
            continue;
        put(s, i, scene_dice(&seed, 2));
        uint32_t dice = scene_dice(&seed, 100);
        if (between && dice < 30)
            between(ctx);
        else if (dice == 40)
            (void)kinesis_producer_flush(s->producer, (int)scene_dice(&seed, 50));
        else if (dice == 41 && hurry)
            kinesis_producer_abandon(s->producer);
    }
}

static void *act(void *arg)
{
    struct actor *a = arg;
    script_play(a->script, a->number, NULL, NULL);
    return NULL;
}

void script_play_all(struct script *s, struct script_cast *cast)
{
    for (unsigned i = 0; i < s->scene->threads; i++) {
        cast->actors[i] = (struct actor){.script = s, .number = i};
        if (pthread_create(&cast->actors[i].thread, NULL, act, &cast->actors[i]))
            abort();
    }
}

void script_join(struct script *s, struct script_cast *cast)
{
    for (unsigned i = 0; i < s->scene->threads; i++)
        pthread_join(cast->actors[i].thread, NULL);
}
