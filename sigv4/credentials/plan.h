#ifndef CREDENTIALS_PLAN_H
#define CREDENTIALS_PLAN_H
/* What a profile says about where its keys come from: a base, and the roles to be assumed one after
 * the other with what came before (facts 4.2). Pure. */
#include "config/setting.h"

enum sigv4__base {
    SIGV4__BASE_KEYS,
    SIGV4__BASE_ENVIRONMENT, /* these three by credential_source */
    SIGV4__BASE_CONTAINER,
    SIGV4__BASE_IMDS,
    SIGV4__BASE_WEB_IDENTITY,
    SIGV4__BASE_SSO,
    SIGV4__BASE_PROCESS
};
struct sigv4__role {
    const char *profile, *arn;
    const char *session_name, *external_id, *mfa_serial; /* NULL: none */
    uint32_t duration_seconds;                           /* 0: the service's default */
};
enum { SIGV4__PLAN_MAX_ROLES = 8 };
struct sigv4__plan {
    enum sigv4__base base;
    const char *profile; /* whose properties describe the base */
    struct sigv4__role roles[SIGV4__PLAN_MAX_ROLES];
    size_t role_count; /* the first is assumed with the base's keys */
};

/* For the chosen profile. All texts are the config's. Errors: NO_CREDENTIALS, "not here" when the
 * profile says nothing about keys, else with a code ("InvalidProfile", "PartialCredentials",
 * "LoginUnsupported"). */
int sigv4__plan_make(struct sigv4__plan *plan, const struct sigv4__config *config,
                     struct sigv4_error *err);
/* What a web identity needs from its profile. */
int sigv4__plan_role_of(const struct sigv4__config *config, const char *profile,
                        struct sigv4__role *role, struct sigv4_error *err);
#endif
