#ifndef CREDENTIALS_STS_H
#define CREDENTIALS_STS_H
/* AssumeRole and AssumeRoleWithWebIdentity as one question to STS. */
#include "config/setting.h"
#include "credentials/plan.h"
#include "credentials/source.h"

struct sigv4__sts_request {
    const struct sigv4__config *config; /* needed until the answer */
    const struct sigv4__way *way;       /* NULL: as configured */
    const struct sigv4__role *role;
    struct sigv4_credentials *creds; /* who asks; NULL: web_token says it, unsigned */
    struct sigv4_slice web_token;
    int64_t skew_ms;       /* of this machine's clock, as far as it is known */
    struct sigv4__mfa mfa; /* who knows a code, where the role wants one */
};
/* Begins what the asking providers remember. */
struct sigv4__sts_ask {
    struct sigv4__errand errand; /* first */
    struct sigv4__buffer ca_bundle;
};
void sigv4__sts_ask_init(struct sigv4__sts_ask *ask);
void sigv4__sts_ask_forget(struct sigv4__errand *ask); /* a source's forget, or a part of it */

/* Errors: NO_CREDENTIALS with code "InvalidConfiguration" or "MfaRequired", NOMEM. */
int sigv4__sts_ask(struct sigv4__sts_ask *ask, const struct sigv4__sts_request *request,
                   sigv4__fetch_fn *answered, struct sigv4_error *err);
/* Was the signature refused because of this machine's clock? */
bool sigv4__sts_blames_clock(const struct sigv4__answer *answer, const struct sigv4_alloc *alloc);
/* Keys, or why not: STS's own code, or "StsUnreachable", "MalformedDocument". */
int sigv4__sts_accept(struct sigv4_credentials **out, const struct sigv4__answer *answer,
                      const struct sigv4__role *role, const struct sigv4_alloc *alloc,
                      struct sigv4_error *err);

/* ---- the two providers; the profile builds them ---- */

/* source is taken over on success; config and role (copied) must live as long. */
int sigv4__provider_new_role(struct sigv4_provider **out, struct sigv4_provider *source,
                             const struct sigv4__config *config, const struct sigv4__role *role,
                             const struct sigv4__mfa *mfa, const struct sigv4_alloc *alloc);
/* A profile's. profile is a text of config, which must live as long. */
int sigv4__provider_new_web_identity(struct sigv4_provider **out,
                                     const struct sigv4__config *config, const char *profile,
                                     const struct sigv4_alloc *alloc);
/* The environment's: AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME. */
int sigv4__provider_new_web_environment(struct sigv4_provider **out,
                                        const struct sigv4_alloc *alloc);
#endif
