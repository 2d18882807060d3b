/* What a request says about who signed it: the Authorization header or the X-Amz-* query of a
 * presigned URL, taken apart but not yet believed. */
#ifndef KLOCAL_AUTHORIZATION_H
#define KLOCAL_AUTHORIZATION_H

#include <stdbool.h>
#include <stdint.h>

#include "header.h"
#include "text.h"

enum authorization_form {
    AUTHORIZATION_NONE,
    AUTHORIZATION_HEADER,
    AUTHORIZATION_QUERY,
    AUTHORIZATION_BOTH,
    AUTHORIZATION_OTHER_SCHEME
};

struct authorization {
    enum authorization_form form;
    char *access_key;
    char *scope; /* date/region/service/terminator as sent */
    char *date;  /* the four parts of scope */
    char *region;
    char *service;
    char *terminator;
    char *signed_headers;
    char *signature;
    char timestamp[17]; /* X-Amz-Date, or Date in the same spelling */
    int64_t timestamp_ms;
    int64_t expires_s;   /* query form */
    const char *token;   /* borrowed from the request, NULL: none */
    struct text problem; /* why it cannot be used; empty: complete */
    bool bad_expires;
    bool bad_credential;
};

void authorization_read(struct authorization *auth, const struct header_list *headers,
                        const struct header_list *params);
void authorization_free(struct authorization *auth);

#endif
