/* The object behind a provider's operations: counts the fetches under way, so that it can be freed
 * at any time and goes when the last of them has answered. */
#include "credentials/provider.h"

#include "base/memory.h"
#include "transport/loop.h"

int sigv4_provider_new(struct sigv4_provider **out, const struct sigv4_provider_ops *ops,
                       void *self, const struct sigv4_alloc *alloc)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    if (!ops || !ops->fetch)
        return SIGV4_E_INVALID;
    struct sigv4_provider *provider = sigv4__alloc_zero(&hooks, 1, sizeof *provider);
    if (!provider)
        return SIGV4_E_NOMEM;
    provider->alloc = hooks;
    memcpy(&provider->ops, ops, ops->size < sizeof *ops ? ops->size : sizeof *ops);
    provider->self = self;
    *out = provider;
    return SIGV4_OK;
}

static void dispose(struct sigv4_provider *provider)
{
    struct sigv4_alloc alloc = provider->alloc;
    if (provider->ops.free)
        provider->ops.free(provider->self);
    sigv4__alloc_put(&alloc, provider, sizeof *provider);
}

struct passage {
    struct sigv4_provider *provider;
    struct sigv4_loop *loop;
    sigv4_credentials_fn *done;
    void *ctx;
};

static void passed(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct passage passage = *(struct passage *)ctx;
    struct sigv4_provider *provider = passage.provider;
    sigv4__alloc_put(&provider->alloc, ctx, sizeof passage);
    passage.done(passage.ctx, creds, err);
    sigv4__loop_owe(passage.loop, -1);
    /* Counted down only now: done may free the provider. */
    if (--provider->under_way == 0 && provider->freed)
        dispose(provider);
}

int sigv4_provider_fetch(struct sigv4_provider *provider, struct sigv4_loop *loop,
                         sigv4_credentials_fn *done, void *ctx)
{
    int status = sigv4_loop_check(loop);
    if (status)
        return status;
    if (provider->freed)
        return SIGV4_E_CLOSED;
    struct passage *passage = sigv4__alloc_zero(&provider->alloc, 1, sizeof *passage);
    if (!passage)
        return SIGV4_E_NOMEM;
    *passage = (struct passage){provider, loop, done, ctx};
    status = provider->ops.fetch(provider->self, loop, passed, passage);
    if (status) {
        sigv4__alloc_put(&provider->alloc, passage, sizeof *passage);
        return status;
    }
    provider->under_way++;
    sigv4__loop_owe(loop, 1);
    return SIGV4_OK;
}

void sigv4__provider_cancel(struct sigv4_provider *provider)
{
    if (provider->under_way && provider->ops.cancel)
        provider->ops.cancel(provider->self);
}

void sigv4_provider_free(struct sigv4_provider *provider)
{
    if (!provider || provider->freed)
        return;
    if (provider->under_way == 0) {
        dispose(provider);
        return;
    }
    provider->freed = true;
    sigv4__provider_cancel(provider);
}

void sigv4_provider_refuse(struct sigv4_provider *provider, struct sigv4_credentials *creds)
{
    if (provider->refuse)
        provider->refuse(provider->self, creds);
}

void sigv4_provider_set_mfa(struct sigv4_provider *provider, sigv4_mfa_fn *fn, void *ctx)
{
    const struct sigv4__mfa mfa = {fn, ctx};
    if (provider->set_mfa)
        provider->set_mfa(provider->self, &mfa);
}

void sigv4__provider_set_way(struct sigv4_provider *provider, struct sigv4__way *way)
{
    if (way && provider->set_way)
        provider->set_way(provider->self, way);
}

struct sigv4_credentials *sigv4__provider_now(struct sigv4_provider *provider,
                                              struct sigv4_loop *loop)
{
    return provider->now && !provider->freed ? provider->now(provider->self, loop) : NULL;
}

/* ---- keys that are simply there ---- */

struct fixed {
    struct sigv4_alloc alloc;
    struct sigv4_credentials *creds;
};

static int fixed_fetch(void *self, struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx)
{
    struct fixed *fixed = self;
    struct sigv4__reply *reply;
    int status = sigv4__reply_new(&reply, &fixed->alloc, loop, done, ctx);
    if (status == SIGV4_OK)
        sigv4__reply_send(reply, sigv4_credentials_hold(fixed->creds), NULL);
    return status;
}

static struct sigv4_credentials *fixed_now(void *self, struct sigv4_loop *loop)
{
    (void)loop;
    return ((struct fixed *)self)->creds;
}

static void fixed_free(void *self)
{
    struct fixed *fixed = self;
    struct sigv4_alloc alloc = fixed->alloc;
    sigv4_credentials_release(fixed->creds);
    sigv4__alloc_put(&alloc, fixed, sizeof *fixed);
}

int sigv4_provider_new_static(struct sigv4_provider **out, struct sigv4_credentials *creds,
                              const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = fixed_fetch, .free = fixed_free};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct fixed *fixed = sigv4__alloc_zero(&hooks, 1, sizeof *fixed);
    if (!fixed)
        return SIGV4_E_NOMEM;
    fixed->alloc = hooks;
    int status = sigv4_provider_new(out, &ops, fixed, alloc);
    if (status) {
        sigv4__alloc_put(&hooks, fixed, sizeof *fixed);
        return status;
    }
    fixed->creds = sigv4_credentials_hold(creds);
    (*out)->now = fixed_now;
    return SIGV4_OK;
}
