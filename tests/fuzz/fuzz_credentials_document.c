/* Any bytes as any of the documents keys come in. */
#include "credentials/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    char code[64], message[200];
    for (int kind = SIGV4__DOCUMENT_CONTAINER; kind <= SIGV4__DOCUMENT_PROCESS; kind++) {
        struct sigv4__document document = {
            (enum sigv4__document_kind)kind, {data, size}, "x", NULL};
        if (sigv4__document_read(&creds, &document, NULL, &err) == SIGV4_OK)
            sigv4_credentials_release(creds);
    }
    sigv4__document_complaint(sigv4_bytes(data, size), NULL, code, message);
    return 0;
}
