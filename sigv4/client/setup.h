#ifndef CLIENT_SETUP_H
#define CLIENT_SETUP_H
/* Filling a new client. */
#include "client/client.h"

/* Reads the files, no network. After a failure the client can be destroyed as it is. */
int sigv4__client_set_up(struct sigv4_client *c, const struct sigv4_client_options *o,
                         struct sigv4_error *err);
#endif
