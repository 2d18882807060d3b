#ifndef TESTS_COUNTED_ALLOC_H
#define TESTS_COUNTED_ALLOC_H
/* An allocator hook that counts, can fail the n-th request, and looks for a secret in what is given
 * back: memory that held one must be wiped before. */
#include <sigv4/types.h>
#include <stdlib.h>

struct counted_alloc {
    unsigned requests, fail_at; /* fail_at 0: never */
    long live;
    const char *secret; /* NULL: do not look */
    bool found_secret;
};

static inline bool counted__fails(struct counted_alloc *c)
{
    return ++c->requests == c->fail_at;
}

static inline void counted__inspect(struct counted_alloc *c, const void *p, size_t n)
{
    if (c->secret && memmem(p, n, c->secret, strlen(c->secret)))
        c->found_secret = true;
}

static inline void *counted__get(void *ctx, size_t n)
{
    struct counted_alloc *c = ctx;
    if (counted__fails(c))
        return NULL;
    c->live++;
    return calloc(1, n);
}

static inline void counted__put(void *ctx, void *p, size_t n)
{
    struct counted_alloc *c = ctx;
    if (!p)
        return;
    counted__inspect(c, p, n);
    c->live--;
    free(p);
}

static inline void *counted__resize(void *ctx, void *p, size_t old_n, size_t n)
{
    void *grown = counted__get(ctx, n);
    if (!grown)
        return NULL;
    if (p)
        memcpy(grown, p, old_n < n ? old_n : n);
    counted__put(ctx, p, old_n);
    return grown;
}

static inline struct sigv4_alloc counted_alloc(struct counted_alloc *c)
{
    struct sigv4_alloc alloc = {c, counted__get, counted__resize, counted__put};
    return alloc;
}
#endif
