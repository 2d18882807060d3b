/* Keys kept until they have to be replaced. How the life of a set of keys is divided, for keys that
 * live an hour or longer (shorter lives shrink the windows, so that keys of 3 seconds work too):
 *
 *     got                         15 min before      10 min before        expires
 *      |---------- fresh ---------|---- advisory -----|---- mandatory -----|
 *       handed out at once          handed out at once,  whoever asks waits   whoever asks waits
 *                                   one refresh behind   for the refresh      and gets its error
 *
 * A failed refresh keeps the old keys until they have expired, and the next one waits a while,
 * longer with each failure. However many ask, one refresh is under way. */
#include "base/fail.h"
#include "base/memory.h"
#include "credentials/provider.h"
#include "transport/loop.h"

enum {
    ADVISORY_MS = 15 * 60 * 1000,
    MANDATORY_MS = 10 * 60 * 1000,
    FIRST_PAUSE_MS = 250,
    LONGEST_PAUSE_MS = 30 * 1000,
    SHORTEST_GAP_MS = 100,
    REFUSAL_GAP_MS = 1000 /* a source that hands out refused keys is asked no faster */
};

struct waiter {
    struct waiter *next;
    struct sigv4__reply *reply;
};

struct cache {
    struct sigv4_alloc alloc;
    struct sigv4_provider *source;
    struct sigv4_loop *loop;         /* of the refresh under way */
    struct sigv4_credentials *creds; /* NULL: none, or refused */
    struct sigv4_error why;          /* the last refresh's failure */
    bool refreshing, orphan;         /* orphan: freed, waits for the refresh to end */
    unsigned failures;               /* in a row */
    int64_t got_ms, not_before_ms;   /* when creds came; of the next refresh; monotonic clock */
    /* Of creds, by the clock on the wall. */
    int64_t advised_ms, required_ms, expires_ms;
    struct waiter *first, **last;
};

static int64_t wall_ms(struct sigv4_loop *loop)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(loop);
    return clock->wall_ms(clock->ctx);
}

static int64_t mono_ms(struct sigv4_loop *loop)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(loop);
    return clock->mono_ms(clock->ctx);
}

