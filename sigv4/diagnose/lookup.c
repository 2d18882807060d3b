/* A host name's addresses. The resolver may sit for half a minute where no name server answers; it
 * gets a thread of its own, which is left behind when the time is up and cleans up after itself. */
#include "diagnose/lookup.h"

#include "base/fail.h"
#include "diagnose/address.h"
#include "diagnose/thread.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct errand {
    atomic_uint holders; /* the asker and the thread */
    int bell;            /* an eventfd, rung when found is written */
    char host[256];
    uint16_t port;
    void (*look)(const struct errand *e, struct sigv4__lookup *out);
    struct sigv4__lookup found;
};

/* ---- on the thread ---- */

static void ask_system(const struct errand *e, struct sigv4__lookup *out)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    snprintf(port, sizeof port, "%u", (unsigned)e->port);
    out->error = getaddrinfo(e->host, port, &hints, &list);
    out->os_errno = out->error == EAI_SYSTEM ? errno : 0;
    if (out->error)
        return;
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        bool known = a->ai_family == AF_INET || a->ai_family == AF_INET6;
        if (known && out->count < sizeof out->addresses / sizeof *out->addresses)
            memcpy(&out->addresses[out->count++], a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(list);
}

static void ask_server(const struct errand *e, struct sigv4__lookup *out)
{
    unsigned char answer[2048];
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state))
        return;
    state.retrans = 1;
    state.retry = 1;
    int n = res_nquery(&state, e->host, ns_c_in, ns_t_a, answer, sizeof answer);
    if (n > 0 &&
        !sigv4__dns_read(answer, n < (int)sizeof answer ? (size_t)n : sizeof answer, e->port, out))
        out->count = 0;
    res_nclose(&state);
}

static void errand_release(struct errand *e)
{
    if (atomic_fetch_sub(&e->holders, 1) != 1)
        return;
    close(e->bell);
    free(e);
}

static void *run(void *ctx)
{
    struct errand *e = ctx;
    e->look(e, &e->found);
    const uint64_t ring = 1;
    while (write(e->bell, &ring, sizeof ring) < 0 && errno == EINTR)
        ;
    errand_release(e);
    return NULL;
}

/* ---- who asks ---- */

static struct errand *errand_new(const char *host, uint16_t port)
{
    struct errand *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (e->bell < 0) {
        free(e);
        return NULL;
    }
    sigv4__fixed_copy(e->host, sizeof e->host, sigv4_str(host));
    e->port = port;
    atomic_init(&e->holders, 2);
    return e;
}

static void wait_for(struct errand *e, uint32_t timeout_ms, struct sigv4__lookup *out)
{
    uint64_t rings;
    struct pollfd bell = {.fd = e->bell, .events = POLLIN};
    double until = sigv4__now_ms() + timeout_ms;
    int ready = 0;
    do {
        double left = until - sigv4__now_ms();
        ready = poll(&bell, 1, left > 0 ? (int)left + 1 : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0 && read(e->bell, &rings, sizeof rings) == (ssize_t)sizeof rings)
        *out = e->found;
    else
        out->timed_out = true;
}

static int send_errand(struct errand *e, uint32_t timeout_ms, struct sigv4__lookup *out)
{
    double start_ms = sigv4__now_ms();
    int status = sigv4__thread_start(NULL, run, e, true);
    if (status)
        errand_release(e); /* the thread's share: there is none */
    else
        wait_for(e, timeout_ms, out);
    errand_release(e);
    out->ms = sigv4__now_ms() - start_ms;
    return status;
}

int sigv4__lookup_run(const char *host, uint16_t port, uint32_t timeout_ms,
                      struct sigv4__lookup *out)
{
    memset(out, 0, sizeof *out);
    if (sigv4__address_parse(host, port, &out->addresses[0])) {
        out->count = 1;
        return SIGV4_OK;
    }
    struct errand *e = errand_new(host, port);
    if (!e)
        return SIGV4_E_NOMEM;
    e->look = ask_system;
    return send_errand(e, timeout_ms, out);
}

int sigv4__lookup_ask_server(const char *host, uint16_t port, uint32_t timeout_ms,
                             struct sigv4__lookup *out)
{
    memset(out, 0, sizeof *out);
    struct errand *e = errand_new(host, port);
    if (!e)
        return SIGV4_E_NOMEM;
    e->look = ask_server;
    return send_errand(e, timeout_ms, out);
}
