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
    _Atomic uint64_t requests;
};

/* Waits, at most this long; false when klocal is stopping. */
bool klocal_sleep_ms(struct klocal *klocal, int64_t ms);
/* Forgets all streams and buckets. The lock is held. */
void klocal_reset(struct klocal *klocal);

#endif
