/* The way to STS and SSO: endpoint rules, overrides, proxy and CA bundle, as configured. */
#include "credentials/reach.h"

#include "base/fail.h"
#include "config/proxy.h"
#include "credentials/provider.h"

static int read_place(const struct sigv4__reach *where, struct sigv4__setting *endpoint,
                      struct sigv4_place *place, struct sigv4_error *err)
{
    int status = sigv4__config_endpoint(where->config, where->service_id, NULL, endpoint, err);
    *place = (struct sigv4_place){
        .size = sizeof *place,
        .region = where->region,
        .endpoint_url = endpoint->value ? endpoint->value : "",
    };
    if (!status)
        status = sigv4__config_bool(where->config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint",
                                    &place->use_fips, NULL, err);
    if (!status)
        status = sigv4__config_bool(where->config, "AWS_USE_DUALSTACK_ENDPOINT",
                                    "use_dualstack_endpoint", &place->use_dual_stack, NULL, err);
    if (where->way) {
        place->use_fips |= where->way->use_fips;
        place->use_dual_stack |= where->way->use_dual_stack;
    }
    return status;
}

static int resolve(const struct sigv4__reach *where, struct sigv4_target *target,
                   const char **proxy, struct sigv4__buffer *ca_bundle, struct sigv4_error *err)
{
    struct sigv4__setting endpoint = {.value = NULL}, how;
    struct sigv4_place place;
    struct sigv4_url url;
    int status = read_place(where, &endpoint, &place, err);
    if (!status)
        status = where->resolve(where->resolve_ctx, &place, target, err);
    if (!status)
        status = sigv4_url_parse(sigv4_str(target->url), &url, err);
    if (status)
        return status;
    sigv4__proxy_of(where->config, &url, &how);
    *proxy = how.value ? how.value : "";
    status = sigv4__config_ca_bundle(where->config, where->way ? where->way->ca_bundle : NULL,
                                     ca_bundle, err);
    if (!status && ca_bundle->len && !sigv4__buffer_cstr(ca_bundle))
        status = sigv4__fail(err, ca_bundle->failed, "%s", sigv4_status_text(ca_bundle->failed));
    return status;
}

int sigv4__reach(const struct sigv4__reach *where, struct sigv4_target *target, const char **proxy,
                 struct sigv4__buffer *ca_bundle, struct sigv4_error *err)
{
    struct sigv4_error why;
    int status = resolve(where, target, proxy, ca_bundle, &why);
    if (status == SIGV4_E_NOMEM)
        return sigv4__fail(err, status, "%s: %s", where->service_id, why.message);
    return status ? sigv4__unusable(err, "InvalidConfiguration", "%s: %s", where->service_id,
                                    why.message)
                  : SIGV4_OK;
}
