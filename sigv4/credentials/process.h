#ifndef CREDENTIALS_PROCESS_H
#define CREDENTIALS_PROCESS_H
/* credential_process: a program that prints keys (facts 4.2). */
#include "base/buffer.h"
#include "config/setting.h"

#include <sigv4/credentials.h>

/* profile is a text of config, which must live as long. */
int sigv4__provider_new_process(struct sigv4_provider **out, const struct sigv4__config *config,
                                const char *profile, const struct sigv4_alloc *alloc);

enum { SIGV4__MAX_WORDS = 64 };
/* Cuts a command line into words as a shell would, without being one: blanks separate, '...' and
 * "..." and backslashes protect. The words' bytes go to text (which has room for the command and
 * a NUL for each word); argv ends in NULL. Errors: INVALID (a quote does not end, no word, too
 * many words). */
int sigv4__words_split(const char *command, struct sigv4__buffer *text,
                       char *argv[SIGV4__MAX_WORDS + 1]);
#endif
