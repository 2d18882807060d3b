#ifndef TESTS_EDGE_H
#define TESTS_EDGE_H
/* Memory whose end is a page that nobody may touch: one byte too far is a crash. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct edge {
    char *map;
    size_t size; /* without the protected page */
};
enum { EDGE_PAGE = 4096 };

/* Room for up to max bytes. */
static inline struct edge edge_make(size_t max)
{
    struct edge e;
    e.size = (max / EDGE_PAGE + 1) * EDGE_PAGE;
    e.map =
        mmap(NULL, e.size + EDGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (e.map == MAP_FAILED || mprotect(e.map + e.size, EDGE_PAGE, PROT_NONE) != 0)
        abort();
    return e;
}

/* The last n bytes before the protected page; what bytes holds is copied there unless NULL. */
static inline char *edge_put(const struct edge *e, const void *bytes, size_t n)
{
    if (n > e->size)
        abort();
    char *p = e->map + e->size - n;
    if (bytes && n)
        memmove(p, bytes, n);
    return p;
}

static inline void edge_drop(struct edge *e)
{
    munmap(e->map, e->size + EDGE_PAGE);
}
#endif
