#ifndef CONFIG_PROXY_H
#define CONFIG_PROXY_H
/* Which proxy the environment asks for, and for which hosts it asks for none. */
#include "config/setting.h"

#include <sigv4/endpoint.h>

/* http_proxy or https_proxy by the URL's scheme, else all_proxy; lower case before upper case; none
 * when no_proxy covers the host. value NULL: no proxy; origin is then "NO_PROXY" or "". The value
 * may hold a password: show it with sigv4__proxy_shown only. */
void sigv4__proxy_of(const struct sigv4__config *c, const struct sigv4_url *url,
                     struct sigv4__setting *out);

/* Does the list (commas or blanks between entries) cover the host? Entries: "*", a domain with all
 * below it (a leading dot or "*." changes nothing), an address, a network in CIDR form; a domain or
 * address may name a port. */
bool sigv4__no_proxy_covers(struct sigv4_slice list, const struct sigv4_url *url);

/* The proxy without user name and password, for people. Always NUL-terminated. */
void sigv4__proxy_shown(const char *proxy, char *out, size_t cap);
#endif
