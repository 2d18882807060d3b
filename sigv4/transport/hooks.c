/* The system's clock and OpenSSL's random numbers, where the caller brought none. */
#include "transport/hooks.h"

#include "base/memory.h"

#include <openssl/rand.h>
#include <time.h>

static int64_t clock_ms(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *ctx)
{
    (void)ctx;
    return clock_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(void *ctx)
{
    (void)ctx;
    return clock_ms(CLOCK_MONOTONIC);
}

/* Jitter and request ids only: when OpenSSL has no entropy, the clock does. */
static void system_fill(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    if (n <= INT32_MAX && RAND_bytes(buf, (int)n) == 1)
        return;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t x = (uint64_t)t.tv_nsec ^ ((uint64_t)t.tv_sec << 32);
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        ((unsigned char *)buf)[i] = (unsigned char)(x >> 56);
    }
}

struct sigv4__hooks sigv4__hooks_of(const struct sigv4_loop_options *opts)
{
    struct sigv4__hooks h = {
        .alloc = sigv4__alloc_or_default(opts->alloc),
        .clock = {NULL, system_wall_ms, system_mono_ms},
        .random = {NULL, system_fill},
    };
    if (opts->clock)
        h.clock = *opts->clock;
    if (opts->random)
        h.random = *opts->random;
    if (opts->log)
        h.log = *opts->log;
    return h;
}
