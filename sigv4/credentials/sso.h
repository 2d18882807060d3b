#ifndef CREDENTIALS_SSO_H
#define CREDENTIALS_SSO_H
/* IAM Identity Center: keys of a role for whoever ran 'aws sso login' (facts 4.2). */
#include "config/setting.h"

#include <sigv4/credentials.h>

/* Both forms: with sso_session (whose token is renewed when it gets old) and without. profile is a
 * text of config, which must live as long. */
int sigv4__provider_new_sso(struct sigv4_provider **out, const struct sigv4__config *config,
                            const char *profile, const struct sigv4_alloc *alloc);
#endif
