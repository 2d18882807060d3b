/* Opaque sealed texts that come back to us: shard iterators and page tokens. */
#ifndef KLOCAL_TOKEN_H
#define KLOCAL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "klocal.h"

/* purpose keeps one kind of token from being used as another. The caller frees. */
char *token_seal(const struct klocal *klocal, const char *purpose, const char *text);
/* NULL when it is not ours. The caller frees. */
char *token_open(const struct klocal *klocal, const char *purpose, const char *token);

#endif
