#ifndef WIRE_OUTCOME_XML_H
#define WIRE_OUTCOME_XML_H
/* The small documents that answer one request: the result of a copy, of a part's copy, of starting
 * and of completing a multipart upload. They share their fields, so one reader does. */
#include <s3/client.h>

enum { S3__UPLOAD_ID_MAX = 1024, S3__ETAG_MAX = 256 };
struct s3__outcome {
    char upload_id[S3__UPLOAD_ID_MAX + 1];
    char etag[S3__ETAG_MAX + 1]; /* without quotes */
    int64_t modified_unix_ms;
    enum s3_checksum checksum;
    char checksum_value[64];
};
/* Errors: PROTOCOL (another document, or one without what its kind must have), NOMEM. */
int s3__outcome_initiate(struct s3__outcome *out, struct sigv4_slice body,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err);
int s3__outcome_complete(struct s3__outcome *out, struct sigv4_slice body,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err);
int s3__outcome_copy_object(struct s3__outcome *out, struct sigv4_slice body,
                            const struct sigv4_alloc *alloc, struct sigv4_error *err);
int s3__outcome_copy_part(struct s3__outcome *out, struct sigv4_slice body,
                          const struct sigv4_alloc *alloc, struct sigv4_error *err);
/* The region an error document names, "" when it names none. Never fails. */
void s3__error_region(struct sigv4_slice body, const struct sigv4_alloc *alloc, char out[64]);
#endif
