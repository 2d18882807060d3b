/* One blocking act, off the loop. */
#include "transfer/chore.h"

#include <signal.h>

static void run_done(struct sigv4_job *job)
{
    struct s3__chore *c = (struct s3__chore *)job;
    if (c->threaded)
        pthread_join(c->thread, NULL);
    c->done(c->ctx);
}

static void *run(void *ctx)
{
    struct s3__chore *c = ctx;
    c->work(c->ctx);
    sigv4_loop_post(c->loop, &c->job);
    return NULL;
}

void s3__chore_start(struct s3__chore *chore, struct sigv4_loop *loop)
{
    sigset_t all, before;
    chore->job.run = run_done;
    chore->loop = loop;
    chore->threaded = true; /* read by the loop only after the thread has posted */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&chore->thread, NULL, run, chore);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        chore->threaded = false;
        chore->work(chore->ctx);
        sigv4_loop_post(loop, &chore->job);
    }
}
