/* A page the kernel empties in a forked child. */
#include "transport/alive.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

const volatile uint32_t *sigv4__alive_new(void)
{
    size_t n = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t *page = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, n, MADV_WIPEONFORK)) {
        munmap(page, n);
        return NULL;
    }
    *page = 1;
    return page;
}

void sigv4__alive_free(const volatile uint32_t *alive)
{
    if (alive)
        munmap((void *)(uintptr_t)alive, (size_t)sysconf(_SC_PAGESIZE));
}
