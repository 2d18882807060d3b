#ifndef SIGN_SIGNATURE_H
#define SIGN_SIGNATURE_H
/* From canonical text to a signature. */
#include "sign/canonical.h"
#include "sign/key_cache.h"

/* Hashes the canonical request on the way and signs it: 64 hex digits and NUL. */
int sigv4__sign_canonical(const struct sigv4__canonical *canonical,
                          const struct sigv4__scope *scope, const struct sigv4_credentials *creds,
                          struct sigv4_key_cache *keys, char out[65]);
/* The lines every string to sign begins with: algorithm, time, scope, each ended by a newline. */
void sigv4__string_to_sign_head(struct sigv4_text *out, const char *algorithm,
                                const struct sigv4__scope *scope);
#endif
