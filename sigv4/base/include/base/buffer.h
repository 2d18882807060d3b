#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H
/* A growable run of bytes with a maximum and a sticky error: append freely, check once. */
#include <sigv4/status.h>

struct sigv4__buffer {
    char *ptr;
    size_t len, cap, max;
    int failed; /* 0, NOMEM, or TOO_LARGE; once set, appends do nothing */
    struct sigv4_alloc alloc;
};
/* max: bytes it may ever hold. No allocation yet. */
void sigv4__buffer_init(struct sigv4__buffer *b, const struct sigv4_alloc *alloc, size_t max);
void sigv4__buffer_free(struct sigv4__buffer *b);        /* empty again, error cleared */
void sigv4__buffer_free_secret(struct sigv4__buffer *b); /* wipes the whole block first */
void sigv4__buffer_clear(struct sigv4__buffer *b);       /* len 0, error cleared, block kept */
/* Room for n more bytes; 0 or the sticky error. Growth wipes nothing. */
int sigv4__buffer_reserve(struct sigv4__buffer *b, size_t n);
void sigv4__buffer_append(struct sigv4__buffer *b, const void *bytes, size_t n);
void sigv4__buffer_slice(struct sigv4__buffer *b, struct sigv4_slice s);
void sigv4__buffer_str(struct sigv4__buffer *b, const char *s);
void sigv4__buffer_char(struct sigv4__buffer *b, char c);
void sigv4__buffer_uint(struct sigv4__buffer *b, uint64_t n);
void sigv4__buffer_format(struct sigv4__buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts a NUL behind len (not counted) and returns ptr; NULL after a failure. */
char *sigv4__buffer_cstr(struct sigv4__buffer *b);
struct sigv4_slice sigv4__buffer_view(const struct sigv4__buffer *b);
/* Hands the block over (free with the same allocator and cap); the buffer is empty again. */
char *sigv4__buffer_take(struct sigv4__buffer *b, size_t *len, size_t *cap);
#endif
