#include "trial.h"

#include "moment.h"

#include <stdio.h>
#include <time.h>

enum { WARM_UP = 2, LOAD_SLICES = 4 };

bool trial_init(struct trial *t, const struct trial_settings *settings)
{
    bool ok = true;
    *t = (struct trial){.load_count = settings->load_seconds > 0 ? TRIAL_LOADS : 0};
    for (int side = 0; side < 2; side++)
        for (int kind = 0; kind < CONNECTION_KINDS; kind++)
            ok = series_init(&t->sides[side].series[kind], settings->requests) && ok;
    return ok;
}

void trial_free(struct trial *t)
{
    for (int side = 0; side < 2; side++)
        for (int kind = 0; kind < CONNECTION_KINDS; kind++)
            series_free(&t->sides[side].series[kind]);
}

/* ---- latency ---- */

struct course { /* what a block needs to know */
    struct trial *trial;
    struct way *ways;
    const struct trial_settings *settings;
    double began;
    void (*progress)(double done);
    const volatile bool *stop;
};

static void one(struct course *c, int side, enum connection kind, uint32_t block)
{
    struct series *s = &c->trial->sides[side].series[kind];
    struct reading reading = {.at_s = moment_seconds() - c->began, .block = block};
    struct sigv4_error failure = {0};
    if (way_ask(&c->ways[side], kind == CONNECTION_FRESH, &reading, &failure)) {
        series_add(s, &reading);
        return;
    }
    if (s->failures++ == 0)
        snprintf(s->failure, sizeof s->failure, "%.*s", (int)sizeof s->failure - 1,
                 failure.message);
}

static void block(struct course *c, enum connection kind, uint32_t number, size_t count)
{
    for (int turn = 0; turn < 2; turn++) {
        int side = turn ^ (int)(number & 1); /* a b, b a, a b ...: none is always first */
        for (size_t i = 0; i < count && !*c->stop; i++)
            one(c, side, kind, number);
    }
}

/* A kept connection is made, and grows its window, before it is measured. */
static void warm_up(struct course *c)
{
    struct reading unused;
    struct sigv4_error failure;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < WARM_UP && !*c->stop; i++)
            way_ask(&c->ways[side], false, &unused, &failure);
}

static void latencies(struct course *c)
{
    size_t wanted = c->settings->requests, size = c->settings->block;
    warm_up(c);
    for (size_t done = 0; done < wanted && !*c->stop; done += size) {
        size_t count = wanted - done < size ? wanted - done : size;
        for (enum connection kind = 0; kind < CONNECTION_KINDS; kind++)
            block(c, kind, (uint32_t)(done / size), count);
        if (c->progress)
            c->progress((double)(done + count) / (double)wanted);
    }
}

/* ---- throughput ---- */

static void add_load(struct way_load *sum, const struct way_load *slice)
{
    sum->seconds += slice->seconds;
    sum->cpu_seconds += slice->cpu_seconds;
    sum->bytes += slice->bytes;
    sum->requests += slice->requests;
    sum->failures += slice->failures;
    if (slice->failures)
        sum->failure = slice->failure;
}

static void load(struct course *c, size_t which, unsigned connections)
{
    struct way_load slice;
    for (int i = 0; i < 2 * LOAD_SLICES && !*c->stop; i++) {
        int side = (i ^ i / 2) & 1; /* a b b a a b b a */
        struct trial_load *l = &c->trial->sides[side].loads[which];
        l->connections = connections;
        way_push(&c->ways[side], connections, c->settings->load_seconds / LOAD_SLICES, &slice);
        add_load(&l->sum, &slice);
    }
}

void trial_run(struct trial *t, struct way ways[2], const struct trial_settings *settings,
               void (*progress)(double done), const volatile bool *stop)
{
    struct course c = {t, ways, settings, moment_seconds(), progress, stop};
    t->began_unix = (double)time(NULL);
    latencies(&c);
    if (t->load_count) {
        load(&c, 0, 1);
        load(&c, 1, settings->parallel);
    }
    t->seconds = moment_seconds() - c.began;
}
