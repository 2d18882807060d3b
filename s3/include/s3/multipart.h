#ifndef S3_MULTIPART_H
#define S3_MULTIPART_H
/* The single requests of a multipart upload, for those who arrange parts themselves; s3_upload in
 * s3/transfer.h is made of them. Threads and errors as in s3/object.h. Limits: parts 1 to 10,000 of
 * 5 MiB to 5 GiB each, the last of any size. */
#include <s3/object.h>

#ifdef __cplusplus
extern "C" {
#endif

#define S3_MAX_PARTS     10000u
#define S3_MIN_PART_SIZE (UINT64_C(5) << 20)
#define S3_MAX_PART_SIZE (UINT64_C(5) << 30)

/* result->upload_id names the upload from then on. */
struct s3_multipart_create {
    size_t size;
    const struct s3_at *to;
    const struct s3_attributes *attributes;
    enum s3_checksum checksum; /* of all parts */
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_multipart_create(struct s3_client *client,
                                  const struct s3_multipart_create *create,
                                  struct sigv4_call **call,
                                  struct sigv4_error *err) SIGV4_MUST_CHECK;

/* One part; sent again it replaces the earlier one. result->etag and checksum_value belong into
 * s3_multipart_complete. */
struct s3_part_put {
    size_t size;
    const struct s3_at *to;
    const char *upload_id;
    uint32_t number;                /* 1 to 10,000 */
    const struct sigv4_slice *body; /* body or read as in s3_put */
    size_t body_count;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    uint64_t body_length;
    const struct s3_encryption *encryption; /* only customer_key */
    enum s3_checksum checksum;              /* as in s3_multipart_create */
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_part_put(struct s3_client *client, const struct s3_part_put *part,
                          struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* One part out of an object that is there already. */
struct s3_part_copy {
    size_t size;
    const struct s3_at *from, *to;
    const char *upload_id;
    uint32_t number;
    uint64_t first_byte, byte_count; /* both 0: the whole source */
    const char *source_if_match;     /* pins the source */
    struct sigv4_slice source_customer_key;
    const struct s3_encryption *encryption; /* only customer_key */
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_part_copy(struct s3_client *client, const struct s3_part_copy *part,
                           struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

struct s3_part { /* frozen layout: callers keep arrays of it */
    uint32_t number;
    uint64_t length;
    struct sigv4_slice etag;           /* without quotes */
    struct sigv4_slice checksum_value; /* base64, or empty */
};
struct s3_multipart_complete {
    size_t size;
    const struct s3_at *to;
    const char *upload_id;
    const struct s3_part *parts; /* ascending numbers; copied */
    size_t part_count;
    enum s3_checksum checksum;              /* as in s3_multipart_create */
    const char *checksum_value;             /* of the whole object (CRCs only); NULL: not checked */
    uint64_t length;                        /* of the whole object; 0: not checked */
    const struct s3_conditions *conditions; /* the two ETags only */
    const struct s3_encryption *encryption; /* only customer_key */
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_multipart_complete(struct s3_client *client,
                                    const struct s3_multipart_complete *complete,
                                    struct sigv4_call **call,
                                    struct sigv4_error *err) SIGV4_MUST_CHECK;

struct s3_multipart {
    size_t size;
    const struct s3_at *to;
    const char *upload_id;
    enum sigv4_flow (*on_part)(void *ctx, const struct s3_part *part); /* s3_multipart_parts */
    s3_done_fn *on_done;
    void *ctx;
};
/* NOT_FOUND: there is no such upload (any more). Parts that are on their way may still arrive after
 * an abort: repeat it until s3_multipart_parts says NOT_FOUND. */
SIGV4_API int s3_multipart_abort(struct s3_client *client, const struct s3_multipart *what,
                                 struct sigv4_call **call,
                                 struct sigv4_error *err) SIGV4_MUST_CHECK;
/* The parts that have arrived, ascending. */
SIGV4_API int s3_multipart_parts(struct s3_client *client, const struct s3_multipart *what,
                                 struct sigv4_call **call,
                                 struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
