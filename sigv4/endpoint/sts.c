/* STS (facts, 4.5): regional hosts, and the global one for who asks for it. */
#include <sigv4/endpoint.h>

#include "base/text.h"

/* The regions of sts_regional_endpoints = legacy: those that STS had before regional hosts. */
static bool had_global_host(const char *region)
{
    static const char *const regions[] = {
        "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
        "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
        "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
        "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

int sigv4_sts_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                      struct sigv4_error *err)
{
    const struct sigv4_sts_place *sts = ctx;
    bool overridden = place->endpoint_url && *place->endpoint_url;
    int status = sigv4_regional_resolve("sts", "sts", SIGV4_GOV_PLAIN_FIPS, place, out, err);
    if (status || overridden || place->use_fips || place->use_dual_stack)
        return status;
    if (strcmp(place->region, "aws-global") &&
        !(sts && sts->global && had_global_host(place->region)))
        return SIGV4_OK;
    struct sigv4_place global = *place;
    global.region = "us-east-1";
    status = sigv4_regional_resolve("sts", "sts", 0, &global, out, err);
    if (!status)
        strcpy(out->url, "https://sts.amazonaws.com");
    return status;
}
