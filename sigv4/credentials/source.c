/* A source's life behind its provider. */
#include "credentials/source.h"

#include "base/memory.h"

static int source_fetch(void *ctx, struct sigv4_loop *loop, sigv4_credentials_fn *done,
                        void *done_ctx)
{
    struct sigv4__source *self = ctx;
    struct sigv4__errand *errand;
    struct sigv4_error err;
    void *memory;
    int status =
        sigv4__errand_new(&memory, self->kind->asking_size, &self->errands, &self->alloc, loop);
    if (status)
        return status;
    errand = memory;
    status = sigv4__errand_promise(errand, done, done_ctx);
    if (status) {
        sigv4__errand_drop(errand);
        return status;
    }
    errand->forget = self->kind->forget;
    if (self->kind->set_out(self, errand, &err))
        sigv4__errand_end(errand, NULL, &err);
    return SIGV4_OK;
}

static void source_cancel(void *ctx)
{
    struct sigv4__source *self = ctx;
    if (self->kind->cancel)
        self->kind->cancel(self);
    else
        sigv4__errands_cancel(self->errands);
}

static void source_free(void *ctx)
{
    struct sigv4__source *self = ctx;
    struct sigv4_alloc alloc = self->alloc;
    if (self->kind->close)
        self->kind->close(self);
    sigv4__way_release(self->way);
    sigv4__alloc_put(&alloc, self, self->kind->size);
}

void sigv4__source_set_way(void *source, struct sigv4__way *way)
{
    struct sigv4__source *self = source;
    sigv4__way_hold(way);
    sigv4__way_release(self->way);
    self->way = way;
}

int sigv4__source_new(struct sigv4_provider **out, void **self,
                      const struct sigv4__source_kind *kind, const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = source_fetch, .free = source_free, .cancel = source_cancel};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct sigv4__source *source = sigv4__alloc_zero(&hooks, 1, kind->size);
    if (!source)
        return SIGV4_E_NOMEM;
    source->kind = kind;
    source->alloc = hooks;
    int status = sigv4_provider_new(out, &ops, source, alloc);
    if (status) {
        sigv4__alloc_put(&hooks, source, kind->size);
        return status;
    }
    (*out)->set_way = sigv4__source_set_way;
    *self = source;
    return SIGV4_OK;
}

int sigv4__profile_source_new(struct sigv4_provider **out, const struct sigv4__source_kind *kind,
                              const struct sigv4__config *config, const char *profile,
                              const struct sigv4_alloc *alloc)
{
    void *memory;
    int status = sigv4__source_new(out, &memory, kind, alloc);
    if (status)
        return status;
    struct sigv4__profile_source *self = memory;
    self->config = config;
    self->profile = profile;
    return SIGV4_OK;
}
