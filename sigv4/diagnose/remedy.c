/* What to do about a cause, and what is likely behind it. Rules: facts, 5.6 and 10. */
#include "diagnose/remedy.h"

#include "base/text.h"
#include "diagnose/address.h"
#include "diagnose/line.h"
#include "diagnose/vpc_service.h"

#include <netdb.h>

static bool is_below(const char *host, const char *domain)
{
    struct sigv4_slice h = sigv4_str(host), d = sigv4_str(domain);
    if (h.len < d.len || !sigv4__equal_nocase(sigv4__from(h, h.len - d.len), d))
        return false;
    return h.len == d.len || host[h.len - d.len - 1] == '.';
}

bool sigv4__remedy_is_aws_name(const char *host)
{
    static const char *const domains[] = {
        "amazonaws.com",  "api.aws",        "amazonaws.com.cn", "api.amazonwebservices.com.cn",
        "c2s.ic.gov",     "aws.ic.gov",     "sc2s.sgov.gov",    "aws.scloud",
        "cloud.adc-e.uk", "csp.hci.ic.gov", "amazonaws.eu",     "api.amazonwebservices.eu"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
        if (is_below(host, domains[i]))
            return true;
    return false;
}

/* The name of an interface endpoint: it works from wherever there is a path to the VPC. */
static bool is_endpoint_name(const char *host)
{
    return strstr(host, ".vpce.") != NULL;
}

/* A host that exists only where the service has such endpoints. */
static bool is_special_name(const char *host)
{
    return sigv4__remedy_is_aws_name(host) &&
           (strstr(host, "-fips.") || strstr(host, ".dualstack.") || strstr(host, ".api."));
}

static bool is(const struct sigv4__findings *f, const char *service_id)
{
    return strcmp(f->service_id, service_id) == 0;
}

/* Public addresses and no way out: the endpoint that would be the way in. */
static void advise_endpoint(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    char name[128];
    const char *place = d->vpc[0] ? "add" : "if this is a private subnet: add";
    bool known = sigv4__vpc_service(f->service_id, f->region, name);
    if (is(f, "S3") && sigv4__equal_nocase(sigv4_str(d->host), SIGV4_LIT("s3.amazonaws.com")))
        SIGV4__ADVISE(d,
                      "%s a gateway endpoint %s to its route table, and use the regional name "
                      "(--region): endpoints do not cover this global one",
                      place, name);
    else if (is(f, "S3"))
        SIGV4__ADVISE(d,
                      "%s a gateway endpoint %s to its route table; names and addresses stay as "
                      "they are (or an interface endpoint of that name with --endpoint-url)",
                      place, name);
    else if (is(f, "STS") &&
             sigv4__equal_nocase(sigv4_str(d->host), SIGV4_LIT("sts.amazonaws.com")))
        SIGV4__ADVISE(d,
                      "no VPC endpoint covers this global name: set "
                      "AWS_STS_REGIONAL_ENDPOINTS=regional, and in a private subnet add an "
                      "interface endpoint %s with private DNS",
                      name);
    else if (known)
        SIGV4__ADVISE(d,
                      "%s an interface endpoint %s with private DNS to this VPC, or %s with the "
                      "name of one that exists",
                      place, name,
                      is(f, "STS") ? "set AWS_ENDPOINT_URL_STS" : "pass --endpoint-url");
    else
        SIGV4__ADVISE(d,
                      "this host needs a route to the internet (NAT, internet gateway, proxy), or "
                      "an endpoint of the service inside its network");
}

/* What cannot be seen from here: why nothing came back, or that an endpoint has no private DNS. */
static void guess_public(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    bool silent = d->cause == SIGV4_CAUSE_TIMED_OUT;
    bool interface = is(f, "KINESIS") || is(f, "STS");
    const char *why = silent ? "no NAT or internet gateway on this subnet's way out, or a security "
                               "group or network ACL drops the packets"
                             : "this subnet has no way to the internet";
    SIGV4__GUESS(d, "%s%s", why,
                 interface ? "; if the VPC has an interface endpoint, its private DNS is off "
                             "(public addresses come back for this name)"
                           : "");
}

static void advise_stale(struct sigv4_diagnosis *d)
{
    SIGV4__GUESS(d, "the public address is an old answer in a cache of this host, or stands in its "
                    "/etc/hosts: the endpoint's private DNS is in force");
    SIGV4__ADVISE(
        d,
        "look for %s in /etc/hosts, empty the DNS cache (resolvectl flush-caches, nscd -i "
        "hosts), and restart programs that keep addresses",
        d->host);
}

static void advise_name(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    if (f->name_timed_out || f->name_error == EAI_AGAIN)
        SIGV4__ADVISE(d, "check this host's name servers (/etc/resolv.conf) and the way to them; "
                         "in a VPC, that DNS resolution is switched on");
    else if (is_endpoint_name(d->host))
        SIGV4__ADVISE(d, "check the name of the VPC endpoint, and that it still exists");
    else if (is_special_name(d->host))
        SIGV4__ADVISE(d,
                      "check whether region '%s' has a FIPS or dual-stack endpoint of this service "
                      "(AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT or the profile ask for "
                      "it)",
                      f->region);
    else if (sigv4__remedy_is_aws_name(d->host) && f->region[0])
        SIGV4__ADVISE(d, "check the region: is '%s' its right name, and does it have this service?",
                      f->region);
    else
        SIGV4__ADVISE(
            d, "check the host in the endpoint URL (--endpoint-url, AWS_ENDPOINT_URL, profile)");
}

static void advise_refused(struct sigv4_diagnosis *d, enum sigv4_address_class kind)
{
    if (kind == SIGV4_ADDRESS_LOOPBACK)
        SIGV4__ADVISE(d,
                      "start the local service that should listen on port %u, or correct the "
                      "endpoint URL (--endpoint-url, AWS_ENDPOINT_URL, profile)",
                      (unsigned)d->port);
    else if (sigv4__remedy_is_aws_name(d->host))
        SIGV4__ADVISE(d, "AWS does not refuse connections on port 443: look for a firewall on the "
                         "way, or a name server that gives other addresses");
    else
        SIGV4__ADVISE(d, "check the port in the endpoint URL, and that the service runs there");
}

static void advise_silent_endpoint(struct sigv4_diagnosis *d, bool in_vpc)
{
    SIGV4__GUESS(d, "the security group of the interface endpoint does not let this host in%s",
                 in_vpc ? "" : ", or no route leads to its VPC");
    SIGV4__ADVISE(d,
                  "a private address is an interface endpoint's: let its security group accept TCP "
                  "%u from this host, and check network ACLs%s",
                  (unsigned)d->port, in_vpc ? "" : " and the route to that subnet");
}

static void advise_timed_out(const struct sigv4__findings *f, struct sigv4_diagnosis *d,
                             const struct sigv4_diagnosed_address *a)
{
    bool aws = sigv4__remedy_is_aws_name(d->host);
    if (a->kind == SIGV4_ADDRESS_LOOPBACK)
        SIGV4__ADVISE(d, "look after the local service on port %u: it takes no connections",
                      (unsigned)d->port);
    else if (aws && (a->in_vpc || sigv4__address_is_inner(a->kind)))
        advise_silent_endpoint(d, a->in_vpc);
    else if (aws) {
        guess_public(f, d);
        advise_endpoint(f, d);
    } else
        SIGV4__ADVISE(d,
                      "look for a firewall or a missing route between this host and the endpoint");
}

static void advise_no_route(const struct sigv4__findings *f, struct sigv4_diagnosis *d,
                            enum sigv4_address_class kind)
{
    if (kind == SIGV4_ADDRESS_GLOBAL && sigv4__remedy_is_aws_name(d->host)) {
        guess_public(f, d);
        advise_endpoint(f, d);
    } else {
        SIGV4__ADVISE(d, "add a route to this network, or use an endpoint this host can reach "
                         "(--endpoint-url)");
    }
}

static void advise_tls(struct sigv4_diagnosis *d)
{
    if (sigv4__remedy_is_aws_name(d->host))
        SIGV4__ADVISE(d, "something between this host and AWS interferes with TLS (a firewall or "
                         "proxy that inspects traffic)");
    else
        SIGV4__ADVISE(d,
                      "if the service at port %u speaks plain HTTP, say http:// in the endpoint "
                      "URL",
                      (unsigned)d->port);
}

static void advise_untrusted(struct sigv4_diagnosis *d)
{
    if (sigv4__remedy_is_aws_name(d->host))
        SIGV4__GUESS(d, "a firewall or proxy on the way opens TLS and shows a certificate of its "
                        "own");
    SIGV4__ADVISE(d, "if you know and trust that issuer, pass its certificate with --ca-bundle "
                     "(AWS_CA_BUNDLE); otherwise do not send anything there");
}

static void advise_cert_name(struct sigv4_diagnosis *d)
{
    if (is_endpoint_name(d->host))
        SIGV4__ADVISE(d, "use a name the certificate covers: for S3, "
                         "https://bucket.vpce-....s3.REGION.vpce.amazonaws.com");
    else
        SIGV4__ADVISE(d, "give the endpoint URL by a name the certificate covers, or look who else "
                         "answers at this address (DNS, a proxy)");
}

static void advise_trust(struct sigv4_diagnosis *d)
{
    if (d->cause == SIGV4_CAUSE_TLS_UNTRUSTED)
        advise_untrusted(d);
    else if (d->cause == SIGV4_CAUSE_TLS_NAME)
        advise_cert_name(d);
    else if (d->cause == SIGV4_CAUSE_TLS_EXPIRED && !d->likely[0])
        SIGV4__ADVISE(d, "the service needs a new certificate; check this host's clock too "
                         "(timedatectl)");
    else
        SIGV4__ADVISE(d, "set this host's clock (timedatectl; chrony with 169.254.169.123 on EC2)");
}

static void advise_proxy(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    if (strstr(f->visit.text, "response 407"))
        SIGV4__ADVISE(
            d, "the proxy wants a user name and a password: %s=http://USER:PASSWORD@HOST:PORT",
            f->proxy.variable);
    else if (strstr(f->visit.text, "response 403"))
        SIGV4__ADVISE(d,
                      "have the proxy allow %s:%u, or list it in NO_PROXY if it is reached without "
                      "a proxy",
                      d->host, (unsigned)d->port);
    else
        SIGV4__ADVISE(d, "correct %s, or list %s in NO_PROXY if it is reached without a proxy",
                      f->proxy.variable, d->host);
}

void sigv4__remedy_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t subject)
{
    const struct sigv4_diagnosed_address *a = &d->addresses[subject];
    switch (d->cause) {
    case SIGV4_CAUSE_NO_NAME:
        advise_name(f, d);
        break;
    case SIGV4_CAUSE_SINKHOLE:
        SIGV4__ADVISE(d,
                      "a DNS filter or /etc/hosts blocks the name: allow %s there, or use another "
                      "name server",
                      d->host);
        break;
    case SIGV4_CAUSE_NO_ROUTE:
        advise_no_route(f, d, a->kind);
        break;
    case SIGV4_CAUSE_OTHER:
        if (d->address_count && a->os_errno == 0 && !d->tls)
            SIGV4__ADVISE(d,
                          "check that this is the service's port; if the service at port %u speaks "
                          "TLS, say https:// in the endpoint URL",
                          (unsigned)d->port);
        else if (d->address_count && a->os_errno == 0)
            SIGV4__ADVISE(d, "check that this is the service's port; through a tunnel or VPN, that "
                             "large packets pass (path MTU)");
        else
            advise_no_route(f, d, a->kind);
        break;
    case SIGV4_CAUSE_TIMED_OUT:
        advise_timed_out(f, d, a);
        break;
    case SIGV4_CAUSE_REFUSED:
        advise_refused(d, a->kind);
        break;
    case SIGV4_CAUSE_TLS:
        advise_tls(d);
        break;
    case SIGV4_CAUSE_TLS_NAME:
    case SIGV4_CAUSE_TLS_UNTRUSTED:
    case SIGV4_CAUSE_TLS_EXPIRED:
    case SIGV4_CAUSE_CLOCK:
        advise_trust(d);
        break;
    case SIGV4_CAUSE_PROXY:
        advise_proxy(f, d);
        break;
    default: /* what a service answers is refusal.c's */
        break;
    }
    if (f->server_says_inner && d->cause != SIGV4_CAUSE_NONE && a->os_errno != 0)
        advise_stale(d);
}
