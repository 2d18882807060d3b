#ifndef CREDENTIALS_IMDS_H
#define CREDENTIALS_IMDS_H
/* What the client asks IMDS for besides keys. */
#include "config/setting.h"

#include <sigv4/loop.h>

/* err NULL: region is there, for the length of the call. Otherwise NO_CREDENTIALS with an empty
 * code when there is no IMDS or it is switched off, or what went wrong. Comes where users are
 * called. */
typedef void sigv4__region_fn(void *ctx, struct sigv4_slice region, const struct sigv4_error *err);

/* @thread loop. The region this instance is in. done comes exactly once, never from inside; a
 * non-zero return: never (NOMEM). config is not needed afterwards. */
int sigv4__imds_region(struct sigv4_loop *loop, const struct sigv4__config *config,
                       sigv4__region_fn *done, void *ctx);
#endif
