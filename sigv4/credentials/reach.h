#ifndef CREDENTIALS_REACH_H
#define CREDENTIALS_REACH_H
/* How a regional service is reached for keys: its URL by the rules, the proxy, whom to trust. */
#include "base/buffer.h"
#include "config/setting.h"
#include "credentials/way.h"

#include <sigv4/endpoint.h>

struct sigv4__reach {
    const struct sigv4__config *config;
    const struct sigv4__way *way; /* NULL: as configured */
    const char *service_id;       /* whose endpoint override counts: "STS", "SSO" */
    const char *region;
    sigv4_resolve_fn *resolve;
    void *resolve_ctx;
};
/* ca_bundle is appended to, with a NUL that is not counted, and stays empty without one. *proxy is
 * the config's, "" for none. Errors: NO_CREDENTIALS with code "InvalidConfiguration", NOMEM. */
int sigv4__reach(const struct sigv4__reach *where, struct sigv4_target *target, const char **proxy,
                 struct sigv4__buffer *ca_bundle, struct sigv4_error *err);
#endif
