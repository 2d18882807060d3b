#ifndef SIGV4_CREDENTIALS_H
#define SIGV4_CREDENTIALS_H
/* Who we are: counted sets of keys, and the sources they come from. Rules: facts, section 4;
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html */
#include <sigv4/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An immutable set of keys, wiped when the last holder lets go. @thread any. */
struct sigv4_credentials;
#define SIGV4_NEVER INT64_MAX /* expires_unix of keys that do not expire */

/* All strings are copied. token and account_id may be empty. origin names the source for people
 * ("environment", "profile dev in ~/.aws/credentials", "IMDS role web"). alloc NULL: malloc.
 * Errors: INVALID (empty key id or secret, or control characters), NOMEM. */
struct sigv4_keys {
    size_t size;
    struct sigv4_slice access_key_id, secret_access_key, session_token, account_id, origin;
    int64_t expires_unix; /* 0 is taken as SIGV4_NEVER */
};
SIGV4_API int sigv4_credentials_new(struct sigv4_credentials **out, const struct sigv4_keys *keys,
                                    const struct sigv4_alloc *alloc,
                                    struct sigv4_error *err) SIGV4_MUST_CHECK;
SIGV4_API struct sigv4_credentials *sigv4_credentials_hold(struct sigv4_credentials *creds);
SIGV4_API void sigv4_credentials_release(struct sigv4_credentials *creds); /* NULL is fine */
/* Views into creds, valid while it is held. */
SIGV4_API struct sigv4_keys sigv4_credentials_keys(const struct sigv4_credentials *creds);

/* A source of keys. fetch starts a look-up on loop; done fires exactly once on the loop, never from
 * inside fetch, with creds (hold them to keep them) or with err. A non-zero return: done never
 * comes. NO_CREDENTIALS in err with an empty code means "not configured here": a chain tries its
 * next link. Any other error ends the chain: a source that was named and fails is never silently
 * stepped over. */
typedef void sigv4_credentials_fn(void *ctx, struct sigv4_credentials *creds,
                                  const struct sigv4_error *err);
struct sigv4_provider;
struct sigv4_provider_ops {
    size_t size;
    int (*fetch)(void *self, struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx);
    void (*free)(void *self); /* only when no fetch is under way */
    /* May be NULL. Nobody waits any more: end every fetch under way soon, with CANCELED. */
    void (*cancel)(void *self);
};
SIGV4_API int sigv4_provider_new(struct sigv4_provider **out, const struct sigv4_provider_ops *ops,
                                 void *self, const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
/* @thread loop. */
SIGV4_API int sigv4_provider_fetch(struct sigv4_provider *provider, struct sigv4_loop *loop,
                                   sigv4_credentials_fn *done, void *ctx) SIGV4_MUST_CHECK;
/* Before the loops it was asked on are freed. Fetches under way are canceled; their done still
 * comes. */
SIGV4_API void sigv4_provider_free(struct sigv4_provider *provider);

/* A code of the device `serial`, for a role whose profile names one (mfa_serial): 6 digits and a
 * NUL into code. Asked for each time the role is assumed, since a code is good once. Not 0: there
 * is none. @thread loop. */
typedef int sigv4_mfa_fn(void *ctx, const char *serial, char code[16]);
/* Before the first fetch. Profiles ask, also inside chains and caches; other providers ignore it.
 */
SIGV4_API void sigv4_provider_set_mfa(struct sigv4_provider *provider, sigv4_mfa_fn *fn, void *ctx);

/* Always these keys (held). */
SIGV4_API int sigv4_provider_new_static(struct sigv4_provider **out,
                                        struct sigv4_credentials *creds,
                                        const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
/* The default chain: environment, web identity, the profile's sources, container, IMDS, in this
 * order; behind a cache that refreshes early, keeps the old keys until they really expire, and asks
 * once however many wait. profile: leaves the first two out; NULL: the one the environment names.
 * Reads the files at each refresh, not now. Errors: NOMEM. */
SIGV4_API int sigv4_provider_new_default(struct sigv4_provider **out, const char *profile,
                                         const struct sigv4_alloc *alloc,
                                         struct sigv4_error *err) SIGV4_MUST_CHECK;
/* The parts, for chains of one's own. Chain and cache take their links over on success only. */
SIGV4_API int sigv4_provider_new_environment(struct sigv4_provider **out,
                                             const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_provider_new_profile(struct sigv4_provider **out, const char *profile,
                                         const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_provider_new_container(struct sigv4_provider **out,
                                           const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_provider_new_imds(struct sigv4_provider **out, const char *profile,
                                      const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_provider_new_chain(struct sigv4_provider **out,
                                       struct sigv4_provider *const *links, size_t count,
                                       const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_provider_new_cache(struct sigv4_provider **out, struct sigv4_provider *source,
                                       const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
/* @thread loop. Tell a cache that the service refused these keys as expired: the next fetch asks
 * the source again. Other providers ignore it. */
SIGV4_API void sigv4_provider_refuse(struct sigv4_provider *provider,
                                     struct sigv4_credentials *creds);

#ifdef __cplusplus
}
#endif
#endif
