#ifndef CREDENTIALS_VEIL_H
#define CREDENTIALS_VEIL_H
/* A small JSON document whose texts stay out of the JSON library's memory. jansson keeps what it
 * scans in scratch blocks that nobody can wipe, so it is shown a copy in which every text value is
 * a number ("SecretAccessKey":"3"); the text itself is decoded from the original when asked for,
 * into memory that is wiped. Names, numbers and the structure are jansson's. */
#include "base/buffer.h"

#include <jansson.h>

enum { SIGV4__VEIL_MAX_BYTES = 64 << 10, SIGV4__VEIL_MAX_TEXTS = 64 };
struct sigv4__veil {
    json_t *root;                                    /* an object */
    struct sigv4_slice texts[SIGV4__VEIL_MAX_TEXTS]; /* as written, between the quotes */
    size_t count;
    struct sigv4__buffer plain; /* what was decoded; does not move */
};

/* document must live as long as the veil. Errors: PROTOCOL (not one JSON object, too long, too many
 * texts; the message says where, never what), NOMEM. close is fine after a failure too. */
int sigv4__veil_open(struct sigv4__veil *veil, struct sigv4_slice document,
                     const struct sigv4_alloc *alloc, struct sigv4_error *err);
void sigv4__veil_close(struct sigv4__veil *veil);

/* A text member of object; empty when it is absent or null. Decode each one once. Errors: PROTOCOL
 * (not a text, or malformed escapes). */
int sigv4__veil_text(struct sigv4__veil *veil, const json_t *object, const char *name,
                     struct sigv4_slice *out);
/* The same as it is written in the document, escapes and all: for writing it into another one. */
int sigv4__veil_raw(const struct sigv4__veil *veil, const json_t *object, const char *name,
                    struct sigv4_slice *out);
#endif
