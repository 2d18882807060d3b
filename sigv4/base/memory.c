/* The allocator hook: malloc by default, sizes checked, secrets wiped. */
#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static void *malloc_get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void *malloc_resize(void *ctx, void *p, size_t old_n, size_t n)
{
    (void)ctx;
    (void)old_n;
    return realloc(p, n);
}

static void malloc_put(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)n;
    free(p);
}

struct sigv4_alloc sigv4__alloc_or_default(const struct sigv4_alloc *alloc)
{
    struct sigv4_alloc chosen = {NULL, malloc_get, malloc_resize, malloc_put};
    return alloc ? *alloc : chosen;
}

void *sigv4__alloc_get(const struct sigv4_alloc *alloc, size_t n)
{
    return alloc->get(alloc->ctx, n ? n : 1);
}

void *sigv4__alloc_zero(const struct sigv4_alloc *alloc, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = sigv4__alloc_get(alloc, n);
    if (p)
        memset(p, 0, n);
    return p;
}

void *sigv4__alloc_resize(const struct sigv4_alloc *alloc, void *p, size_t old_n, size_t n)
{
    if (!p)
        return sigv4__alloc_get(alloc, n);
    return alloc->resize(alloc->ctx, p, old_n, n ? n : 1);
}

void sigv4__alloc_put(const struct sigv4_alloc *alloc, void *p, size_t n)
{
    if (p)
        alloc->put(alloc->ctx, p, n ? n : 1);
}

char *sigv4__string_copy(const struct sigv4_alloc *alloc, struct sigv4_slice text)
{
    if (text.len == SIZE_MAX)
        return NULL;
    char *copy = sigv4__alloc_get(alloc, text.len + 1);
    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

void sigv4__string_free(const struct sigv4_alloc *alloc, char *s)
{
    if (s)
        sigv4__alloc_put(alloc, s, strlen(s) + 1);
}

void sigv4__string_free_secret(const struct sigv4_alloc *alloc, char *s)
{
    if (s) {
        size_t n = strlen(s);
        OPENSSL_cleanse(s, n);
        sigv4__alloc_put(alloc, s, n + 1);
    }
}
