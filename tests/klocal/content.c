/* The bytes of an S3 object. */
#include "content.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct content *content_new(struct blob **blobs, size_t count)
{
    struct content *content = memory_take(1, sizeof *content);
    atomic_init(&content->references, 1);
    content->blobs = memory_take(count, sizeof(struct blob *));
    content->starts = memory_take(count + 1, sizeof(uint64_t));
    content->count = count;
    for (size_t i = 0; i < count; i++) {
        content->blobs[i] = blob_hold(blobs[i]);
        content->starts[i + 1] = content->starts[i] + blobs[i]->size;
    }
    return content;
}

struct content *content_hold(struct content *content)
{
    atomic_fetch_add(&content->references, 1);
    return content;
}

void content_release(struct content *content)
{
    if (content == NULL || atomic_fetch_sub(&content->references, 1) != 1)
        return;
    for (size_t i = 0; i < content->count; i++)
        blob_release(content->blobs[i]);
    free(content->blobs);
    free(content->starts);
    free(content);
}

uint64_t content_size(const struct content *content)
{
    return content->starts[content->count];
}

/* The blob that holds an offset below the size. */
static size_t find(const struct content *content, uint64_t offset)
{
    size_t low = 0, high = content->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (content->starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

ssize_t content_read(const struct content *content, uint64_t offset, void *out, size_t length)
{
    unsigned char *p = out;
    size_t done = 0;
    while (done < length && offset < content_size(content)) {
        size_t i = find(content, offset);
        uint64_t left = content->starts[i + 1] - offset;
        size_t n = left < length - done ? (size_t)left : length - done;
        if (!blob_read(content->blobs[i], offset - content->starts[i], p + done, n))
            return -1;
        done += n;
        offset += n;
    }
    return (ssize_t)done;
}
