#ifndef TOOLS_KPUT_TELLER_H
#define TOOLS_KPUT_TELLER_H
/* Who speaks: a thread of its own that writes to stdout and stderr, so that a slow reader of either
 * keeps nobody from sending. What waits to be said is bounded by who listens to teller_wait. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct teller_lines {
    char *text;
    size_t len, cap;
};

struct teller {
    void (*tick)(void *ctx);                             /* twice a second, and at the end */
    bool (*progress)(void *ctx, char *line, size_t cap); /* NULL: nobody looks */
    void *ctx;

    pthread_mutex_t mutex;
    pthread_cond_t grown, shrunk;
    struct teller_lines out, err;
    bool runs, touched, ending;
    pthread_t thread;

    /* The thread's own. */
    bool shown;    /* a line of progress is on the screen */
    int out_error; /* the errno that ended stdout */
    bool lost;     /* a line did not fit into memory */
};

/* Without a thread (begun or not), everything is said at the end. */
void teller_init(struct teller *t);
bool teller_start(struct teller *t);
/* @thread any. */
void teller_out(struct teller *t, const char *text, size_t len);
void teller_err(struct teller *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* @thread any. There is something for a tick to do. */
void teller_touch(struct teller *t);
/* Waits while a lot is still to be said. */
void teller_wait(struct teller *t);
/* Says the rest. 0, or the errno that ended stdout (EPIPE: nobody reads it any more). */
int teller_end(struct teller *t);
#endif
