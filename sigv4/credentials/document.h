#ifndef CREDENTIALS_DOCUMENT_H
#define CREDENTIALS_DOCUMENT_H
/* The JSON documents in which container endpoints, IMDS and credential processes hand out keys. */
#include <sigv4/credentials.h>

enum sigv4__document_kind {
    SIGV4__DOCUMENT_CONTAINER, /* AccessKeyId SecretAccessKey Token Expiration AccountId */
    SIGV4__DOCUMENT_IMDS,      /* the same, with Code and Message when HTTP 200 is a lie */
    SIGV4__DOCUMENT_PROCESS    /* Version 1, SessionToken for Token */
};
struct sigv4__document {
    enum sigv4__document_kind kind;
    struct sigv4_slice text;
    const char *origin;     /* of the keys, and the start of messages */
    const char *account_id; /* when the document names none; may be NULL */
};

/* Errors: NO_CREDENTIALS with the document's Code, or code "MalformedDocument"; NOMEM. */
int sigv4__document_read(struct sigv4_credentials **out, const struct sigv4__document *document,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err);

/* What an endpoint says about a failed request, in a JSON body: fills code (64 bytes) and message
 * (200 bytes); both empty when it says nothing readable. */
void sigv4__document_complaint(struct sigv4_slice body, const struct sigv4_alloc *alloc,
                               char code[64], char message[200]);
#endif
