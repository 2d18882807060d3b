/* Views and caller's text, ASCII and locale-free. */
#include "base/text.h"

bool sigv4__equal(struct sigv4_slice a, struct sigv4_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool sigv4__equal_str(struct sigv4_slice a, const char *b)
{
    return sigv4__equal(a, sigv4_str(b));
}

char sigv4__lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool sigv4__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool sigv4__is_alnum(char c)
{
    char lower = sigv4__lower(c);
    return sigv4__is_digit(c) || (lower >= 'a' && lower <= 'z');
}

bool sigv4__equal_nocase(struct sigv4_slice a, struct sigv4_slice b)
{
    const char *x = a.ptr, *y = b.ptr;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (sigv4__lower(x[i]) != sigv4__lower(y[i]))
            return false;
    return true;
}

bool sigv4__starts_with(struct sigv4_slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && (n == 0 || memcmp(s.ptr, prefix, n) == 0);
}

bool sigv4__ends_with(struct sigv4_slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len >= n && (n == 0 || memcmp((const char *)s.ptr + s.len - n, suffix, n) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct sigv4_slice sigv4__trim(struct sigv4_slice s)
{
    const char *p = s.ptr;
    while (s.len && is_blank(p[s.len - 1]))
        s.len--;
    size_t skip = 0;
    while (skip < s.len && is_blank(p[skip]))
        skip++;
    return sigv4__from(s, skip);
}

struct sigv4_slice sigv4__from(struct sigv4_slice s, size_t from)
{
    if (from > s.len)
        from = s.len;
    if (from == 0) /* s may be a view of nothing, which nothing is added to */
        return s;
    return sigv4_bytes((const char *)s.ptr + from, s.len - from);
}

struct sigv4_slice sigv4__first(struct sigv4_slice s, size_t n)
{
    return sigv4_bytes(s.ptr, n < s.len ? n : s.len);
}

size_t sigv4__find(struct sigv4_slice s, char c)
{
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return hit ? (size_t)(hit - (const char *)s.ptr) : s.len;
}

bool sigv4__parse_uint(struct sigv4_slice s, uint64_t max, uint64_t *out)
{
    const char *p = s.ptr;
    uint64_t n = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!sigv4__is_digit(p[i]))
            return false;
        uint64_t digit = (uint64_t)(p[i] - '0');
        if (n > (max - digit) / 10 || digit > max)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

void sigv4__hex(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
}

void sigv4__text_append(struct sigv4_text *out, const void *bytes, size_t n)
{
    if (out->len < out->cap && n) {
        size_t room = out->cap - out->len;
        memcpy(out->ptr + out->len, bytes, n < room ? n : room);
    }
    if (__builtin_add_overflow(out->len, n, &out->len))
        out->len = SIZE_MAX;
}

void sigv4__text_slice(struct sigv4_text *out, struct sigv4_slice s)
{
    sigv4__text_append(out, s.ptr, s.len);
}

void sigv4__text_str(struct sigv4_text *out, const char *s)
{
    sigv4__text_append(out, s, strlen(s));
}

void sigv4__text_char(struct sigv4_text *out, char c)
{
    sigv4__text_append(out, &c, 1);
}

int sigv4__text_status(const struct sigv4_text *out)
{
    return out->len <= out->cap ? SIGV4_OK : SIGV4_E_TOO_LARGE;
}

static bool is_unreserved(char c)
{
    return sigv4__is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void sigv4__text_encode(struct sigv4_text *out, struct sigv4_slice s, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)p[i];
        if (is_unreserved(p[i]) || (keep_slash && c == '/')) {
            sigv4__text_char(out, p[i]);
        } else {
            char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
            sigv4__text_append(out, escaped, sizeof escaped);
        }
    }
}
