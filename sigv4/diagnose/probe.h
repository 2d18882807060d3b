#ifndef DIAGNOSE_PROBE_H
#define DIAGNOSE_PROBE_H
/* Routes, TCP connections and TLS handshakes, tried to see what becomes of them. */
#include <sigv4/diagnose.h>
#include <sys/socket.h>

struct sigv4__attempt {
    int os_errno;  /* 0: connected */
    bool no_route; /* os_errno is the kernel's, before any packet left */
    double ms;
};
/* All at the same time, within timeout_ms; what has no outcome then has ETIMEDOUT. */
void sigv4__probe_connect(const struct sockaddr_storage *list, size_t count, uint32_t timeout_ms,
                          struct sigv4__attempt *out);

enum sigv4__handshake {
    SIGV4__HANDSHAKE_DONE,
    SIGV4__HANDSHAKE_FAILED, /* TLS was begun */
    SIGV4__HANDSHAKE_NO_WAY  /* it did not come to that: a proxy refused */
};
/* Does TLS come about, whatever the certificate says? By proxy (as configured), or with NULL to the
 * address and port in through ("203.0.113.7:443"). text: one line on what failed. */
enum sigv4__handshake sigv4__probe_handshake(const char *host, uint16_t port, const char *through,
                                             const char *proxy, uint32_t timeout_ms,
                                             char text[128]);
#endif
