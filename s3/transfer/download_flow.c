/* A download into something that takes bytes in order: parts are fetched side by side into memory
 * and handed out when their turn comes. A part's place is kept from its request on, so that the one
 * whose turn it is always has memory. */
#include "base/fail.h"
#include "base/memory.h"
#include "transfer/download.h"
#include "transfer/pipe.h"

#include <errno.h>

struct place {              /* memory for one part */
    struct s3__piece piece; /* first */
    struct s3__ticket room;
    struct s3__download *download;
    struct s3__hand *hand; /* that fetches it; NULL: none */
    size_t cap;
    bool taken, filled, wants_room;
};
struct s3__flow {
    struct s3__pipe *pipe; /* NULL: the callback */
    struct sigv4_job give_job;
    struct place *places; /* part i is in places[i % count] */
    size_t count;
    uint32_t given; /* parts, from 0, that were handed out */
    uint32_t with_writer;
    uint64_t given_bytes;
    bool halted, posted, paused, failed;
};

static struct place *place_of(struct s3__flow *f, uint32_t index)
{
    return &f->places[index % f->count];
}

static void drop_memory(struct place *p)
{
    sigv4__alloc_put(p->download->op.client->alloc, p->piece.bytes, p->cap);
    p->piece.bytes = NULL;
    p->cap = 0;
    s3__pool_give(&p->room);
}

static void leave(struct place *p)
{
    p->taken = p->filled = p->wants_room = false;
    p->hand = NULL;
    struct s3__download *d = p->download;
    if (d->flow->halted || d->next >= d->plan.count || d->op.client->buffers.first)
        drop_memory(p);
}

/* ---- taking places ---- */

static bool get_memory(struct place *p, size_t size)
{
    if (!p->piece.bytes) {
        p->piece.bytes = sigv4__alloc_get(p->download->op.client->alloc, size);
        p->cap = p->piece.bytes ? size : 0;
    }
    return p->piece.bytes != NULL;
}

static void fail_memory(struct s3__download *d)
{
    struct sigv4_error err;
    sigv4__fail(&err, SIGV4_E_NOMEM, "no memory for a part of %llu bytes",
                (unsigned long long)d->plan.part_size);
    s3__download_fail(d, &err);
}

static void on_room(struct s3__ticket *ticket)
{
    struct place *p = (struct place *)((char *)ticket - offsetof(struct place, room));
    struct s3__hand *hand = p->hand;
    p->wants_room = false;
    if (get_memory(p, (size_t)p->download->plan.part_size)) {
        s3__crew_ready(hand);
        return;
    }
    s3__crew_unused(hand);
    fail_memory(p->download);
}

enum s3__supply s3__flow_next(struct s3__download *d, struct s3__hand *hand)
{
    struct s3__flow *f = d->flow;
    struct place *p = place_of(f, hand->index);
    if (p->taken || f->halted)
        return S3__PART_NONE;
    p->taken = true;
    p->hand = hand;
    uint64_t size = d->plan.count == 1 ? hand->length : d->plan.part_size;
    p->wants_room =
        !p->piece.bytes && !s3__pool_take(&d->op.client->buffers, &p->room, size, on_room);
    if (p->wants_room)
        return S3__PART_LATER;
    if (get_memory(p, (size_t)size))
        return S3__PART_READY;
    leave(p);
    fail_memory(d);
    return S3__PART_NONE;
}

void s3__flow_keep(struct s3__download *d, struct s3__hand *hand, struct sigv4_slice chunk)
{
    memcpy(place_of(d->flow, hand->index)->piece.bytes + hand->moved, chunk.ptr, chunk.len);
}

void s3__flow_drop(struct s3__download *d, struct s3__hand *hand)
{
    struct place *p = place_of(d->flow, hand->index);
    if (p->hand == hand && !p->filled)
        leave(p);
}

/* ---- handing out ---- */

