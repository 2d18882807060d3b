/* Stored bytes: small ones in memory, large ones in one unlinked file that all blobs share. A blob
 * is written once, then shared by reference count. Zero pages are left as holes, so a sparse
 * upload of 5 GiB costs no disk. */
#ifndef KLOCAL_BLOB_H
#define KLOCAL_BLOB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BLOB_MEMORY_LIMIT ((size_t)1 << 20)

struct blob_store {
    int fd;
    pthread_mutex_t lock;
    uint64_t next; /* first free offset of the file */
};

struct blob {
    struct blob_store *store;
    _Atomic unsigned references;
    unsigned char *memory; /* NULL: in the file */
    uint64_t offset;       /* in the file */
    uint64_t room;         /* in the file */
    uint64_t size;
    size_t capacity; /* of memory */
};

bool blob_store_open(struct blob_store *store, const char *folder); /* errno on failure */
void blob_store_close(struct blob_store *store);

/* room: the most bytes that will be appended. */
struct blob *blob_new(struct blob_store *store, uint64_t room);
bool blob_append(struct blob *blob, const void *bytes, size_t length);
bool blob_read(const struct blob *blob, uint64_t offset, void *out, size_t length);
struct blob *blob_hold(struct blob *blob);
void blob_release(struct blob *blob);

#endif
