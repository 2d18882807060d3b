/* A growing byte buffer, always with a NUL behind its last byte, and the writers for the two
 * formats klocal answers in: JSON and XML. */
#ifndef KLOCAL_TEXT_H
#define KLOCAL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *data; /* NULL until the first byte */
    size_t length;
    size_t capacity;
};

void text_free(struct text *text);
void text_clear(struct text *text);
void text_reserve(struct text *text, size_t more);
void text_add(struct text *text, const void *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_putc(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
const char *text_string(const struct text *text); /* never NULL */
char *text_take(struct text *text);               /* the caller frees */

void text_put_json(struct text *text, const char *bytes, size_t length); /* quoted, escaped */
void text_put_xml(struct text *text, const char *bytes, size_t length);  /* escaped */
void text_put_element(struct text *text, const char *name, const char *value);
void text_put_base64(struct text *text, const void *bytes, size_t length);
void text_put_hex(struct text *text, const void *bytes, size_t length);

#endif
