#ifndef CLIENT_SERVICE_ERROR_H
#define CLIENT_SERVICE_ERROR_H
/* What a service's failure says: JSON or XML, or neither when a proxy answered. Pure. */
#include <sigv4/status.h>

struct sigv4__error_answer {
    int http_status;
    struct sigv4_slice error_type; /* header x-amzn-errortype, or empty */
    struct sigv4_slice request_id; /* header x-amzn-requestid or x-amz-request-id, or empty */
    struct sigv4_slice body;       /* bounded by the caller; may be cut */
    const char *operation;         /* for the message: "PutRecords" */
    const char *host;
};
/* Fills out: status, http_status, code, request_id, message, retryable. What cannot be read, or not
 * for want of memory, is left out; the HTTP status alone decides then. */
void sigv4__service_error(const struct sigv4__error_answer *in, struct sigv4_error *out);
/* True when a body begins like XML whose root element is Error (S3's failures inside a 200). */
bool sigv4__is_error_xml(struct sigv4_slice body);
#endif
