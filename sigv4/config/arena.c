/* Memory that is freed, and wiped, in one go. */
#include "config/arena.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <stddef.h>

enum { BLOCK = 8192 };

struct sigv4__arena_block {
    struct sigv4__arena_block *next;
    size_t cap, used;
    max_align_t bytes[];
};

void sigv4__arena_init(struct sigv4__arena *a, const struct sigv4_alloc *alloc)
{
    a->alloc = sigv4__alloc_or_default(alloc);
    a->blocks = NULL;
}

void sigv4__arena_free(struct sigv4__arena *a)
{
    struct sigv4__arena_block *next;
    for (struct sigv4__arena_block *b = a->blocks; b; b = next) {
        next = b->next;
        OPENSSL_cleanse(b->bytes, b->used);
        sigv4__alloc_put(&a->alloc, b, sizeof *b + b->cap);
    }
    a->blocks = NULL;
}

static struct sigv4__arena_block *add_block(struct sigv4__arena *a, size_t n)
{
    size_t cap = n > BLOCK ? n : BLOCK;
    struct sigv4__arena_block *b = sigv4__alloc_zero(&a->alloc, 1, sizeof *b + cap);
    if (!b)
        return NULL;
    b->cap = cap;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *sigv4__arena_get(struct sigv4__arena *a, size_t n)
{
    struct sigv4__arena_block *b = a->blocks;
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    if (!b || b->cap - b->used < n)
        b = add_block(a, n);
    if (!b)
        return NULL;
    void *p = (char *)b->bytes + b->used;
    b->used += n;
    return p;
}

char *sigv4__arena_text(struct sigv4__arena *a, struct sigv4_slice text)
{
    char *copy = text.len < SIZE_MAX ? sigv4__arena_get(a, text.len + 1) : NULL;
    if (copy && text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}
