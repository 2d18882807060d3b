/* From what was seen to a cause and a sentence. The advice is in remedy.c. */
#include "diagnose/verdict.h"

#include "base/fail.h"
#include "base/text.h"
#include "diagnose/address.h"
#include "diagnose/remedy.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>

static void say(struct sigv4_diagnosis *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct sigv4_diagnosis *d, const char *format, ...)
{
    char line[sizeof d->verdict];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sigv4__fixed_copy(d->verdict, sizeof d->verdict, sigv4_str(line));
}

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
    for (size_t i = 0; i < d->address_count; i++)
        if (d->addresses[i].kind == SIGV4_ADDRESS_GLOBAL ||
            d->addresses[i].kind == SIGV4_ADDRESS_PRIVATE)
            return false;
    return d->address_count > 0;
}

/* "kinesis... (private address 10.0.1.5)", with "and N more". */
static const char *place(const struct sigv4__findings *f, const struct sigv4_diagnosis *d, size_t i,
                         char out[420])
{
    char more[32] = "";
    const char *host = f->proxy.value ? f->proxy.host : d->host;
    const char *word = sigv4__address_word(d->addresses[i].kind);
    if (d->address_count > 1)
        snprintf(more, sizeof more, " and %zu more", d->address_count - 1);
    if (strcmp(host, d->addresses[i].text) == 0)
        snprintf(out, 420, "%.255s (a %s address)", host, word);
    else
        snprintf(out, 420, "%.255s (%s address %.63s%s)", host, word, d->addresses[i].text, more);
    return out;
}

static void say_name(const struct sigv4__findings *f, struct sigv4_diagnosis *d, const char *host)
{
    char room[64];
    d->cause = SIGV4_CAUSE_NO_NAME;
    if (f->name_timed_out)
        say(d, "the name %s was not resolved within %.1f s: no name server answers", host,
            d->name_ms / 1000);
    else if (f->name_error == EAI_AGAIN)
        say(d, "the name %s cannot be resolved now: no name server gave an answer", host);
    else if (f->name_error == EAI_SYSTEM)
        say(d, "the name %s cannot be resolved: %s", host, os_words(f->name_errno, room));
    else
        say(d, "the name %s does not exist for this host's resolver (%s)", host,
            f->name_error ? gai_strerror(f->name_error) : "no address");
}

static unsigned port_of(const struct sigv4__findings *f, const struct sigv4_diagnosis *d)
{
    return f->proxy.value ? f->proxy.port : d->port;
}

static void say_connected(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char room[420];
    const char *where = place(f, d, i, room);
    if (f->handshake_tried && f->handshake != SIGV4__HANDSHAKE_DONE) {
        d->cause = SIGV4_CAUSE_TLS;
        say(d, "%s accepts TCP connections on port %u, but no TLS comes about: %s", where,
            port_of(f, d), f->handshake_text);
        return;
    }
    d->cause = SIGV4_CAUSE_NONE;
    say(d, "%s accepts connections on port %u (after %.1f ms)%s", where, port_of(f, d),
        d->addresses[i].connect_ms, f->handshake_tried ? ", and TLS comes about" : "");
}

static void say_sinkhole(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    char room[420];
    d->cause = SIGV4_CAUSE_SINKHOLE;
    say(d, "%s: this host's resolver gives an address where no AWS service is",
        place(f, d, 0, room));
}

static void say_unreachable(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char room[420], words[64];
    int os_errno = d->addresses[i].os_errno;
    const char *where = place(f, d, i, room);
    if (os_errno == ECONNREFUSED) {
        d->cause = SIGV4_CAUSE_REFUSED;
        say(d, "%s refuses connections on port %u", where, port_of(f, d));
    } else if (os_errno == ETIMEDOUT) {
        d->cause = SIGV4_CAUSE_TIMED_OUT;
        say(d, "%s did not answer on port %u within %.1f s", where, port_of(f, d),
            d->addresses[i].connect_ms / 1000);
    } else if (f->attempts[i].no_route) {
        d->cause = SIGV4_CAUSE_NO_ROUTE;
        say(d, "this host has no route to %s: %s", where, os_words(os_errno, words));
    } else {
        d->cause = SIGV4_CAUSE_OTHER;
        say(d, "no connection to %s on port %u: %s", where, port_of(f, d),
            os_words(os_errno, words));
    }
}

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

/* What was probed is the proxy; of the service behind it only the handshake is seen. */
static void say_proxy(const struct sigv4__findings *f, struct sigv4_diagnosis *d, size_t i)
{
    char seen[sizeof d->verdict];
    bool reached = d->address_count && d->addresses[i].os_errno == 0;
    if (d->address_count == 0)
        say_name(f, d, f->proxy.host);
    else if (!reached)
        say_unreachable(f, d, i);
    else if (f->handshake_tried && f->handshake == SIGV4__HANDSHAKE_NO_WAY)
        say(d, "it opens no way to %s: %s", d->host, f->handshake_text);
    else if (f->handshake_tried && f->handshake == SIGV4__HANDSHAKE_FAILED)
        say(d, "no TLS comes about with %s behind it: %s", d->host, f->handshake_text);
    else
        say_connected(f, d, i);
    if (!reached || f->handshake == SIGV4__HANDSHAKE_NO_WAY)
        d->cause = SIGV4_CAUSE_PROXY;
    else if (f->handshake == SIGV4__HANDSHAKE_FAILED)
        d->cause = SIGV4_CAUSE_TLS;
    memcpy(seen, d->verdict, sizeof seen);
    say(d, "the proxy %s is in force (%s): %s", d->proxy, f->proxy.variable, seen);
}

void sigv4__verdict_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d)
{
    size_t subject = find_subject(f, d);
    d->cause = SIGV4_CAUSE_OTHER;
    d->verdict[0] = d->remedy[0] = '\0';
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
    sigv4__remedy_write(f, d, subject);
}
