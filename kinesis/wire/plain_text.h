#ifndef KINESIS_WIRE_PLAIN_TEXT_H
#define KINESIS_WIRE_PLAIN_TEXT_H
/* Text as JSON strings hold it: runs of bytes that mean themselves, and single UTF-8 characters. */
#include <sigv4/types.h>

/* How many bytes from p on (n of them may be read) are ASCII that needs no escape in a JSON string:
 * stops at a quote, a backslash, a control character or a byte above 127. */
size_t kinesis__plain_span(const char *p, size_t n);
/* The length of the UTF-8 character at p: 1 to 4; 0 when it is none (overlong, surrogate, above
 * U+10FFFF, cut off). n at least 1. */
size_t kinesis__utf8_char(const char *p, size_t n);
/* Counts the characters of valid UTF-8; false otherwise. */
bool kinesis__utf8_count(struct sigv4_slice text, size_t *characters);
#endif
