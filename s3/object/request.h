#ifndef OBJECT_REQUEST_H
#define OBJECT_REQUEST_H
/* One HTTP request to S3, as an operation describes it, sent by sigv4_send; sent once more when the
 * bucket turns out to be in another region (facts, 5.5):
 *
 *   SENT --answer--> over
 *     |   \--region named--> SENT (for that region) --> over
 *     \--moved, no region named--> ASKING (HEAD of the bucket) --> SENT or over
 */
#include "base/buffer.h"
#include "object/client.h"

#include <s3/object.h>

enum { S3__REQUEST_HEADERS = 80, S3__REQUEST_TEXT = 64 * 1024 };
struct s3__header_place { /* offsets into text */
    uint32_t name, name_len, value, value_len;
};

struct s3__request {
    struct s3_client *client;
    const char *operation, *method; /* static texts */
    char *bucket;                   /* NULL: the service itself */
    struct sigv4__buffer path, query, text;
    struct s3__header_place headers[S3__REQUEST_HEADERS];
    size_t header_count;
    int failed;           /* sticky: NOMEM or TOO_LARGE while building */
    uint32_t place_flags; /* S3_NO_ACCESS_POINT */
    bool secret;          /* holds a customer's key */

    const struct sigv4_slice *body;
    size_t body_count;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    void *read_ctx;
    uint64_t body_length;
    struct sigv4_slice payload_hash; /* as in sigv4_request; static, or payload_hex */
    char payload_hex[65];
    uint32_t flags;
    uint64_t max_body;
    enum sigv4_flow (*on_chunk)(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk);
    /* error: NULL on success; response may tell of another request than the one that failed. */
    void (*on_done)(void *ctx, const struct sigv4_response *response,
                    const struct sigv4_error *error);
    void *ctx;

    struct sigv4_call *call; /* under way; NULL: nothing is */
    bool redirected, asking, canceled;
    struct sigv4_error moved;    /* while asking: why */
    char region[S3__REGION_MAX]; /* "": by configuration */
};

/* method and operation are static texts. bucket NULL: ListBuckets. key NULL: the bucket itself. */
void s3__request_init(struct s3__request *r, struct s3_client *client, const char *operation,
                      const char *method);
void s3__request_free(struct s3__request *r);
/* Errors: INVALID (no or impossible bucket, no key), TOO_LARGE (key). */
int s3__request_at(struct s3__request *r, const char *bucket, const char *key,
                   struct sigv4_error *err);
int s3__request_object(struct s3__request *r, const struct s3_at *at, struct sigv4_error *err);
/* These only set the sticky failure. NULL and empty values add nothing. */
void s3__request_query(struct s3__request *r, const char *name, struct sigv4_slice value);
void s3__request_flag(struct s3__request *r, const char *name); /* a parameter without value */
void s3__request_header(struct s3__request *r, const char *name, struct sigv4_slice value);
void s3__request_header_str(struct s3__request *r, const char *name, const char *value);
/* With a prefix before the name: "x-amz-meta-". */
void s3__request_header_at(struct s3__request *r, const char *prefix, struct sigv4_slice name,
                           struct sigv4_slice value);
/* Headers can be taken back to what they were when the mark was set. */
struct s3__header_mark {
    size_t count, text_len;
};
struct s3__header_mark s3__request_mark(const struct s3__request *r);
void s3__request_back_to(struct s3__request *r, struct s3__header_mark mark);
/* All of them, as views into the request; out has room for S3__REQUEST_HEADERS. */
void s3__request_headers(const struct s3__request *r, struct sigv4_header *out);
/* The sticky failure, told. */
int s3__request_check(const struct s3__request *r, struct sigv4_error *err);
/* @thread loop. Non-zero: on_done never comes. */
int s3__request_send(struct s3__request *r, struct sigv4_error *err);
void s3__request_cancel(struct s3__request *r); /* nothing under way is fine */
void s3__request_resume(struct s3__request *r);
/* @thread owner @blocks. */
int s3__request_presign(struct s3__request *r, uint32_t expires_seconds, struct sigv4_text *out,
                        struct sigv4_error *err);
#endif
