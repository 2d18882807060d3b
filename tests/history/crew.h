#ifndef HISTORY_CREW_H
#define HISTORY_CREW_H
/* Scenes dealt to processes: most of a scene over sockets is waiting, so many run at a time. Each
 * process has a service of its own. */
#include "history/history.h"

/* What all scenes together came to: proof that things were really broken. Shared. */
struct crew_sum {
    atomic_uint_least64_t scenes, failed, accepted, refused, fates[3], twice, retried, misplaced;
};

/* Plays scene 0 to count - 1, each once; play returns how many violations it saw, and tells the sum
 * itself what else there was. begin and end are each process's. Returns false when a process did
 * not end well; 1 process: this one. */
struct crew {
    unsigned processes;
    uint64_t count;
    bool (*begin)(void *ctx);
    unsigned (*play)(void *ctx, uint64_t scene);
    void (*end)(void *ctx);
    void *ctx;
};
void *crew_shared(size_t n); /* zeroes, seen by every process */
bool crew_play(const struct crew *crew, struct crew_sum *sum);
void crew_add(struct crew_sum *sum, const struct history *h);
/* The number of seeds: of the command line, or long_seeds when LONG is set. */
unsigned crew_seeds(const char *text, unsigned seeds, unsigned long_seeds);
#endif
