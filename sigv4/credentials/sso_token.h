#ifndef CREDENTIALS_SSO_TOKEN_H
#define CREDENTIALS_SSO_TOKEN_H
/* The access token that 'aws sso login' leaves in ~/.aws/sso/cache, and its renewal in that file.
 */
#include "config/setting.h"
#include "credentials/veil.h"

struct sigv4__sso_token {
    struct sigv4__buffer path, text; /* the file; text is wiped */
    struct sigv4__veil veil;         /* of text */
    int64_t expires_ms;
};

/* key: the session's name, or the start URL. token is zeroed or was freed. Errors: NO_CREDENTIALS,
 * code "SsoLoginRequired" (no file, or it makes no sense), NOMEM. free is fine after a failure. */
int sigv4__sso_token_load(struct sigv4__sso_token *token, const struct sigv4__config *config,
                          const char *key, const struct sigv4_alloc *alloc,
                          struct sigv4_error *err);
void sigv4__sso_token_free(struct sigv4__sso_token *token);

/* Has it what is needed to ask for a newer one? */
bool sigv4__sso_token_renewable(const struct sigv4__sso_token *token, int64_t now_ms);
/* Appends the JSON body of that question (CreateToken of SSO OIDC). Errors: the buffer's. */
int sigv4__sso_token_question(const struct sigv4__sso_token *token, struct sigv4__buffer *body);
/* Takes the answer into the token and the file; what else is in the file stays. *written: the file
 * was replaced. Errors: PROTOCOL (the token is as before), NOMEM (it may be empty). */
int sigv4__sso_token_renew(struct sigv4__sso_token *token, struct sigv4_slice answer,
                           int64_t now_ms, bool *written);
/* For the header of a request. Errors: PROTOCOL. Once per load or renewal. */
int sigv4__sso_token_text(struct sigv4__sso_token *token, struct sigv4_slice *out);
#endif
