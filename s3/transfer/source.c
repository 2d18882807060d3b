/* Sources that can be read anywhere. */
#include "transfer/source.h"

#include "base/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t ns_of(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A descriptor that was given is read from where it stands. */
static void look_at(struct s3__source *s, const struct stat *info)
{
    off_t at = s->own_fd ? 0 : lseek(s->fd, 0, SEEK_CUR);
    s->is_pipe = !S_ISREG(info->st_mode) || at < 0;
    if (s->is_pipe)
        return;
    s->base = (uint64_t)at;
    s->length = info->st_size > at ? (uint64_t)(info->st_size - at) : 0;
    s->modified_ns = ns_of(info->st_mtim);
}

static int open_path(struct s3__source *s, const char *path, struct sigv4_error *err)
{
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    s->own_fd = s->fd >= 0;
    if (s->fd < 0) {
        int error = errno;
        sigv4__fail(err, SIGV4_E_IO, "cannot open %.200s: %s", path, strerror(error));
        if (err)
            err->os_errno = error;
        return SIGV4_E_IO;
    }
    return SIGV4_OK;
}

int s3__source_open(struct s3__source *s, const struct s3_upload *u, struct sigv4_error *err)
{
    struct stat info;
    *s = (struct s3__source){.fd = -1};
    if (u->path && u->read)
        return sigv4__fail(err, SIGV4_E_INVALID, "an upload has one source: path or read");
    if (u->read) {
        s->read = u->read;
        s->ctx = u->ctx;
        s->length = u->length;
        return SIGV4_OK;
    }
    if (u->path && open_path(s, u->path, err))
        return SIGV4_E_IO;
    if (!u->path)
        s->fd = u->fd;
    int error = fstat(s->fd, &info) ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (error == 0) {
        look_at(s, &info);
        return SIGV4_OK;
    }
    s3__source_close(s);
    sigv4__fail(err, SIGV4_E_IO, "cannot read %.200s: %s", u->path ? u->path : "the descriptor",
                strerror(error));
    if (err)
        err->os_errno = error;
    return SIGV4_E_IO;
}

void s3__source_close(struct s3__source *s)
{
    if (s->own_fd)
        close(s->fd);
    s->own_fd = false;
    s->fd = -1;
}

bool s3__source_changed(struct s3__source *s)
{
    struct stat info;
    if (s->fd < 0 || s->is_pipe)
        return false;
    s->changed |= fstat(s->fd, &info) != 0 || (uint64_t)info.st_size != s->base + s->length ||
                  ns_of(info.st_mtim) != s->modified_ns;
    return s->changed;
}

int s3__source_read(struct s3__source *s, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    if (s->read)
        return s->read(s->ctx, offset, buf, cap, got);
    ssize_t n;
    do
        n = pread(s->fd, buf, cap, (off_t)(s->base + offset));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        s->error = errno;
    s->ended_early |= n == 0 && cap > 0;
    *got = n > 0 ? (size_t)n : 0;
    /* The end is handed out only of a file that is what it was. */
    if (n > 0 && offset + *got >= s->length && s3__source_changed(s))
        return SIGV4_E_CONFLICT;
    return n > 0 ? SIGV4_OK : SIGV4_E_IO;
}
