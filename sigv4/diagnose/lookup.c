/* A host name's addresses. The resolver may sit for half a minute where no name server answers; it
 * gets a thread of its own, which is left behind when the time is up and cleans up after itself. */
#include "diagnose/lookup.h"

#include "base/fail.h"
#include "diagnose/address.h"
#include "diagnose/thread.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct errand {
    pthread_mutex_t mutex;
    pthread_cond_t done_changed;
    unsigned holders; /* the asker and the thread */
    bool done;
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
    pthread_mutex_lock(&e->mutex);
    bool last = --e->holders == 0;
    pthread_mutex_unlock(&e->mutex);
    if (!last)
        return;
    pthread_cond_destroy(&e->done_changed);
    pthread_mutex_destroy(&e->mutex);
    free(e);
}

static void *run(void *ctx)
{
    struct errand *e = ctx;
    struct sigv4__lookup found;
    memset(&found, 0, sizeof found);
    e->look(e, &found);
    pthread_mutex_lock(&e->mutex);
    e->found = found;
    e->done = true;
    pthread_cond_signal(&e->done_changed);
    pthread_mutex_unlock(&e->mutex);
    errand_release(e);
    return NULL;
}

/* ---- who asks ---- */

static struct errand *errand_new(const char *host, uint16_t port)
{
    struct errand *e = calloc(1, sizeof *e);
    pthread_condattr_t attributes;
    if (!e)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->mutex, NULL);
    pthread_cond_init(&e->done_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigv4__fixed_copy(e->host, sizeof e->host, sigv4_str(host));
    e->port = port;
    e->holders = 2;
    return e;
}

static void wait_for(struct errand *e, uint32_t timeout_ms, struct sigv4__lookup *out)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&e->mutex);
    while (!e->done && rc == 0)
        rc = pthread_cond_timedwait(&e->done_changed, &e->mutex, &until);
    if (e->done)
        *out = e->found;
    else
        out->timed_out = true;
    pthread_mutex_unlock(&e->mutex);
}

static int send_errand(struct errand *e, uint32_t timeout_ms, struct sigv4__lookup *out)
{
    double start_ms = sigv4__now_ms();
    int status = sigv4__thread_start(NULL, run, e, true);
    if (status)
        e->holders--; /* no thread: nobody else holds it */
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
