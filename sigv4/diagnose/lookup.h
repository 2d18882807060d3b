#ifndef DIAGNOSE_LOOKUP_H
#define DIAGNOSE_LOOKUP_H
/* A host name's addresses, within a time that the system's resolver does not keep by itself. */
#include <sigv4/status.h>
#include <sys/socket.h>

struct sigv4__lookup {
    int error; /* EAI_..., 0 */
    int os_errno;
    bool timed_out; /* no answer of any kind */
    double ms;
    size_t count; /* of addresses, ports filled in */
    struct sockaddr_storage addresses[8];
};
/* As programs see the name. An IP address is taken as it is. Errors: NOMEM. */
int sigv4__lookup_run(const char *host, uint16_t port, uint32_t timeout_ms,
                      struct sigv4__lookup *out);
/* As the first name server of /etc/resolv.conf gives it: no hosts file, no cache of this host.
 * IPv4 only. */
int sigv4__lookup_ask_server(const char *host, uint16_t port, uint32_t timeout_ms,
                             struct sigv4__lookup *out);
/* The IPv4 addresses of a DNS answer. Pure; bytes are a stranger's. false: malformed. */
bool sigv4__dns_read(const void *bytes, size_t len, uint16_t port, struct sigv4__lookup *out);
#endif
