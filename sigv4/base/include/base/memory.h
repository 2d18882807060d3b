#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H
/* The allocator hook, used with checked sizes. */
#include <sigv4/types.h>

/* The hook given, or malloc when alloc is NULL; copy the result. */
struct sigv4_alloc sigv4__alloc_or_default(const struct sigv4_alloc *alloc);

/* Zeroed; NULL when there is no memory or count * size overflows. */
void *sigv4__alloc_zero(const struct sigv4_alloc *alloc, size_t count, size_t size);
void *sigv4__alloc_get(const struct sigv4_alloc *alloc, size_t n);
void *sigv4__alloc_resize(const struct sigv4_alloc *alloc, void *p, size_t old_n, size_t n);
void sigv4__alloc_put(const struct sigv4_alloc *alloc, void *p, size_t n);
/* A NUL-terminated copy; free with sigv4__string_free. */
char *sigv4__string_copy(const struct sigv4_alloc *alloc, struct sigv4_slice text);
void sigv4__string_free(const struct sigv4_alloc *alloc, char *s);        /* NULL is fine */
void sigv4__string_free_secret(const struct sigv4_alloc *alloc, char *s); /* wipes first */
#endif
