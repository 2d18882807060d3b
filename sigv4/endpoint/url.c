/* URLs of endpoints: http or https, a host, perhaps a port and a path, nothing else. Strict,
 * because what is tolerated here ends in a host name that is signed. */
#include <sigv4/endpoint.h>

#include "base/fail.h"
#include "base/text.h"

#include <arpa/inet.h>

struct parse {
    struct sigv4_slice text; /* all of it, for messages */
    struct sigv4_error *err;
};

/* What stands before an '@' is a password more often than not: such a text is not repeated. */
static int refuse(const struct parse *p, const char *why)
{
    int shown = p->text.len > 120 ? 120 : (int)p->text.len;
    if (sigv4__find(p->text, '@') < p->text.len)
        return sigv4__fail(p->err, SIGV4_E_INVALID, "malformed URL: %s", why);
    return sigv4__fail(p->err, SIGV4_E_INVALID, "malformed URL '%.*s': %s", shown,
                       shown ? (const char *)p->text.ptr : "", why);
}

static char char_at(struct sigv4_slice s, size_t i)
{
    return ((const char *)s.ptr)[i];
}

static bool starts_nocase(struct sigv4_slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && sigv4__equal_nocase(sigv4__first(s, n), sigv4_str(prefix));
}

static int take_scheme(const struct parse *p, struct sigv4_slice *rest, struct sigv4_url *out)
{
    out->tls = starts_nocase(*rest, "https://");
    if (!out->tls && !starts_nocase(*rest, "http://"))
        return refuse(p, "it must begin with https:// or http://");
    out->port = out->tls ? 443 : 80;
    *rest = sigv4__from(*rest, out->tls ? 8 : 7);
    return SIGV4_OK;
}

/* The characters of a path as it is sent: all others must be percent-encoded. */
static bool is_path_char(char c)
{
    return sigv4__is_alnum(c) || (c && strchr("/-._~!$&'()*+,;=:@%", c));
}

static int take_path(const struct parse *p, struct sigv4_slice *rest, struct sigv4_url *out)
{
    size_t end = sigv4__find(*rest, '/');
    struct sigv4_slice path = sigv4__from(*rest, end);
    if (sigv4__find(p->text, '?') < p->text.len)
        return refuse(p, "a query ('?') cannot be part of an endpoint");
    if (sigv4__find(p->text, '#') < p->text.len)
        return refuse(p, "a fragment ('#') cannot be part of an endpoint");
    for (size_t i = 0; i < path.len; i++)
        if (!is_path_char(char_at(path, i)))
            return refuse(p, "a character of the path must be percent-encoded");
    while (path.len && char_at(path, path.len - 1) == '/')
        path.len--;
    out->path = path;
    *rest = sigv4__first(*rest, end);
    if (sigv4__find(*rest, '@') < rest->len)
        return refuse(p, "a user name or password cannot be part of an endpoint");
    return SIGV4_OK;
}

static int take_port(const struct parse *p, struct sigv4_slice port, struct sigv4_url *out)
{
    uint64_t n;
    if (port.len == 0)
        return SIGV4_OK;
    if (!sigv4__parse_uint(sigv4__from(port, 1), 65535, &n) || n == 0)
        return refuse(p, "the port must be a number from 1 to 65535");
    out->port = (uint16_t)n;
    out->port_given = true;
    return SIGV4_OK;
}

/* The address functions of the system stop at a NUL: nothing but letters, digits, '.' and ':'
 * gets there. */
static bool is_address(struct sigv4_slice host, int family)
{
    char text[64];
    unsigned char address[16];
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!sigv4__is_alnum(char_at(host, i)) && char_at(host, i) != '.' &&
            char_at(host, i) != ':')
            return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

static int take_ipv6(const struct parse *p, struct sigv4_slice rest, struct sigv4_url *out)
{
    size_t end = sigv4__find(rest, ']');
    struct sigv4_slice port = sigv4__from(rest, end < rest.len ? end + 1 : end);
    out->host = sigv4__from(sigv4__first(rest, end), 1);
    out->host_is_ip = true;
    if (end == rest.len || !is_address(out->host, AF_INET6))
        return refuse(p, "not an IPv6 address in brackets");
    if (port.len && char_at(port, 0) != ':')
        return refuse(p, "only a port may follow the ']'");
    return take_port(p, port, out);
}

/* Names as resolvers take them: like host labels, but with underscores, as containers have them. */
static bool is_name(struct sigv4_slice host)
{
    size_t label = 0;
    if (host.len > 253)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = char_at(host, i);
        if (c == '.' ? label == 0 : !sigv4__is_alnum(c) && c != '-' && c != '_')
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return host.len > 0;
}

/* Resolvers take "10.1" or "1" for addresses; a name never ends in a label of digits. */
static bool looks_like_ipv4(struct sigv4_slice host)
{
    size_t i = host.len;
    while (i > 0 && sigv4__is_digit(char_at(host, i - 1)))
        i--;
    return i < host.len && (i == 0 || char_at(host, i - 1) == '.');
}

static int take_host(const struct parse *p, struct sigv4_slice rest, struct sigv4_url *out)
{
    if (rest.len && char_at(rest, 0) == '[')
        return take_ipv6(p, rest, out);
    size_t colon = sigv4__find(rest, ':');
    struct sigv4_slice port = sigv4__from(rest, colon);
    out->host = sigv4__first(rest, colon);
    out->host_is_ip = is_address(out->host, AF_INET);
    if (port.len && sigv4__find(sigv4__from(port, 1), ':') < port.len - 1)
        return refuse(p, "an IPv6 address must be in brackets");
    if (out->host.len == 0)
        return refuse(p, "the host is missing");
    if (!is_name(out->host))
        return refuse(p, "the host may hold letters, digits, '.', '-' and '_' only");
    if (!out->host_is_ip && looks_like_ipv4(out->host))
        return refuse(p, "not an IPv4 address");
    return take_port(p, port, out);
}

int sigv4_url_parse(struct sigv4_slice text, struct sigv4_url *out, struct sigv4_error *err)
{
    struct parse p = {text, err};
    struct sigv4_slice rest = text;
    memset(out, 0, sizeof *out);
    int status = take_scheme(&p, &rest, out);
    if (!status)
        status = take_path(&p, &rest, out);
    return status ? status : take_host(&p, rest, out);
}
