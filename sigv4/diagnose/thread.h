#ifndef DIAGNOSE_THREAD_H
#define DIAGNOSE_THREAD_H
/* Threads of the diagnosis, and the clock they go by. */
#include <pthread.h>
#include <sigv4/status.h>

/* Without signals: the program's handlers shall not run on a thread it does not know. out may be
 * NULL when detached. NOMEM when there is no thread to be had. */
int sigv4__thread_start(pthread_t *out, void *(*run)(void *), void *ctx, bool detached);
/* Milliseconds of a clock that never goes back. */
double sigv4__now_ms(void);
#endif
