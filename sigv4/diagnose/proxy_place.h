#ifndef DIAGNOSE_PROXY_PLACE_H
#define DIAGNOSE_PROXY_PLACE_H
/* Where the proxy in force is to be found. */
#include "config/proxy.h"

struct sigv4__proxy_place {
    const char *value;  /* as configured, maybe with a password; NULL: no proxy */
    char variable[192]; /* "HTTPS_PROXY" */
    char shown[256];    /* without user name and password */
    char host[256];     /* without brackets */
    uint16_t port;
};
/* value is valid as long as c. */
void sigv4__proxy_place_find(const struct sigv4__config *c, const struct sigv4_url *url,
                             struct sigv4__proxy_place *out);
#endif
