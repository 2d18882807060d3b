/* Why does a request not arrive? One step after the other within one budget: proxy, name,
 * connections, TLS and HTTP; beside them IMDS is asked for the VPC. */
#include "base/fail.h"
#include "base/text.h"
#include "diagnose/address.h"
#include "diagnose/lookup.h"
#include "diagnose/remedy.h"
#include "diagnose/route.h"
#include "diagnose/thread.h"
#include "diagnose/vpc.h"

#include <net/if.h>
#include <sigv4/endpoint.h>
#include <stdio.h>

enum { DEFAULT_MS = 3000, LEAST_MS = 250, SERVER_MS = 1000 };
/* Reading the system's certificates alone takes a slow machine half a second; a name server that
 * answers is waited for only as long as it takes. */
enum { VISIT_LEAST_MS = 1000, NAME_LEAST_MS = 1500 };

struct look {
    const struct sigv4_diagnose_options *options;
    const struct sigv4__config *config;
    struct sigv4__findings f;
    struct sigv4__lookup found;
    struct sigv4_diagnosis *d;
    double start_ms;
    uint32_t budget_ms;
};

/* What is left of the budget; never nothing, so that a late step still sees what is near. */
static uint32_t left(const struct look *l)
{
    double ms = l->start_ms + l->budget_ms - sigv4__now_ms();
    double least = l->budget_ms < LEAST_MS ? l->budget_ms : LEAST_MS;
    return (uint32_t)(ms > least ? ms : least);
}

static void read_route(const struct sockaddr_storage *to, struct sigv4_diagnosed_address *out)
{
    struct sigv4__route route;
    char name[IF_NAMESIZE];
    if (!sigv4__route_ask(to, &route))
        return;
    if (if_indextoname(route.interface, name))
        sigv4__fixed_copy(out->interface, sizeof out->interface, sigv4_str(name));
    memcpy(out->gateway, route.gateway, sizeof out->gateway);
    memcpy(out->source, route.source, sizeof out->source);
}

static void read_addresses(struct look *l)
{
    l->d->address_count = l->found.count;
    for (size_t i = 0; i < l->found.count; i++) {
        struct sigv4_diagnosed_address *a = &l->d->addresses[i];
        const struct sockaddr *address = (const struct sockaddr *)&l->found.addresses[i];
        sigv4__address_text(address, a->text, sizeof a->text);
        a->kind = sigv4__address_class(address);
        a->os_errno = l->f.attempts[i].os_errno;
        a->connect_ms = l->f.attempts[i].ms;
        read_route(&l->found.addresses[i], a);
    }
}

/* The first address that accepted, as "address:port"; false when none did. */
static bool connected(const struct look *l, char out[80])
{
    for (size_t i = 0; i < l->d->address_count; i++) {
        const char *text = l->d->addresses[i].text;
        unsigned port = l->f.proxy.value ? l->f.proxy.port : l->d->port;
        if (l->d->addresses[i].os_errno == 0) {
            snprintf(out, 80, strchr(text, ':') ? "[%.60s]:%u" : "%.60s:%u", text, port);
            return true;
        }
    }
    return false;
}

/* ---- the steps ---- */

static int look_up(struct look *l)
{
    bool proxied = l->f.proxy.value;
    uint32_t ms = left(l) > NAME_LEAST_MS ? left(l) : NAME_LEAST_MS;
    int status = sigv4__lookup_run(proxied ? l->f.proxy.host : l->d->host,
                                   proxied ? l->f.proxy.port : l->d->port, ms, &l->found);
    l->d->name_ms = l->found.ms;
    l->f.name_error = l->found.error;
    l->f.name_errno = l->found.os_errno;
    l->f.name_timed_out = l->found.timed_out;
    return status;
}

static bool is_listed(const struct look *l, const char *text)
{
    for (size_t i = 0; i < l->d->address_count; i++)
        if (strcmp(l->d->addresses[i].text, text) == 0)
            return true;
    return false;
}

/* Nothing answers at public addresses: are they what the name server gives today? */
static void compare_with_server(struct look *l)
{
    struct sigv4__lookup now;
    struct sigv4_diagnosis *d = l->d;
    char text[64], list[sizeof d->name_server_says] = "";
    bool all_new = true, inner = false;
    if (l->f.proxy.value || !sigv4__remedy_is_aws_name(d->host) || d->address_count == 0 ||
        sigv4__address_is_inner(d->addresses[0].kind) ||
        sigv4__lookup_ask_server(d->host, d->port, SERVER_MS, &now))
        return;
    for (size_t i = 0; i < now.count; i++) {
        const struct sockaddr *a = (const struct sockaddr *)&now.addresses[i];
        size_t used = strlen(list);
        sigv4__address_text(a, text, sizeof text);
        all_new = all_new && !is_listed(l, text);
        inner = inner || sigv4__address_is_inner(sigv4__address_class(a));
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", text);
    }
    if (now.count == 0 || !all_new)
        return;
    memcpy(d->name_server_says, list, sizeof list);
    l->f.server_says_inner = inner;
}

