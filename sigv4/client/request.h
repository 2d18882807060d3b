#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H
/* Checking a caller's request and keeping what must outlive the call. */
#include <sigv4/client.h>

int sigv4__request_check(const struct sigv4_request *request, struct sigv4_error *err);
/* Copies method, path, query, headers, hash and the body's segment list into one block (free block,
 * block_size with alloc). The body's bytes stay where they are. */
int sigv4__request_copy(const struct sigv4_request *request, const struct sigv4_alloc *alloc,
                        struct sigv4_request *out, void **block, size_t *block_size);
#endif
