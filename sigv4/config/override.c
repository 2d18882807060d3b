/* Which endpoint URL the user configured for a service (facts, 5.2). */
#include "base/fail.h"
#include "base/text.h"
#include "config/config.h"

#include <stdio.h>

enum { KEY_LEN = 48 };

/* services = x in the profile, [services x], and there "kinesis =" with an indented endpoint_url.
 */
static int from_services(const struct sigv4__config *c, const char *service_id,
                         struct sigv4__setting *out, struct sigv4_error *err)
{
    struct sigv4__setting services;
    char key[KEY_LEN];
    sigv4__config_setting(c, NULL, NULL, "services", &services);
    if (!services.value)
        return SIGV4_OK;
    if (!sigv4__config_has(c, SIGV4__SERVICES, services.value))
        return sigv4__fail(err, SIGV4_E_INVALID, "no section [services %s], which %s asks for",
                           services.value, services.origin);
    sigv4__fixed_copy(key, sizeof key, sigv4_str(service_id));
    for (char *p = key; *p; p++)
        *p = sigv4__lower(*p);
    out->value = sigv4__config_nested(c, SIGV4__SERVICES, services.value, key, "endpoint_url");
    if (out->value)
        snprintf(out->origin, sizeof out->origin, "services %.80s in %.96s", services.value,
                 sigv4__config_file(c, false));
    return SIGV4_OK;
}

int sigv4__config_endpoint(const struct sigv4__config *c, const char *service_id,
                           const char *option, struct sigv4__setting *out, struct sigv4_error *err)
{
    char variable[sizeof "AWS_ENDPOINT_URL_" + KEY_LEN];
    bool ignored;
    sigv4__config_setting(c, option, NULL, NULL, out);
    if (out->value)
        return SIGV4_OK;
    int status = sigv4__config_bool(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                    "ignore_configured_endpoint_urls", &ignored, NULL, err);
    if (status || ignored)
        return status;
    snprintf(variable, sizeof variable, "AWS_ENDPOINT_URL_%.*s", KEY_LEN, service_id);
    sigv4__config_setting(c, NULL, variable, NULL, out);
    if (!out->value)
        sigv4__config_setting(c, NULL, "AWS_ENDPOINT_URL", NULL, out);
    if (!out->value)
        status = from_services(c, service_id, out, err);
    if (!status && !out->value)
        sigv4__config_setting(c, NULL, NULL, "endpoint_url", out);
    return status;
}
