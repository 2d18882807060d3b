/* Who we are and where to: settings read once, the region found, exchanges begun. */
#include "client/client.h"

#include "base/fail.h"
#include "base/memory.h"
#include "client/exchange.h"
#include "client/setup.h"
#include "credentials/imds.h"
#include "transport/call.h"
#include "transport/loop.h"

#include <sigv4/sigv4.h>
#include <stdio.h>

/* ---- holders ---- */

static void client_destroy(struct sigv4_client *c)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    if (c->owns_provider)
        sigv4_provider_free(c->provider);
    sigv4__way_release(c->way);
    sigv4_key_cache_free(c->keys);
    sigv4__config_free(c->config);
    sigv4__string_free(alloc, c->endpoint_option);
    sigv4__string_free(alloc, c->user_agent);
    sigv4__string_free(alloc, c->ca_bundle);
    sigv4__alloc_put(alloc, c, sizeof *c);
}

void sigv4__client_hold(struct sigv4_client *client)
{
    atomic_fetch_add(&client->holders, 1);
}

void sigv4__client_unhold(struct sigv4_client *client)
{
    if (atomic_fetch_sub(&client->holders, 1) == 1)
        client_destroy(client);
}

/* ---- region ---- */

static void on_region(void *ctx, struct sigv4_slice region, const struct sigv4_error *err)
{
    struct sigv4_client *c = ctx;
    struct sigv4_error none;
    c->region_asked = false;
    if (!err && (region.len >= sizeof c->region || !sigv4_host_label_valid(region, false))) {
        sigv4__fail(&none, SIGV4_E_PROTOCOL, "IMDS answered a region that cannot be one");
        err = &none;
    }
    if (err) {
        struct sigv4_error because = *err;
        sigv4__fail(
            &none, SIGV4_E_INVALID,
            "no region: pass --region, set AWS_REGION, or put region in the profile (%.200s)",
            because.message);
        err = &none;
    } else {
        sigv4__fixed_copy(c->region, sizeof c->region, region);
        snprintf(c->region_origin, sizeof c->region_origin, "IMDS");
        if (c->way)
            snprintf(c->way->region, sizeof c->way->region, "%s", c->region);
    }
    for (struct sigv4__exchange *x = c->exchanges; x; x = x->next)
        sigv4__exchange_region(x, err);
    sigv4__loop_owe(c->loop, -1);
    sigv4__client_unhold(c);
}

bool sigv4__client_has_region(struct sigv4_client *c)
{
    if (c->region[0])
        return true;
    if (c->region_asked)
        return false;
    c->region_asked = true;
    sigv4__client_hold(c);
    sigv4__loop_owe(c->loop, 1);
    int rc = sigv4__imds_region(c->loop, c->config, on_region, c);
    if (rc) {
        struct sigv4_error err;
        sigv4__fail(&err, rc, "IMDS cannot be asked");
        on_region(c, SIGV4_LIT(""), &err);
    }
    return false;
}

int sigv4__client_place(struct sigv4_client *c, const char *service_id, struct sigv4_place *out,
                        struct sigv4__setting *endpoint, struct sigv4_error *err)
{
    int rc = sigv4__config_endpoint(c->config, service_id, c->endpoint_option, endpoint, err);
    if (rc)
        return rc;
    *out = (struct sigv4_place){
        .size = sizeof *out,
        .region = c->region,
        .endpoint_url = endpoint->value ? endpoint->value : "",
        .use_fips = c->flags & SIGV4_USE_FIPS,
        .use_dual_stack = c->flags & SIGV4_USE_DUAL_STACK,
    };
    return SIGV4_OK;
}

int sigv4_client_facts(struct sigv4_client *client, const char *service_id,
                       struct sigv4_client_facts *out, struct sigv4_error *err)
{
    struct sigv4_place place;
    struct sigv4__setting endpoint;
    int rc = sigv4__client_place(client, service_id, &place, &endpoint, err);
    if (rc)
        return rc;
    *out = (struct sigv4_client_facts){
        .size = sizeof *out,
        .region = client->region,
        .region_origin = client->region_origin,
        .endpoint_url = place.endpoint_url,
        .profile = sigv4__config_profile(client->config),
        .use_fips = place.use_fips,
        .use_dual_stack = place.use_dual_stack,
        .ca_bundle = client->ca_bundle ? client->ca_bundle : "",
        .any_certificate = client->flags & SIGV4_NO_VERIFY_SSL,
    };
    snprintf(out->keys_origin, sizeof out->keys_origin, "%s", client->keys_origin);
    snprintf(out->endpoint_origin, sizeof out->endpoint_origin, "%s",
             endpoint.value ? endpoint.origin : "");
    return SIGV4_OK;
}

const char *sigv4_client_profile_block(const struct sigv4_client *client, const char *block,
                                       const char *name)
{
    return sigv4__config_nested(client->config, SIGV4__PROFILE, NULL, block, name);
}

/* ---- what was learned ---- */

