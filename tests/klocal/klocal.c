/* Waiting that a stop interrupts, and forgetting everything. */
#include "klocal.h"

#include <stdlib.h>
#include <time.h>

#include "s3_state.h"
#include "stream.h"

bool klocal_sleep_ms(struct klocal *klocal, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&klocal->lock);
    int result = 0;
    while (!klocal->stopping && result == 0)
        result = pthread_cond_timedwait(&klocal->changed, &klocal->lock, &until);
    bool running = !klocal->stopping;
    pthread_mutex_unlock(&klocal->lock);
    return running;
}

void klocal_reset(struct klocal *klocal)
{
    for (size_t i = 0; i < klocal->stream_count; i++)
        stream_free(klocal->streams[i]);
    free(klocal->streams);
    klocal->streams = NULL;
    klocal->stream_count = 0;
    s3_reset(klocal);
    pthread_cond_broadcast(&klocal->changed);
}