/* 0 to below limit. */
static int64_t chance(struct sigv4_loop *loop, int64_t limit)
{
    const struct sigv4_random *random = sigv4_loop_random(loop);
    uint32_t n;
    random->fill(random->ctx, &n, sizeof n);
    return limit > 0 ? (int64_t)(n % (uint64_t)limit) : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what a refresh brought ---- */

/* The jitter spreads machines that started together. */
static void divide_life(struct cache *cache, int64_t expires_unix)
{
    int64_t now = wall_ms(cache->loop);
    expires_unix = expires_unix > 0 ? expires_unix : 0;
    if (expires_unix >= INT64_MAX / 1000) {
        cache->advised_ms = cache->required_ms = cache->expires_ms = INT64_MAX;
        return;
    }
    cache->expires_ms = expires_unix * 1000;
    int64_t life = cache->expires_ms > now ? cache->expires_ms - now : 0;
    int64_t advisory = least(ADVISORY_MS, life / 3);
    cache->required_ms = cache->expires_ms - least(MANDATORY_MS, life / 6);
    cache->advised_ms = cache->expires_ms - advisory - chance(cache->loop, advisory / 4);
}

/* Half to all of a pause that doubles with each failure. */
static int64_t pause_after_failures(struct cache *cache)
{
    unsigned doublings = cache->failures < 8 ? cache->failures - 1 : 7;
    int64_t pause = least((int64_t)FIRST_PAUSE_MS << doublings, LONGEST_PAUSE_MS);
    return pause / 2 + chance(cache->loop, pause / 2);
}

static void say_where_from(struct cache *cache)
{
    struct sigv4_slice origin = sigv4_credentials_keys(cache->creds).origin;
    int n = (int)origin.len;
    const char *text = origin.ptr;
    if (cache->expires_ms == INT64_MAX)
        sigv4__loop_log(cache->loop, SIGV4_INFO, "credentials", "keys from %.*s", n, text);
    else
        sigv4__loop_log(cache->loop, SIGV4_INFO, "credentials", "keys from %.*s, for %lld s", n,
                        text, (long long)(cache->expires_ms - wall_ms(cache->loop)) / 1000);
}

static void keep(struct cache *cache, struct sigv4_credentials *creds)
{
    struct sigv4_credentials *old = cache->creds;
    int64_t now = mono_ms(cache->loop);
    cache->creds = sigv4_credentials_hold(creds);
    sigv4_credentials_release(old);
    divide_life(cache, sigv4_credentials_keys(creds).expires_unix);
    say_where_from(cache);
    cache->got_ms = now;
    cache->not_before_ms = now + SHORTEST_GAP_MS;
    cache->failures = 0;
    if (cache->expires_ms <= wall_ms(cache->loop)) {
        /* The source has nothing better: let the service decide. Asking again at once is no use. */
        cache->not_before_ms = now + LONGEST_PAUSE_MS / 2;
        cache->expires_ms = wall_ms(cache->loop) + LONGEST_PAUSE_MS;
    }
}

static void put_up_with(struct cache *cache, const struct sigv4_error *err)
{
    cache->why = *err;
    if (err->status == SIGV4_E_CANCELED)
        return;
    cache->failures++;
    cache->not_before_ms = mono_ms(cache->loop) + pause_after_failures(cache);
    sigv4__loop_log(cache->loop, cache->creds ? SIGV4_WARN : SIGV4_INFO, "credentials", "%s%s",
                    cache->creds ? "the refresh failed, the old keys stay: " : "", err->message);
}

static bool is_expired(struct cache *cache, struct sigv4_loop *loop)
{
    return wall_ms(loop) >= cache->expires_ms;
}

static bool is_usable(struct cache *cache, struct sigv4_loop *loop)
{
    return cache->creds && !is_expired(cache, loop);
}

static void answer(struct cache *cache, struct sigv4_loop *loop, struct sigv4__reply *reply)
{
    if (is_usable(cache, loop))
        sigv4__reply_send(reply, sigv4_credentials_hold(cache->creds), NULL);
    else
        sigv4__reply_send(reply, NULL, &cache->why);
}

static void answer_waiters(struct cache *cache)
{
    struct waiter *waiter = cache->first;
    cache->first = NULL;
    cache->last = &cache->first;
    while (waiter) {
        struct waiter *next = waiter->next;
        answer(cache, cache->loop, waiter->reply);
        sigv4__alloc_put(&cache->alloc, waiter, sizeof *waiter);
        waiter = next;
    }
}

static void dispose(struct cache *cache)
{
    struct sigv4_alloc alloc = cache->alloc;
    sigv4_credentials_release(cache->creds);
    sigv4__alloc_put(&alloc, cache, sizeof *cache);
}

static void refreshed(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct cache *cache = ctx;
    cache->refreshing = false;
    if (cache->orphan) {
        dispose(cache);
        return;
    }
    if (creds)
        keep(cache, creds);
    else
        put_up_with(cache, err);
    answer_waiters(cache);
}

/* ---- asking ---- */

/* After a failure or a refusal the source is left in peace for a while; after a success only as
 * long as what it gave can be used. */
static bool is_too_early(struct cache *cache, struct sigv4_loop *loop)
{
    bool run_out = cache->creds && cache->failures == 0 && is_expired(cache, loop);
    return mono_ms(loop) < cache->not_before_ms && !run_out;
}

/* Starts a refresh unless one is under way or it is too early for the next. */
static void refresh(struct cache *cache, struct sigv4_loop *loop)
{
    if (cache->refreshing || !cache->source || is_too_early(cache, loop))
        return;
    cache->loop = loop;
    int status = sigv4_provider_fetch(cache->source, loop, refreshed, cache);
    if (status) {
        struct sigv4_error err;
        sigv4__fail(&err, status, "credentials: %s", sigv4_status_text(status));
        put_up_with(cache, &err);
        return;
    }
    cache->refreshing = true;
}

/* True when the keys at hand may be handed out without waiting; starts a refresh that is due. */
static bool settle(struct cache *cache, struct sigv4_loop *loop)
{
    int64_t now = wall_ms(loop);
    if (!is_usable(cache, loop)) {
        refresh(cache, loop);
        return false;
    }
    if (now >= cache->advised_ms)
        refresh(cache, loop);
    return now < cache->required_ms || !cache->refreshing;
}

static int wait_for_refresh(struct cache *cache, struct sigv4__reply *reply)
{
    struct waiter *waiter = sigv4__alloc_zero(&cache->alloc, 1, sizeof *waiter);
    if (!waiter)
        return SIGV4_E_NOMEM;
    waiter->reply = reply;
    *cache->last = waiter;
    cache->last = &waiter->next;
    return SIGV4_OK;
}

static int cache_fetch(void *ctx, struct sigv4_loop *loop, sigv4_credentials_fn *done,
                       void *done_ctx)
{
    struct cache *cache = ctx;
    struct sigv4__reply *reply;
    int status = sigv4__reply_new(&reply, &cache->alloc, loop, done, done_ctx);
    if (status)
        return status;
    if (settle(cache, loop) || !cache->refreshing)
        answer(cache, loop, reply);
    else
        status = wait_for_refresh(cache, reply);
    if (status)
        sigv4__reply_drop(reply);
    return status;
}

static struct sigv4_credentials *cache_now(void *ctx, struct sigv4_loop *loop)
{
    struct cache *cache = ctx;
    return settle(cache, loop) ? cache->creds : NULL;
}

/* The second and later refusals of the same keys find others in their place. */
static void cache_refuse(void *ctx, struct sigv4_credentials *creds)
{
    struct cache *cache = ctx;
    if (creds && cache->creds == creds) {
        struct sigv4_slice origin = sigv4_credentials_keys(creds).origin;
        sigv4__unusable(&cache->why, "ExpiredToken",
                        "the service takes the keys from %.*s for expired, and there are no newer",
                        (int)origin.len, (const char *)origin.ptr);
        cache->why.retryable = true;
        sigv4_credentials_release(cache->creds);
        cache->creds = NULL;
        cache->not_before_ms = cache->got_ms + REFUSAL_GAP_MS;
    }
    if (cache->source)
        sigv4_provider_refuse(cache->source, creds);
}

static void cache_set_mfa(void *ctx, const struct sigv4__mfa *mfa)
{
    struct cache *cache = ctx;
    if (cache->source)
        sigv4_provider_set_mfa(cache->source, mfa->fn, mfa->ctx);
}

static void cache_set_way(void *ctx, struct sigv4__way *way)
{
    struct cache *cache = ctx;
    if (cache->source)
        sigv4__provider_set_way(cache->source, way);
}

/* ---- life ---- */

static void cache_cancel(void *ctx)
{
    struct cache *cache = ctx;
    if (cache->source)
        sigv4__provider_cancel(cache->source);
}

static void cache_free(void *ctx)
{
    struct cache *cache = ctx;
    struct sigv4_provider *source = cache->source;
    cache->orphan = true;
    cache->source = NULL;
    if (!cache->refreshing)
        dispose(cache);
    sigv4_provider_free(source);
}

int sigv4_provider_new_cache(struct sigv4_provider **out, struct sigv4_provider *source,
                             const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = cache_fetch, .free = cache_free, .cancel = cache_cancel};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct cache *cache = sigv4__alloc_zero(&hooks, 1, sizeof *cache);
    if (!cache)
        return SIGV4_E_NOMEM;
    cache->alloc = hooks;
    cache->last = &cache->first;
    int status = sigv4_provider_new(out, &ops, cache, alloc);
    if (status) {
        dispose(cache);
        return status;
    }
    cache->source = source;
    (*out)->refuse = cache_refuse;
    (*out)->now = cache_now;
    (*out)->set_mfa = cache_set_mfa;
    (*out)->set_way = cache_set_way;
    return SIGV4_OK;
}
