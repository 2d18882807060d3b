/* Starting threads that no signal goes to. */
#include "diagnose/thread.h"

#include <signal.h>
#include <time.h>

int sigv4__thread_start(pthread_t *out, void *(*run)(void *), void *ctx, bool detached)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes,
                                detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(out ? out : &thread, &attributes, run, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed ? SIGV4_E_NOMEM : SIGV4_OK;
}

double sigv4__now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
