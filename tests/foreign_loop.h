#ifndef TESTS_FOREIGN_LOOP_H
#define TESTS_FOREIGN_LOOP_H
/* A poll() of the caller's, which a loop can be embedded in. Include it after cmocka's headers. */
#include <poll.h>
#include <sigv4/loop.h>

struct foreign_loop {
    struct pollfd fds[64];
    nfds_t count;
    int timeout_ms;
};

static inline void foreign_loop_watch(void *ctx, int fd, unsigned events)
{
    struct foreign_loop *f = ctx;
    short wanted =
        (short)((events & SIGV4_READABLE ? POLLIN : 0) | (events & SIGV4_WRITABLE ? POLLOUT : 0));
    nfds_t i = 0;
    while (i < f->count && f->fds[i].fd != fd)
        i++;
    assert_true(i < sizeof f->fds / sizeof *f->fds);
    if (i == f->count)
        f->count++;
    f->fds[i] = (struct pollfd){fd, wanted, 0};
    if (!events)
        f->fds[i] = f->fds[--f->count];
}

static inline void foreign_loop_set_timer(void *ctx, int timeout_ms)
{
    ((struct foreign_loop *)ctx)->timeout_ms = timeout_ms;
}

static inline void foreign_loop_embed(struct foreign_loop *f, struct sigv4_loop *loop)
{
    struct sigv4_loop_hooks hooks = {sizeof hooks, f, foreign_loop_watch, foreign_loop_set_timer};
    *f = (struct foreign_loop){.timeout_ms = -1};
    assert_int_equal(sigv4_loop_embed(loop, &hooks, NULL), SIGV4_OK);
}

/* Waits once, and passes on what was waited for. */
static inline void foreign_loop_turn(struct foreign_loop *f, struct sigv4_loop *loop)
{
    int n = poll(f->fds, f->count, f->timeout_ms);
    assert_true(n >= 0);
    if (n == 0) {
        assert_int_equal(sigv4_loop_timer_fired(loop), SIGV4_OK);
        return;
    }
    struct foreign_loop now = *f; /* the set changes while it is walked */
    for (nfds_t i = 0; i < now.count; i++) {
        unsigned events = (now.fds[i].revents & (POLLIN | POLLHUP | POLLERR) ? SIGV4_READABLE : 0) |
                          (now.fds[i].revents & POLLOUT ? SIGV4_WRITABLE : 0);
        if (events)
            assert_int_equal(sigv4_loop_fired(loop, now.fds[i].fd, events), SIGV4_OK);
    }
}
#endif
