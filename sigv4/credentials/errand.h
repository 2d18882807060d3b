#ifndef CREDENTIALS_ERRAND_H
#define CREDENTIALS_ERRAND_H
/* One fetch of a provider that has to ask somebody: its promise, its question under way, and its
 * place in the provider's list, so that all of them can be canceled. Providers embed it as the
 * first member of what they remember during a fetch. */
#include "credentials/fetch.h"
#include "credentials/provider.h"

struct sigv4__errand {
    struct sigv4_alloc alloc;
    size_t size; /* of the struct it begins */
    struct sigv4_loop *loop;
    struct sigv4__reply *reply;
    struct sigv4__fetch *question; /* under way, else NULL */
    sigv4__fetch_fn *answered;
    void (*forget)(struct sigv4__errand *errand); /* frees what else is held; may be NULL */
    struct sigv4__errand *next, **at;             /* the provider's list */
};

/* Zeroed memory of size bytes with an errand in front, in the list. NOMEM. */
int sigv4__errand_new(void **out, size_t size, struct sigv4__errand **list,
                      const struct sigv4_alloc *alloc, struct sigv4_loop *loop);
/* Makes the promise to a user. */
int sigv4__errand_promise(struct sigv4__errand *errand, sigv4_credentials_fn *done, void *ctx);
/* answered gets the errand as ctx. */
int sigv4__errand_ask(struct sigv4__errand *errand, const struct sigv4__question *question,
                      sigv4__fetch_fn *answered);
/* Keeps the promise (creds is taken over, or err copied) and frees. */
void sigv4__errand_end(struct sigv4__errand *errand, struct sigv4_credentials *creds,
                       const struct sigv4_error *err);
/* Frees without a word: when fetch returns an error after all. */
void sigv4__errand_drop(struct sigv4__errand *errand);
void sigv4__errands_cancel(struct sigv4__errand *list);
#endif
