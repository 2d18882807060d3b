/* A thread for a descriptor that may block. It waits in poll, never in read or write of a pipe, so
 * that it can be stopped at any time. */
#include "transfer/pipe.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SURE_TO_FIT = 4096, AT_ONCE = 1 << 20 }; /* POLLOUT promises a pipe PIPE_BUF bytes */

struct s3__pipe {
    struct sigv4_job back_job;
    struct sigv4_loop *loop;
    const struct sigv4_alloc *alloc;
    s3__piece_fn *on_piece;
    void *ctx;
    bool writes, is_socket;
    int fd, own_fd, wake_fd; /* own_fd: the same pipe, opened anew without blocking; or -1 */
    size_t step;             /* how much may be written at once */
    pthread_t thread;
    atomic_bool stopped;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct s3__piece *to_do, **to_do_last;
    struct s3__piece *finished, **finished_last;
    bool over, posted;
};

static void append(struct s3__piece ***last, struct s3__piece *piece)
{
    piece->next = NULL;
    **last = piece;
    *last = &piece->next;
}

/* ---- the thread ---- */

/* 0: ready; else ECANCELED. */
static int wait_ready(struct s3__pipe *p, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = p->writes ? POLLOUT : POLLIN},
                            {.fd = p->wake_fd, .events = POLLIN}};
    while (!atomic_load(&p->stopped)) {
        int n = poll(fds, 2, -1);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0 && fds[0].revents)
            return 0;
    }
    return ECANCELED;
}

static ssize_t move(struct s3__pipe *p, int fd, char *bytes, size_t n)
{
    if (!p->writes)
        return read(fd, bytes, n);
    n = n < p->step ? n : p->step;
    return p->is_socket ? send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) : write(fd, bytes, n);
}

static void work_on(struct s3__pipe *p, struct s3__piece *piece)
{
    int fd = p->own_fd >= 0 ? p->own_fd : p->fd;
    size_t done = 0;
    piece->error = 0;
    while (done < piece->length) {
        piece->error = wait_ready(p, fd);
        if (piece->error)
            break;
        ssize_t n = move(p, fd, piece->bytes + done, piece->length - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0) {
            piece->end = true;
            break;
        } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            piece->error = errno;
            break;
        }
    }
    piece->length = done;
}

static struct s3__piece *take(struct s3__pipe *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->to_do && !p->over)
        pthread_cond_wait(&p->more, &p->lock);
    struct s3__piece *piece = p->to_do;
    if (piece) {
        p->to_do = piece->next;
        if (!p->to_do)
            p->to_do_last = &p->to_do;
    }
    pthread_mutex_unlock(&p->lock);
    return piece;
}

static void *run(void *ctx)
{
    struct s3__pipe *p = ctx;
    for (struct s3__piece *piece; (piece = take(p));) {
        work_on(p, piece);
        pthread_mutex_lock(&p->lock);
        append(&p->finished_last, piece);
        bool post = !p->posted;
        p->posted = true;
        pthread_mutex_unlock(&p->lock);
        if (post)
            sigv4_loop_post(p->loop, &p->back_job);
    }
    return NULL;
}

/* ---- the loop ---- */

static void run_back(struct sigv4_job *job)
{
    struct s3__pipe *p = (struct s3__pipe *)((char *)job - offsetof(struct s3__pipe, back_job));
    pthread_mutex_lock(&p->lock);
    struct s3__piece *piece = p->finished;
    p->finished = NULL;
    p->finished_last = &p->finished;
    p->posted = false;
    pthread_mutex_unlock(&p->lock);
    while (piece) {
        struct s3__piece *next = piece->next;
        /* The owner may free the pipe with its last piece. */
        p->on_piece(p->ctx, piece);
        piece = next;
    }
}

void s3__pipe_submit(struct s3__pipe *pipe, struct s3__piece *piece)
{
    piece->error = 0;
    piece->end = false;
    pthread_mutex_lock(&pipe->lock);
    append(&pipe->to_do_last, piece);
    pthread_cond_signal(&pipe->more);
    pthread_mutex_unlock(&pipe->lock);
}

void s3__pipe_stop(struct s3__pipe *pipe)
{
    uint64_t one = 1;
    atomic_store(&pipe->stopped, true);
    while (write(pipe->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

/* ---- life ---- */

/* Writing to a pipe without blocking takes an open description of our own: the one we were given is
 * shared with whoever started us. */
static void prepare_writing(struct s3__pipe *p)
{
    struct stat info;
    char name[64];
    p->step = AT_ONCE;
    if (fstat(p->fd, &info))
        return;
    p->is_socket = S_ISSOCK(info.st_mode);
    if (S_ISFIFO(info.st_mode)) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", p->fd);
        p->own_fd = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    }
    if (!p->is_socket && !S_ISREG(info.st_mode) && p->own_fd < 0)
        p->step = SURE_TO_FIT;
}

static int start_thread(struct s3__pipe *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    int error = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error ? SIGV4_E_IO : SIGV4_OK;
}

static int pipe_new(struct s3__pipe **out, struct sigv4_loop *loop, const struct s3__pipe *what)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(loop);
    struct s3__pipe *p = sigv4__alloc_get(alloc, sizeof *p);
    if (!p)
        return SIGV4_E_NOMEM;
    *p = *what;
    p->loop = loop;
    p->alloc = alloc;
    p->back_job.run = run_back;
    p->own_fd = -1;
    p->to_do_last = &p->to_do;
    p->finished_last = &p->finished;
    atomic_init(&p->stopped, false);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    if (p->writes)
        prepare_writing(p);
    p->wake_fd = eventfd(0, EFD_CLOEXEC);
    int status = p->wake_fd < 0 ? SIGV4_E_IO : start_thread(p);
    if (status) {
        p->over = true;
        p->loop = NULL; /* no thread to wait for */
        s3__pipe_free(p);
        return status;
    }
    *out = p;
    return SIGV4_OK;
}

int s3__pipe_new_reader(struct s3__pipe **out, struct sigv4_loop *loop, int fd,
                        s3__piece_fn *on_piece, void *ctx)
{
    struct s3__pipe what = {.on_piece = on_piece, .ctx = ctx, .fd = fd};
    return pipe_new(out, loop, &what);
}

int s3__pipe_new_writer(struct s3__pipe **out, struct sigv4_loop *loop, int fd,
                        s3__piece_fn *on_piece, void *ctx)
{
    struct s3__pipe what = {.on_piece = on_piece, .ctx = ctx, .fd = fd, .writes = true};
    return pipe_new(out, loop, &what);
}

void s3__pipe_free(struct s3__pipe *pipe)
{
    if (!pipe)
        return;
    const struct sigv4_alloc *alloc = pipe->alloc;
    if (pipe->loop) {
        pthread_mutex_lock(&pipe->lock);
        pipe->over = true;
        pthread_cond_signal(&pipe->more);
        pthread_mutex_unlock(&pipe->lock);
        pthread_join(pipe->thread, NULL);
    }
    if (pipe->wake_fd >= 0)
        close(pipe->wake_fd);
    if (pipe->own_fd >= 0)
        close(pipe->own_fd);
    pthread_mutex_destroy(&pipe->lock);
    pthread_cond_destroy(&pipe->more);
    sigv4__alloc_put(alloc, pipe, sizeof *pipe);
}
