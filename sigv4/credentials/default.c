/* The default chain behind a cache. A profile named by the caller goes before the environment's
 * keys: whoever says --profile means it (facts 4.1). */
#include "base/fail.h"
#include "credentials/provider.h"
#include "credentials/sts.h"

enum { MAX_LINKS = 5 };

struct links {
    struct sigv4_provider *list[MAX_LINKS];
    size_t count;
};

static int fill(struct links *links, const char *profile, const struct sigv4_alloc *alloc)
{
    int status = SIGV4_OK;
    if (!profile)
        status = sigv4_provider_new_environment(&links->list[links->count], alloc);
    links->count += !profile && !status;
    if (!profile && !status)
        status = sigv4__provider_new_web_environment(&links->list[links->count], alloc);
    links->count += !profile && !status;
    if (!status)
        status = sigv4_provider_new_profile(&links->list[links->count], profile, alloc);
    links->count += !status;
    if (!status)
        status = sigv4_provider_new_container(&links->list[links->count], alloc);
    links->count += !status;
    if (!status)
        status = sigv4_provider_new_imds(&links->list[links->count], profile, alloc);
    links->count += !status;
    return status;
}

int sigv4_provider_new_default(struct sigv4_provider **out, const char *profile,
                               const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct links links = {{NULL}, 0};
    struct sigv4_provider *chain = NULL;
    int status = fill(&links, profile, alloc);
    if (!status)
        status = sigv4_provider_new_chain(&chain, links.list, links.count, alloc);
    if (!status) {
        links.count = 0; /* the chain's now */
        status = sigv4_provider_new_cache(out, chain, alloc);
    }
    if (status) {
        sigv4_provider_free(chain);
        while (links.count)
            sigv4_provider_free(links.list[--links.count]);
        return sigv4__fail(err, status, "credentials: %s", sigv4_status_text(status));
    }
    return SIGV4_OK;
}
