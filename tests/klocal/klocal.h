/* The whole of a running klocal: what every service can reach. */
#ifndef KLOCAL_KLOCAL_H
#define KLOCAL_KLOCAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "blob.h"
#include "clock.h"
#include "credential.h"
#include "options.h"

struct stream;
struct bucket;
struct fault_list;
struct subscription_slot;

struct counter {
    char name[64];
    uint64_t count;
};

struct klocal {
    struct options options;
    struct clock clock;
    struct credential_store credentials;
    struct blob_store blobs;
    unsigned char secret[32]; /* seals iterators and page tokens */

    pthread_mutex_t lock;   /* everything below */
    pthread_cond_t changed; /* a record arrived, or klocal is stopping */
    bool stopping;
    struct stream **streams; /* by name */
    size_t stream_count;
    uint64_t stream_ids;
    uint64_t sequence_counter;
    uint64_t sequence_micros;
    struct bucket **buckets; /* by name */
    size_t bucket_count;
    struct fault_list *faults;
    struct subscription_slot *slots; /* who reads which shard by fan-out */
    size_t slot_count;
    _Atomic uint64_t requests;
    _Atomic unsigned connections; /* open ones */
    struct counter *counters;     /* requests by operation */
    size_t counter_count;
};

/* Counts a request of this service and operation. Takes the lock. */
void klocal_count(struct klocal *klocal, const char *service, const char *operation);
/* Waits, at most this long; false when klocal is stopping. */
bool klocal_sleep_ms(struct klocal *klocal, int64_t ms);
/* Forgets all streams, buckets and faults, and sets the clock right. The lock is held. */
void klocal_reset(struct klocal *klocal);

#endif
