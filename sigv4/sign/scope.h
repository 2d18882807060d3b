#ifndef SIGN_SCOPE_H
#define SIGN_SCOPE_H
/* When, where and for what a signature holds: "20150830/us-east-1/service/aws4_request". */
#include <sigv4/sign.h>

enum { SIGV4__SCOPE_PART = 64 }; /* the longest region or service; real ones stay below 32 */

struct sigv4__scope {
    char date_time[17];      /* "20150830T123600Z" */
    struct sigv4_slice date; /* its first eight characters */
    struct sigv4_slice region, service;
    struct sigv4_slice text;
    char room[8 + 2 * (1 + SIGV4__SCOPE_PART) + sizeof "/aws4_request"];
};
/* Views point into *scope and into in. Errors: INVALID. */
int sigv4__scope_init(struct sigv4__scope *scope, const struct sigv4_to_sign *in);
#endif
