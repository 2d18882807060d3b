/* What CopyObject and UploadPartCopy share. */
#ifndef KLOCAL_S3_COPY_H
#define KLOCAL_S3_COPY_H

#include "s3.h"

/* The object named by x-amz-copy-source, its conditions met; NULL after refusing. */
struct object *s3_copy_source(struct s3_call *call);
void s3_put_copy_result(struct s3_call *call, const char *root, const char *etag,
                        const struct s3_sum *sum, int64_t modified_ms);

#endif
