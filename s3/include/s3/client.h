#ifndef S3_CLIENT_H
#define S3_CLIENT_H
/* The S3 client: what all object calls and transfers share. It knows how buckets are addressed, in
 * which region each bucket turned out to be, and how much may be under way at a time. */
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3_client;
struct s3_client_options {
    size_t size;
    uint32_t flags;
    uint32_t max_requests;       /* of transfers, all together; 0: 8 */
    uint64_t max_buffered_bytes; /* of pipes, all together; 0: 32 MiB; one part always fits */
    uint32_t request_timeout_ms; /* of one request, or part, with all its attempts; 0: none */
};
#define S3_CLIENT_OPTIONS                                                                          \
    {                                                                                              \
        .size = sizeof(struct s3_client_options)                                                   \
    }
/* flags */
#define S3_PATH_STYLE     0x1u /* the bucket in the path, never in the host name */
#define S3_ACCELERATE     0x2u
#define S3_DUAL_STACK     0x400u /* also without SIGV4_USE_DUAL_STACK */
#define S3_REQUESTER_PAYS 0x100u
#define S3_NO_CHECKSUMS   0x200u /* add none and verify none, unless a call asks for one */

/* @thread any. base must live until the client is freed. opts NULL: all defaults. Where the options
 * say nothing the profile's s3 block does: addressing_style, use_accelerate_endpoint,
 * use_dualstack_endpoint, use_arn_region, max_concurrent_requests, multipart_chunksize. Errors:
 * INVALID (also a value there that cannot be), NOMEM. */
SIGV4_API int s3_client_new(struct s3_client **out, struct sigv4_client *base,
                            const struct s3_client_options *opts,
                            struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread owner of the loop. Cancels what is under way; the done callbacks still come
 * (sigv4_loop_free delivers the last). NULL is fine. */
SIGV4_API void s3_client_free(struct s3_client *client);
SIGV4_API struct sigv4_client *s3_client_base(const struct s3_client *client);

/* Which object. Strings are copied by every call. Keys are 1 to 1024 bytes; every byte counts: a
 * leading '/', "//" and ".." are part of the name. */
struct s3_at {
    size_t size;
    const char *bucket, *key;
    const char *version_id; /* NULL: the current one */
};
#define S3_AT(b, k) (&(struct s3_at){.size = sizeof(struct s3_at), .bucket = (b), .key = (k)})

enum s3_checksum {
    S3_CHECKSUM_DEFAULT, /* CRC64NVME, or none with S3_NO_CHECKSUMS */
    S3_CHECKSUM_NONE,
    S3_CHECKSUM_CRC32,
    S3_CHECKSUM_CRC32C,
    S3_CHECKSUM_CRC64NVME,
    S3_CHECKSUM_SHA256
};
/* @thread any. "CRC64NVME", as in the service's documentation; parse takes any case and returns
 * false for unknown names. */
SIGV4_API const char *s3_checksum_name(enum s3_checksum checksum);
SIGV4_API bool s3_checksum_parse(struct sigv4_slice text, enum s3_checksum *out);

/* How a call ended and what the service said of the object. Views are valid during the callback. */
struct s3_result {
    size_t size;
    const struct sigv4_error *error; /* NULL: done */
    bool maybe_done;                 /* with error: the service may have acted on the request */
    bool delete_marker;
    uint64_t length;                 /* of the whole object */
    uint64_t first_byte, byte_count; /* what a get returned of it */
    int64_t modified_unix_ms;        /* 0: not said */
    struct sigv4_slice etag;         /* without quotes */
    struct sigv4_slice version_id, content_type, storage_class;
    enum s3_checksum checksum;         /* NONE when the service named none */
    struct sigv4_slice checksum_value; /* base64; "...-N" for a composite one */
    struct sigv4_slice upload_id;      /* of s3_multipart_create */
    struct sigv4_slice bucket_region;  /* "" when not said */
    struct sigv4_slice body;           /* of s3_get without on_chunk */
    const struct sigv4_response
        *response;    /* all headers of the last answer; NULL: there was none */
    const char *host; /* the last request's; "" when there was none */
};
/* The i-th x-amz-meta- header, name without that prefix; false after the last. @thread loop */
SIGV4_API bool s3_result_metadata(const struct s3_result *result, size_t i,
                                  struct sigv4_header *out);

/* Exactly once per started call, on the loop, never from inside the call that started it. */
typedef void s3_done_fn(void *ctx, const struct s3_result *result);

/* @thread loop. Go on after a callback of this call answered SIGV4_PAUSE. */
SIGV4_API void s3_resume(struct s3_client *client, struct sigv4_call *call);

#ifdef __cplusplus
}
#endif
#endif
