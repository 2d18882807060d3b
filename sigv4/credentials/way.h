#ifndef CREDENTIALS_WAY_H
#define CREDENTIALS_WAY_H
/* What a client knows about the way to the services, for sources of keys that have to go one, too
 * (STS, SSO): a region by option or IMDS, whom to trust. Shared by counting, since a source may
 * outlive its client for as long as it is asked. @thread loop, but for hold and release. */
#include <sigv4/loop.h>
#include <stdatomic.h>

struct sigv4__way {
    atomic_uint holders;
    struct sigv4_alloc alloc;
    char region[64];               /* "" until it is known */
    char *ca_bundle;               /* NULL: by the configuration */
    bool use_fips, use_dual_stack; /* beyond what is configured */
    bool any_certificate;
    int64_t skew_ms; /* what STS taught: to be added to the local clock */
};
/* ca_bundle is copied. NULL: no memory. */
struct sigv4__way *sigv4__way_new(const char *ca_bundle, const struct sigv4_alloc *alloc);
struct sigv4__way *sigv4__way_hold(struct sigv4__way *way);
void sigv4__way_release(struct sigv4__way *way); /* NULL is fine */
#endif
