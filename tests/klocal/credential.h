/* Whose signatures klocal accepts: the long-term keys it was started with, and the session
 * credentials it handed out itself (IMDS, container, STS). A session is not stored: its secret and
 * token follow from a seed, so that two klocals with one seed accept each other's sessions. */
#ifndef KLOCAL_CREDENTIAL_H
#define KLOCAL_CREDENTIAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CREDENTIAL_DEFAULT_KEY    "AKIDEXAMPLE"
#define CREDENTIAL_DEFAULT_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

struct credential_key {
    char *access_key;
    char *secret;
    char *token; /* NULL: none */
};

struct credential_store {
    struct credential_key *keys;
    size_t count;
    unsigned char seed[32];
    char account[13];
    _Atomic int64_t revoked_before_ms; /* sessions issued before this have expired */
};

struct credential_identity {
    char secret[128];
    char arn[256];
    char user_id[96];
};

struct credential_session {
    char access_key[21];
    char secret[41];
    char token[600];
    int64_t expires_ms;
};

enum credential_result {
    CREDENTIAL_OK,
    CREDENTIAL_UNKNOWN_KEY,
    CREDENTIAL_NO_TOKEN, /* a session key without its token */
    CREDENTIAL_BAD_TOKEN,
    CREDENTIAL_EXPIRED
};

/* Sets what sessions are made from; seed NULL: random. */
void credential_store_seal(struct credential_store *store, const char *seed, const char *account);
void credential_store_free(struct credential_store *store);
void credential_store_add(struct credential_store *store, const char *access_key,
                          const char *secret, const char *token);

void credential_issue(const struct credential_store *store, const char *role, int64_t now_ms,
                      int64_t expires_ms, struct credential_session *session);
enum credential_result credential_find(const struct credential_store *store, const char *access_key,
                                       const char *token, int64_t now_ms,
                                       struct credential_identity *identity);

#endif
