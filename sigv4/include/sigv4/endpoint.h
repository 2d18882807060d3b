#ifndef SIGV4_ENDPOINT_H
#define SIGV4_ENDPOINT_H
/* Where requests go: partitions, and the shape in which a service answers "which URL for which
 * region". Pure; @thread any. Rules: facts, section 5. */
#include <sigv4/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One AWS partition; static data. */
struct sigv4_partition {
    const char *id;                    /* "aws", "aws-cn", ... */
    const char *dns_suffix;            /* "amazonaws.com" */
    const char *dual_stack_dns_suffix; /* "api.aws" */
    const char *global_region;         /* "us-east-1": where its region-less services sign */
    bool supports_fips, supports_dual_stack;
};
/* Never NULL: a region no partition claims belongs to "aws" (facts, 5.3). */
SIGV4_API const struct sigv4_partition *sigv4_partition_of(struct sigv4_slice region);
/* 1 to 63 letters, digits and inner hyphens; with dots_allowed a sequence of such labels. */
SIGV4_API bool sigv4_host_label_valid(struct sigv4_slice text, bool dots_allowed);

/* arn:partition:service:region:account:resource; views into text. false: not an ARN. */
struct sigv4_arn {
    struct sigv4_slice partition, service, region, account_id, resource;
};
SIGV4_API bool sigv4_arn_parse(struct sigv4_slice text, struct sigv4_arn *out);

/* An http or https URL in its parts; views into text. path has no trailing slash. Errors: INVALID
 * with a message that says what is wrong (scheme, host, port, user info, query, fragment). */
struct sigv4_url {
    bool tls;
    struct sigv4_slice host; /* without brackets */
    uint16_t port;           /* the scheme's when none was given */
    bool port_given, host_is_ip;
    struct sigv4_slice path;
};
SIGV4_API int sigv4_url_parse(struct sigv4_slice text, struct sigv4_url *out,
                              struct sigv4_error *err) SIGV4_MUST_CHECK;

/* What is known when a request is about to be sent. */
struct sigv4_place {
    size_t size;
    const char *region;       /* never empty */
    const char *endpoint_url; /* the user's override for this service; "" when there is none */
    bool use_fips, use_dual_stack;
};
/* Where it goes and how it is signed. */
struct sigv4_target {
    size_t size;
    char url[1024];   /* scheme://host[:port][/base path], no trailing slash */
    char region[64];  /* of the signature */
    char service[32]; /* of the signature */
    uint32_t flags;   /* SIGV4_S3_PATH */
};
/* A service's endpoint rules. The exchange asks again when the region turned out to be another. */
typedef int sigv4_resolve_fn(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                             struct sigv4_error *err);
/* The rule that most services follow: the override as given, without its trailing slash; else
 * https://PREFIX[-fips].REGION.SUFFIX of the region's partition, signed for service in that region.
 * Errors: INVALID (malformed override or region, an override together with FIPS or dual-stack),
 * TOO_LARGE (the URL does not fit). */
SIGV4_API int sigv4_regional_resolve(const char *prefix, const char *service, uint32_t flags,
                                     const struct sigv4_place *place, struct sigv4_target *out,
                                     struct sigv4_error *err) SIGV4_MUST_CHECK;
/* flags */
#define SIGV4_GOV_PLAIN_FIPS 0x1u /* in aws-us-gov the FIPS host has no "-fips" in its name */

/* STS (facts, 4.5; https://docs.aws.amazon.com/general/latest/gr/sts.html). ctx: NULL, or a struct
 * sigv4_sts_place. */
struct sigv4_sts_place {
    size_t size;
    bool global; /* sts_regional_endpoints = legacy: the global host for the oldest regions */
};
SIGV4_API int sigv4_sts_resolve(void *ctx, const struct sigv4_place *place,
                                struct sigv4_target *out, struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
