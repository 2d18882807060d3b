#ifndef SIGV4_SIGV4_H
#define SIGV4_SIGV4_H
/* Everything of libsigv4. */
#include <sigv4/client.h>
#include <sigv4/diagnose.h>

#ifdef __cplusplus
extern "C" {
#endif

/* @thread any. "0.1.0"; static text. */
SIGV4_API const char *sigv4_version(void);

#ifdef __cplusplus
}
#endif
#endif
