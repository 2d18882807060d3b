#ifndef CREDENTIALS_METADATA_H
#define CREDENTIALS_METADATA_H
/* The instance metadata service (IMDS; facts 4.4) as a place to ask for paths: its settings, its
 * session token, and one GET. */
#include "config/setting.h"
#include "credentials/errand.h"

struct sigv4__metadata_place {
    char base[512]; /* "http://169.254.169.254", no trailing slash */
    uint32_t connect_timeout_ms, timeout_ms, attempts;
    bool v1_allowed; /* go on without a token when there is none to be had */
};
/* Errors: NO_CREDENTIALS ("not here" when IMDS is disabled; code "InvalidConfiguration"). */
int sigv4__metadata_place(const struct sigv4__config *config, struct sigv4__metadata_place *out,
                          struct sigv4_error *err);

/* The token, kept from one question to the next. */
struct sigv4__metadata_session {
    struct sigv4__buffer token;
    int64_t token_until_ms; /* of the monotonic clock */
};
void sigv4__metadata_session_init(struct sigv4__metadata_session *session,
                                  const struct sigv4_alloc *alloc);
void sigv4__metadata_session_free(struct sigv4__metadata_session *session);

/* Begins what its users remember during a fetch. session and place are set by them. */
struct sigv4__metadata_ask {
    struct sigv4__errand errand; /* first */
    struct sigv4__metadata_session *session;
    struct sigv4__metadata_place place;
    /* The inner steps'. */
    char path[640];
    void (*got)(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer);
    bool renewed, without_token;
};
/* got is called once with a complete answer of HTTP 200, or with answer->err set: NO_CREDENTIALS
 * ("not here" when nothing answers or the path does not exist, then http_status is 404), NOMEM,
 * CANCELED. Never from inside; a non-zero return means it will not be called. */
int sigv4__metadata_get(struct sigv4__metadata_ask *ask, const char *path,
                        void (*got)(struct sigv4__metadata_ask *ask,
                                    const struct sigv4__answer *answer));
#endif
