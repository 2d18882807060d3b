/* malloc and memcpy of the whole process, counted: a program's own definitions win over libc's. */
#include "measure.h"

#include <stdlib.h>

uint64_t interpose_allocations, interpose_copied;

#if !defined(BENCH_PLAIN)
/* Seen by the shared libraries, too. */
#define IN_PLACE __attribute__((visibility("default")))

/* glibc's own names for what is stood in for here. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

IN_PLACE void *malloc(size_t n)
{
    interpose_allocations++;
    return __libc_malloc(n);
}

IN_PLACE void *calloc(size_t count, size_t n)
{
    interpose_allocations++;
    return __libc_calloc(count, n);
}

IN_PLACE void *realloc(void *p, size_t n)
{
    interpose_allocations++;
    return __libc_realloc(p, n);
}

/* Called through a pointer, or the compiler would see that it is a memcpy. */
static void *(*volatile move)(void *, const void *, size_t) = memmove;

IN_PLACE void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    interpose_copied += n;
    return move(to, from, n);
}
#endif
