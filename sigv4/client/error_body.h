#ifndef CLIENT_ERROR_BODY_H
#define CLIENT_ERROR_BODY_H
/* What the body of a failure says, as far as it can be read: JSON, XML, or a page of some proxy. */
#include <sigv4/status.h>

enum { SIGV4__ERROR_BODY_MAX = 64 * 1024 }; /* further bytes are not looked at */

struct sigv4__error_body {
    char code[128]; /* as written, with namespace or URL; "" when there is none */
    char message[1024];
    char request_id[64];
    bool foreign; /* neither of the services' forms: message is an excerpt of its text */
};
/* Never fails: what cannot be read stays empty. */
void sigv4__error_body_read(struct sigv4_slice body, struct sigv4__error_body *out);
#endif
