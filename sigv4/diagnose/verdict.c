/* From what was seen on the way to a cause and a sentence. The advice is in remedy.c. */
#include "diagnose/verdict.h"

#include "base/fail.h"
#include "base/text.h"
#include "diagnose/line.h"
#include "diagnose/remedy.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>

enum { CLOCK_MS = 5 * 60 * 1000 }; /* what the services tolerate */

/* strerror without its static memory; glibc's names never need the buffer. */
static const char *os_words(int os_errno, char room[64])
{
    return strerror_r(os_errno, room, 64);
}

/* No service of AWS has such an address. */
static bool leads_nowhere(const struct sigv4_diagnosis *d)
{
    if (!sigv4__remedy_is_aws_name(d->host))
        return false;
    for (size_t i = 0; i < d->address_count; i++) {
        enum sigv4_address_class kind = d->addresses[i].kind;
        if (kind != SIGV4_ADDRESS_LOOPBACK && kind != SIGV4_ADDRESS_LINK_LOCAL &&
            kind != SIGV4_ADDRESS_UNSPECIFIED)
            return false;
    }
    return d->address_count > 0;
}

/* "kinesis... (private address 10.0.1.5 in this VPC)", with "and N more". */
static const char *place(const struct sigv4__findings *f, const struct sigv4_diagnosis *d, size_t i,
                         char out[440])
{
    char more[32] = "";
    const char *host = f->proxy.value ? f->proxy.host : d->host;
    const char *word = sigv4_address_class_name(d->addresses[i].kind);
    const char *inside = d->addresses[i].in_vpc ? " in this VPC" : "";
    if (d->address_count > 1)
        snprintf(more, sizeof more, " and %zu more", d->address_count - 1);
    if (strcmp(host, d->addresses[i].text) == 0)
        snprintf(out, 440, "%.255s (a %s address%s)", host, word, inside);
    else
        snprintf(out, 440, "%.255s (%s address %.63s%s%s)", host, word, d->addresses[i].text,
                 inside, more);
    return out;
}

static unsigned port_of(const struct sigv4__findings *f, const struct sigv4_diagnosis *d)
{
    return f->proxy.value ? f->proxy.port : d->port;
}

/* ---- before a connection ---- */

static void say_name(const struct sigv4__findings *f, struct sigv4_diagnosis *d, const char *host)
{
    char room[64];
    d->cause = SIGV4_CAUSE_NO_NAME;
    if (f->name_timed_out)
        SIGV4__SAY(d, "the name %s was not resolved within %.1f s: no name server answers", host,
                   d->name_ms / 1000);
    else if (f->name_error == EAI_AGAIN)
        SIGV4__SAY(d, "the name %s cannot be resolved now: no name server gave an answer", host);
    else if (f->name_error == EAI_SYSTEM)
        SIGV4__SAY(d, "the name %s cannot be resolved: %s", host, os_words(f->name_errno, room));
    else
        SIGV4__SAY(d, "the name %s does not exist for this host's resolver (%s)", host,
                   f->name_error ? gai_strerror(f->name_error) : "no address");
}

static void say_sinkhole(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    char room[440];
    d->cause = SIGV4_CAUSE_SINKHOLE;
    SIGV4__SAY(d, "%s: this host's resolver gives an address where no AWS service is",
               place(f, d, 0, room));
}

static void say_unreachable(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char room[440], words[64];
    int os_errno = d->addresses[i].os_errno;
    const char *where = place(f, d, i, room);
    if (os_errno == ECONNREFUSED) {
        d->cause = SIGV4_CAUSE_REFUSED;
        SIGV4__SAY(d, "%s refuses connections on port %u", where, port_of(f, d));
    } else if (os_errno == ETIMEDOUT) {
        d->cause = SIGV4_CAUSE_TIMED_OUT;
        SIGV4__SAY(d, "%s did not answer on port %u within %.1f s", where, port_of(f, d),
                   d->addresses[i].connect_ms / 1000);
    } else if (f->attempts[i].no_route) {
        d->cause = SIGV4_CAUSE_NO_ROUTE;
        SIGV4__SAY(d, "this host has no route to %s: %s", where, os_words(os_errno, words));
    } else {
        d->cause = SIGV4_CAUSE_OTHER;
        SIGV4__SAY(d, "no connection to %s on port %u: %s", where, port_of(f, d),
                   os_words(os_errno, words));
    }
}

