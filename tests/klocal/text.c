/* A growing byte buffer and the writers for JSON and XML. */
#include "text.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof *text);
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void text_reserve(struct text *text, size_t more)
{
    size_t need = text->length + more + 1;
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity < 256 ? 256 : text->capacity * 2;
    if (capacity < need)
        capacity = need;
    text->data = memory_grow(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_add(struct text *text, const void *bytes, size_t length)
{
    text_reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_putc(struct text *text, char c)
{
    text_add(text, &c, 1);
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length > 0) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(text, format, args);
    va_end(args);
}

const char *text_string(const struct text *text)
{
    return text->data == NULL ? "" : text->data;
}

char *text_take(struct text *text)
{
    char *data = text->data == NULL ? memory_string("") : text->data;
    memset(text, 0, sizeof *text);
    return data;
}

static void put_json_char(struct text *text, unsigned char c)
{
    static const char *const short_forms = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *p = short_forms; *p != '\0'; p += 2)
        if ((unsigned char)p[0] == c) {
            text_putc(text, '\\');
            text_putc(text, p[1]);
            return;
        }
    text_printf(text, "\\u%04x", c);
}

void text_put_json(struct text *text, const char *bytes, size_t length)
{
    size_t start = 0;
    text_putc(text, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add(text, bytes + start, i - start);
        put_json_char(text, c);
        start = i + 1;
    }
    text_add(text, bytes + start, length - start);
    text_putc(text, '"');
}

void text_put_xml(struct text *text, const char *bytes, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && strchr("&<>\"", c) == NULL)
            continue;
        if (c == '\n' || c == '\t')
            continue;
        text_add(text, bytes + start, i - start);
        start = i + 1;
        if (c == '&')
            text_puts(text, "&amp;");
        else if (c == '<')
            text_puts(text, "&lt;");
        else if (c == '>')
            text_puts(text, "&gt;");
        else if (c == '"')
            text_puts(text, "&quot;");
        else
            /* As S3 does: a number, also for characters XML 1.0 cannot hold. */
            text_printf(text, "&#x%x;", c);
    }
    text_add(text, bytes + start, length - start);
}

void text_put_element(struct text *text, const char *name, const char *value)
{
    text_printf(text, "<%s>", name);
    text_put_xml(text, value, strlen(value));
    text_printf(text, "</%s>", name);
}

void text_put_base64(struct text *text, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    text_reserve(text, (length + 2) / 3 * 4 + 1);
    while (length > 0) {
        /* A multiple of 3, so that the padding comes only at the end. */
        int part = length > 3u << 20 ? 3 << 20 : (int)length;
        text->length +=
            (size_t)EVP_EncodeBlock((unsigned char *)text->data + text->length, p, part);
        p += part;
        length -= (size_t)part;
    }
}

void text_put_hex(struct text *text, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    text_reserve(text, length * 2);
    for (size_t i = 0; i < length; i++) {
        text->data[text->length++] = digits[p[i] >> 4];
        text->data[text->length++] = digits[p[i] & 15];
    }
    text->data[text->length] = '\0';
}