static int visit(struct look *l, const char *through)
{
    struct sigv4__buffer bundle;
    struct sigv4__visit_plan plan = {
        .tls = l->d->tls,
        .connection_only = l->options->flags & SIGV4_DIAGNOSE_CONNECTION,
        .through = through,
        .proxy = l->f.proxy.value,
        .timeout_ms = left(l) > VISIT_LEAST_MS ? left(l) : VISIT_LEAST_MS,
    };
    sigv4__buffer_init(&bundle, NULL, 4096);
    /* One that cannot be read was refused when the client was made. */
    if (sigv4__config_ca_bundle(l->config, l->options->ca_bundle, &bundle, NULL) == SIGV4_OK &&
        bundle.len)
        plan.ca_bundle = sigv4__buffer_cstr(&bundle);
    int status = bundle.failed == SIGV4_E_NOMEM ? SIGV4_E_NOMEM : SIGV4_OK;
    if (!status) {
        l->f.visited = true;
        sigv4__visit_make(&plan, l->d, &l->f.visit);
    }
    sigv4__buffer_free(&bundle);
    return status;
}

static int follow(struct look *l)
{
    char through[80];
    int status = look_up(l);
    if (status)
        return status;
    sigv4__probe_connect(l->found.addresses, l->found.count, left(l), l->f.attempts);
    read_addresses(l);
    if (!connected(l, through)) {
        compare_with_server(l);
        return SIGV4_OK;
    }
    bool only = l->options->flags & SIGV4_DIAGNOSE_CONNECTION;
    return only && !l->d->tls ? SIGV4_OK : visit(l, through);
}

static void place_in_vpc(struct look *l)
{
    for (size_t i = 0; i < l->d->address_count; i++)
        l->d->addresses[i].in_vpc = sigv4__vpc_contains(l->d->vpc, l->d->addresses[i].text);
}

static int look(struct look *l, const struct sigv4_url *url)
{
    struct sigv4__vpc *vpc = NULL;
    sigv4__proxy_place_find(l->config, url, &l->f.proxy);
    memcpy(l->d->proxy, l->f.proxy.shown, sizeof l->d->proxy);
    if (l->f.proxy.value)
        memcpy(l->d->proxy_origin, l->f.proxy.variable, sizeof l->d->proxy_origin);
    if (!l->f.proxy.value && sigv4__remedy_is_aws_name(l->d->host))
        vpc = sigv4__vpc_start(l->config);
    int status = follow(l);
    sigv4__vpc_finish(vpc, l->d->vpc, sizeof l->d->vpc);
    place_in_vpc(l);
    l->d->total_ms = sigv4__now_ms() - l->start_ms;
    if (status == SIGV4_OK)
        sigv4__verdict_write(&l->f, l->d);
    return status;
}

/* A profile that cannot be read says nothing about the way. */
static int load(const struct sigv4_diagnose_options *o, struct sigv4__config **out,
                struct sigv4_error *err)
{
    struct sigv4__config_options how = {.profile = o->profile, .without_secrets = true};
    int status = sigv4__config_load(out, &how, err);
    if (status == SIGV4_OK || status == SIGV4_E_NOMEM)
        return status;
    how.environment_only = true;
    how.profile = NULL;
    return sigv4__config_load(out, &how, err);
}

int sigv4_diagnose(const struct sigv4_diagnose_options *o, struct sigv4_diagnosis *out,
                   struct sigv4_error *err)
{
    struct sigv4_url parsed;
    struct sigv4__config *config;
    if (o->size < sizeof *o || out->size < sizeof *out)
        return sigv4__fail(err, SIGV4_E_INVALID, "a size is not set");
    struct look l = {.options = o, .d = out, .start_ms = sigv4__now_ms()};
    int status = sigv4_url_parse(sigv4_str(o->url), &parsed, err);
    if (!status)
        status = load(o, &config, err);
    if (status)
        return status;
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    sigv4__fixed_copy(out->host, sizeof out->host, parsed.host);
    out->port = parsed.port;
    out->tls = parsed.tls;
    l.config = config;
    l.budget_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_MS;
    l.f.service_id = o->service_id ? o->service_id : "";
    l.f.region = o->region ? o->region : "";
    l.f.any_certificate = o->flags & SIGV4_DIAGNOSE_ANY_CERTIFICATE;
    status = look(&l, &parsed);
    sigv4__config_free(config);
    return status ? sigv4__fail(err, status, "no memory to look at %s", out->host) : SIGV4_OK;
}
