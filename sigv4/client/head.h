#ifndef CLIENT_HEAD_H
#define CLIENT_HEAD_H
/* The head of one attempt: URL and headers with date, token and signature, in x->head. */
#include "client/exchange.h"

int sigv4__head_build(struct sigv4__exchange *x, const char **url, struct sigv4_error *err);
/* The same target as a URL that carries its signature, into x->presign. */
int sigv4__head_presign(struct sigv4__exchange *x, struct sigv4_error *err);
#endif
