/* Files that appear only when they are complete. */
#include "transfer/target.h"

#include "base/fail.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_KEPT = 200, SMALL = 1 << 20 }; /* of 255: the rest is ours */

static int failed(struct s3__target *t, const char *doing)
{
    if (t->error == 0) {
        t->error = errno ? errno : EIO;
        t->doing = doing;
    }
    return SIGV4_E_IO;
}

void s3__target_explain(const struct s3__target *t, struct sigv4_error *err)
{
    sigv4__fail(err, SIGV4_E_IO, "cannot %s %.200s: %s", t->doing, t->path, strerror(t->error));
    err->os_errno = t->error;
}

int s3__target_init(struct s3__target *t, const char *path, const struct sigv4_alloc *alloc,
                    bool *is_flow, struct sigv4_error *err)
{
    struct stat info;
    memset(t, 0, sizeof *t);
    t->alloc = alloc;
    t->fd = -1;
    t->path = sigv4__string_copy(alloc, sigv4_str(path));
    if (!t->path)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    *is_flow = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    if (*is_flow && S_ISDIR(info.st_mode)) {
        sigv4__fail(err, SIGV4_E_IO, "cannot write %.200s: %s", path, strerror(EISDIR));
        if (err)
            err->os_errno = EISDIR;
        return SIGV4_E_IO;
    }
    return SIGV4_OK;
}

void s3__target_free(struct s3__target *t)
{
    if (!t->alloc)
        return;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    sigv4__string_free(t->alloc, t->path);
    sigv4__string_free(t->alloc, t->temporary);
    t->alloc = NULL;
}

/* Where the last part of the path begins. */
static size_t name_at(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

const char *s3__target_name(const struct s3__target *t)
{
    return t->temporary ? t->temporary + name_at(t->temporary) : "";
}

/* folder of path + name */
static int set_temporary(struct s3__target *t, const char *name)
{
    size_t folder = name_at(t->path), n = folder + strlen(name) + 1;
    char *text = sigv4__alloc_get(t->alloc, n);
    if (!text)
        return SIGV4_E_NOMEM;
    memcpy(text, t->path, folder);
    memcpy(text + folder, name, n - folder);
    sigv4__string_free(t->alloc, t->temporary);
    t->temporary = text;
    return SIGV4_OK;
}

int s3__target_create(struct s3__target *t, uint64_t length, uint32_t random)
{
    char name[256];
    snprintf(name, sizeof name, ".%.*s.%08x.part", NAME_KEPT, t->path + name_at(t->path),
             (unsigned)random);
    if (set_temporary(t, name))
        return SIGV4_E_NOMEM;
    t->fd = open(t->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (t->fd < 0)
        return failed(t, "create a file beside");
    /* No room is better known now than after an hour; where that cannot be asked, a hole does. */
    if (length > SMALL && fallocate(t->fd, 0, 0, (off_t)length) && errno == ENOSPC)
        return failed(t, "write");
    if (ftruncate(t->fd, (off_t)length))
        return failed(t, "write");
    return SIGV4_OK;
}

int s3__target_reopen(struct s3__target *t, const char *name, uint64_t length)
{
    struct stat info;
    if (set_temporary(t, name))
        return SIGV4_E_NOMEM;
    t->fd = open(t->temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (t->fd < 0)
        return SIGV4_E_NOT_FOUND;
    if (fstat(t->fd, &info) == 0 && S_ISREG(info.st_mode) && (uint64_t)info.st_size == length)
        return SIGV4_OK;
    close(t->fd);
    t->fd = -1;
    return SIGV4_E_NOT_FOUND;
}

int s3__target_write(struct s3__target *t, uint64_t offset, struct sigv4_slice bytes)
{
    const char *p = bytes.ptr;
    for (size_t done = 0; done < bytes.len;) {
        errno = 0;
        ssize_t n = pwrite(t->fd, p + done, bytes.len - done, (off_t)(offset + done));
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return failed(t, "write");
    }
    return SIGV4_OK;
}

int s3__target_read(struct s3__target *t, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    ssize_t n;
    do
        n = pread(t->fd, buf, cap, (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n <= 0) {
        errno = n < 0 ? errno : EIO;
        return failed(t, "read back");
    }
    *got = (size_t)n;
    return SIGV4_OK;
}

/* What is replaced keeps its permissions. */
static void adopt_mode(struct s3__target *t)
{
    struct stat info;
    if (stat(t->path, &info) == 0 && S_ISREG(info.st_mode))
        (void)fchmod(t->fd, info.st_mode & 07777);
}

static void set_time(struct s3__target *t)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)(t->modified_unix_ms / 1000),
                                 .tv_nsec = (long)(t->modified_unix_ms % 1000) * 1000000}};
    if (t->modified_unix_ms > 0)
        (void)futimens(t->fd, times);
}

/* A new name outlives a power failure only when its folder was written too. */
static void sync_folder(const struct s3__target *t)
{
    char folder[4096];
    size_t n = name_at(t->path);
    if (n >= sizeof folder)
        return;
    memcpy(folder, t->path, n);
    strcpy(folder + n, n ? "" : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

int s3__target_commit(struct s3__target *t)
{
    adopt_mode(t);
    set_time(t);
    if (t->sync && fsync(t->fd) && errno != EINVAL)
        return failed(t, "write");
    int fd = t->fd;
    t->fd = -1;
    if (close(fd))
        return failed(t, "write");
    if (rename(t->temporary, t->path))
        return failed(t, "replace");
    t->committed = true;
    if (t->sync)
        sync_folder(t);
    return SIGV4_OK;
}

void s3__target_discard(struct s3__target *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    if (t->temporary && !t->committed)
        unlink(t->temporary);
    t->committed = true;
}
