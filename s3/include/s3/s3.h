#ifndef S3_S3_H
#define S3_S3_H
/* Everything of libs3. */
#include <s3/address.h>
#include <s3/bucket.h>
#include <s3/list.h>
#include <s3/multipart.h>
#include <s3/object.h>
#include <s3/transfer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* @thread any. "0.1.0"; static text. */
SIGV4_API const char *s3_version(void);

#ifdef __cplusplus
}
#endif
#endif
