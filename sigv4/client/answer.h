#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H
/* What comes back in one attempt: headers, and a body that is collected within bounds. */
#include "base/buffer.h"

#include <sigv4/client.h>

struct sigv4__answer {
    struct sigv4_response response;     /* first: what users hold points here */
    struct sigv4__buffer headers, body; /* headers: name NUL value NUL ... */
    uint64_t max_body;
    bool too_large; /* the body went over max_body */
    bool enough;    /* of an error, the rest of the body was cut off */
    bool streamed;  /* bytes were handed to on_chunk */
};

/* reuse may be NULL; it is the answer's from here on. */
void sigv4__answer_init(struct sigv4__answer *a, const struct sigv4_alloc *alloc, uint64_t max_body,
                        void *reuse, size_t reuse_cap);
void sigv4__answer_free(struct sigv4__answer *a);
void sigv4__answer_clear(struct sigv4__answer *a); /* for the next attempt */
void sigv4__answer_header(struct sigv4__answer *a, struct sigv4_slice name,
                          struct sigv4_slice value);
/* GO_ON, or STOP when it must not grow further. */
enum sigv4_flow sigv4__answer_collect(struct sigv4__answer *a, struct sigv4_slice chunk,
                                      bool is_error);
struct sigv4_slice sigv4__answer_find(const struct sigv4__answer *a, const char *name);
#endif
