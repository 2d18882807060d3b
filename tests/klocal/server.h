/* The listeners: plain and TLS, one thread per connection. */
#ifndef KLOCAL_SERVER_H
#define KLOCAL_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "klocal.h"

#define SERVER_LISTENERS (OPTIONS_LIST_MAX + 2)

struct MHD_Daemon;

struct server {
    struct MHD_Daemon *daemons[SERVER_LISTENERS];
    size_t count;
    unsigned port;
    unsigned tls_port;
};

bool server_start(struct server *server, struct klocal *klocal); /* says on stderr why not */
void server_stop(struct server *server);

#endif
