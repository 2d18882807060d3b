/* Standard base64 with padding, read strictly: no blanks, no missing padding, no stray bits. */
#ifndef KLOCAL_BASE64_H
#define KLOCAL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Decodes into a new buffer (never NULL on success, also for zero bytes). */
bool base64_decode(const char *text, size_t length, unsigned char **out, size_t *out_length);

#endif
