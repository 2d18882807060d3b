/* A host name's addresses. The resolver may sit for half a minute where no name server answers; it
 * gets a thread of its own, which is left behind when the time is up and cleans up after itself. */
#include "diagnose/lookup.h"

#include "base/fail.h"
#include "diagnose/address.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct errand {
    pthread_mutex_t mutex;
    pthread_cond_t done_changed;
    unsigned holders; /* the asker and the thread */
    bool done;
    char host[256], port[8];
    int error, os_errno;
    struct addrinfo *list;
};

double sigv4__now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

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
    snprintf(e->port, sizeof e->port, "%u", (unsigned)port);
    e->holders = 1;
    return e;
}

static void errand_release(struct errand *e)
{
    pthread_mutex_lock(&e->mutex);
    bool last = --e->holders == 0;
    pthread_mutex_unlock(&e->mutex);
    if (!last)
        return;
    if (e->list)
        freeaddrinfo(e->list);
    pthread_cond_destroy(&e->done_changed);
    pthread_mutex_destroy(&e->mutex);
    free(e);
}

static void *run(void *ctx)
{
    struct errand *e = ctx;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = getaddrinfo(e->host, e->port, &hints, &list);
    int os_errno = error == EAI_SYSTEM ? errno : 0;
    pthread_mutex_lock(&e->mutex);
    e->error = error;
    e->os_errno = os_errno;
    e->list = error ? NULL : list;
    e->done = true;
    pthread_cond_signal(&e->done_changed);
    pthread_mutex_unlock(&e->mutex);
    errand_release(e);
    return NULL;
}

/* Without signals: the program's handlers shall not run on a thread it does not know. */
static int start(struct errand *e)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e->holders++;
    int failed = pthread_create(&thread, &attributes, run, e);
    if (failed)
        e->holders--;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed ? SIGV4_E_NOMEM : SIGV4_OK;
}

static bool wait_for(struct errand *e, uint32_t timeout_ms)
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
    bool done = e->done;
    pthread_mutex_unlock(&e->mutex);
    return done;
}

static void take_answer(const struct errand *e, struct sigv4__lookup *out)
{
    out->error = e->error;
    out->os_errno = e->os_errno;
    for (const struct addrinfo *a = e->list; a; a = a->ai_next) {
        bool known = a->ai_family == AF_INET || a->ai_family == AF_INET6;
        if (known && out->count < sizeof out->addresses / sizeof *out->addresses)
            memcpy(&out->addresses[out->count++], a->ai_addr, a->ai_addrlen);
    }
}

int sigv4__lookup_run(const char *host, uint16_t port, uint32_t timeout_ms,
                      struct sigv4__lookup *out)
{
    double start_ms = sigv4__now_ms();
    memset(out, 0, sizeof *out);
    if (sigv4__address_parse(host, port, &out->addresses[0])) {
        out->count = 1;
        return SIGV4_OK;
    }
    struct errand *e = errand_new(host, port);
    if (!e)
        return SIGV4_E_NOMEM;
    int status = start(e);
    if (!status) {
        out->timed_out = !wait_for(e, timeout_ms);
        if (!out->timed_out)
            take_answer(e, out);
    }
    errand_release(e);
    out->ms = sigv4__now_ms() - start_ms;
    return status;
}
