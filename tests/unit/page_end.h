#ifndef TESTS_PAGE_END_H
#define TESTS_PAGE_END_H
/* A copy of some bytes that ends where an unreadable page begins: reading one byte too far is a
 * crash. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct page_end {
    char *map, *bytes;
    size_t mapped;
};

static inline struct page_end page_end_copy(const void *bytes, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), data = (n / page + 1) * page;
    struct page_end p = {NULL, NULL, data + page};
    void *map = mmap(NULL, p.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return p;
    p.map = map;
    mprotect(p.map + data, page, PROT_NONE);
    p.bytes = p.map + data - n;
    if (n)
        memcpy(p.bytes, bytes, n);
    return p;
}

static inline void page_end_free(struct page_end *p)
{
    munmap(p->map, p->mapped);
}
#endif
