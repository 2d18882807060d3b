#ifndef WIRE_DELETE_XML_H
#define WIRE_DELETE_XML_H
/* Deleting many: the document sent, and what comes back for each key that stayed. */
#include "base/buffer.h"

enum { S3__DELETE_MAX_KEYS = 1000 };
/* Every key must pass s3__xml_can_carry. The answer is asked to name failures only. */
int s3__delete_write(struct sigv4__buffer *out, const char *const *keys, size_t count);

/* One key that was not deleted; valid during the callback. */
struct s3__delete_failure {
    char key[1024]; /* not NUL-terminated */
    size_t key_len;
    char code[64], message[336]; /* NUL-terminated, cut to fit */
};
typedef void s3__delete_failure_fn(void *ctx, const struct s3__delete_failure *failure);
/* Errors: PROTOCOL, NOMEM. Failures are reported as they are read. */
int s3__delete_parse(struct sigv4_slice body, s3__delete_failure_fn *on_failure, void *ctx,
                     const struct sigv4_alloc *alloc, struct sigv4_error *err);
#endif
