/* Why does a request not arrive? One step after the other: proxy, name, connections, TLS. */
#include "base/fail.h"
#include "base/text.h"
#include "diagnose/address.h"
#include "diagnose/lookup.h"
#include "diagnose/verdict.h"

#include <sigv4/endpoint.h>
#include <stdio.h>

static void read_addresses(const struct sigv4__lookup *found, const struct sigv4__attempt *attempts,
                           struct sigv4_diagnosis *d)
{
    d->address_count = found->count;
    for (size_t i = 0; i < found->count; i++) {
        const struct sockaddr *address = (const struct sockaddr *)&found->addresses[i];
        sigv4__address_text(address, d->addresses[i].text, sizeof d->addresses[i].text);
        d->addresses[i].kind = sigv4__address_class(address);
        d->addresses[i].os_errno = attempts[i].os_errno;
        d->addresses[i].connect_ms = attempts[i].ms;
    }
}

/* The first address that accepted, as "address:port"; false when none did. */
static bool connected(const struct sigv4_diagnosis *d, char out[80])
{
    for (size_t i = 0; i < d->address_count; i++) {
        bool v6 = strchr(d->addresses[i].text, ':') != NULL;
        if (d->addresses[i].os_errno == 0) {
            snprintf(out, 80, v6 ? "[%s]:%u" : "%s:%u", d->addresses[i].text, (unsigned)d->port);
            return true;
        }
    }
    return false;
}

static int look(struct sigv4__findings *f, bool tls, uint32_t timeout_ms, struct sigv4_diagnosis *d)
{
    struct sigv4__lookup found;
    char through[80];
    bool proxied = f->proxy.value;
    int status = sigv4__lookup_run(proxied ? f->proxy.host : d->host,
                                   proxied ? f->proxy.port : d->port, timeout_ms, &found);
    if (status)
        return status;
    d->name_ms = found.ms;
    f->name_error = found.error;
    f->name_errno = found.os_errno;
    f->name_timed_out = found.timed_out;
    sigv4__probe_connect(found.addresses, found.count, timeout_ms, f->attempts);
    read_addresses(&found, f->attempts, d);
    if (tls && connected(d, through)) {
        f->handshake_tried = true;
        f->handshake = sigv4__probe_handshake(d->host, d->port, through, f->proxy.value, timeout_ms,
                                              f->handshake_text);
    }
    return SIGV4_OK;
}

static int diagnose(const struct sigv4_url *url, struct sigv4__findings *f, uint32_t timeout_ms,
                    struct sigv4_diagnosis *out, struct sigv4_error *err)
{
    const struct sigv4__config_options only = {.environment_only = true, .without_secrets = true};
    struct sigv4__config *config;
    int status = sigv4__config_load(&config, &only, err);
    if (status)
        return status;
    sigv4__proxy_place_find(config, url, &f->proxy);
    memcpy(out->proxy, f->proxy.shown, sizeof out->proxy);
    status = look(f, url->tls, timeout_ms, out);
    if (status)
        sigv4__fail(err, status, "no memory to look up %s", out->host);
    else
        sigv4__verdict_write(f, out);
    sigv4__config_free(config);
    return status;
}

int sigv4_diagnose(const char *url, const char *service_id, const char *region, uint32_t timeout_ms,
                   struct sigv4_diagnosis *out, struct sigv4_error *err)
{
    struct sigv4_url parsed;
    struct sigv4__findings f = {.service_id = service_id ? service_id : "",
                                .region = region ? region : ""};
    if (out->size < sizeof *out)
        return sigv4__fail(err, SIGV4_E_INVALID, "sigv4_diagnosis.size is not set");
    int status = sigv4_url_parse(sigv4_str(url), &parsed, err);
    if (status)
        return status;
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    sigv4__fixed_copy(out->host, sizeof out->host, parsed.host);
    out->port = parsed.port;
    return diagnose(&parsed, &f, timeout_ms, out, err);
}
