#ifndef TOOLS_S3CP_TOKEN_H
#define TOOLS_S3CP_TOKEN_H
/* Where --resume keeps what it needs: one small file per transfer under way, in
 * $XDG_CACHE_HOME/s3cp or ~/.cache/s3cp. */
#include "location.h"

#include <sigv4/types.h>

/* The file for a copy from here to there; NULL: no memory, or no home folder. Free it. */
char *token_place(const struct location *from, const struct location *to);
char *token_load(const char *place);                           /* NULL: there is none. Free it. */
bool token_store(const char *place, struct sigv4_slice token); /* atomically */
void token_drop(const char *place);
#endif
