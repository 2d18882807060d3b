#ifndef CREDENTIALS_CONTAINER_H
#define CREDENTIALS_CONTAINER_H
/* Container credentials (ECS, EKS Pod Identity; facts 4.3): where to ask, decided without asking.
 */
#include "base/buffer.h"
#include "config/environment.h"

/* Appends the URL. Errors: NO_CREDENTIALS ("not here", or code "InvalidConfiguration" for a host
 * that may not see the token), the buffer's. */
int sigv4__container_url(const struct sigv4__environment *variables, struct sigv4__buffer *url,
                         struct sigv4_error *err);
#endif
