#ifndef TESTS_MEMORY_SEARCH_H
#define TESTS_MEMORY_SEARCH_H
/* Looks for a secret in all writable memory of this process. Needs cmocka's assertions. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Secrets are made at run time, and kept here in a form that a search does not find. */
enum { LENGTH = 40, MASK = 0x2A };
static unsigned char masked[LENGTH];

static inline void make_secret(void)
{
    int fd = open("/dev/urandom", O_RDONLY);
    assert_int_equal(read(fd, masked, LENGTH), LENGTH);
    close(fd);
    for (int i = 0; i < LENGTH; i++)
        masked[i] = (unsigned char)(('a' + masked[i] % 26) ^ MASK);
}

/* How many of those found by the last search followed "Security-Token: ", as in a request. */
static size_t occurrences_in_requests;

static inline bool is_in_request(const unsigned char *begin, const unsigned char *p)
{
    static const char name[] = "Security-Token: ";
    const size_t n = sizeof name - 1;
    for (size_t back = 0; back <= LENGTH; back += LENGTH) /* the secret may stand there twice */
        if ((size_t)(p - begin) >= n + back && memcmp(p - n - back, name, n) == 0)
            return true;
    return false;
}

static inline size_t occurrences_in(const unsigned char *p, size_t n)
{
    const unsigned char *begin = p, *end = p + n;
    size_t found = 0;
    while ((size_t)(end - p) >= LENGTH && (p = memchr(p, masked[0] ^ MASK, (size_t)(end - p)))) {
        size_t k = 0;
        while (k < LENGTH && p + k < end && (p[k] ^ MASK) == masked[k])
            k++;
        found += k == LENGTH;
        occurrences_in_requests += k == LENGTH && is_in_request(begin, p);
        p++;
    }
    return found;
}

/* All writable memory of this process, through the kernel, a window at a time. Sanitizers map
 * terabytes of shadow, which holds no data. */
static inline size_t occurrences(void)
{
    static unsigned char window[1 << 16];
    const unsigned long own = (unsigned long)(uintptr_t)window;
    size_t found = 0;
    char line[512], mode[8];
    unsigned long from, to;
    occurrences_in_requests = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w' ||
            to - from > 1ul << 30)
            continue;
        for (unsigned long at = from; at < to; at += sizeof window - LENGTH) {
            size_t size = to - at < sizeof window ? to - at : sizeof window;
            if (at < own + sizeof window && own < at + size)
                continue;
            ssize_t n = pread(memory, window, size, (off_t)at);
            if (n <= 0)
                break;
            found += occurrences_in(window, (size_t)n);
            memset(window, 0, sizeof window);
        }
    }
    close(memory);
    fclose(maps);
    return found;
}
#endif
