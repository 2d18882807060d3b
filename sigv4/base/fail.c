/* Filling error objects. */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Where to cut s so that at most max bytes remain and no UTF-8 sequence is split. */
static size_t cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t n = max;
    while (n > 0 && is_continuation(s[n]))
        n--;
    return n;
}

static void one_line(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            s[i] = s[i] == '\n' || s[i] == '\t' ? ' ' : '?';
}

void sigv4__fixed_copy(char *out, size_t cap, struct sigv4_slice text)
{
    size_t n = text.len ? cut(text.ptr, text.len, cap - 1) : 0;
    if (n)
        memcpy(out, text.ptr, n);
    out[n] = '\0';
    one_line(out, n);
}

int sigv4__fail(struct sigv4_error *err, int status, const char *format, ...)
{
    if (!err)
        return status;
    /* The arguments may lie in *err itself: format first, clear after. */
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    memset(err, 0, sizeof *err);
    err->status = status;
    size_t len = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    sigv4__fixed_copy(err->message, sizeof err->message, sigv4_bytes(line, len));
    return status;
}
