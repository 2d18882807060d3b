#ifndef S3_S3_H
#define S3_S3_H
/* Everything of libs3. */
#include <sigv4/sigv4.h>

#ifdef __cplusplus
extern "C" {
#endif

/* @thread any. "0.1.0"; static text. */
SIGV4_API const char *s3_version(void);

#ifdef __cplusplus
}
#endif
#endif
