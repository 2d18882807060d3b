#ifndef CREDENTIALS_PROVIDER_H
#define CREDENTIALS_PROVIDER_H
/* What the providers share: the object behind the operations, the promise to answer once, and the
 * words of their errors. */
#include "credentials/way.h"

#include <sigv4/credentials.h>

/* Who knows codes of MFA devices. */
struct sigv4__mfa {
    sigv4_mfa_fn *fn; /* NULL: nobody */
    void *ctx;
};

struct sigv4_provider {
    struct sigv4_alloc alloc;
    struct sigv4_provider_ops ops;
    void *self;
    size_t under_way; /* fetches that did not answer yet */
    bool freed;       /* by its owner; goes when the last fetch has answered */
    /* Beyond the public operations, NULL where it means nothing: see the functions below. */
    void (*refuse)(void *self, struct sigv4_credentials *creds);
    struct sigv4_credentials *(*now)(void *self, struct sigv4_loop *loop);
    void (*set_mfa)(void *self, const struct sigv4__mfa *mfa);
    void (*set_way)(void *self, struct sigv4__way *way);
};

/* Before the first fetch. Sources that go a way of their own hold it, also inside chains and
 * caches. NULL: what is configured counts alone. */
void sigv4__provider_set_way(struct sigv4_provider *provider, struct sigv4__way *way);

/* @thread loop. The keys a fetch would give, when they are at hand and need no waiting; a view that
 * is good until the loop goes on (hold it to keep it). NULL: fetch. Starts a refresh that is due.
 */
struct sigv4_credentials *sigv4__provider_now(struct sigv4_provider *provider,
                                              struct sigv4_loop *loop);

/* Ends the fetches under way, soon, without freeing. */
void sigv4__provider_cancel(struct sigv4_provider *provider);

/* One fetch's promise: made where a failure can still be returned, kept without allocating. */
struct sigv4__reply;
int sigv4__reply_new(struct sigv4__reply **out, const struct sigv4_alloc *alloc,
                     struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx);
/* Calls done where the loop calls users. creds (taken over, wins) or err (copied) must be there. */
void sigv4__reply_send(struct sigv4__reply *reply, struct sigv4_credentials *creds,
                       const struct sigv4_error *err);
/* Takes the promise back: for a fetch that returns an error after all. NULL is fine. */
void sigv4__reply_drop(struct sigv4__reply *reply);

/* Two ways not to have keys: nothing here says that this source is meant (a chain goes on), and a
 * source that was meant but fails, with a word for programs (a chain ends). Both return
 * NO_CREDENTIALS. */
int sigv4__not_here(struct sigv4_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int sigv4__unusable(struct sigv4_error *err, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool sigv4__is_not_here(const struct sigv4_error *err);
/* sigv4_credentials_new with keys of a source: what it finds invalid is the source's failure. */
int sigv4__keys_accept(struct sigv4_credentials **out, const struct sigv4_keys *keys,
                       const char *source, const struct sigv4_alloc *alloc,
                       struct sigv4_error *err);
/* Turns "not here" into a failure of who named the source: "profile dev: <message>". */
void sigv4__named(struct sigv4_error *err, const char *who);
#endif
