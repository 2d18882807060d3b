/* A client's settings, from its options, the environment and the profile. */
#include "client/setup.h"

#include "base/fail.h"
#include "base/memory.h"
#include "credentials/provider.h"
#include "transport/loop.h"

#include <sigv4/sigv4.h>
#include <stdio.h>

static int read_region(struct sigv4_client *c, const char *option, struct sigv4_error *err)
{
    struct sigv4__setting region;
    int rc = sigv4__config_region(c->config, option, &region, err);
    if (rc || !region.value)
        return rc;
    snprintf(c->region, sizeof c->region, "%s", region.value);
    snprintf(c->region_origin, sizeof c->region_origin, "%s", region.origin);
    return SIGV4_OK;
}

static int read_flag(struct sigv4_client *c, const char *variable, const char *property,
                     uint32_t flag, struct sigv4_error *err)
{
    bool on = false;
    int rc = sigv4__config_bool(c->config, variable, property, &on, NULL, err);
    if (!rc && on)
        c->flags |= flag;
    return rc;
}

/* The legacy mode is standard's forerunner; what it does that standard does not is wait longer. */
static int read_mode(struct sigv4_client *c, struct sigv4_error *err)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(c->loop);
    enum sigv4__retry_mode mode;
    struct sigv4__setting from;
    int rc = sigv4__config_retry_mode(c->config, &mode, &from, err);
    c->adaptive = mode == SIGV4__RETRY_ADAPTIVE;
    sigv4__pace_init(&c->pace, clock->mono_ms(clock->ctx));
    if (!rc && from.value)
        sigv4__loop_log(c->loop, SIGV4_INFO, "exchange", "retry mode %s (%s)%s",
                        c->adaptive ? "adaptive" : "standard", from.origin,
                        mode == SIGV4__RETRY_LEGACY ? ", in place of legacy" : "");
    return rc;
}

static int read_policy(struct sigv4_client *c, uint32_t option, struct sigv4_error *err)
{
    const char *generation = sigv4__config_env(c->config, "AWS_NEW_RETRIES_2026");
    uint32_t attempts = option;
    int rc = read_mode(c, err);
    if (!rc && attempts == 0)
        rc = sigv4__config_count(c->config, "AWS_MAX_ATTEMPTS", "max_attempts", 1000, &attempts,
                                 err);
    c->policy.max_attempts = attempts ? attempts : 3;
    c->policy.older = generation && strcmp(generation, "false") == 0;
    sigv4__quota_init(&c->quota, 0);
    return rc;
}

static int read_trust(struct sigv4_client *c, const struct sigv4_client_options *o,
                      struct sigv4_error *err)
{
    struct sigv4__buffer bundle;
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    sigv4__buffer_init(&bundle, alloc, 4096);
    int rc = sigv4__config_ca_bundle(c->config, o->ca_bundle, &bundle, err);
    if (!rc && bundle.len &&
        !(c->ca_bundle = sigv4__string_copy(alloc, sigv4__buffer_view(&bundle))))
        rc = sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a client");
    sigv4__buffer_free(&bundle);
    if (rc)
        return rc;
    c->http = (struct sigv4_http_options){
        .size = sizeof c->http,
        .connect_timeout_ms = o->connect_timeout_ms,
        .stall_timeout_ms = o->stall_timeout_ms,
        .ca_bundle = c->ca_bundle,
        .flags = o->flags & SIGV4_NO_VERIFY_SSL ? SIGV4_HTTP_NO_VERIFY : 0,
    };
    return SIGV4_OK;
}

static int copy_texts(struct sigv4_client *c, const struct sigv4_client_options *o)
{
    char agent[160];
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    snprintf(agent, sizeof agent, "libsigv4/%s%s%.120s", sigv4_version(),
             o->user_agent_suffix ? " " : "", o->user_agent_suffix ? o->user_agent_suffix : "");
    c->user_agent = sigv4__string_copy(alloc, sigv4_str(agent));
    if (o->endpoint_url)
        c->endpoint_option = sigv4__string_copy(alloc, sigv4_str(o->endpoint_url));
    return c->user_agent && (c->endpoint_option || !o->endpoint_url) ? SIGV4_OK : SIGV4_E_NOMEM;
}

/* What is configured for all services; an override of one of them is looked at when it is used. */
static int check_endpoint(const struct sigv4_client *c, const struct sigv4_client_options *o,
                          struct sigv4_error *err)
{
    struct sigv4_url url;
    struct sigv4__setting endpoint;
    if (o->endpoint_url)
        return sigv4_url_parse(sigv4_str(o->endpoint_url), &url, err);
    int rc = sigv4__config_endpoint(c->config, "", NULL, &endpoint, err);
    if (rc || !endpoint.value)
        return rc;
    rc = sigv4_url_parse(sigv4_str(endpoint.value), &url, err);
    if (rc)
        sigv4__setting_blame(&endpoint, err);
    return rc;
}

/* The default chain, which goes to STS and SSO as the client goes to its services. */
static int make_provider(struct sigv4_client *c, const struct sigv4_client_options *o,
                         struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    c->way = sigv4__way_new(c->ca_bundle, alloc);
    if (!c->way)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a client");
    snprintf(c->way->region, sizeof c->way->region, "%s", c->region);
    c->way->use_fips = c->flags & SIGV4_USE_FIPS;
    c->way->use_dual_stack = c->flags & SIGV4_USE_DUAL_STACK;
    c->way->any_certificate = c->flags & SIGV4_NO_VERIFY_SSL;
    int rc = sigv4_provider_new_default(&c->provider, o->profile, alloc, err);
    if (rc)
        return rc;
    sigv4_provider_set_mfa(c->provider, o->mfa, o->mfa_ctx);
    sigv4__provider_set_way(c->provider, c->way);
    return SIGV4_OK;
}

int sigv4__client_set_up(struct sigv4_client *c, const struct sigv4_client_options *o,
                         struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    struct sigv4__config_options how = {
        .profile = o->profile, .without_secrets = true, .alloc = alloc};
    int rc = sigv4__config_load(&c->config, &how, err);
    if (!rc)
        rc = check_endpoint(c, o, err);
    if (!rc)
        rc = read_region(c, o->region, err);
    if (!rc)
        rc = read_flag(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", SIGV4_USE_FIPS, err);
    if (!rc)
        rc = read_flag(c, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint",
                       SIGV4_USE_DUAL_STACK, err);
    if (!rc)
        rc = read_policy(c, o->max_attempts, err);
    if (!rc)
        rc = read_trust(c, o, err);
    if (rc)
        return rc;
    c->provider = o->credentials;
    c->owns_provider = !o->credentials;
    rc = copy_texts(c, o);
    if (!rc)
        rc = sigv4_key_cache_new(&c->keys, alloc);
    if (rc)
        return sigv4__fail(err, rc, "no memory for a client");
    if (c->provider)
        return SIGV4_OK;
    return make_provider(c, o, err);
}
