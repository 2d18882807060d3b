/* A role assumed with the keys of another source (sts:AssumeRole). */
#include "base/fail.h"
#include "base/memory.h"
#include "credentials/sts.h"

struct role {
    struct sigv4_alloc alloc;
    struct sigv4_provider *source;
    const struct sigv4__config *config;
    struct sigv4__role role;
    struct sigv4__mfa mfa;
    struct sigv4__errand *errands;
};

struct asking {
    struct sigv4__sts_ask ask; /* first */
    struct role *self;
};

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct role *self = asking->self;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    sigv4__sts_accept(&creds, answer, &self->role, &self->alloc, &err);
    sigv4__sts_ask_end(&asking->ask, creds, &err);
}

static void source_done(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct asking *asking = ctx;
    struct role *self = asking->self;
    struct sigv4__sts_request request = {
        .config = self->config, .role = &self->role, .creds = creds, .mfa = self->mfa};
    struct sigv4_error why;
    if (creds && sigv4__sts_ask(&asking->ask, &request, answered, &why) == SIGV4_OK)
        return;
    sigv4__sts_ask_end(&asking->ask, NULL, creds ? &why : err);
}

static int role_fetch(void *ctx, struct sigv4_loop *loop, sigv4_credentials_fn *done,
                      void *done_ctx)
{
    struct role *self = ctx;
    void *memory;
    int status =
        sigv4__errand_new(&memory, sizeof(struct asking), &self->errands, &self->alloc, loop);
    if (status)
        return status;
    struct asking *asking = memory;
    asking->self = self;
    sigv4__sts_ask_init(&asking->ask);
    status = sigv4__errand_promise(&asking->ask.errand, done, done_ctx);
    if (status == SIGV4_OK)
        status = sigv4_provider_fetch(self->source, loop, source_done, asking);
    if (status)
        sigv4__errand_drop(&asking->ask.errand);
    return status;
}

static void role_cancel(void *ctx)
{
    struct role *self = ctx;
    sigv4__errands_cancel(self->errands);
    sigv4__provider_cancel(self->source);
}

static void role_free(void *ctx)
{
    struct role *self = ctx;
    struct sigv4_alloc alloc = self->alloc;
    sigv4_provider_free(self->source);
    sigv4__alloc_put(&alloc, self, sizeof *self);
}

int sigv4__provider_new_role(struct sigv4_provider **out, struct sigv4_provider *source,
                             const struct sigv4__config *config, const struct sigv4__role *role,
                             const struct sigv4__mfa *mfa, const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = role_fetch, .free = role_free, .cancel = role_cancel};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct role *self = sigv4__alloc_zero(&hooks, 1, sizeof *self);
    if (!self)
        return SIGV4_E_NOMEM;
    self->alloc = hooks;
    self->config = config;
    self->role = *role;
    self->mfa = *mfa;
    int status = sigv4_provider_new(out, &ops, self, alloc);
    if (status)
        role_free(self);
    else
        self->source = source;
    return status;
}
