#ifndef S3_LIST_H
#define S3_LIST_H
/* What is in a bucket, and which buckets there are. Pages are fetched inside; the callback sees one
 * entry after the other, in the service's order. A page that a busy service refuses is asked for
 * again after a rest, six times at most. Threads and errors as in s3/object.h. */
#include <s3/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3_list_entry { /* views are valid during the callback */
    size_t size;
    struct sigv4_slice key; /* or, with is_prefix, the common prefix up to the delimiter */
    bool is_prefix;
    uint64_t length;
    int64_t modified_unix_ms;
    struct sigv4_slice etag; /* without quotes */
    struct sigv4_slice storage_class;
};

struct s3_list {
    size_t size;
    const char *bucket, *prefix, *delimiter, *start_after; /* NULL: none */
    uint32_t page_size;                                    /* 1 to 1000; 0: 1000 */
    /* PAUSE: the entry is offered again after s3_resume. STOP: on_done comes with CANCELED. */
    enum sigv4_flow (*on_entry)(void *ctx, const struct s3_list_entry *entry);
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_list(struct s3_client *client, const struct s3_list *list,
                      struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

struct s3_bucket_entry {
    size_t size;
    struct sigv4_slice name, region; /* region "" when the service does not say */
    int64_t created_unix_ms;
};
struct s3_list_buckets {
    size_t size;
    const char *prefix;
    enum sigv4_flow (*on_bucket)(void *ctx, const struct s3_bucket_entry *bucket);
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_list_buckets(struct s3_client *client, const struct s3_list_buckets *list,
                              struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
