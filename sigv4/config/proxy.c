/* Which proxy the environment asks for. The same answer whatever libcurl is in use: old ones do not
 * know networks in NO_PROXY, and none reads HTTP_PROXY in upper case. */
#include "config/proxy.h"

#include "base/fail.h"
#include "base/text.h"

#include <arpa/inet.h>

struct address {
    int family; /* 0: not an address */
    unsigned char bytes[16];
    unsigned bits;
};

static bool read_address(struct sigv4_slice s, struct address *out)
{
    char text[64];
    memset(out, 0, sizeof *out);
    if (s.len == 0 || s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    if (strlen(text) != s.len)
        return false;
    out->family = inet_pton(AF_INET, text, out->bytes) == 1    ? AF_INET
                  : inet_pton(AF_INET6, text, out->bytes) == 1 ? AF_INET6
                                                               : 0;
    out->bits = out->family == AF_INET ? 32 : 128;
    return out->family != 0;
}

static bool same_bits(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (a->family != b->family || memcmp(a->bytes, b->bytes, whole))
        return false;
    return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8", "fd00::/8", or a single address. */
static bool covers_address(struct sigv4_slice entry, const struct address *host)
{
    struct address network;
    uint64_t bits;
    size_t slash = sigv4__find(entry, '/');
    if (!read_address(sigv4__first(entry, slash), &network))
        return false;
    bits = network.bits;
    if (slash < entry.len && !sigv4__parse_uint(sigv4__from(entry, slash + 1), network.bits, &bits))
        return false;
    return same_bits(&network, host, (unsigned)bits);
}

static char char_at(struct sigv4_slice s, size_t i)
{
    return ((const char *)s.ptr)[i];
}

static struct sigv4_slice without_last_dot(struct sigv4_slice s)
{
    return sigv4__ends_with(s, ".") ? sigv4__first(s, s.len - 1) : s;
}

/* "example.com" covers itself and what ends in ".example.com". */
static bool covers_name(struct sigv4_slice entry, struct sigv4_slice host)
{
    if (sigv4__starts_with(entry, "*."))
        entry = sigv4__from(entry, 1);
    if (sigv4__starts_with(entry, "."))
        entry = sigv4__from(entry, 1);
    entry = without_last_dot(entry);
    host = without_last_dot(host);
    if (entry.len == 0 || host.len < entry.len)
        return false;
    size_t above = host.len - entry.len;
    return sigv4__equal_nocase(sigv4__from(host, above), entry) &&
           (above == 0 || char_at(host, above - 1) == '.');
}

/* Cuts ":port" and brackets off; false when the port is another. A bare IPv6 address has no port.
 */
static bool same_port(struct sigv4_slice *entry, uint16_t port)
{
    uint64_t n;
    size_t close = sigv4__find(*entry, ']');
    bool bracketed = sigv4__starts_with(*entry, "[") && close < entry->len;
    size_t start = bracketed ? close + 1 : 0;
    size_t colon = start + sigv4__find(sigv4__from(*entry, start), ':');
    struct sigv4_slice rest = sigv4__from(*entry, colon);
    struct sigv4_slice name = sigv4__first(*entry, colon);
    if (!bracketed && rest.len && sigv4__find(sigv4__from(rest, 1), ':') < rest.len - 1)
        return true;
    *entry = bracketed ? sigv4__first(sigv4__from(name, 1), close - 1) : name;
    if (rest.len == 0)
        return true;
    return sigv4__parse_uint(sigv4__from(rest, 1), 65535, &n) && n == port;
}

static bool entry_covers(struct sigv4_slice entry, const struct sigv4_url *url)
{
    struct address host;
    if (sigv4__equal_str(entry, "*"))
        return true;
    if (!same_port(&entry, url->port))
        return false;
    if (read_address(url->host, &host))
        return covers_address(entry, &host);
    return covers_name(entry, url->host);
}

static size_t entry_length(struct sigv4_slice s)
{
    size_t n = 0;
    while (n < s.len && char_at(s, n) != ',' && char_at(s, n) != ' ' && char_at(s, n) != '\t')
        n++;
    return n;
}

bool sigv4__no_proxy_covers(struct sigv4_slice list, const struct sigv4_url *url)
{
    while (list.len) {
        size_t n = entry_length(list);
        if (n && entry_covers(sigv4__first(list, n), url))
            return true;
        list = sigv4__from(list, n < list.len ? n + 1 : n);
    }
    return false;
}

static bool find_first(const struct sigv4__config *c, const char *const *names,
                       struct sigv4__setting *out)
{
    for (; *names; names++) {
        sigv4__config_setting(c, NULL, *names, NULL, out);
        if (out->value)
            return true;
    }
    return false;
}

void sigv4__proxy_of(const struct sigv4__config *c, const struct sigv4_url *url,
                     struct sigv4__setting *out)
{
    static const char *const http[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
    static const char *const none[] = {"no_proxy", "NO_PROXY", NULL};
    struct sigv4__setting except;
    if (!find_first(c, url->tls ? https : http, out) || !find_first(c, none, &except) ||
        !sigv4__no_proxy_covers(sigv4_str(except.value), url))
        return;
    *out = except;
    out->value = NULL;
}

void sigv4__proxy_shown(const char *proxy, char *out, size_t cap)
{
    struct sigv4_slice all = sigv4_str(proxy);
    const char *start = strstr(proxy, "://");
    size_t scheme = start ? (size_t)(start - proxy) + 3 : 0, host = scheme;
    for (size_t i = scheme; i < all.len; i++)
        if (char_at(all, i) == '@')
            host = i + 1;
    char text[512];
    struct sigv4_text t = {text, sizeof text, 0};
    sigv4__text_slice(&t, sigv4__first(all, scheme));
    sigv4__text_slice(&t, sigv4__from(all, host));
    sigv4__fixed_copy(out, cap, sigv4_bytes(text, t.len < sizeof text ? t.len : sizeof text));
}