/* ---- after it ---- */

static bool clock_is_off(const struct sigv4_diagnosis *d)
{
    return d->clock_known && (d->clock_offset_ms > CLOCK_MS || d->clock_offset_ms < -CLOCK_MS);
}

/* A certificate out of its time: by its own fault, or by this host's clock? The server's Date comes
 * over the same untrusted connection, so it is evidence and no proof. */
static void say_out_of_time(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    char from[32], until[32], span[32];
    bool early = f->visit.faults & SIGV4__CERT_NOT_YET_VALID;
    bool off = clock_is_off(d);
    int64_t theirs = f->visit.their_unix_ms / 1000;
    bool valid_by_theirs =
        off && theirs >= d->certificate_from_unix && theirs <= d->certificate_until_unix;
    d->cause = valid_by_theirs ? SIGV4_CAUSE_CLOCK : SIGV4_CAUSE_TLS_EXPIRED;
    SIGV4__SAY(d, "the certificate of %s is valid from %s to %s, and by this host's clock it is %s",
               d->host, sigv4__line_time(d->certificate_from_unix, from),
               sigv4__line_time(d->certificate_until_unix, until),
               early ? "not valid yet" : "no longer valid");
    if (valid_by_theirs)
        SIGV4__GUESS(d, "this host's clock is %s %s: the service's answer is dated so",
                     sigv4__line_span(d->clock_offset_ms, span),
                     d->clock_offset_ms > 0 ? "behind" : "ahead");
    else if (early)
        SIGV4__GUESS(d, "this host's clock is behind; the service gave no time to compare with");
}

static bool say_certificate(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    unsigned faults = f->visited && !f->any_certificate ? f->visit.faults : 0;
    if (faults & SIGV4__CERT_UNTRUSTED) {
        d->cause = SIGV4_CAUSE_TLS_UNTRUSTED;
        SIGV4__SAY(d, "the certificate of %s is not trusted here: %s (%s)", d->host,
                   d->certificate_fault, d->certificate_chain);
    } else if (faults & SIGV4__CERT_NAME) {
        d->cause = SIGV4_CAUSE_TLS_NAME;
        SIGV4__SAY(d, "the certificate shown is not for %s but for %s", d->host,
                   d->certificate_names);
    } else if (faults & (SIGV4__CERT_EXPIRED | SIGV4__CERT_NOT_YET_VALID)) {
        say_out_of_time(f, d);
    } else if (faults) {
        d->cause = SIGV4_CAUSE_TLS_UNTRUSTED;
        SIGV4__SAY(d, "the certificate of %s is refused here: %s (%s)", d->host,
                   d->certificate_fault, d->certificate_chain);
    }
    return faults;
}

static void say_no_tls(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char room[440];
    d->cause = SIGV4_CAUSE_TLS;
    SIGV4__SAY(d, "%s accepts TCP connections on port %u, but no TLS comes about: %s",
               place(f, d, i, room), port_of(f, d), f->visit.text);
}

