#ifndef TRANSFER_PIPE_H
#define TRANSFER_PIPE_H
/* Blocking file descriptors and the loop: a thread that fills or writes pieces of memory, in the
 * order they were handed over, and gives each back on the loop. */
#include <sigv4/loop.h>

struct s3__pipe;
struct s3__piece {
    struct s3__piece *next;
    char *bytes;
    size_t length; /* in: to be filled, or written; out of a reader: filled, less only at the end */
    int error;     /* out: errno, ECANCELED when the pipe was stopped before */
    bool end;      /* out of a reader: nothing comes after these bytes */
};
/* On the loop; not where users may be called. */
typedef void s3__piece_fn(void *ctx, struct s3__piece *piece);

/* fd stays the caller's, and open until s3__pipe_free. Errors: NOMEM, IO (no thread). */
int s3__pipe_new_reader(struct s3__pipe **out, struct sigv4_loop *loop, int fd,
                        s3__piece_fn *on_piece, void *ctx);
int s3__pipe_new_writer(struct s3__pipe **out, struct sigv4_loop *loop, int fd,
                        s3__piece_fn *on_piece, void *ctx);
/* @thread loop. The piece comes back through on_piece, once. */
void s3__pipe_submit(struct s3__pipe *pipe, struct s3__piece *piece);
/* @thread loop. What is under way and what waits comes back soon, with ECANCELED. */
void s3__pipe_stop(struct s3__pipe *pipe);
/* @thread loop. When no piece is out; ends the thread. NULL is fine. */
void s3__pipe_free(struct s3__pipe *pipe);
#endif
