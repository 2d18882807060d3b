/* Where the proxy in force is to be found. */
#include "diagnose/proxy_place.h"

#include "base/fail.h"
#include "base/text.h"

/* [scheme://][user[:password]@]host[:port][/...]; brackets around IPv6. Ports as libcurl, which
 * does the sending, takes them when none is given. */
static void split(struct sigv4_slice rest, struct sigv4__proxy_place *out)
{
    const char *after = strstr(out->value, "://");
    size_t scheme = after ? (size_t)(after - out->value) : 0;
    bool tls = sigv4__equal_nocase(sigv4__first(rest, scheme), SIGV4_LIT("https"));
    uint64_t port = tls ? 443 : 1080;
    rest = sigv4__from(rest, after ? scheme + 3 : 0);
    rest = sigv4__first(rest, sigv4__find(rest, '/'));
    for (size_t at = sigv4__find(rest, '@'); at < rest.len; at = sigv4__find(rest, '@'))
        rest = sigv4__from(rest, at + 1);
    bool bracketed = sigv4__starts_with(rest, "[");
    size_t end = sigv4__find(rest, bracketed ? ']' : ':');
    struct sigv4_slice host = sigv4__from(sigv4__first(rest, end), bracketed ? 1 : 0);
    rest = sigv4__from(rest, bracketed ? end + 1 : end);
    if (sigv4__starts_with(rest, ":"))
        (void)sigv4__parse_uint(sigv4__from(rest, 1), 65535, &port);
    sigv4__fixed_copy(out->host, sizeof out->host, host);
    out->port = (uint16_t)port;
}

void sigv4__proxy_place_find(const struct sigv4__config *c, const struct sigv4_url *url,
                             struct sigv4__proxy_place *out)
{
    struct sigv4__setting proxy;
    memset(out, 0, sizeof *out);
    sigv4__proxy_of(c, url, &proxy);
    if (!proxy.value)
        return;
    out->value = proxy.value;
    memcpy(out->variable, proxy.origin, sizeof out->variable);
    sigv4__proxy_shown(proxy.value, out->shown, sizeof out->shown);
    split(sigv4_str(proxy.value), out);
}
