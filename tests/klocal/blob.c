/* Stored bytes in memory or in the shared sparse file. */
#include "blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define PAGE 4096u

bool blob_store_open(struct blob_store *store, const char *folder)
{
    char path[4096];
    const char *base = folder != NULL ? folder : getenv("TMPDIR");
    if (snprintf(path, sizeof path, "%s/klocal-XXXXXX", base != NULL ? base : "/tmp") >=
        (int)sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    store->fd = mkostemp(path, O_CLOEXEC);
    if (store->fd < 0)
        return false;
    unlink(path);
    pthread_mutex_init(&store->lock, NULL);
    store->next = 0;
    return true;
}

void blob_store_close(struct blob_store *store)
{
    if (store->fd >= 0)
        close(store->fd);
    store->fd = -1;
    pthread_mutex_destroy(&store->lock);
}

struct blob *blob_new(struct blob_store *store, uint64_t room)
{
    struct blob *blob = memory_take(1, sizeof *blob);
    blob->store = store;
    atomic_init(&blob->references, 1);
    blob->room = room;
    if (room <= BLOB_MEMORY_LIMIT) {
        blob->memory = memory_take(1, 1);
        return blob;
    }
    pthread_mutex_lock(&store->lock);
    blob->offset = store->next;
    store->next += (room + PAGE - 1) / PAGE * PAGE;
    pthread_mutex_unlock(&store->lock);
    return blob;
}

static bool all_zero(const unsigned char *p, size_t length)
{
    return length > 0 && p[0] == 0 && memcmp(p, p + 1, length - 1) == 0;
}

static bool write_all(int fd, const unsigned char *p, size_t length, uint64_t offset)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, p, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

/* Runs of zero pages become holes; everything else is written in as few calls as possible. */
static bool write_sparse(struct blob *blob, const unsigned char *p, size_t length)
{
    uint64_t at = blob->offset + blob->size;
    size_t start = 0, i = 0;
    while (i < length) {
        size_t part = PAGE - (size_t)((at + i) % PAGE);
        if (part > length - i)
            part = length - i;
        if (all_zero(p + i, part)) {
            if (!write_all(blob->store->fd, p + start, i - start, at + start))
                return false;
            start = i + part;
        }
        i += part;
    }
    return write_all(blob->store->fd, p + start, length - start, at + start);
}

bool blob_append(struct blob *blob, const void *bytes, size_t length)
{
    if (length > blob->room - blob->size) {
        errno = EFBIG;
        return false;
    }
    if (blob->memory == NULL) {
        if (!write_sparse(blob, bytes, length))
            return false;
    } else if (length > 0) {
        if (blob->size + length >= blob->capacity) {
            blob->capacity = (blob->size + length) * 2;
            blob->memory = memory_grow(blob->memory, blob->capacity, 1);
        }
        memcpy(blob->memory + blob->size, bytes, length);
    }
    blob->size += length;
    return true;
}

bool blob_read(const struct blob *blob, uint64_t offset, void *out, size_t length)
{
    unsigned char *p = out;
    if (offset > blob->size || length > blob->size - offset)
        return false;
    if (blob->memory != NULL) {
        if (length > 0)
            memcpy(p, blob->memory + offset, length);
        return true;
    }
    while (length > 0) {
        ssize_t n = pread(blob->store->fd, p, length, (off_t)(blob->offset + offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0) { /* a hole at the end of the file */
            memset(p, 0, length);
            return true;
        }
        p += n;
        offset += (uint64_t)n;
        length -= (size_t)n;
    }
    return true;
}

struct blob *blob_hold(struct blob *blob)
{
    atomic_fetch_add(&blob->references, 1);
    return blob;
}

void blob_release(struct blob *blob)
{
    if (blob == NULL || atomic_fetch_sub(&blob->references, 1) != 1)
        return;
    if (blob->memory == NULL)
        fallocate(blob->store->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)blob->offset,
                  (off_t)((blob->room + PAGE - 1) / PAGE * PAGE));
    free(blob->memory);
    free(blob);
}
