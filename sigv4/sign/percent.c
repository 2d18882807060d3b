/* Percent-encoding as a stream of characters. */
#include "sign/percent.h"

#include "base/text.h"

struct sigv4__percent sigv4__percent_plain(struct sigv4_slice text)
{
    struct sigv4__percent p = {.at = text.ptr};
    p.end = text.len ? p.at + text.len : p.at;
    return p;
}

struct sigv4__percent sigv4__percent_path(struct sigv4_slice text)
{
    struct sigv4__percent p = sigv4__percent_plain(text);
    p.keep_slash = true;
    return p;
}

struct sigv4__percent sigv4__percent_decoded(struct sigv4_slice text)
{
    struct sigv4__percent p = sigv4__percent_plain(text);
    p.decode = true;
    return p;
}

static int hex_value(char c)
{
    char lower = sigv4__lower(c);
    if (sigv4__is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A '%' without two digits behind it stands for itself. */
static unsigned char take_byte(struct sigv4__percent *p)
{
    char c = *p->at++;
    if (!p->decode || c != '%' || p->end - p->at < 2)
        return (unsigned char)c;
    int high = hex_value(p->at[0]), low = hex_value(p->at[1]);
    if (high < 0 || low < 0)
        return (unsigned char)c;
    p->at += 2;
    return (unsigned char)(high << 4 | low);
}

/* Facts, 3.1: letters, digits and these four; everything else is escaped. */
static bool is_unreserved(unsigned char c)
{
    return sigv4__is_alnum((char)c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int sigv4__percent_next(struct sigv4__percent *p)
{
    static const char digits[] = "0123456789ABCDEF";
    if (p->pending_count)
        return p->pending[2 - p->pending_count--];
    if (p->at == p->end)
        return -1;
    unsigned char c = take_byte(p);
    if (is_unreserved(c) || (p->keep_slash && c == '/'))
        return c;
    p->pending[0] = digits[c >> 4];
    p->pending[1] = digits[c & 15];
    p->pending_count = 2;
    return '%';
}
