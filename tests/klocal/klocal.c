/* Waiting that a stop interrupts, and forgetting everything. */
#include "klocal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "memory.h"
#include "s3_state.h"
#include "stream.h"

#define COUNTERS_MAX 200

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

void klocal_count(struct klocal *klocal, const char *service, const char *operation)
{
    char name[64];
    size_t i = 0;
    snprintf(name, sizeof name, "%s:%.48s", service, operation != NULL ? operation : "-");
    pthread_mutex_lock(&klocal->lock);
    while (i < klocal->counter_count && strcmp(klocal->counters[i].name, name) != 0)
        i++;
    if (i == klocal->counter_count && i < COUNTERS_MAX) {
        klocal->counters = memory_grow(klocal->counters, i + 1, sizeof *klocal->counters);
        klocal->counters[klocal->counter_count++] = (struct counter){.count = 0};
        memcpy(klocal->counters[i].name, name, sizeof name);
    }
    if (i < klocal->counter_count)
        klocal->counters[i].count++;
    pthread_mutex_unlock(&klocal->lock);
}

void klocal_reset(struct klocal *klocal)
{
    for (size_t i = 0; i < klocal->stream_count; i++)
        stream_free(klocal->streams[i]);
    free(klocal->streams);
    klocal->streams = NULL;
    klocal->stream_count = 0;
    s3_reset(klocal);
    free(klocal->slots);
    klocal->slots = NULL;
    klocal->slot_count = 0;
    free(klocal->counters);
    klocal->counters = NULL;
    klocal->counter_count = 0;
    fault_clear(klocal);
    atomic_store(&klocal->clock.advance_ms, 0);
    atomic_store(&klocal->clock.skew_ms, 0);
    clock_hold(&klocal->clock, false);
    pthread_cond_broadcast(&klocal->changed);
}
