/* JSON into a bounded buffer. */
#include "wire/json_writer.h"

#include "wire/plain_text.h"

/* The letter of a two-character escape, or 0. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    default:
        return 0;
    }
}

size_t kinesis__json_string_length(struct sigv4_slice text)
{
    const char *p = text.ptr;
    size_t length = text.len + 2;
    for (size_t i = 0; i < text.len; i++) {
        i += kinesis__plain_span(p + i, text.len - i);
        if (i == text.len)
            break;
        if (short_escape(p[i]))
            length += 1;
        else if ((unsigned char)p[i] < ' ')
            length += 5;
    }
    return length;
}

static char *put_escape(char *to, char c)
{
    static const char digits[] = "0123456789abcdef";
    *to++ = '\\';
    if (short_escape(c)) {
        *to++ = short_escape(c);
        return to;
    }
    memcpy(to, "u00", 3);
    to[3] = digits[c >> 4 & 1];
    to[4] = digits[c & 15];
    return to + 5;
}

char *kinesis__json_put_string(char *to, struct sigv4_slice text)
{
    const char *p = text.ptr;
    *to++ = '"';
    for (size_t i = 0; i < text.len;) {
        size_t plain = kinesis__plain_span(p + i, text.len - i);
        memcpy(to, p + i, plain);
        to += plain;
        i += plain;
        if (i == text.len)
            break;
        if ((unsigned char)p[i] >= 0x80)
            *to++ = p[i];
        else
            to = put_escape(to, p[i]);
        i++;
    }
    *to++ = '"';
    return to;
}

void kinesis__json_write_string(struct sigv4__buffer *b, struct sigv4_slice text)
{
    size_t length = kinesis__json_string_length(text);
    if (sigv4__buffer_reserve(b, length))
        return;
    kinesis__json_put_string(b->ptr + b->len, text);
    b->len += length;
}

void kinesis__json_write_name(struct sigv4__buffer *b, const char *name)
{
    if (b->len && b->ptr[b->len - 1] != '{')
        sigv4__buffer_char(b, ',');
    kinesis__json_write_string(b, sigv4_str(name));
    sigv4__buffer_char(b, ':');
}

void kinesis__json_write_text(struct sigv4__buffer *b, const char *name, struct sigv4_slice text)
{
    if (text.len == 0)
        return;
    kinesis__json_write_name(b, name);
    kinesis__json_write_string(b, text);
}

void kinesis__json_write_uint(struct sigv4__buffer *b, const char *name, uint64_t n)
{
    kinesis__json_write_name(b, name);
    sigv4__buffer_uint(b, n);
}

void kinesis__json_write_moment(struct sigv4__buffer *b, const char *name, int64_t unix_ms)
{
    uint64_t ms = unix_ms < 0 ? 0 - (uint64_t)unix_ms : (uint64_t)unix_ms;
    kinesis__json_write_name(b, name);
    if (unix_ms < 0)
        sigv4__buffer_char(b, '-');
    sigv4__buffer_uint(b, ms / 1000);
    sigv4__buffer_format(b, ".%03u", (unsigned)(ms % 1000));
}