static void say_open(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char room[440], span[32];
    const char *where = place(f, d, i, room);
    bool silent = f->visited && f->visit.text[0] && d->http_status == 0;
    d->cause = SIGV4_CAUSE_NONE;
    d->open = !silent;
    if (silent) {
        d->cause = SIGV4_CAUSE_OTHER;
        SIGV4__SAY(d, "%s accepts connections on port %u, but gives no HTTP answer: %s", where,
                   port_of(f, d), f->visit.text);
    } else if (clock_is_off(d)) {
        d->cause = SIGV4_CAUSE_CLOCK;
        SIGV4__SAY(d, "this host's clock is %s %s that of %s, by the Date of its answer",
                   sigv4__line_span(d->clock_offset_ms, span),
                   d->clock_offset_ms > 0 ? "behind" : "ahead of", d->host);
    } else {
        SIGV4__SAY(d, "%s accepts connections on port %u (after %.1f ms)%s", where, port_of(f, d),
                   d->addresses[i].connect_ms, d->tls && f->visited ? ", and TLS comes about" : "");
    }
}

static void say_connected(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    if (d->tls && f->visited && f->visit.handshake != SIGV4__HANDSHAKE_DONE)
        say_no_tls(f, d, i);
    else if (!say_certificate(f, d))
        say_open(f, d, i);
}

/* ---- all together ---- */

/* The address that tells most: one that answered, even by refusing, before one that kept silent,
 * before one that was never asked for want of a route. */
static size_t find_subject(const struct sigv4__findings *f, const struct sigv4_diagnosis *d)
{
    static const int telling[] = {0, ECONNREFUSED, ETIMEDOUT};
    for (size_t t = 0; t < sizeof telling / sizeof *telling; t++)
        for (size_t i = 0; i < d->address_count; i++)
            if (d->addresses[i].os_errno == telling[t])
                return i;
    for (size_t i = 0; i < d->address_count; i++)
        if (!f->attempts[i].no_route)
            return i;
    return 0;
}

/* What was probed is the proxy; of the service behind it only the visit tells. */
static void say_proxy(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char seen[sizeof d->verdict];
    bool reached = d->address_count && d->addresses[i].os_errno == 0;
    bool tried = f->visited && d->tls;
    if (d->address_count == 0)
        say_name(f, d, f->proxy.host);
    else if (!reached)
        say_unreachable(f, d, i);
    else if (tried && f->visit.handshake == SIGV4__HANDSHAKE_NO_WAY)
        SIGV4__SAY(d, "it opens no way to %s: %s", d->host, f->visit.text);
    else if (tried && f->visit.handshake == SIGV4__HANDSHAKE_FAILED)
        SIGV4__SAY(d, "no TLS comes about with %s behind it: %s", d->host, f->visit.text);
    else
        say_connected(f, d, i);
    if (!reached || (tried && f->visit.handshake == SIGV4__HANDSHAKE_NO_WAY))
        d->cause = SIGV4_CAUSE_PROXY;
    else if (tried && f->visit.handshake == SIGV4__HANDSHAKE_FAILED)
        d->cause = SIGV4_CAUSE_TLS;
    memcpy(seen, d->verdict, sizeof seen);
    SIGV4__SAY(d, "the proxy %s is in force (%s): %s", d->proxy, f->proxy.variable, seen);
}

static void add_server_words(struct sigv4_diagnosis *d)
{
    size_t used = strlen(d->verdict);
    if (d->name_server_says[0] && used + 32 < sizeof d->verdict)
        sigv4__line_write(d->verdict + used, sizeof d->verdict - used, "; its name server says %s",
                          d->name_server_says);
}

void sigv4__verdict_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    size_t subject = find_subject(f, d);
    d->cause = SIGV4_CAUSE_OTHER;
    d->open = false;
    d->verdict[0] = d->likely[0] = d->remedy[0] = '\0';
    if (f->proxy.value)
        say_proxy(f, d, subject);
    else if (d->address_count == 0)
        say_name(f, d, d->host);
    else if (d->addresses[subject].os_errno == 0)
        say_connected(f, d, subject);
    else if (leads_nowhere(d))
        say_sinkhole(f, d);
    else
        say_unreachable(f, d, subject);
    add_server_words(d);
    sigv4__remedy_write(f, d, subject);
}
