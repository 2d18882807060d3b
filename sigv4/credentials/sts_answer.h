#ifndef CREDENTIALS_STS_ANSWER_H
#define CREDENTIALS_STS_ANSWER_H
/* What STS answers, in XML (facts 4.5): keys, or a code and a message. */
#include "base/buffer.h"

#include <sigv4/credentials.h>

/* The texts lie in a block that is wiped by free. */
struct sigv4__sts_answer {
    struct sigv4__buffer text;
    struct sigv4_slice access_key_id, secret_access_key, session_token, expiration, arn;
    struct sigv4_slice code, message, request_id; /* of an error */
};
/* Takes the members from any answer of STS: those that are not there are empty. Errors: PROTOCOL
 * (not XML, too deep, too long), NOMEM. free is fine after a failure too. */
int sigv4__sts_answer_parse(struct sigv4__sts_answer *answer, struct sigv4_slice body,
                            const struct sigv4_alloc *alloc);
void sigv4__sts_answer_free(struct sigv4__sts_answer *answer);
#endif
