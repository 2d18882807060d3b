/* The bytes of an S3 object: one blob, or the blobs of its parts one after the other. Shared by
 * the object, its copies, and the answers being sent. */
#ifndef KLOCAL_CONTENT_H
#define KLOCAL_CONTENT_H

#include <stdatomic.h>

#include "blob.h"

struct content {
    _Atomic unsigned references;
    struct blob **blobs;
    uint64_t *starts; /* offset of each blob; one more than blobs: the total */
    size_t count;
};

struct content *content_new(struct blob **blobs, size_t count); /* holds the blobs */
struct content *content_hold(struct content *content);
void content_release(struct content *content);
uint64_t content_size(const struct content *content);
/* Reads up to length bytes; fewer only at the end. -1 when the disk fails. */
ssize_t content_read(const struct content *content, uint64_t offset, void *out, size_t length);

#endif
