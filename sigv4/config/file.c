/* Small files, read whole. */
#include "config/file.h"

#include "base/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_errno(struct sigv4_error *err, const char *what, const char *label, int cause)
{
    bool missing = cause == ENOENT || cause == ENOTDIR;
    int status = sigv4__fail(err, missing ? SIGV4_E_NOT_FOUND : SIGV4_E_IO, "%s %s: %s", what,
                             label, strerror(cause));
    if (err)
        err->os_errno = cause;
    return status;
}

/* Room for all of a regular file and one byte to see its end: the block never moves, so that no
 * unwiped copy of a secret stays behind. */
static size_t room_for(int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        return (size_t)st.st_size + 1;
    return 64 << 10;
}

static int read_all(int fd, const char *label, struct sigv4__buffer *out, struct sigv4_error *err)
{
    size_t room = room_for(fd), left = out->max - out->len;
    int status = sigv4__buffer_reserve(out, room < left ? room : left);
    while (!status) {
        if (out->len == out->max)
            return sigv4__fail(err, SIGV4_E_TOO_LARGE, "%s: larger than %zu bytes", label,
                               out->max - 1);
        if (out->len == out->cap && (status = sigv4__buffer_reserve(out, 1)))
            break;
        ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);
        if (n == 0)
            return SIGV4_OK;
        if (n < 0 && errno != EINTR)
            return fail_errno(err, "cannot read", label, errno);
        if (n > 0)
            out->len += (size_t)n;
    }
    return sigv4__fail(err, status, "%s reading %s", sigv4_status_text(status), label);
}

int sigv4__file_read(const char *path, const char *label, struct sigv4__buffer *out,
                     struct sigv4_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_errno(err, "cannot open", label, errno);
    int status = read_all(fd, label, out, err);
    close(fd);
    return status;
}
