#ifndef SIGN_CANONICAL_H
#define SIGN_CANONICAL_H
/* The canonical request: what is signed, in the one order and spelling both sides agree on. */
#include "sign/sink.h"

#include <sigv4/sign.h>

/* Room for 64 headers, 64 query parameters and a path of 4 KiB. */
enum {
    SIGV4__CANONICAL_ROOM =
        64 * sizeof(void *) + 64 * (sizeof(struct sigv4_header) + sizeof(void *)) + 4096
};

struct sigv4__canonical {
    const struct sigv4_to_sign *in;
    const struct sigv4_header **headers; /* sorted; in->header_count of them */
    const struct sigv4_header **params;  /* sorted, still in their wire spelling */
    size_t param_count;
    struct sigv4_slice path; /* normalised if it has to be, not yet encoded again */
    struct sigv4_alloc alloc;
    void *block; /* for requests that do not fit into room */
    size_t block_size;
    union {
        char bytes[SIGV4__CANONICAL_ROOM];
        void *align;
    } room;
};

/* Checks the parts and brings them in order. in is borrowed until free. alloc may be NULL.
 * Errors: INVALID, NOMEM; after an error there is nothing to free. */
int sigv4__canonical_init(struct sigv4__canonical *c, const struct sigv4_to_sign *in,
                          const struct sigv4_alloc *alloc);
void sigv4__canonical_write(const struct sigv4__canonical *c, struct sigv4__sink *sink);
/* "host;x-amz-date"; encoded: "host%3Bx-amz-date", as part of a query. */
void sigv4__canonical_signed_headers(const struct sigv4__canonical *c, struct sigv4__sink *sink,
                                     bool encoded);
void sigv4__canonical_free(struct sigv4__canonical *c);
#endif
