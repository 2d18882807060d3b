#ifndef WIRE_HEADERS_H
#define WIRE_HEADERS_H
/* What the headers of an answer say about an object. */
#include <s3/client.h>

/* One header by name, any case; empty when absent. */
typedef struct sigv4_slice s3__header_fn(const void *ctx, const char *name);

/* Content-Range: bytes first-last/total. total is UINT64_MAX for "*". false: malformed. */
struct s3__range {
    uint64_t first, last, total;
};
bool s3__range_parse(struct sigv4_slice text, struct s3__range *out);

/* Fills what headers tell (length, etag, times, checksum, ...; first_byte and byte_count of a
 * body); views point into the answer. A member whose header is absent stays zero or empty.
 * http_status 206 needs a Content-Range. Errors: PROTOCOL. */
int s3__headers_read(struct s3_result *out, int http_status, s3__header_fn *header, const void *ctx,
                     struct sigv4_error *err);
#endif
