/* A program, its two pipes, and the timer that looks after them. */
#include "credentials/child.h"

#include "base/buffer.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_LOOK_MS = 1, LONGEST_LOOK_MS = 20, MAX_COMPLAINT = 4096, MAX_READS = 32 };

struct sigv4__child {
    struct sigv4_loop *loop;
    const struct sigv4_alloc *alloc; /* the loop's */
    struct sigv4_timer *timer;
    sigv4__child_fn *done;
    void *ctx;
    pid_t pid;
    int pipes[2]; /* its stdout and stderr; -1: at the end */
    struct sigv4__buffer texts[2];
    int64_t end_ms, look_ms;
    bool canceled;
};

static void close_pipe(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void child_free(struct sigv4__child *child)
{
    sigv4_timer_free(child->timer);
    for (int i = 0; i < 2; i++) {
        close_pipe(&child->pipes[i]);
        sigv4__buffer_free_secret(&child->texts[i]);
    }
    sigv4__alloc_put(child->alloc, child, sizeof *child);
}

/* ---- the end ---- */

static void finish(struct sigv4__child *child, int status, int wait_status)
{
    struct sigv4__child_result result = {
        .status = status,
        .exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1,
        .signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0,
        .output = sigv4__buffer_view(&child->texts[0]),
    };
    struct sigv4_slice complaint = sigv4__trim(sigv4__buffer_view(&child->texts[1]));
    complaint = sigv4__first(complaint, sigv4__find(complaint, '\n'));
    sigv4__fixed_copy(result.complaint, sizeof result.complaint, complaint);
    child->done(child->ctx, &result);
    child_free(child);
}

static void kill_it(struct sigv4__child *child, int status)
{
    int ignored = 0;
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &ignored, 0) < 0 && errno == EINTR) {
    }
    finish(child, status, 0);
}

/* ---- looking after it ---- */

static int store(struct sigv4__child *child, int i, const char *bytes, size_t n)
{
    struct sigv4__buffer *text = &child->texts[i];
    size_t room = text->cap - text->len;
    sigv4__buffer_append(text, bytes, n < room ? n : room);
    return i == 0 && n > room ? SIGV4_E_TOO_LARGE : SIGV4_OK;
}

/* Takes what the pipe has now. Too much on stdout is an error; of stderr the start is enough. */
static int drain(struct sigv4__child *child, int i)
{
    char chunk[4096];
    int status = SIGV4_OK;
    for (int reads = 0; reads < MAX_READS && !status && child->pipes[i] >= 0; reads++) {
        ssize_t n = read(child->pipes[i], chunk, sizeof chunk);
        if (n > 0)
            status = store(child, i, chunk, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            break;
        else if (n == 0 || errno != EINTR)
            close_pipe(&child->pipes[i]);
    }
    OPENSSL_cleanse(chunk, sizeof chunk);
    return status;
}

static int64_t now_ms(const struct sigv4__child *child)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(child->loop);
    return clock->mono_ms(clock->ctx);
}

static void look(void *ctx)
{
    struct sigv4__child *child = ctx;
    int wait_status = 0;
    /* Asked before reading: what an ended program wrote is in the pipes by now. Somebody else may
     * have reaped it (a SIGCHLD handler of the program we are part of): then its output decides. */
    pid_t ended = waitpid(child->pid, &wait_status, WNOHANG);
    bool gone = ended == child->pid || (ended < 0 && errno == ECHILD);
    int status = child->canceled ? SIGV4_E_CANCELED : drain(child, 0);
    drain(child, 1);
    if (gone) {
        finish(child, status, wait_status);
    } else if (status || now_ms(child) >= child->end_ms) {
        kill_it(child, status ? status : SIGV4_E_TIMEOUT);
    } else {
        sigv4_timer_set(child->timer, child->look_ms);
        child->look_ms *= child->look_ms < LONGEST_LOOK_MS ? 2 : 1;
    }
}

/* ---- the start ---- */

/* The child's side of a pipe; ours does not block. */
static int make_pipe(int *ours, int *theirs)
{
    int both[2];
    if (pipe2(both, O_CLOEXEC))
        return errno;
    *ours = both[0];
    *theirs = both[1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) ? errno : 0;
}

/* Only what it should have: no descriptors of ours, no blocked or ignored signals. */
static int spawn(struct sigv4__child *child, char *const *argv, const int theirs[2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 2 && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(&actions, theirs[i], i + 1);
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
#endif
#endif
    if (!rc)
        rc = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Whole blocks at once, so that no unwiped part stays behind. */
static int prepare(struct sigv4__child *child)
{
    static const size_t sizes[] = {SIGV4__CHILD_MAX_OUTPUT, MAX_COMPLAINT};
    for (int i = 0; i < 2; i++) {
        sigv4__buffer_init(&child->texts[i], child->alloc, sizes[i]);
        if (sigv4__buffer_reserve(&child->texts[i], sizes[i]))
            return SIGV4_E_NOMEM;
    }
    return sigv4_timer_new(&child->timer, child->loop, look, child);
}

int sigv4__child_start(struct sigv4__child **out, struct sigv4_loop *loop,
                       const struct sigv4__child_order *order, int *os_errno)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(loop);
    struct sigv4__child *child = sigv4__alloc_zero(alloc, 1, sizeof *child);
    int theirs[2] = {-1, -1};
    *os_errno = 0;
    if (!child)
        return SIGV4_E_NOMEM;
    *child = (struct sigv4__child){.loop = loop,
                                   .alloc = alloc,
                                   .done = order->done,
                                   .ctx = order->ctx,
                                   .pipes = {-1, -1},
                                   .look_ms = FIRST_LOOK_MS};
    int status = prepare(child);
    for (int i = 0; i < 2 && !status && !*os_errno; i++)
        *os_errno = make_pipe(&child->pipes[i], &theirs[i]);
    if (!status && !*os_errno)
        *os_errno = spawn(child, order->argv, theirs);
    close_pipe(&theirs[0]);
    close_pipe(&theirs[1]);
    if (status || *os_errno) {
        child_free(child);
        return status ? status : *os_errno == ENOMEM ? SIGV4_E_NOMEM : SIGV4_E_IO;
    }
    child->end_ms = now_ms(child) + order->timeout_ms;
    sigv4_timer_set(child->timer, child->look_ms);
    *out = child;
    return SIGV4_OK;
}

void sigv4__child_cancel(struct sigv4__child *child)
{
    child->canceled = true;
    sigv4_timer_set(child->timer, 0);
}
