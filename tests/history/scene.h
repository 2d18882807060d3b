#ifndef HISTORY_SCENE_H
#define HISTORY_SCENE_H
/* One run: how the producer is set, what it is given, how the stream fails, how it ends. All of it
 * follows from a seed. */
#include "history/history.h"

#include <pthread.h>

enum scene_mode { SCENE_PLAIN, SCENE_ORDERED, SCENE_AGGREGATED, SCENE_BOTH, SCENE_MODES };
enum scene_faults {
    SCENE_CALM,
    SCENE_THROTTLES,  /* single records refused as too much */
    SCENE_INTERNAL,   /* single records fail inside */
    SCENE_LOST,       /* whole answers are lost, cut, garbage */
    SCENE_REFUSALS,   /* whole requests are refused: 400, 500, 503 */
    SCENE_UNREACHED,  /* nobody there for a while */
    SCENE_RESHARDS,   /* shards are split and merged meanwhile */
    SCENE_HURRY,      /* short deadlines, small budgets, abandon, an early end */
    SCENE_EVERYTHING, /* all of these */
    SCENE_FAULTS
};
/* Mistakes a producer could make, played by what is around it: the checker must see them. */
enum scene_plant {
    PLANT_NOTHING,
    PLANT_RESEND, /* after a partial failure everything goes again */
    PLANT_DROP,   /* one result is never told */
    PLANT_SWAP    /* two records change places */
};

struct scene {
    enum scene_mode mode;
    enum scene_faults faults;
    unsigned threads;
    uint64_t seed;
    enum scene_plant plant;
    bool quiet;
};
extern const char *const scene_mode_names[SCENE_MODES], *const scene_fault_names[SCENE_FAULTS];

uint32_t scene_random(uint64_t *seed);
/* From 0 to below n. */
static inline uint32_t scene_dice(uint64_t *seed, uint32_t n)
{
    return n ? scene_random(seed) % n : 0;
}

/* What is put by whom. The records of a history are dealt to the threads by their key. */
struct script {
    struct history history;
    const struct scene *scene;
    struct kinesis_producer *producer;
    struct kinesis_producer_options options;
    unsigned keys;
    uint64_t seed;
};
void script_init(struct script *s, const struct scene *scene);
void script_free(struct script *s);
/* Puts what is thread's, waiting for room; between(ctx) is called now and then, may be NULL. */
void script_play(struct script *s, unsigned thread, void (*between)(void *ctx), void *ctx);

/* The same by all of the scene's threads at once, until they are joined. */
enum { SCENE_MAX_THREADS = 16 };
struct script_cast {
    struct actor {
        pthread_t thread;
        struct script *script;
        unsigned number;
    } actors[SCENE_MAX_THREADS];
};
void script_play_all(struct script *s, struct script_cast *cast);
void script_join(struct script *s, struct script_cast *cast);
#endif
