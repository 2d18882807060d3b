#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
/* SHA-256, MD5 and HMAC by OpenSSL, with each algorithm fetched once per object, not per call. */
#include <sigv4/status.h>

enum { SIGV4__SHA256_LEN = 32, SIGV4__MD5_LEN = 16 };
struct sigv4__digest; /* one running hash, reusable; one thread at a time */
int sigv4__digest_new_sha256(struct sigv4__digest **out, const struct sigv4_alloc *alloc);
int sigv4__digest_new_md5(struct sigv4__digest **out, const struct sigv4_alloc *alloc);
void sigv4__digest_free(struct sigv4__digest *d);
int sigv4__digest_begin(struct sigv4__digest *d);
int sigv4__digest_add(struct sigv4__digest *d, const void *bytes, size_t n);
int sigv4__digest_end(struct sigv4__digest *d, unsigned char *out); /* the algorithm's length */
/* HMAC-SHA-256 with a SHA-256 object, which starts anew. OpenSSL's own HMAC allocates and looks the
 * algorithm up for each key. */
int sigv4__digest_hmac(struct sigv4__digest *sha256, struct sigv4_slice key,
                       struct sigv4_slice data, unsigned char out[SIGV4__SHA256_LEN]);

/* One shot. Errors: NOMEM (OpenSSL could not). */
int sigv4__sha256(struct sigv4_slice data, unsigned char out[SIGV4__SHA256_LEN]);
int sigv4__hmac_sha256(struct sigv4_slice key, struct sigv4_slice data,
                       unsigned char out[SIGV4__SHA256_LEN]);
#endif
