/* Processes that take the next scene until there is none. */
#include "history/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *crew_shared(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        abort();
    return p;
}

void crew_add(struct crew_sum *sum, const struct history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct history_record *r = &h->records[i];
        atomic_fetch_add(r->accepted ? &sum->accepted : &sum->refused, 1);
        if (r->accepted && r->told)
            atomic_fetch_add(&sum->fates[r->fate], 1);
        atomic_fetch_add(&sum->twice, r->maybe_twice);
    }
    atomic_fetch_add(&sum->retried, h->stats.records_retried);
    atomic_fetch_add(&sum->misplaced, h->stats.aggregates_misplaced);
}

static bool work(const struct crew *crew, struct crew_sum *sum, atomic_uint_least64_t *next)
{
    uint64_t scene;
    if (crew->begin && !crew->begin(crew->ctx))
        return false;
    while ((scene = atomic_fetch_add(next, 1)) < crew->count) {
        unsigned violations = crew->play(crew->ctx, scene);
        atomic_fetch_add(&sum->scenes, 1);
        atomic_fetch_add(&sum->failed, violations > 0);
    }
    if (crew->end)
        crew->end(crew->ctx);
    return true;
}

bool crew_play(const struct crew *crew, struct crew_sum *sum)
{
    atomic_uint_least64_t *next = crew_shared(sizeof *next);
    bool good = true;
    int status;
    fflush(NULL);
    if (crew->processes < 2)
        return work(crew, sum, next);
    for (unsigned i = 0; i < crew->processes; i++) {
        pid_t pid = fork();
        if (pid < 0)
            abort();
        if (pid == 0) {
            bool done = work(crew, sum, next);
            exit(done ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < crew->processes; i++)
        if (wait(&status) < 0 || status != 0)
            good = false;
    if (!good)
        fprintf(stderr, "a process of the crew did not end well\n");
    return good && atomic_load(&sum->scenes) == crew->count;
}

unsigned crew_seeds(const char *text, unsigned seeds, unsigned long_seeds)
{
    const char *is_long = getenv("LONG");
    if (text)
        return (unsigned)strtoul(text, NULL, 10);
    return is_long && *is_long ? long_seeds : seeds;
}
