#ifndef TOOLS_KCAT_STORE_H
#define TOOLS_KCAT_STORE_H
/* Where kcat keeps a checkpoint: a file, or an object in S3, whose writes are conditional so that
 * two consumers that share one notice each other. */
#include "session.h"

#include <kinesis/checkpoint.h>

struct store;

/* where: a path or s3://bucket/key; borrowed, like the session. Requests for S3 go where
 * AWS_ENDPOINT_URL_S3 or the profile says: --endpoint-url is for Kinesis. Errors as of the calls
 * beneath; INVALID: no such URI, or a file that could not be written. */
int store_open(struct store **out, const char *where, const struct session *session,
               struct sigv4_error *err);
void store_close(struct store *s); /* NULL is fine; nothing may be under way */
/* Blocks, and remembers which state is replaced later. The first time there is nothing, which is
 * well. */
int store_load(struct store *s, struct kinesis_checkpoint *checkpoint, struct sigv4_error *err);
/* On the loop. done comes once, for a file before this returns; not while one is under way. */
typedef void store_done_fn(void *ctx, const struct sigv4_error *err);
void store_save(struct store *s, const struct kinesis_checkpoint *checkpoint, store_done_fn *done,
                void *ctx);
bool store_busy(const struct store *s);
void store_wait(struct store *s); /* blocks until it is not */
#endif
