#ifndef KINESIS_CALL_REQUEST_H
#define KINESIS_CALL_REQUEST_H
/* What all requests have in common: a header names the operation, the body is its input. */
#include <kinesis/endpoint.h>
#include <sigv4/client.h>

struct kinesis__request {
    struct sigv4_request to_send; /* the caller adds the rest, and sends it from where it is */
    struct sigv4_header headers[2];
    char target[64];
};

/* operation: "PutRecords". Static text; place and body must live until on_done. */
void kinesis__request_init(struct kinesis__request *r, const char *operation,
                           struct kinesis_place *place, const struct sigv4_slice *body);
#endif
