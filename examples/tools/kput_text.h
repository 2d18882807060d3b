#ifndef TOOLS_KPUT_TEXT_H
#define TOOLS_KPUT_TEXT_H
/* Texts from the command line, looked at before anything is sent. */
#include <sigv4/types.h>

/* \n \t \r \0 \\ \xNN in place; false: another escape, or half of one. */
bool text_unescape(char *text, struct sigv4_slice *out);
bool text_is_utf8(struct sigv4_slice text);
/* NULL, or what is wrong with it. */
const char *text_check_key(struct sigv4_slice key);
const char *text_check_hash_key(const char *number);
#endif