static uint64_t hash_of(struct sigv4_slice host)
{
    const unsigned char *p = host.ptr;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < host.len; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static bool ring_has(const uint64_t ring[8], uint64_t h)
{
    for (size_t i = 0; i < 8; i++)
        if (ring[i] == h)
            return true;
    return false;
}

bool sigv4__client_reached(const struct sigv4_client *client, struct sigv4_slice host)
{
    return ring_has(client->reached, hash_of(host));
}

void sigv4__client_set_reached(struct sigv4_client *client, struct sigv4_slice host)
{
    if (!sigv4__client_reached(client, host))
        client->reached[client->reached_next++ % 8] = hash_of(host);
}

void sigv4__client_announce(struct sigv4_client *client, const char *service_id,
                            const struct sigv4_target *target,
                            const struct sigv4__setting *endpoint)
{
    const uint32_t both = SIGV4_USE_FIPS | SIGV4_USE_DUAL_STACK;
    uint64_t h = hash_of(sigv4_str(target->url)) ^ hash_of(sigv4_str(service_id));
    const char *why = endpoint->value                        ? endpoint->origin
                      : (client->flags & both) == both       ? "FIPS, dual-stack"
                      : client->flags & SIGV4_USE_FIPS       ? "FIPS"
                      : client->flags & SIGV4_USE_DUAL_STACK ? "dual-stack"
                                                             : "the region's";
    if (ring_has(client->announced, h))
        return;
    client->announced[client->announced_next++ % 8] = h;
    sigv4__loop_log(client->loop, SIGV4_INFO, "endpoint",
                    "%s: %.300s (%s); region %s (%s), signed for %s in %s", service_id, target->url,
                    why, client->region, client->region_origin, target->service, target->region);
}

int64_t sigv4__client_unix_ms(const struct sigv4_client *client)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(client->loop);
    return clock->wall_ms(clock->ctx) + client->skew_ms;
}

/* ---- life ---- */

/* The loop ends what is under way; the last of them frees the client. */
static void run_close(struct sigv4_job *job)
{
    struct sigv4_client *c =
        (struct sigv4_client *)((char *)job - offsetof(struct sigv4_client, close_job));
    for (struct sigv4__exchange *x = c->exchanges; x; x = x->next)
        sigv4__exchange_end(x, SIGV4_E_CANCELED);
    sigv4__client_unhold(c);
}

int sigv4_client_new(struct sigv4_client **out, struct sigv4_loop *loop,
                     const struct sigv4_client_options *opts, struct sigv4_error *err)
{
    struct sigv4_client_options own = SIGV4_CLIENT_OPTIONS;
    /* A caller built against an older header has fewer members: the others are zero. */
    if (opts)
        memcpy(&own, opts, opts->size < sizeof own ? opts->size : sizeof own);
    if (sigv4_loop_check(loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this loop belongs to the parent process");
    struct sigv4_client *c = sigv4__alloc_zero(sigv4_loop_alloc(loop), 1, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a client");
    c->loop = loop;
    c->flags = own.flags;
    c->close_job.run = run_close;
    atomic_init(&c->holders, 1);
    int rc = sigv4__client_set_up(c, &own, err);
    if (rc) {
        client_destroy(c);
        return rc;
    }
    *out = c;
    return SIGV4_OK;
}

void sigv4_client_free(struct sigv4_client *client)
{
    if (!client)
        return;
    atomic_store(&client->closing, true);
    if (sigv4_loop_check(client->loop))
        sigv4__client_unhold(client);
    else
        sigv4_loop_post(client->loop, &client->close_job);
}

void sigv4_client_hold(struct sigv4_client *client)
{
    sigv4__client_hold(client);
}

void sigv4_client_release(struct sigv4_client *client)
{
    sigv4__client_unhold(client);
}

struct sigv4_loop *sigv4_client_loop(const struct sigv4_client *client)
{
    return client->loop;
}

/* ---- exchanges ---- */

int sigv4_send(struct sigv4_client *client, const struct sigv4_request *request,
               struct sigv4_call **call, struct sigv4_error *err)
{
    struct sigv4__exchange *x;
    if (sigv4_loop_check(client->loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this client belongs to the parent process");
    if (atomic_load(&client->closing))
        return sigv4__fail(err, SIGV4_E_CLOSED, "the client is being freed");
    int rc = sigv4__exchange_new(&x, client, request, err);
    if (rc)
        return rc;
    if (call)
        *call = x->call;
    else
        sigv4_call_release(x->call);
    sigv4__exchange_start(x);
    return SIGV4_OK;
}

void sigv4_call_resume(struct sigv4_call *call)
{
    struct sigv4__exchange *x = sigv4__call_ctx(call, sigv4__exchange_cancel);
    if (x && x->state == SIGV4__SENDING) {
        struct sigv4_engine *engine = sigv4_loop_engine(x->client->loop);
        engine->ops->resume(engine, &x->transfer);
    }
}
