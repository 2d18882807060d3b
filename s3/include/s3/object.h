#ifndef S3_OBJECT_H
#define S3_OBJECT_H
/* One object, one request (or its repetition). All functions: @thread any. call may be NULL; else
 * release it. A non-zero return: nothing was started, on_done never comes. Errors then: INVALID (a
 * member missing or malformed: no key, no bucket, a control character in a header), TOO_LARGE (a
 * key above 1024 bytes), NOMEM, FORKED, CLOSED. */
#include <s3/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Encryption at rest. The customer's own key (SSE-C) is needed again for head, get and each part;
 * it is sent over TLS only (else INVALID) and wiped from the library's memory. */
struct s3_encryption {
    size_t size;
    const char *algorithm; /* "AES256", "aws:kms", "aws:kms:dsse"; NULL: the bucket's default */
    const char *kms_key_id, *kms_context;
    bool bucket_key;
    struct sigv4_slice customer_key; /* 32 bytes, or empty */
};

/* How an object is stored; NULL members are not sent. */
struct s3_attributes {
    size_t size;
    const char *content_type, *content_encoding, *content_disposition, *content_language;
    const char *cache_control, *storage_class, *acl;
    const struct sigv4_header *metadata; /* names without "x-amz-meta-"; ASCII */
    size_t metadata_count;
    const struct s3_encryption *encryption;
    const struct sigv4_header *headers; /* any others, as they are */
    size_t header_count;
};

/* What must be true for the call to do anything; else CONFLICT with HTTP status 412 (304 for a get
 * or head that is not needed). ETags with or without quotes. */
struct s3_conditions {
    size_t size;
    const char *if_match, *if_none_match;                     /* an ETag, or "*" */
    int64_t if_modified_since_unix, if_unmodified_since_unix; /* 0: not asked; get and head only */
};

struct s3_head {
    size_t size;
    const struct s3_at *of;
    const struct s3_conditions *conditions;
    const struct s3_encryption *encryption; /* only customer_key */
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_head(struct s3_client *client, const struct s3_head *head,
                      struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Bytes in order, each exactly once: an answer that breaks off is continued where it stopped, with
 * the same ETag; five tries in a row without a new byte end it. A checksum of the whole object
 * is verified when the service returns one and the whole object was asked for. */
struct s3_get {
    size_t size;
    const struct s3_at *from;
    uint64_t first_byte;
    uint64_t byte_count; /* 0: to the end */
    uint64_t last_bytes; /* instead: that many from the end */
    const struct s3_conditions *conditions;
    const struct s3_encryption *encryption; /* only customer_key */
    uint32_t flags;
    /* so_far: what is known already: length, etag, content_type, ...; offset: the chunk's place in
     * the object. NULL: the body is collected into result->body, up to max_body (0: 16 MiB; a
     * longer one is TOO_LARGE). */
    enum sigv4_flow (*on_chunk)(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                struct sigv4_slice chunk);
    uint64_t max_body;
    s3_done_fn *on_done;
    void *ctx;
};
/* flags */
#define S3_GET_UNVERIFIED 0x1u /* do not ask for checksums */
SIGV4_API int s3_get(struct s3_client *client, const struct s3_get *get, struct sigv4_call **call,
                     struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Up to 5 GB in one request; s3_upload (s3/transfer.h) takes any length. */
struct s3_put {
    size_t size;
    const struct s3_at *to;
    /* The body by reference until on_done (the array is copied). Or read: @thread loop, fill at
     * most cap bytes from offset, fewer only at the end; called several times over, first for the
     * checksum. */
    const struct sigv4_slice *body;
    size_t body_count;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    uint64_t body_length; /* with read */
    const struct s3_attributes *attributes;
    const struct s3_conditions *conditions; /* the two ETags only */
    enum s3_checksum checksum;
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_put(struct s3_client *client, const struct s3_put *put, struct sigv4_call **call,
                     struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Succeeds also when there was no such object. */
struct s3_delete {
    size_t size;
    const struct s3_at *what;
    const char *if_match;
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_delete(struct s3_client *client, const struct s3_delete *what,
                        struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Many, a thousand per request, each repeated as a page of s3_list. on_each: once for every key
 * that was asked for before on_done; error NULL when it is gone. on_done has an error when a whole
 * request failed; its keys and the ones after it were told so. keys are borrowed until on_done. */
struct s3_delete_many {
    size_t size;
    const char *bucket;
    const char *const *keys;
    size_t key_count;
    void (*on_each)(void *ctx, size_t index, const struct sigv4_error *error);
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_delete_many(struct s3_client *client, const struct s3_delete_many *what,
                             struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Inside the service, up to 5 GB; s3_copy_large (s3/transfer.h) takes any length. */
struct s3_copy {
    size_t size;
    const struct s3_at *from, *to;
    /* What describes the content in it (type, encoding, ..., metadata) comes instead of all that of
     * the source, if there is any; storage class, access list and encryption are the copy's own. */
    const struct s3_attributes *attributes;
    const struct s3_conditions *source_conditions; /* which source is copied at all */
    const struct s3_conditions *conditions;        /* the two ETags only */
    struct sigv4_slice source_customer_key;
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_copy(struct s3_client *client, const struct s3_copy *copy,
                      struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* A URL that lets anyone who has it make this one request until it expires (1 to 604800 seconds).
 * method: "GET", "PUT", "HEAD", "DELETE". @thread owner @blocks (as sigv4_presign_url). */
SIGV4_API int s3_presign(struct s3_client *client, struct sigv4_slice method,
                         const struct s3_at *what, uint32_t expires_seconds, struct sigv4_text *out,
                         struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
