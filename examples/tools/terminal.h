#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H
/* Names and data of others on a terminal. */
#include <sigv4/types.h>
#include <stdio.h>

/* How long the UTF-8 character at p is; 0 when it is none. */
size_t terminal_character(const unsigned char *p, size_t n);
/* Would the character steer a terminal, or turn the direction of text? */
bool terminal_steers(const unsigned char *p, size_t len);
/* Writes text, with visible (the output is a terminal) what would steer it as \xNN. Returns how
 * many characters were shown; a byte that is none counts as one. */
size_t terminal_put(FILE *out, struct sigv4_slice text, bool visible);
enum { TERMINAL_WIDEST = 255 };
/* How wide a line may be; TERMINAL_WIDEST when the terminal does not say. */
size_t terminal_columns(int fd);
#endif
