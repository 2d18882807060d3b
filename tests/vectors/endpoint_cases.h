#ifndef TESTS_ENDPOINT_CASES_H
#define TESTS_ENDPOINT_CASES_H
/* Cases of vectors/endpoints: params in, a URL and a scope out, or an error. */
#include <sigv4/endpoint.h>

#include "vectors/vectors.h"

static inline struct sigv4_place endpoint_case_place(const json_t *test)
{
    const json_t *params = json_object_get(test, "params");
    struct sigv4_place place = {
        .size = sizeof place,
        .region = vectors_text(params, "Region"),
        .endpoint_url = vectors_text(params, "Endpoint"),
        .use_fips = json_is_true(json_object_get(params, "UseFIPS")),
        .use_dual_stack = json_is_true(json_object_get(params, "UseDualStack")),
    };
    return place;
}

/* What is signed: the scheme's values when it has them, else the service's and the region. */
static inline void endpoint_case_scope(struct tally *t, const json_t *test, const char *service,
                                       const struct sigv4_target *target)
{
    const char *name = vectors_text(test, "documentation");
    const json_t *endpoint = json_object_get(json_object_get(test, "expect"), "endpoint");
    const json_t *scheme =
        json_array_get(json_object_get(json_object_get(endpoint, "properties"), "authSchemes"), 0);
    const char *signing = vectors_text(scheme, "signingName");
    const char *region = vectors_text(scheme, "signingRegion");
    tally_check(t, name, "signing name", *signing ? signing : service, target->service);
    tally_check(t, name, "signing region", *region ? region : endpoint_case_place(test).region,
                target->region);
}

static inline void endpoint_case_run(struct tally *t, const json_t *test, const char *service,
                                     sigv4_resolve_fn *resolve, void *ctx)
{
    const char *name = vectors_text(test, "documentation");
    const json_t *expect = json_object_get(test, "expect");
    const json_t *endpoint = json_object_get(expect, "endpoint");
    struct sigv4_place place = endpoint_case_place(test);
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err = {0};
    unsigned failed = t->failed;
    if (endpoint && !*place.region) {
        tally_skip(t, name, "a request of ours always has a region to be signed for");
        return;
    }
    int status = resolve(ctx, &place, &target, &err);
    if (!endpoint) {
        tally_check(t, name, vectors_text(expect, "error"), "INVALID", sigv4_status_name(status));
        if (status)
            printf("refused as it should be: %s\n", err.message);
    } else if (status) {
        tally_check(t, name, "error", "none", err.message);
    } else {
        tally_check(t, name, "url", vectors_text(endpoint, "url"), target.url);
        endpoint_case_scope(t, test, service, &target);
    }
    t->passed += t->failed == failed;
}
#endif
