/* Verifying a signature: who, when, where, and then the bytes. The services turn the verdict into
 * their own errors. */
#ifndef KLOCAL_SIGV4_CHECK_H
#define KLOCAL_SIGV4_CHECK_H

#include "authorization.h"
#include "canonical.h"
#include "clock.h"
#include "credential.h"

enum sigv4_verdict {
    SIGV4_GOOD,
    SIGV4_ANONYMOUS,
    SIGV4_TWICE,        /* header and query */
    SIGV4_OTHER_SCHEME, /* not AWS4-HMAC-SHA256 */
    SIGV4_INCOMPLETE,   /* parameters missing or malformed: the authorization's problem text */
    SIGV4_UNKNOWN_KEY,
    SIGV4_BAD_TOKEN,
    SIGV4_EXPIRED_TOKEN,
    SIGV4_SCOPE_DATE,
    SIGV4_SCOPE_REGION,
    SIGV4_SCOPE_SERVICE,
    SIGV4_SCOPE_TERMINATOR,
    SIGV4_TOO_OLD,
    SIGV4_TOO_NEW,
    SIGV4_URL_EXPIRED,
    SIGV4_HOST_UNSIGNED,
    SIGV4_HEADER_UNSIGNED, /* its name in detail */
    SIGV4_MISMATCH
};

struct sigv4_rules {
    const char *service;
    const char *region;       /* NULL: any */
    const char *other_region; /* also accepted, NULL: none */
    int64_t skew_ms;
    enum canonical_path_rule path_rule;
    const char *payload_hash;
};

struct sigv4_request {
    const char *method;
    const char *path;
    const char *query;
    const struct header_list *headers;
    const struct authorization *auth;
};

struct sigv4_result {
    enum sigv4_verdict verdict;
    struct credential_identity identity;
    unsigned char key[32]; /* the signing key, for chunks */
    struct text canonical;
    struct text string_to_sign;
    struct text detail;
    int64_t now_ms;
};

void sigv4_check(const struct sigv4_request *request, const struct sigv4_rules *rules,
                 const struct credential_store *store, const struct clock *clock,
                 struct sigv4_result *result);
void sigv4_result_free(struct sigv4_result *result);

/* Lower-case hex of HMAC-SHA256 over a string. */
void sigv4_sign(const unsigned char key[32], const char *string, char out[65]);
void sigv4_hex_sha256(const void *bytes, size_t length, char out[65]);

#endif
