#ifndef TRANSFER_TARGET_H
#define TRANSFER_TARGET_H
/* The file a download becomes: written under another name beside it, and only moved to its own when
 * everything is there. */
#include <sigv4/status.h>

struct s3__target {
    const struct sigv4_alloc *alloc;
    char *path, *temporary; /* whole paths */
    int fd;                 /* of the temporary; -1: not open */
    int error;              /* errno of what failed first */
    const char *doing;      /* what failed: "write" */
    /* For the last step. */
    int64_t modified_unix_ms; /* 0: leave it */
    bool sync;
    bool committed; /* or discarded: the temporary's name is no more */
};
/* Errors: NOMEM, IO (a folder). is_flow: path is there and no regular file. */
int s3__target_init(struct s3__target *t, const char *path, const struct sigv4_alloc *alloc,
                    bool *is_flow, struct sigv4_error *err);
void s3__target_free(struct s3__target *t); /* closes; zeroed memory is fine */
/* Makes the temporary, of the length it will have; random makes its name. Errors: NOMEM, IO. */
int s3__target_create(struct s3__target *t, uint64_t length, uint32_t random);
/* Opens an earlier temporary of that name (without folder). Errors: NOMEM, IO, NOT_FOUND (none
 * such, or of another length). */
int s3__target_reopen(struct s3__target *t, const char *name, uint64_t length);
/* All of it. Errors: IO. */
int s3__target_write(struct s3__target *t, uint64_t offset, struct sigv4_slice bytes);
int s3__target_read(struct s3__target *t, uint64_t offset, void *buf, size_t cap, size_t *got);
/* Syncs, closes and renames. Blocks; on any thread, and without the allocator. Errors: IO. */
int s3__target_commit(struct s3__target *t);
void s3__target_discard(struct s3__target *t);           /* removes the temporary */
const char *s3__target_name(const struct s3__target *t); /* of the temporary, without folder */
/* Fills err from error and doing. */
void s3__target_explain(const struct s3__target *t, struct sigv4_error *err);
#endif
