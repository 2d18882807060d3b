/* A checkpoint in a file that is always whole. */
#include "base/buffer.h"
#include "base/fail.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <kinesis/checkpoint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 128 * 1024 * 1024, MAX_PATH = 4096, BLOCK = 64 * 1024 };

static int fail_errno(struct sigv4_error *err, const char *path)
{
    int why = errno;
    int rc = sigv4__fail(err, why == ENOENT ? SIGV4_E_NOT_FOUND : SIGV4_E_IO,
                         "checkpoint %.200s: %s", path, strerror(why));
    if (err)
        err->os_errno = why;
    return rc;
}

/* ---- load ---- */

static int read_all(int fd, struct sigv4__buffer *text, const char *path, struct sigv4_error *err)
{
    for (;;) {
        if (sigv4__buffer_reserve(text, BLOCK))
            return sigv4__fail(err, text->failed, "checkpoint %.200s: %s", path,
                               sigv4_status_text(text->failed));
        ssize_t n = read(fd, text->ptr + text->len, BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path);
        if (n == 0)
            return SIGV4_OK;
        text->len += (size_t)n;
    }
}

int kinesis_checkpoint_load(struct kinesis_checkpoint *checkpoint, const char *path,
                            struct sigv4_error *err)
{
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    struct sigv4__buffer text;
    struct sigv4_error why;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, path);
    sigv4__buffer_init(&text, &alloc, MAX_FILE);
    int rc = read_all(fd, &text, path, err);
    if (!rc && (rc = kinesis_checkpoint_parse(checkpoint, sigv4__buffer_view(&text), &why)))
        sigv4__fail(err, rc, "%.200s: %s", path, why.message);
    sigv4__buffer_free(&text);
    close(fd);
    return rc;
}

/* ---- save ---- */

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
    return true;
}

/* The name is on the disk only when its folder is. */
static bool sync_folder(const char *path)
{
    char folder[MAX_PATH];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(n ? n : 1), slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that cannot be read or synced (some network file systems) still holds the file. */
    if (fd < 0)
        return errno == EACCES;
    bool ok = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
    close(fd);
    return ok;
}

/* What a name stands for is replaced, not the link; devices and pipes are left alone. */
static int find_target(const char *path, char target[MAX_PATH], struct sigv4_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (!S_ISREG(info.st_mode))
            return sigv4__fail(err, SIGV4_E_IO, "checkpoint %.200s: it is no regular file", path);
        return realpath(path, target) ? SIGV4_OK : fail_errno(err, path);
    }
    if (errno != ENOENT)
        return fail_errno(err, path);
    snprintf(target, MAX_PATH, "%s", path);
    return SIGV4_OK;
}

static int replace(const char *path, const char *bytes, size_t n, struct sigv4_error *err)
{
    char fresh[MAX_PATH + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return fail_errno(err, fresh);
    bool ok = write_all(fd, bytes, n) && fsync(fd) == 0;
    if (!ok) {
        int rc = fail_errno(err, fresh);
        close(fd);
        unlink(fresh);
        return rc;
    }
    close(fd);
    if (rename(fresh, path) || !sync_folder(path))
        return fail_errno(err, path);
    return SIGV4_OK;
}

int kinesis_checkpoint_save(const struct kinesis_checkpoint *checkpoint, const char *path,
                            struct sigv4_error *err)
{
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    struct sigv4_text text = {NULL, 0, 0};
    char target[MAX_PATH];
    int rc = kinesis_checkpoint_format(checkpoint, &text);
    if (strlen(path) >= MAX_PATH)
        return sigv4__fail(err, SIGV4_E_INVALID, "checkpoint: the path is too long");
    text.cap = text.len;
    text.ptr = sigv4__alloc_get(&alloc, text.cap);
    if (!text.ptr)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a checkpoint");
    rc = kinesis_checkpoint_format(checkpoint, &text);
    if (!rc)
        rc = find_target(path, target, err);
    if (!rc)
        rc = replace(target, text.ptr, text.len, err);
    sigv4__alloc_put(&alloc, text.ptr, text.cap);
    return rc;
}
