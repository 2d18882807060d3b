/* Counted. */
#include "credentials/way.h"

#include "base/memory.h"

struct sigv4__way *sigv4__way_new(const char *ca_bundle, const struct sigv4_alloc *alloc)
{
    struct sigv4__way *way = sigv4__alloc_zero(alloc, 1, sizeof *way);
    if (!way)
        return NULL;
    way->alloc = *alloc;
    atomic_init(&way->holders, 1);
    if (!ca_bundle)
        return way;
    way->ca_bundle = sigv4__string_copy(alloc, sigv4_str(ca_bundle));
    if (way->ca_bundle)
        return way;
    sigv4__way_release(way);
    return NULL;
}

struct sigv4__way *sigv4__way_hold(struct sigv4__way *way)
{
    atomic_fetch_add(&way->holders, 1);
    return way;
}

void sigv4__way_release(struct sigv4__way *way)
{
    if (!way || atomic_fetch_sub(&way->holders, 1) != 1)
        return;
    struct sigv4_alloc alloc = way->alloc;
    sigv4__string_free(&alloc, way->ca_bundle);
    sigv4__alloc_put(&alloc, way, sizeof *way);
}
