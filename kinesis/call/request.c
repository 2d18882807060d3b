/* The form of a request of Kinesis. */
#include "call/request.h"

#include <stdio.h>

void kinesis__request_init(struct kinesis__request *r, const char *operation,
                           struct kinesis_place *place, const struct sigv4_slice *body)
{
    snprintf(r->target, sizeof r->target, "Kinesis_20131202.%s", operation);
    r->headers[0] =
        (struct sigv4_header){SIGV4_LIT("Content-Type"), SIGV4_LIT("application/x-amz-json-1.1")};
    r->headers[1] = (struct sigv4_header){SIGV4_LIT("X-Amz-Target"), sigv4_str(r->target)};
    r->to_send = (struct sigv4_request){
        .size = sizeof r->to_send,
        .service_id = "KINESIS",
        .resolve = kinesis_resolve,
        .resolve_ctx = place,
        .operation = operation,
        .method = SIGV4_LIT("POST"),
        .path = SIGV4_LIT("/"),
        .headers = r->headers,
        .header_count = sizeof r->headers / sizeof *r->headers,
        .body = body,
        .body_count = 1,
    };
}
