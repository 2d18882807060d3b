#ifndef S3_ADDRESS_H
#define S3_ADDRESS_H
/* Where requests of S3 go and how buckets stand in URLs (facts, 5.4;
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html). Pure; @thread any.
 * The calls of this library do this themselves: it is public for diagnosis and for requests built
 * by hand. */
#include <s3/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3_place {
    size_t size;
    const char *bucket; /* a name or the ARN of an access point; NULL: the service itself */
    uint32_t flags;     /* S3_PATH_STYLE, S3_ACCELERATE, and these: */
};
/* The bucket in the host name at an endpoint URL too. Without this flag and S3_PATH_STYLE it stands
 * in the path there, because few services that are not AWS have a name per bucket. */
#define S3_VIRTUAL_HOST    0x4u
#define S3_GLOBAL_HOST     0x8u  /* us-east-1 at s3.amazonaws.com, as clients of old did */
#define S3_SAME_REGION     0x10u /* refuse an access point of another region than the client's */
#define S3_NO_ACCESS_POINT 0x20u /* the operation is about a bucket itself: refuse ARNs */

/* A sigv4_resolve_fn. ctx: a struct s3_place. out->url has the bucket in its host or as the last
 * part of its path: append "/" and the encoded key. flags: SIGV4_S3_PATH. Errors: INVALID
 * (combinations the service does not have, malformed ARN, override or region, what is not supported
 * here: S3 Express, Outposts, Object Lambda, Multi-Region Access Points), TOO_LARGE. */
SIGV4_API int s3_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                         struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Can a bucket have this name? Refuses only what no bucket of any age has, or with is_new what the
 * service would not create today. ARNs pass, but not as new. Errors: INVALID (what is wrong). */
SIGV4_API int s3_bucket_name_check(struct sigv4_slice name, bool is_new,
                                   struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
