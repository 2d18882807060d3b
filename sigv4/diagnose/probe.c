/* TCP connections, tried to see what becomes of them. */
#include "diagnose/probe.h"

#include "diagnose/address.h"
#include "diagnose/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int connect_to(int fd, const struct sockaddr_storage *address)
{
    return connect(fd, (const struct sockaddr *)address, sigv4__address_length(address)) ? errno
                                                                                         : 0;
}

/* What the kernel answers without a route: none, unreachable, blackhole, prohibited, no source
 * address of that family. */
static bool means_no_route(int os_errno)
{
    switch (os_errno) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EINVAL:
    case EACCES:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return true;
    default:
        return false;
    }
}

/* Connecting UDP sends nothing: it only asks for the route. */
static int ask_route(const struct sockaddr_storage *address)
{
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int os_errno = connect_to(fd, address);
    close(fd);
    return os_errno;
}

/* An open descriptor while the outcome is not known; -1 when out says it. */
static int begin(const struct sockaddr_storage *address, struct sigv4__attempt *out)
{
    memset(out, 0, sizeof *out);
    out->os_errno = ask_route(address);
    out->no_route = means_no_route(out->os_errno);
    if (out->no_route)
        return -1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    out->os_errno = fd < 0 ? errno : connect_to(fd, address);
    if (fd >= 0 && out->os_errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void end(struct pollfd *p, struct sigv4__attempt *out, int os_errno, double ms)
{
    close(p->fd);
    p->fd = -1;
    out->os_errno = os_errno;
    out->ms = ms;
}

static int outcome(int fd)
{
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) ? errno : error;
}

static size_t count_open(const struct pollfd *polled, size_t count)
{
    size_t open = 0;
    for (size_t i = 0; i < count; i++)
        open += polled[i].fd >= 0;
    return open;
}

void sigv4__probe_connect(const struct sockaddr_storage *list, size_t count, uint32_t timeout_ms,
                          struct sigv4__attempt *out)
{
    struct pollfd polled[SIGV4_DIAGNOSIS_ADDRESSES];
    double start = sigv4__now_ms();
    if (count > SIGV4_DIAGNOSIS_ADDRESSES)
        count = SIGV4_DIAGNOSIS_ADDRESSES;
    for (size_t i = 0; i < count; i++) {
        polled[i] = (struct pollfd){.fd = begin(&list[i], &out[i]), .events = POLLOUT};
        out[i].ms = sigv4__now_ms() - start;
    }
    while (count_open(polled, count)) {
        double left = start + timeout_ms - sigv4__now_ms();
        /* Also when time is up: whoever slept too long finds answers that came meanwhile. */
        int ready = poll(polled, count, left > 0 ? (int)left + 1 : 0);
        double ms = sigv4__now_ms() - start;
        for (size_t i = 0; i < count; i++) {
            if (polled[i].fd < 0)
                continue;
            if (ready > 0 && polled[i].revents)
                end(&polled[i], &out[i], outcome(polled[i].fd), ms);
            else if (left <= 0)
                end(&polled[i], &out[i], ETIMEDOUT, ms);
        }
    }
}
