/* What to do about a cause. Rules: facts, 5.6 and 10. */
#include "diagnose/remedy.h"

#include "base/fail.h"
#include "base/text.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>

static void advise(struct sigv4_diagnosis *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void advise(struct sigv4_diagnosis *d, const char *format, ...)
{
    char line[sizeof d->remedy];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sigv4__fixed_copy(d->remedy, sizeof d->remedy, sigv4_str(line));
}

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
        "amazonaws.com",  "api.aws",       "amazonaws.com.cn", "api.amazonwebservices.com.cn",
        "c2s.ic.gov",     "aws.ic.gov",    "sc2s.sgov.gov",    "aws.scloud",
        "cloud.adc-e.uk", "csp.hci.ic.gov"};
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

static bool is(const struct sigv4__findings *f, const char *service_id)
{
    return strcmp(f->service_id, service_id) == 0;
}

static const char *region_or_placeholder(const struct sigv4__findings *f)
{
    return f->region[0] ? f->region : "REGION";
}

/* Public addresses and no way out: the endpoint that would be the way in. */
static void advise_endpoint(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    const char *region = region_or_placeholder(f);
    if (is(f, "S3"))
        advise(
            d,
            "if this is a private subnet: add a gateway endpoint com.amazonaws.%s.s3 to its route "
            "table; names and addresses stay as they are (or an interface endpoint of that name "
            "with --endpoint-url)",
            region);
    else if (is(f, "STS") &&
             sigv4__equal_nocase(sigv4_str(d->host), SIGV4_LIT("sts.amazonaws.com")))
        advise(
            d,
            "no VPC endpoint covers this global name: set AWS_STS_REGIONAL_ENDPOINTS=regional, and "
            "in a private subnet add an interface endpoint com.amazonaws.%s.sts with private DNS",
            region);
    else if (is(f, "KINESIS") || is(f, "STS"))
        advise(d,
               "if this is a private subnet: add an interface endpoint com.amazonaws.%s.%s with "
               "private DNS to this VPC, or pass --endpoint-url with the name of one that exists",
               region, is(f, "STS") ? "sts" : "kinesis-streams");
    else
        advise(d, "this host needs a route to the internet (NAT, internet gateway, proxy), or an "
                  "endpoint of the service inside its network");
}

static void advise_name(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    if (f->name_timed_out || f->name_error == EAI_AGAIN)
        advise(d,
               "check this host's name servers (/etc/resolv.conf) and the way to them; in a VPC, "
               "that DNS resolution is switched on");
    else if (is_endpoint_name(d->host))
        advise(d, "check the name of the VPC endpoint, and that it still exists");
    else if (sigv4__remedy_is_aws_name(d->host) && f->region[0])
        advise(d, "check the region: is '%s' its right name, and does it have this service?",
               f->region);
    else
        advise(d, "check the host in the endpoint URL (--endpoint-url, AWS_ENDPOINT_URL, profile)");
}

static void advise_refused(struct sigv4_diagnosis *d, enum sigv4_address_class kind)
{
    if (kind == SIGV4_ADDRESS_LOOPBACK)
        advise(d,
               "start the local service that should listen on port %u, or correct the endpoint "
               "URL (--endpoint-url, AWS_ENDPOINT_URL, profile)",
               (unsigned)d->port);
    else if (sigv4__remedy_is_aws_name(d->host))
        advise(d,
               "AWS does not refuse connections on port 443: look for a firewall on the way, or a "
               "name server that gives other addresses");
    else
        advise(d, "check the port in the endpoint URL, and that the service runs there");
}

static void advise_timed_out(const struct sigv4__findings *f, struct sigv4_diagnosis *d,
                             enum sigv4_address_class kind)
{
    if (kind == SIGV4_ADDRESS_LOOPBACK)
        advise(d, "look after the local service on port %u: it takes no connections",
               (unsigned)d->port);
    else if (kind != SIGV4_ADDRESS_PRIVATE && sigv4__remedy_is_aws_name(d->host))
        advise_endpoint(f, d);
    else if (sigv4__remedy_is_aws_name(d->host))
        advise(d,
               "a private address is an interface endpoint's: let its security group accept TCP %u "
               "from this host, and check network ACLs and the route to that subnet",
               (unsigned)d->port);
    else
        advise(d, "look for a firewall or a missing route between this host and the endpoint");
}

static void advise_no_route(const struct sigv4__findings *f, struct sigv4_diagnosis *d,
                            enum sigv4_address_class kind)
{
    if (kind == SIGV4_ADDRESS_GLOBAL && sigv4__remedy_is_aws_name(d->host))
        advise_endpoint(f, d);
    else
        advise(d, "add a route to this network, or use an endpoint this host can reach "
                  "(--endpoint-url)");
}

static void advise_tls(struct sigv4_diagnosis *d)
{
    if (sigv4__remedy_is_aws_name(d->host))
        advise(d,
               "something between this host and AWS interferes with TLS (a firewall or proxy that "
               "inspects traffic)");
    else
        advise(d, "if the service at port %u speaks plain HTTP, say http:// in the endpoint URL",
               (unsigned)d->port);
}

void sigv4__remedy_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t subject)
{
    enum sigv4_address_class kind = d->addresses[subject].kind;
    switch (d->cause) {
    case SIGV4_CAUSE_NONE:
        break;
    case SIGV4_CAUSE_NO_NAME:
        advise_name(f, d);
        break;
    case SIGV4_CAUSE_SINKHOLE:
        advise(d,
               "a DNS filter or /etc/hosts blocks the name: allow %s there, or use another name "
               "server",
               d->host);
        break;
    case SIGV4_CAUSE_NO_ROUTE:
    case SIGV4_CAUSE_OTHER:
        advise_no_route(f, d, kind);
        break;
    case SIGV4_CAUSE_TIMED_OUT:
        advise_timed_out(f, d, kind);
        break;
    case SIGV4_CAUSE_REFUSED:
        advise_refused(d, kind);
        break;
    case SIGV4_CAUSE_TLS:
        advise_tls(d);
        break;
    case SIGV4_CAUSE_PROXY:
        advise(d, "correct %s, or list %s in NO_PROXY if it is reached without a proxy",
               f->proxy.variable, d->host);
        break;
    }
}
