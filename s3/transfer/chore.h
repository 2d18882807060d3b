#ifndef TRANSFER_CHORE_H
#define TRANSFER_CHORE_H
/* Something that blocks, done on a thread of its own; the loop hears when it is done. */
#include <pthread.h>
#include <sigv4/loop.h>

struct s3__chore {
    struct sigv4_job job; /* first */
    struct sigv4_loop *loop;
    pthread_t thread;
    bool threaded;
    void (*work)(void *ctx); /* on the thread; not the loop's */
    void (*done)(void *ctx); /* on the loop; not where users may be called */
    void *ctx;
};
/* The chore's memory must live until done. Where no thread can be made it is done at once, and told
 * later all the same. */
void s3__chore_start(struct s3__chore *chore, struct sigv4_loop *loop);
#endif
