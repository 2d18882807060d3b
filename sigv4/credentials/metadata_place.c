/* Where IMDS is and how patiently it is asked: environment and profile. */
#include "base/fail.h"
#include "base/text.h"
#include "credentials/metadata.h"

/* The endpoint wins over the mode. */
static int choose_base(const struct sigv4__config *config, char *base, size_t cap,
                       struct sigv4_error *err)
{
    struct sigv4__setting endpoint, mode;
    sigv4__config_setting(config, NULL, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                          "ec2_metadata_service_endpoint", &endpoint);
    sigv4__config_setting(config, NULL, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                          "ec2_metadata_service_endpoint_mode", &mode);
    struct sigv4_slice url = sigv4_str(endpoint.value), word = sigv4_str(mode.value);
    if (!endpoint.value && (!mode.value || sigv4__equal_nocase(word, SIGV4_LIT("IPv4"))))
        url = SIGV4_LIT("http://169.254.169.254");
    else if (!endpoint.value && sigv4__equal_nocase(word, SIGV4_LIT("IPv6")))
        url = SIGV4_LIT("http://[fd00:ec2::254]");
    else if (!endpoint.value)
        return sigv4__unusable(err, "InvalidConfiguration",
                               "IMDS: the endpoint mode is '%s' (%s); it can be IPv4 or IPv6",
                               mode.value, mode.origin);
    while (sigv4__ends_with(url, "/"))
        url.len--;
    if (url.len >= cap || (endpoint.value && !sigv4__fetch_authority(endpoint.value).len))
        return sigv4__unusable(err, "InvalidConfiguration",
                               "IMDS: the endpoint '%.80s' (%s) is not an http or https URL",
                               endpoint.value, endpoint.origin);
    sigv4__fixed_copy(base, cap, url);
    return SIGV4_OK;
}

static int unusable_setting(struct sigv4_error *err, const struct sigv4_error *why)
{
    return sigv4__unusable(err, "InvalidConfiguration", "IMDS: %s", why->message);
}

int sigv4__metadata_place(const struct sigv4__config *config, struct sigv4__metadata_place *out,
                          struct sigv4_error *err)
{
    struct sigv4_error why;
    bool disabled, v1_disabled;
    uint32_t seconds, attempts;
    if (sigv4__config_bool(config, "AWS_EC2_METADATA_DISABLED", NULL, &disabled, NULL, &why))
        return unusable_setting(err, &why);
    if (disabled)
        return sigv4__not_here(err, "IMDS: off by AWS_EC2_METADATA_DISABLED");
    if (sigv4__config_bool(config, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled",
                           &v1_disabled, NULL, &why) ||
        sigv4__config_count(config, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60,
                            &seconds, &why) ||
        sigv4__config_count(config, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                            "metadata_service_num_attempts", 10, &attempts, &why))
        return unusable_setting(err, &why);
    out->timeout_ms = out->connect_timeout_ms = seconds ? seconds * 1000 : 1000;
    out->attempts = attempts ? attempts : 1;
    out->v1_allowed = !v1_disabled;
    return choose_base(config, out->base, sizeof out->base, err);
}
