#ifndef S3_TRANSFER_H
#define S3_TRANSFER_H
/* Whole files and endless pipes: in parallel parts, verified, resumable, in bounded memory. Threads
 * and errors as in s3/object.h. The result's error of a transfer says what became of the other
 * side: the object (or file) is complete and right, or it is absent and what it replaced is
 * untouched; maybe_done is set only when the answer to the very last step was lost and could not be
 * found out.
 */
#include <s3/object.h>

#ifdef __cplusplus
extern "C" {
#endif

struct s3_progress {
    size_t size;
    uint64_t bytes_done;  /* never shrinks */
    uint64_t bytes_total; /* UINT64_MAX: not known yet */
    uint32_t parts_done, parts_total;
};
typedef void s3_progress_fn(void *ctx, const struct s3_progress *progress);
/* A text that lets a later transfer go on where this one stopped: store it, atomically, whenever it
 * comes. It holds no secrets. */
typedef void s3_token_fn(void *ctx, struct sigv4_slice token);

/* Up: one put up to part_size, else parts. Without S3_KEEP_PARTS a failed or canceled upload leaves
 * no part behind. A pipe that ends early leaves no object: cancel the call when its writer failed.
 */
struct s3_upload {
    size_t size;
    const struct s3_at *to;
    /* The source: path, or read, or, when both are NULL, fd. A path that is no regular file and fd
     * are read to their end, in order, each part kept in memory until it is acknowledged: see
     * s3_stream_part_size for what that takes. read: @thread loop; as in s3_put. */
    const char *path;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    int fd;             /* stays open; nothing is read after on_done */
    uint64_t length;    /* with read: exact; of a pipe: expected, 0: unknown */
    uint64_t part_size; /* 0: the profile's, else 8 MiB; grows as the length asks for it */
    const struct s3_attributes *attributes;
    const struct s3_conditions *conditions; /* the two ETags only */
    enum s3_checksum checksum;
    uint32_t flags;
    const char *resume; /* a token of an earlier upload of the same path to the same place */
    s3_token_fn *on_token;
    s3_progress_fn *on_progress;
    s3_done_fn *on_done;
    void *ctx;
};
/* flags */
#define S3_KEEP_PARTS   0x1u /* leave parts (or the unfinished file) for a token to resume */
#define S3_NO_SYNC      0x2u /* do not wait for the disk: for many files, with one sync after */
#define S3_EXACT_LENGTH 0x4u /* a pipe of another length than expected fails; nothing is stored */
SIGV4_API int s3_upload(struct s3_client *client, const struct s3_upload *upload,
                        struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Down: in parallel ranges of one version of the object (If-Match). To path: written beside it
 * under a temporary name, verified, synced, renamed. To fd or on_chunk: in order. */
struct s3_download {
    size_t size;
    const struct s3_at *from;
    /* The destination: path, or on_chunk, or, when both are NULL, fd. A path that exists and is no
     * regular file is written to in order, like fd. */
    const char *path;
    enum sigv4_flow (*on_chunk)(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                struct sigv4_slice chunk);
    int fd;             /* stays open */
    uint64_t part_size; /* 0: the profile's, else 8 MiB */
    const struct s3_conditions *conditions;
    const struct s3_encryption *encryption; /* only customer_key */
    /* What s3_list said of the object saves a request for a small one. When it changed since:
     * CONFLICT. */
    const char *listed_etag;
    uint64_t listed_length;
    uint32_t flags;
    const char *resume; /* a token of an earlier download of the same object to the same path */
    s3_token_fn *on_token;
    s3_progress_fn *on_progress;
    s3_done_fn *on_done;
    void *ctx;
};
SIGV4_API int s3_download(struct s3_client *client, const struct s3_download *download,
                          struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* Inside the service, any length: one request up to 5 GB (or part_size, when that was given), else
 * parts, with the source's content type and metadata but not its tags and access list. */
struct s3_copy_large {
    size_t size;
    const struct s3_copy *copy; /* its on_done and ctx count */
    uint64_t part_size;         /* 0: 512 MiB */
    s3_progress_fn *on_progress;
};
SIGV4_API int s3_copy_large(struct s3_client *client, const struct s3_copy_large *copy,
                            struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;

/* @thread any. The size of part number (from 1) of a pipe whose length is not known: so much memory
 * a part takes. It grows so that 10,000 parts hold as much as possible. */
SIGV4_API uint64_t s3_stream_part_size(uint64_t first_part_size, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
