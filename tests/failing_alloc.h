#ifndef TESTS_FAILING_ALLOC_H
#define TESTS_FAILING_ALLOC_H
/* An allocator for tests: counts live blocks, fails the n-th request, and checks that resize and
 * put are told the size the block really has. Blocks come from malloc, so sanitizers watch them
 * too. */
#include <assert.h>
#include <sigv4/types.h>
#include <stdio.h>
#include <stdlib.h>

struct failing_alloc {
    size_t live, live_bytes; /* blocks and bytes not yet put back */
    size_t requests;         /* gets and resizes since the last failing_alloc_fail */
    size_t fail_nth;         /* 0: never */
    size_t failures;         /* since the last failing_alloc_fail */
    size_t wrong_sizes;      /* must stay 0 */
    /* Called with each block before it goes back, also by resize: are secrets wiped? May be NULL.
     */
    void (*inspect)(void *ctx, const void *block, size_t n);
    void *inspect_ctx;
};

/* In front of each block; keeps malloc's alignment. */
union failing_alloc_head {
    size_t n;
    max_align_t align;
};

static inline bool failing_alloc_refuses(struct failing_alloc *a)
{
    a->requests++;
    if (a->fail_nth == 0 || a->requests != a->fail_nth)
        return false;
    a->failures++;
    return true;
}

static inline void *failing_alloc_get(void *ctx, size_t n)
{
    struct failing_alloc *a = ctx;
    if (failing_alloc_refuses(a))
        return NULL;
    union failing_alloc_head *head = malloc(sizeof *head + n);
    assert(head);
    head->n = n;
    memset(head + 1, 0xA5, n);
    a->live++;
    a->live_bytes += n;
    return head + 1;
}

static inline void failing_alloc_put(void *ctx, void *p, size_t n)
{
    struct failing_alloc *a = ctx;
    if (!p)
        return;
    union failing_alloc_head *head = (union failing_alloc_head *)p - 1;
    if (head->n != n) {
        fprintf(stderr, "failing_alloc: a block of %zu bytes is called %zu\n", head->n, n);
        a->wrong_sizes++;
    }
    if (a->inspect)
        a->inspect(a->inspect_ctx, p, head->n);
    a->live--;
    a->live_bytes -= head->n;
    free(head);
}

/* Always moves, so that a kept pointer into the old block is noticed. */
static inline void *failing_alloc_resize(void *ctx, void *p, size_t old_n, size_t n)
{
    void *moved = failing_alloc_get(ctx, n);
    if (!moved)
        return NULL;
    memcpy(moved, p, old_n < n ? old_n : n);
    failing_alloc_put(ctx, p, old_n);
    return moved;
}

/* A zeroed struct failing_alloc is ready for use. */
static inline struct sigv4_alloc failing_alloc_hooks(struct failing_alloc *a)
{
    struct sigv4_alloc hooks = {a, failing_alloc_get, failing_alloc_resize, failing_alloc_put};
    return hooks;
}

/* From now on the n-th request fails; 0: none does. */
static inline void failing_alloc_fail(struct failing_alloc *a, size_t n)
{
    a->requests = a->failures = 0;
    a->fail_nth = n;
}

/* Nothing is left and nothing was put back with a wrong size. */
static inline bool failing_alloc_clean(const struct failing_alloc *a)
{
    if (a->live || a->wrong_sizes)
        fprintf(stderr, "failing_alloc: %zu blocks (%zu bytes) left, %zu wrong sizes\n", a->live,
                a->live_bytes, a->wrong_sizes);
    return a->live == 0 && a->wrong_sizes == 0;
}
#endif