/* Where users may be called. */
static void give_to_user(struct s3__download *d)
{
    struct s3__flow *f = d->flow;
    struct sigv4_error err;
    while (f->given < d->plan.count && place_of(f, f->given)->filled && !f->halted) {
        struct place *p = place_of(f, f->given);
        enum sigv4_flow flow = d->asked.on_chunk(d->op.ctx, &d->so_far, f->given_bytes,
                                                 sigv4_bytes(p->piece.bytes, p->piece.length));
        f->paused = flow == SIGV4_PAUSE;
        if (f->paused)
            return;
        if (flow == SIGV4_STOP) {
            sigv4__fail(&err, SIGV4_E_CANCELED, "stopped by the caller");
            s3__download_fail(d, &err);
            return;
        }
        f->given_bytes += p->piece.length;
        f->given++;
        leave(p);
    }
    s3__crew_run(&d->crew);
}

static void run_give(struct sigv4_job *job)
{
    struct s3__flow *f = (struct s3__flow *)((char *)job - offsetof(struct s3__flow, give_job));
    struct s3__download *d = f->places[0].download;
    f->posted = false;
    if (f->halted)
        s3__download_settle(d);
    else if (!f->paused)
        give_to_user(d);
}

static void post_give(struct s3__download *d)
{
    struct s3__flow *f = d->flow;
    if (f->posted || f->paused)
        return;
    f->posted = true;
    sigv4_loop_notify(d->op.client->loop, &f->give_job);
}

static void give_to_writer(struct s3__download *d)
{
    struct s3__flow *f = d->flow;
    uint32_t index = f->given + f->with_writer;
    while (index < d->plan.count && place_of(f, index)->filled && f->with_writer < f->count) {
        f->with_writer++;
        s3__pipe_submit(f->pipe, &place_of(f, index++)->piece);
    }
}

static void on_written(void *ctx, struct s3__piece *piece)
{
    struct s3__download *d = ctx;
    struct s3__flow *f = d->flow;
    struct sigv4_error err;
    int error = piece->error;
    f->with_writer--;
    f->given++;
    leave((struct place *)piece);
    if (error && !f->halted) {
        sigv4__fail(&err, SIGV4_E_IO, "cannot write: %s", strerror(error));
        err.os_errno = error;
        s3__download_fail(d, &err);
    }
    if (!f->halted)
        give_to_writer(d);
    s3__crew_run(&d->crew);
}

void s3__flow_part(struct s3__download *d, struct s3__hand *hand)
{
    struct s3__flow *f = d->flow;
    struct place *p = place_of(f, hand->index);
    p->filled = true;
    p->hand = NULL;
    p->piece.length = (size_t)hand->length;
    if (f->pipe)
        give_to_writer(d);
    else
        post_give(d);
}

void s3__flow_resume(struct s3__download *d)
{
    if (!d->flow->paused)
        return;
    d->flow->paused = false;
    post_give(d);
}

bool s3__flow_busy(const struct s3__download *d)
{
    return d->flow->with_writer > 0 || d->flow->posted;
}

bool s3__flow_ended(const struct s3__download *d)
{
    return d->flow->given == d->plan.count;
}

/* ---- life ---- */

void s3__flow_halt(struct s3__download *d)
{
    struct s3__flow *f = d->flow;
    f->halted = true;
    if (f->pipe)
        s3__pipe_stop(f->pipe);
    for (size_t i = 0; i < f->count; i++)
        if (f->places[i].wants_room)
            s3__crew_unused(f->places[i].hand);
}

int s3__flow_new(struct s3__download *d, int fd)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    struct s3__flow *f = sigv4__alloc_zero(alloc, 1, sizeof *f);
    if (!f)
        return SIGV4_E_NOMEM;
    d->flow = f;
    f->give_job.run = run_give;
    f->places = sigv4__alloc_zero(alloc, d->crew.hand_count, sizeof *f->places);
    if (!f->places)
        return SIGV4_E_NOMEM;
    f->count = d->crew.hand_count;
    for (size_t i = 0; i < f->count; i++)
        f->places[i].download = d;
    return fd < 0 ? SIGV4_OK : s3__pipe_new_writer(&f->pipe, d->op.client->loop, fd, on_written, d);
}

void s3__flow_free(struct s3__download *d)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    struct s3__flow *f = d->flow;
    if (!f)
        return;
    s3__pipe_free(f->pipe);
    for (size_t i = 0; i < f->count; i++)
        drop_memory(&f->places[i]);
    sigv4__alloc_put(alloc, f->places, f->count * sizeof *f->places);
    sigv4__alloc_put(alloc, f, sizeof *f);
    d->flow = NULL;
}
