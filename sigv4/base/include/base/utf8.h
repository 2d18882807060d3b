#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include <stddef.h>

/* The length of the UTF-8 character at p: 1 to 4; 0 when it is none (overlong, surrogate, above
 * U+10FFFF, cut off). n at least 1. */
size_t sigv4__utf8_char(const char *p, size_t n);
#endif
