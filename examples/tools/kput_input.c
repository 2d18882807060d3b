/* Cutting a stream of bytes into records. */
#include "kput_input.h"

#include <errno.h>
#include <poll.h>
#include <sigv4/status.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BLOCK = 128 * 1024, KEY_BYTES = 4096 };

void input_open(struct input *in, int fd, int stop_fd, struct sigv4_slice delimiter)
{
    *in = (struct input){.fd = fd,
                         .stop_fd = stop_fd,
                         .delimiter = delimiter,
                         .most = RECORD_BYTES + KEY_BYTES + delimiter.len};
}

void input_close(struct input *in)
{
    free(in->block);
    in->block = NULL;
}

/* Makes room behind what is there: first by moving it to the front, then by growing. */
static int make_room(struct input *in)
{
    size_t kept = in->end - in->begin;
    if (in->begin) {
        memmove(in->block, in->block + in->begin, kept);
        in->begin = 0;
        in->end = kept;
    }
    if (in->end < in->cap)
        return SIGV4_OK;
    if (in->cap > in->most)
        return SIGV4_E_TOO_LARGE;
    size_t cap = in->cap ? in->cap * 2 : FIRST_BLOCK;
    char *grown = realloc(in->block, cap);
    if (!grown)
        return SIGV4_E_NOMEM;
    in->block = grown;
    in->cap = cap;
    return SIGV4_OK;
}

/* Waits until something can be read; false: nobody wants it any more. */
static bool await(const struct input *in)
{
    struct pollfd fds[] = {{in->fd, POLLIN, 0}, {in->stop_fd, POLLIN, 0}};
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR && errno != EAGAIN)
            return true; /* read says what is wrong */
    return !fds[1].revents;
}

/* What is there is taken: a slow writer's lines must not wait for a full block. */
static int read_more(struct input *in)
{
    ssize_t n;
    int rc = make_room(in);
    if (rc)
        return rc;
    do {
        if (!await(in)) {
            in->over = in->stopped = true;
            return SIGV4_OK;
        }
        n = read(in->fd, in->block + in->end, in->cap - in->end);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        return SIGV4_E_IO;
    in->end += (size_t)n;
    in->over = n == 0;
    return SIGV4_OK;
}

static char *find(const struct input *in, size_t from)
{
    const char *at = in->block + in->begin + from;
    size_t n = in->end - in->begin - from;
    if (in->delimiter.len == 1)
        return memchr(at, *(const char *)in->delimiter.ptr, n);
    return memmem(at, n, in->delimiter.ptr, in->delimiter.len);
}

/* Reads on until behind the next delimiter. */
static int skip(struct input *in)
{
    size_t overlap = in->delimiter.len - 1;
    int rc = SIGV4_OK;
    while (!rc && !in->over) {
        char *hit = find(in, 0);
        if (hit) {
            in->begin = (size_t)(hit - in->block) + in->delimiter.len;
            return SIGV4_E_TOO_LARGE;
        }
        if (in->end - in->begin > overlap)
            in->begin = in->end - overlap;
        rc = read_more(in);
    }
    if (in->over && find(in, 0))
        in->begin = (size_t)(find(in, 0) - in->block) + in->delimiter.len;
    else
        in->begin = in->end;
    return rc ? rc : SIGV4_E_TOO_LARGE;
}

int input_next(struct input *in, struct sigv4_slice *record)
{
    size_t looked = 0, overlap = in->delimiter.len - 1;
    for (;;) {
        size_t there = in->end - in->begin;
        char *hit = there > looked ? find(in, looked) : NULL;
        if (hit || (in->over && there && !in->stopped)) {
            char *from = in->block + in->begin;
            *record = sigv4_bytes(from, hit ? (size_t)(hit - from) : there);
            in->begin += record->len + (hit ? in->delimiter.len : 0);
            return record->len > in->most ? SIGV4_E_TOO_LARGE : 1;
        }
        looked = there > overlap ? there - overlap : 0;
        int rc = in->over ? SIGV4_OK : read_more(in);
        if (rc == SIGV4_E_TOO_LARGE)
            return skip(in);
        if (rc || (in->over && (in->begin == in->end || in->stopped)))
            return rc;
    }
}

int input_whole(struct input *in, struct sigv4_slice *record)
{
    int rc = SIGV4_OK;
    in->most = RECORD_BYTES;
    while (!rc && !in->over)
        rc = read_more(in);
    *record = sigv4_bytes(in->block + in->begin, in->end - in->begin);
    if (rc || in->stopped)
        return rc;
    return record->len > in->most ? SIGV4_E_TOO_LARGE : 1;
}

int input_begins(struct input *in, struct sigv4_slice bytes)
{
    int rc = SIGV4_OK;
    for (;;) {
        size_t there = in->end - in->begin, n = there < bytes.len ? there : bytes.len;
        if (n && memcmp(in->block + in->begin, bytes.ptr, n) != 0)
            return 0;
        if (n == bytes.len || in->over)
            return n == bytes.len;
        rc = read_more(in);
        if (rc)
            return rc;
    }
}
