#ifndef SIGN_KEY_CACHE_H
#define SIGN_KEY_CACHE_H
/* Derived signing keys, and the one running hash everything here is done with. */
#include "base/digest.h"
#include "sign/scope.h"

#include <sigv4/credentials.h>

struct sigv4_key_cache {
    struct sigv4_alloc alloc;
    struct sigv4__digest *sha256;
    unsigned next; /* the slot to give away when all are taken */
    struct sigv4__key_slot {
        char scope[sizeof((struct sigv4__scope *)0)->room];
        size_t scope_len;                         /* 0: free */
        unsigned char owner[SIGV4__SHA256_LEN];   /* hash of key id and secret */
        unsigned char signing[SIGV4__SHA256_LEN]; /* secret */
    } slots[4];
};

/* Gives cache, or with NULL makes one; put back frees only what get made. */
int sigv4__key_cache_get(struct sigv4_key_cache **out, struct sigv4_key_cache *cache);
void sigv4__key_cache_put_back(struct sigv4_key_cache *got, struct sigv4_key_cache *cache);

/* The signature of data in scope, 64 hex digits and NUL. Errors: INVALID (creds), NOMEM. */
int sigv4__key_cache_sign(struct sigv4_key_cache *cache, const struct sigv4__scope *scope,
                          const struct sigv4_credentials *creds, struct sigv4_slice data,
                          char out[65]);
#endif
