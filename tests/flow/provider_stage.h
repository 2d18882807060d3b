#ifndef FLOW_PROVIDER_STAGE_H
#define FLOW_PROVIDER_STAGE_H
/* A scene with one provider in it, and what the last fetch came to. */
#include "flow/scene.h"

struct stage {
    struct scene s;
    struct sigv4_provider *provider; /* made by the test, with s.alloc */
    struct outcome o;
};

static inline void stage_begin(struct stage *t)
{
    memset(t, 0, sizeof *t);
    scene_begin(&t->s);
}

static inline void stage_end(struct stage *t)
{
    outcome_clear(&t->o);
    sigv4_provider_free(t->provider);
    scene_end(&t->s);
}
#endif
