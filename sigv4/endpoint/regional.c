/* The endpoint rule that most services share. */
#include <sigv4/endpoint.h>

#include "base/fail.h"
#include "base/text.h"

static int finish(struct sigv4_target *out, const struct sigv4_text *url, const char *service,
                  const char *region, struct sigv4_error *err)
{
    if (sigv4__text_status(url))
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "the endpoint URL is longer than %zu bytes",
                           sizeof out->url - 1);
    out->url[url->len] = '\0';
    out->flags = 0;
    sigv4__fixed_copy(out->region, sizeof out->region, sigv4_str(region));
    sigv4__fixed_copy(out->service, sizeof out->service, sigv4_str(service));
    return SIGV4_OK;
}

static int write_override(const struct sigv4_place *place, struct sigv4_text *url,
                          struct sigv4_error *err)
{
    struct sigv4_url parts;
    int status = sigv4_url_parse(sigv4_str(place->endpoint_url), &parts, err);
    if (status)
        return status;
    if (place->use_fips || place->use_dual_stack)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%s cannot be combined with the endpoint URL %.200s",
                           place->use_fips ? "FIPS" : "dual-stack", place->endpoint_url);
    struct sigv4_slice text = sigv4_str(place->endpoint_url);
    while (sigv4__ends_with(text, "/"))
        text.len--;
    sigv4__text_slice(url, text);
    return SIGV4_OK;
}

static int write_host(const char *prefix, uint32_t flags, const struct sigv4_place *place,
                      struct sigv4_text *url, struct sigv4_error *err)
{
    const struct sigv4_partition *partition = sigv4_partition_of(sigv4_str(place->region));
    bool plain_fips = (flags & SIGV4_GOV_PLAIN_FIPS) && !place->use_dual_stack &&
                      strcmp(partition->id, "aws-us-gov") == 0;
    if (!sigv4_host_label_valid(sigv4_str(place->region), false))
        return sigv4__fail(err, SIGV4_E_INVALID, "'%.64s' is not a region name such as us-east-1",
                           place->region);
    sigv4__text_str(url, "https://");
    sigv4__text_str(url, prefix);
    if (place->use_fips && !plain_fips)
        sigv4__text_str(url, "-fips");
    sigv4__text_char(url, '.');
    sigv4__text_str(url, place->region);
    sigv4__text_char(url, '.');
    sigv4__text_str(url, place->use_dual_stack ? partition->dual_stack_dns_suffix
                                               : partition->dns_suffix);
    return SIGV4_OK;
}

int sigv4_regional_resolve(const char *prefix, const char *service, uint32_t flags,
                           const struct sigv4_place *place, struct sigv4_target *out,
                           struct sigv4_error *err)
{
    struct sigv4_text url = {out->url, sizeof out->url - 1, 0};
    if (!place->region || !*place->region)
        return sigv4__fail(err, SIGV4_E_INVALID, "no region");
    int status = place->endpoint_url && *place->endpoint_url
                     ? write_override(place, &url, err)
                     : write_host(prefix, flags, place, &url, err);
    return status ? status : finish(out, &url, service, place->region, err);
}
