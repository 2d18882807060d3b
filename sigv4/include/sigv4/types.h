#ifndef SIGV4_TYPES_H
#define SIGV4_TYPES_H
/* The small types every header here is written in.
 *
 * Frozen layouts, hence without a size member: slice, text, header, alloc, clock, random, log, job,
 * error. Every other public struct starts with `size` and may grow at its end; zero means default.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIGV4_API        __attribute__((visibility("default")))
#define SIGV4_MUST_CHECK __attribute__((warn_unused_result))

/* A view: pointer and length. It never owns its bytes and need not end in NUL. Passed by value. */
struct sigv4_slice {
    const void *ptr;
    size_t len;
};

/* A view of a C string; NULL gives the empty view. */
static inline struct sigv4_slice sigv4_str(const char *s)
{
    struct sigv4_slice v = {s, s ? strlen(s) : 0};
    return v;
}
static inline struct sigv4_slice sigv4_bytes(const void *ptr, size_t len)
{
    struct sigv4_slice v = {ptr, len};
    return v;
}
#define SIGV4_LIT(s) (sigv4_bytes((s), sizeof(s) - 1))

/* Text written for the caller into the caller's memory: at most cap bytes, never NUL-terminated.
 * len is always the full length, so a first call with cap 0 measures; a function that could not fit
 * everything returns SIGV4_E_TOO_LARGE. */
struct sigv4_text {
    char *ptr;
    size_t cap;
    size_t len;
};

/* One HTTP header or query parameter. */
struct sigv4_header {
    struct sigv4_slice name, value;
};

/* Hooks. Each is copied when an object is made; a NULL hook pointer means the default in brackets.
 * They are called from any thread the object is used on. */

/* [malloc] resize keeps the first min(old_n, n) bytes; both return NULL when there is no memory.
 * put accepts NULL. */
struct sigv4_alloc {
    void *ctx;
    void *(*get)(void *ctx, size_t n);
    void *(*resize)(void *ctx, void *p, size_t old_n, size_t n);
    void (*put)(void *ctx, void *p, size_t n);
};

/* [the system's] wall_ms: milliseconds since 1970-01-01 UTC. mono_ms: never goes back. */
struct sigv4_clock {
    void *ctx;
    int64_t (*wall_ms)(void *ctx);
    int64_t (*mono_ms)(void *ctx);
};

/* [OpenSSL's] Fills buf with n random bytes; used for jitter and request ids, not for keys. */
struct sigv4_random {
    void *ctx;
    void (*fill)(void *ctx, void *buf, size_t n);
};

/* [silent] Called for messages up to `level`. text is one line without a newline and without
 * secrets, valid during the call. area names the part: "credentials", "exchange", ... */
enum sigv4_level { SIGV4_ERROR = 1, SIGV4_WARN, SIGV4_INFO, SIGV4_DEBUG };
struct sigv4_log {
    void *ctx;
    enum sigv4_level level;
    void (*write)(void *ctx, enum sigv4_level level, const char *area, const char *text);
};

#ifdef __cplusplus
}
#endif
#endif
