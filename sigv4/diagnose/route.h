#ifndef DIAGNOSE_ROUTE_H
#define DIAGNOSE_ROUTE_H
/* The way the kernel would send a packet: interface, gateway, source address. */
#include <sigv4/diagnose.h>
#include <sys/socket.h>

struct sigv4__route {
    unsigned interface;           /* its index; 0: not said */
    char gateway[64], source[64]; /* "" when not said */
};
/* Asks by netlink, which needs no rights and sends nothing. false: no route, or no answer. */
bool sigv4__route_ask(const struct sockaddr_storage *to, struct sigv4__route *out);
/* Reads one answer of the kernel. Pure. false: an error message, or none of a route. */
bool sigv4__route_read(const void *bytes, size_t len, struct sigv4__route *out);
#endif
