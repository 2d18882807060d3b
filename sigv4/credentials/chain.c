/* One source after the other: "not here" leads to the next, anything else is the answer. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "credentials/provider.h"
#include "transport/loop.h"

struct chain {
    struct sigv4_alloc alloc;
    size_t count;
    struct sigv4_provider *links[];
};

struct walk {
    struct chain *chain;
    struct sigv4_loop *loop;
    struct sigv4__reply *reply;
    size_t next;
    char seen[sizeof((struct sigv4_error *)0)->message]; /* why each link was passed over */
};

static void walk_end(struct walk *walk, struct sigv4_credentials *creds,
                     const struct sigv4_error *err)
{
    struct sigv4_alloc alloc = walk->chain->alloc;
    sigv4__reply_send(walk->reply, creds, err);
    sigv4__alloc_put(&alloc, walk, sizeof *walk);
}

static void note(struct walk *walk, const char *why)
{
    size_t used = strlen(walk->seen), room = sizeof walk->seen - used;
    if (room < 8)
        return;
    if (used) {
        memcpy(walk->seen + used, "; ", 3);
        used += 2;
        room -= 2;
    }
    sigv4__fixed_copy(walk->seen + used, room, sigv4_str(why));
}

static void nothing_found(struct walk *walk, struct sigv4_error *err)
{
    sigv4__not_here(err,
                    "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a "
                    "profile that has keys, or run with a role. Looked at %s",
                    walk->seen[0] ? walk->seen : "nothing");
}

static void link_done(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err);

/* Asks the next link; after the last one, or when asking fails, the walk is over. */
static void walk_on(struct walk *walk)
{
    struct chain *chain = walk->chain;
    struct sigv4_error err;
    if (walk->next == chain->count) {
        nothing_found(walk, &err);
    } else {
        struct sigv4_provider *link = chain->links[walk->next++];
        int status = sigv4_provider_fetch(link, walk->loop, link_done, walk);
        if (status == SIGV4_OK)
            return;
        sigv4__fail(&err, status, "credentials: %s", sigv4_status_text(status));
    }
    walk_end(walk, NULL, &err);
}

static void link_done(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct walk *walk = ctx;
    if (creds) {
        walk_end(walk, sigv4_credentials_hold(creds), NULL);
    } else if (sigv4__is_not_here(err)) {
        sigv4__loop_log(walk->loop, SIGV4_DEBUG, "credentials", "%s", err->message);
        note(walk, err->message);
        walk_on(walk);
    } else {
        walk_end(walk, NULL, err);
    }
}

static int chain_fetch(void *ctx, struct sigv4_loop *loop, sigv4_credentials_fn *done,
                       void *done_ctx)
{
    struct chain *chain = ctx;
    struct walk *walk = sigv4__alloc_zero(&chain->alloc, 1, sizeof *walk);
    if (!walk)
        return SIGV4_E_NOMEM;
    int status = sigv4__reply_new(&walk->reply, &chain->alloc, loop, done, done_ctx);
    if (status) {
        sigv4__alloc_put(&chain->alloc, walk, sizeof *walk);
        return status;
    }
    walk->chain = chain;
    walk->loop = loop;
    walk_on(walk);
    return SIGV4_OK;
}

static void chain_cancel(void *ctx)
{
    struct chain *chain = ctx;
    for (size_t i = 0; i < chain->count; i++)
        sigv4__provider_cancel(chain->links[i]);
}

static void chain_refuse(void *ctx, struct sigv4_credentials *creds)
{
    struct chain *chain = ctx;
    for (size_t i = 0; i < chain->count; i++)
        sigv4_provider_refuse(chain->links[i], creds);
}

static void chain_set_mfa(void *ctx, const struct sigv4__mfa *mfa)
{
    struct chain *chain = ctx;
    for (size_t i = 0; i < chain->count; i++)
        sigv4_provider_set_mfa(chain->links[i], mfa->fn, mfa->ctx);
}

static void chain_set_way(void *ctx, struct sigv4__way *way)
{
    struct chain *chain = ctx;
    for (size_t i = 0; i < chain->count; i++)
        sigv4__provider_set_way(chain->links[i], way);
}

static void chain_free(void *ctx)
{
    struct chain *chain = ctx;
    struct sigv4_alloc alloc = chain->alloc;
    for (size_t i = 0; i < chain->count; i++)
        sigv4_provider_free(chain->links[i]);
    sigv4__alloc_put(&alloc, chain, sizeof *chain + chain->count * sizeof *chain->links);
}

int sigv4_provider_new_chain(struct sigv4_provider **out, struct sigv4_provider *const *links,
                             size_t count, const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = chain_fetch, .free = chain_free, .cancel = chain_cancel};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    size_t size;
    if (__builtin_mul_overflow(count, sizeof *links, &size) ||
        __builtin_add_overflow(size, sizeof(struct chain), &size))
        return SIGV4_E_NOMEM;
    struct chain *chain = sigv4__alloc_zero(&hooks, 1, size);
    if (!chain)
        return SIGV4_E_NOMEM;
    chain->alloc = hooks;
    chain->count = count;
    int status = sigv4_provider_new(out, &ops, chain, alloc);
    if (status) {
        sigv4__alloc_put(&hooks, chain, size);
        return status;
    }
    for (size_t i = 0; i < count; i++)
        chain->links[i] = links[i];
    (*out)->refuse = chain_refuse;
    (*out)->set_mfa = chain_set_mfa;
    (*out)->set_way = chain_set_way;
    return SIGV4_OK;
}
