/* An answer while it is being made: status, headers, and a body from memory or from an object. */
#ifndef KLOCAL_RESPONSE_H
#define KLOCAL_RESPONSE_H

#include <microhttpd.h>
#include <stdint.h>

#include "content.h"
#include "header.h"
#include "text.h"

struct response {
    unsigned status;
    struct header_list headers;
    struct text body;
    struct content *content; /* instead of body: length bytes from offset */
    uint64_t offset;
    uint64_t length;
    struct MHD_Response *ready; /* or an answer made once for many, not ours to change or free */
    struct MHD_Response *made;  /* or one that only lacks its headers */
};

void response_header(struct response *response, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Drops what was written so far. */
void response_clear(struct response *response);
void response_free(struct response *response);
/* The headers on another body; an answer of NULL fails. */
enum MHD_Result response_queue(const struct response *response, struct MHD_Response *answer,
                               struct MHD_Connection *connection, const char *date);
enum MHD_Result response_send(struct response *response, struct MHD_Connection *connection,
                              const char *date);

#endif
