#ifndef CREDENTIALS_IMDS_H
#define CREDENTIALS_IMDS_H
/* The instance metadata service, for what is not a credentials provider. */
#include "config/setting.h"

#include <sigv4/loop.h>

typedef void sigv4__region_fn(void *ctx, struct sigv4_slice region, const struct sigv4_error *err);
/* @thread loop. Asks for the instance's region; done comes once, never from inside. config is
 * borrowed until then. err: IMDS is disabled, absent, or made no sense. */
int sigv4__imds_region(struct sigv4_loop *loop, const struct sigv4__config *config,
                       sigv4__region_fn *done, void *ctx);
#endif
