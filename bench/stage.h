#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H
/* The loop and the client of a run, with klocal's test keys. */
#include "measure.h"
#include "plan.h"

#include <sigv4/client.h>

struct stage {
    struct sigv4_loop *loop;
    struct sigv4_client *client;
};
void stage_open(struct stage *stage, const struct plan *plan);
void stage_close(struct stage *stage);
#endif
