#ifndef TRANSFER_TOKEN_H
#define TRANSFER_TOKEN_H
/* The texts that let a transfer go on later: a word that says what it is, then name=value pairs,
 * values percent-encoded, separated by blanks. Pure. */
#include "base/buffer.h"
#include "wire/key.h"
#include "wire/outcome_xml.h"

enum { S3__BUCKET_MAX = 512, S3__FILE_MAX = 255 };

struct s3__upload_token {
    char bucket[S3__BUCKET_MAX + 1], key[S3__KEY_MAX + 1];
    char upload_id[S3__UPLOAD_ID_MAX + 1];
    uint64_t part_size, length, modified_ns; /* of the file */
    enum s3_checksum checksum;
};
void s3__upload_token_write(struct sigv4__buffer *out, const struct s3__upload_token *token);
/* False: not such a token, or one that contradicts itself. */
bool s3__upload_token_read(struct s3__upload_token *out, struct sigv4_slice text);

struct s3__download_token {
    char bucket[S3__BUCKET_MAX + 1], key[S3__KEY_MAX + 1];
    char etag[S3__ETAG_MAX + 1];
    char file[S3__FILE_MAX + 1]; /* the unfinished file, beside the path */
    uint64_t part_size, length;
};
/* done: one bool per part. */
void s3__download_token_write(struct sigv4__buffer *out, const struct s3__download_token *token,
                              const bool *done, uint64_t part_count);
/* Also fills done (part_count entries) when it is not NULL. */
bool s3__download_token_read(struct s3__download_token *out, struct sigv4_slice text, bool *done,
                             uint64_t part_count);
#endif
