#ifndef TRANSFER_SOURCE_H
#define TRANSFER_SOURCE_H
/* Where the bytes of an upload come from when any of them can be read at any time: a file, or a
 * function. And telling files from pipes. */
#include <s3/transfer.h>

struct s3__source {
    bool is_pipe; /* neither: bytes come once, in order, from fd */
    bool own_fd;
    int fd;        /* -1: read is asked */
    uint64_t base; /* where in the file the bytes begin */
    uint64_t length;
    uint64_t modified_ns;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    void *ctx;
    int error;        /* errno of the first read that failed */
    bool ended_early; /* there are fewer bytes than there were */
    bool changed;     /* it is not what it was when it was opened */
};
/* Errors: IO (cannot open; a folder), INVALID (two sources). */
int s3__source_open(struct s3__source *s, const struct s3_upload *upload, struct sigv4_error *err);
void s3__source_close(struct s3__source *s); /* only what it opened */
/* As in s3_put. Errors: IO, what read returned, CONFLICT (of the last bytes: it changed). */
int s3__source_read(struct s3__source *s, uint64_t offset, void *buf, size_t cap, size_t *got);
/* Did the file change since it was opened? */
bool s3__source_changed(struct s3__source *s);
#endif
