/* Percent encoding as SigV4 wants it, and its inverse. */
#ifndef KLOCAL_PERCENT_H
#define KLOCAL_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Everything but A-Z a-z 0-9 - . _ ~ becomes %XX; '/' stays when keep_slash. */
void percent_encode(struct text *out, const char *bytes, size_t length, bool keep_slash);

/* %XX becomes the byte, '+' a blank; a broken escape stays as it is. The result may hold NULs. */
char *percent_decode(const char *text, size_t length, size_t *out_length);

#endif
