/* The strict pull scanner: strings with their escapes, and numbers. */
#include "wire/json_reader.h"

#include "base/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at p; -1 when they are not there. */
static long hex4(const char *p, const char *end)
{
    long value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_surrogate(long unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low_surrogate(long unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* The length of the escape at p, which is a backslash; 0 when it is none. A surrogate must be one
 * of a pair: half a character has no UTF-8. */
static size_t escape_length(const char *p, const char *end)
{
    if (end - p < 2)
        return 0;
    if (p[1] != 'u')
        return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
    long unit = hex4(p + 2, end);
    if (unit < 0 || is_low_surrogate(unit))
        return 0;
    if (!is_high_surrogate(unit))
        return 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u' || !is_low_surrogate(hex4(p + 8, end)))
        return 0;
    return 12;
}

/* From the first byte that is not plain to the closing quote; NULL after trouble. */
static char *string_end(struct kinesis__json *r, char *p, bool *escaped)
{
    for (;;) {
        p += kinesis__plain_span(p, (size_t)(r->end - p));
        size_t step;
        if (p == r->end) {
            r->at = p;
            kinesis__json_refuse(r, "a string without end");
            return NULL;
        }
        if (*p == '"')
            return p;
        if (*p == '\\') {
            step = escape_length(p, r->end);
            *escaped = true;
        } else {
            step = (unsigned char)*p < ' ' ? 0 : sigv4__utf8_char(p, (size_t)(r->end - p));
        }
        if (step == 0) {
            r->at = p;
            kinesis__json_refuse(r, *p == '\\'                ? "a bad escape"
                                    : (unsigned char)*p < ' ' ? "a control character in a string"
                                                              : "not UTF-8");
            return NULL;
        }
        p += step;
    }
}

bool kinesis__json_string_slowly(struct kinesis__json *r, struct kinesis__json_string *out)
{
    if (kinesis__json_peek(r) != '"')
        return kinesis__json_refuse(r,
                                    r->at == r->end ? "the text ends too early" : "not a string");
    out->ptr = r->at + 1;
    out->escaped = false;
    char *end = string_end(r, out->ptr, &out->escaped);
    if (!end)
        return false;
    out->len = (size_t)(end - out->ptr);
    r->at = end + 1;
    return true;
}

static char *put_utf8(char *to, unsigned long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* The escape at p, known to be good, as UTF-8 at to; never longer than it was. */
static char *resolve(char *to, const char *p, const char *end)
{
    static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    if (p[1] != 'u') {
        const char *name = strchr(names, p[1]);
        *to++ = name ? bytes[name - names] : p[1];
        return to;
    }
    unsigned long c = (unsigned long)hex4(p + 2, end);
    if (is_high_surrogate((long)c))
        c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned long)hex4(p + 8, end) - 0xdc00);
    return put_utf8(to, c);
}

struct sigv4_slice kinesis__json_text(struct kinesis__json_string *s)
{
    if (!s->escaped)
        return sigv4_bytes(s->ptr, s->len);
    const char *p = s->ptr, *end = p + s->len;
    char *to = s->ptr;
    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        size_t step = escape_length(p, end);
        to = resolve(to, p, end);
        p += step;
    }
    s->len = (size_t)(to - s->ptr);
    s->escaped = false;
    return sigv4_bytes(s->ptr, s->len);
}

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}

bool kinesis__json_number(struct kinesis__json *r, struct sigv4_slice *out)
{
    if (kinesis__json_peek(r) != '0')
        return kinesis__json_refuse(r,
                                    r->at == r->end ? "the text ends too early" : "not a number");
    const char *p = r->at, *end = r->end;
    p += *p == '-';
    bool good = is_digit(p, end);
    p = good && *p == '0' ? p + 1 : skip_digits(p, end);
    if (good && p < end && *p == '.') {
        good = is_digit(p + 1, end);
        p = skip_digits(p + 1, end);
    }
    if (good && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        good = is_digit(p, end);
        p = skip_digits(p, end);
    }
    if (!good || is_digit(p, end))
        return kinesis__json_refuse(r, "not a number");
    *out = sigv4_bytes(r->at, (size_t)(p - r->at));
    r->at += out->len;
    return true;
}

/* Up to 19 digits are kept; what follows only moves the point, or is too small to matter. */
struct decimal {
    uint64_t digits;
    unsigned count;
    long exponent;
};

static void add_digit(struct decimal *d, char c, bool fraction)
{
    if (d->count < 19) {
        d->digits = d->digits * 10 + (unsigned)(c - '0');
        d->count += d->digits != 0;
        d->exponent -= fraction;
    } else {
        d->exponent += !fraction;
    }
}

/* An exponent beyond a thousand is a thousand: either way the number is 0 or does not fit. A text
 * of more than a thousand leading or trailing zeros would be misread so; it is refused before. */
static long read_exponent(const char *p, const char *end)
{
    bool negative = *p == '-';
    long value = 0;
    p += *p == '-' || *p == '+';
    for (; p < end; p++)
        value = value > 1000 ? value : value * 10 + (*p - '0');
    return negative ? -value : value;
}

bool kinesis__json_decimal(struct sigv4_slice number, int scale, int64_t *out)
{
    const char *p = number.ptr, *end = p + number.len;
    struct decimal d = {0, 0, scale};
    bool negative = p < end && *p == '-', fraction = false;
    if (number.len > 500)
        return false;
    for (p += negative; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            fraction = true;
        else
            add_digit(&d, *p, fraction);
    }
    if (p < end)
        d.exponent += read_exponent(p + 1, end);
    while (d.exponent > 0 && d.digits) {
        if (__builtin_mul_overflow(d.digits, 10u, &d.digits))
            return false;
        d.exponent--;
    }
    if (d.exponent < -19)
        d.digits = 0;
    for (; d.exponent < -1 && d.digits; d.exponent++)
        d.digits /= 10;
    if (d.exponent == -1)
        d.digits = (d.digits + 5) / 10;
    if (d.digits > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)d.digits : (int64_t)d.digits;
    return true;
}
