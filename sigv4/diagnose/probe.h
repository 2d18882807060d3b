#ifndef DIAGNOSE_PROBE_H
#define DIAGNOSE_PROBE_H
/* TCP connections, tried to see what becomes of them. */
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
#endif
