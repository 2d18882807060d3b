/* One thread that waits for the signals which ask a tool to stop. */
#include "interrupt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* A process has one set of signals: the one place where a tool's state is global. */
static struct {
    sigset_t signals;
    pthread_mutex_t mutex; /* of asked */
    void (*asked)(void *ctx), (*again)(void *ctx);
    void *ctx;
    atomic_bool happened;
    atomic_int number;
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* false: nobody listens. */
static bool ask(bool again)
{
    pthread_mutex_lock(&watch.mutex);
    void (*asked)(void *ctx) = again ? watch.again : watch.asked;
    if (asked)
        asked(watch.ctx);
    pthread_mutex_unlock(&watch.mutex);
    return asked != NULL;
}

static void *wait_for_signals(void *arg)
{
    int number = 0;
    (void)arg;
    if (sigwait(&watch.signals, &number))
        return NULL;
    atomic_store(&watch.number, number);
    atomic_store(&watch.happened, true);
    (void)ask(false);
    /* Whoever asks again means it. */
    if (sigwait(&watch.signals, &number) || (ask(true) && sigwait(&watch.signals, &number)))
        return NULL;
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &watch.signals, NULL);
    raise(number);
    return NULL;
}

bool interrupt_watch(void (*asked)(void *ctx), void *ctx)
{
    pthread_t thread;
    watch.asked = asked;
    watch.ctx = ctx;
    sigemptyset(&watch.signals);
    sigaddset(&watch.signals, SIGINT);
    sigaddset(&watch.signals, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &watch.signals, NULL) ||
        pthread_create(&thread, NULL, wait_for_signals, NULL))
        return false;
    pthread_detach(thread);
    return true;
}

void interrupt_again(void (*again)(void *ctx))
{
    pthread_mutex_lock(&watch.mutex);
    watch.again = again;
    pthread_mutex_unlock(&watch.mutex);
}

void interrupt_forget(void)
{
    pthread_mutex_lock(&watch.mutex);
    watch.asked = watch.again = NULL;
    pthread_mutex_unlock(&watch.mutex);
}

bool interrupt_was_asked(void)
{
    return atomic_load(&watch.happened);
}

int interrupt_signal(void)
{
    return atomic_load(&watch.number);
}
