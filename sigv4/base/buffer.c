/* A growable run of bytes with a maximum and a sticky error. */
#include "base/buffer.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>

void sigv4__buffer_init(struct sigv4__buffer *b, const struct sigv4_alloc *alloc, size_t max)
{
    memset(b, 0, sizeof *b);
    b->alloc = sigv4__alloc_or_default(alloc);
    b->max = max;
}

void sigv4__buffer_free(struct sigv4__buffer *b)
{
    if (b->ptr)
        sigv4__alloc_put(&b->alloc, b->ptr, b->cap);
    b->ptr = NULL;
    b->len = b->cap = 0;
    b->failed = 0;
}

void sigv4__buffer_free_secret(struct sigv4__buffer *b)
{
    if (b->ptr)
        OPENSSL_cleanse(b->ptr, b->cap);
    sigv4__buffer_free(b);
}

void sigv4__buffer_clear(struct sigv4__buffer *b)
{
    b->len = 0;
    b->failed = 0;
}

/* Doubles from 256 bytes on, so that appending stays linear, but never beyond max. */
static size_t next_capacity(const struct sigv4__buffer *b, size_t need)
{
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    return cap > b->max ? b->max : cap;
}

int sigv4__buffer_reserve(struct sigv4__buffer *b, size_t n)
{
    size_t need;
    if (b->failed)
        return b->failed;
    if (__builtin_add_overflow(b->len, n, &need) || need > b->max)
        return b->failed = SIGV4_E_TOO_LARGE;
    if (need <= b->cap)
        return SIGV4_OK;
    size_t cap = next_capacity(b, need);
    char *grown = sigv4__alloc_resize(&b->alloc, b->ptr, b->cap, cap);
    if (!grown)
        return b->failed = SIGV4_E_NOMEM;
    b->ptr = grown;
    b->cap = cap;
    return SIGV4_OK;
}

void sigv4__buffer_append(struct sigv4__buffer *b, const void *bytes, size_t n)
{
    if (n == 0 || sigv4__buffer_reserve(b, n))
        return;
    memcpy(b->ptr + b->len, bytes, n);
    b->len += n;
}

void sigv4__buffer_slice(struct sigv4__buffer *b, struct sigv4_slice s)
{
    sigv4__buffer_append(b, s.ptr, s.len);
}

void sigv4__buffer_str(struct sigv4__buffer *b, const char *s)
{
    sigv4__buffer_append(b, s, strlen(s));
}

void sigv4__buffer_char(struct sigv4__buffer *b, char c)
{
    sigv4__buffer_append(b, &c, 1);
}

void sigv4__buffer_uint(struct sigv4__buffer *b, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    sigv4__buffer_append(b, digits + i, sizeof digits - i);
}

void sigv4__buffer_format(struct sigv4__buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    /* One byte more: vsnprintf insists on its NUL. */
    if (n >= 0 && sigv4__buffer_reserve(b, (size_t)n + 1) == SIGV4_OK) {
        vsnprintf(b->ptr + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

char *sigv4__buffer_cstr(struct sigv4__buffer *b)
{
    if (sigv4__buffer_reserve(b, 1))
        return NULL;
    b->ptr[b->len] = '\0';
    return b->ptr;
}

struct sigv4_slice sigv4__buffer_view(const struct sigv4__buffer *b)
{
    return sigv4_bytes(b->ptr, b->len);
}

char *sigv4__buffer_take(struct sigv4__buffer *b, size_t *len, size_t *cap)
{
    char *taken = b->ptr;
    *len = b->len;
    *cap = b->cap;
    b->ptr = NULL;
    b->len = b->cap = 0;
    b->failed = 0;
    return taken;
}
