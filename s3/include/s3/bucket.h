#ifndef S3_BUCKET_H
#define S3_BUCKET_H
/* Buckets themselves. Threads and errors as in s3/object.h; a name that no bucket can have is
 * INVALID before anything is sent. */
#include <s3/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3_bucket {
    size_t size;
    const char *bucket;
    s3_done_fn *on_done;
    void *ctx;
};
/* In the client's region. CONFLICT: the name is taken, by you (code BucketAlreadyOwnedByYou) or by
 * someone else. */
SIGV4_API int s3_bucket_create(struct s3_client *client, const struct s3_bucket *what,
                               struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;
/* Only an empty one; else CONFLICT. */
SIGV4_API int s3_bucket_delete(struct s3_client *client, const struct s3_bucket *what,
                               struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;
/* Is it there, may we use it, and where is it: result->bucket_region. */
SIGV4_API int s3_bucket_head(struct s3_client *client, const struct s3_bucket *what,
                             struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
