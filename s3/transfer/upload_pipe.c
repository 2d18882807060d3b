/* The bytes of a pipe into the hands of an upload's crew: each free hand with room for a part gets
 * the next one filled, two at a time; what is filled waits until the upload is created. */
#include "base/fail.h"
#include "base/memory.h"
#include "transfer/pipe.h"
#include "transfer/upload.h"

#include <errno.h>

enum { FILLING_AT_ONCE = 2 };

struct load {               /* what one hand carries */
    struct s3__piece piece; /* first */
    struct s3__ticket room; /* of the client's buffers; kept with the memory */
    struct s3__upload *upload;
    struct s3__hand *hand;
    size_t cap;             /* of piece.bytes */
    bool wants_room, waits; /* for the client's buffers; for the upload's creation */
};
struct s3__feed {
    struct s3__pipe *pipe;
    struct load *loads; /* one per hand of the crew */
    size_t count;
    unsigned filling;
    uint32_t next; /* part, from 0 */
    uint64_t offset;
    bool ended, halted, creating, created;
};

static struct load *load_of(struct s3__upload *u, struct s3__hand *hand)
{
    return &u->feed->loads[hand - u->crew.hands];
}

static void drop_memory(struct load *l)
{
    sigv4__alloc_put(l->upload->op.client->alloc, l->piece.bytes, l->cap);
    l->piece.bytes = NULL;
    l->cap = 0;
    s3__pool_give(&l->room);
}

/* ---- filling ---- */

/* One byte more than the last part may hold is enough to see that there is more. */
static size_t size_of_next(const struct s3__upload *u)
{
    uint32_t number = u->feed->next + 1;
    return number > S3_MAX_PARTS ? 1 : (size_t)s3_stream_part_size(u->plan.part_size, number);
}

static void fill(struct load *l)
{
    struct s3__upload *u = l->upload;
    struct s3__feed *f = u->feed;
    struct sigv4_error err;
    size_t size = size_of_next(u);
    if (!l->piece.bytes) {
        l->piece.bytes = sigv4__alloc_get(u->op.client->alloc, size);
        l->cap = size;
    }
    if (!l->piece.bytes) {
        sigv4__fail(&err, SIGV4_E_NOMEM, "no memory for a part of %zu bytes", size);
        f->filling--;
        s3__crew_unused(l->hand);
        s3__upload_fail(u, &err);
        return;
    }
    l->hand->index = f->next++;
    l->piece.length = size;
    s3__pipe_submit(f->pipe, &l->piece);
}

static void on_room(struct s3__ticket *ticket)
{
    struct load *l = (struct load *)((char *)ticket - offsetof(struct load, room));
    struct s3__feed *f = l->upload->feed;
    l->wants_room = false;
    if (!f->ended) {
        fill(l);
        return;
    }
    f->filling--;
    s3__crew_unused(l->hand);
}

enum s3__supply s3__feed_next(struct s3__upload *u, struct s3__hand *hand)
{
    struct s3__feed *f = u->feed;
    struct load *l = load_of(u, hand);
    if (f->ended || f->halted || f->filling == FILLING_AT_ONCE)
        return S3__PART_NONE;
    f->filling++;
    if (l->piece.bytes && l->cap < size_of_next(u))
        drop_memory(l);
    l->wants_room = !l->piece.bytes &&
                    !s3__pool_take(&u->op.client->buffers, &l->room, size_of_next(u), on_room);
    if (!l->wants_room)
        fill(l);
    return S3__PART_LATER;
}

static void fail_reading(struct s3__upload *u, int error)
{
    struct sigv4_error err;
    if (error != ECANCELED)
        u->source.error = error;
    sigv4__fail(&err, error == ECANCELED ? SIGV4_E_CANCELED : SIGV4_E_IO, "cannot read %.200s",
                u->name);
    s3__upload_fail(u, &err);
}

static void too_long(struct s3__upload *u)
{
    struct sigv4_error err;
    sigv4__fail(&err, SIGV4_E_TOO_LARGE,
                "%.200s is longer than 10000 parts can hold; say about how long it will be",
                u->name);
    s3__upload_fail(u, &err);
}

/* Whoever said how much would come knows that this is not all of it. */
static bool is_wrong_length(const struct s3__upload *u)
{
    const struct s3__feed *f = u->feed;
    return u->asked.flags & S3_EXACT_LENGTH &&
           (f->ended ? f->offset != u->asked.length : f->offset > u->asked.length);
}

static void wrong_length(struct s3__upload *u)
{
    struct sigv4_error err;
    sigv4__fail(&err, SIGV4_E_IO, "%.200s gave %s than the %llu bytes that were expected", u->name,
                u->feed->offset > u->asked.length ? "more" : "fewer",
                (unsigned long long)u->asked.length);
    s3__upload_fail(u, &err);
}

/* Bytes are there: what becomes of them depends on how far the upload is. */
static void use(struct s3__upload *u, struct load *l)
{
    struct s3__feed *f = u->feed;
    u->single = l->hand->index == 0 && f->ended;
    if (u->single || f->created) {
        s3__crew_ready(l->hand);
        return;
    }
    l->waits = true;
    if (!f->creating) {
        f->creating = true;
        s3__upload_create(u);
    }
}

static void on_piece(void *ctx, struct s3__piece *piece)
{
    struct s3__upload *u = ctx;
    struct s3__feed *f = u->feed;
    struct load *l = (struct load *)piece;
    f->filling--;
    f->ended |= piece->end;
    l->hand->offset = f->offset;
    l->hand->length = piece->length;
    f->offset += piece->length;
    bool empty = piece->length == 0 && l->hand->index > 0, wrong = is_wrong_length(u);
    if (f->halted || piece->error || empty || wrong) {
        int error = piece->error;
        bool halted = f->halted;
        if (wrong && !error && !halted)
            wrong_length(u);
        s3__crew_unused(l->hand);
        if (error && !halted)
            fail_reading(u, error);
    } else if (l->hand->index >= S3_MAX_PARTS) {
        s3__crew_unused(l->hand);
        too_long(u);
    } else {
        use(u, l);
    }
    s3__crew_run(&u->crew);
}

/* ---- sending ---- */

void s3__feed_created(struct s3__upload *u)
{
    struct s3__feed *f = u->feed;
    f->created = true;
    for (size_t i = 0; i < f->count; i++)
        if (f->loads[i].waits) {
            f->loads[i].waits = false;
            s3__crew_ready(f->loads[i].hand);
        }
}

int s3__feed_send(struct s3__upload *u, struct s3__hand *hand, struct sigv4_error *err)
{
    struct sigv4_slice body = {load_of(u, hand)->piece.bytes, (size_t)hand->length};
    return s3__upload_send_part(u, hand, &body, err);
}

/* The memory is kept for the next part, unless someone else waits for room. */
void s3__feed_done(struct s3__upload *u, struct s3__hand *hand)
{
    struct s3__feed *f = u->feed;
    if (f->ended || f->halted || u->op.client->buffers.first)
        drop_memory(load_of(u, hand));
}

bool s3__feed_ended(const struct s3__upload *u)
{
    return u->feed->ended;
}

void s3__feed_halt(struct s3__upload *u)
{
    struct s3__feed *f = u->feed;
    if (!f)
        return;
    f->halted = true;
    s3__pipe_stop(f->pipe);
    for (size_t i = 0; i < f->count; i++) {
        struct load *l = &f->loads[i];
        if (l->wants_room)
            f->filling--;
        if (!l->wants_room && !l->waits)
            continue;
        l->wants_room = l->waits = false;
        s3__crew_unused(l->hand);
    }
}

/* ---- life ---- */

int s3__feed_new(struct s3__upload *u)
{
    const struct sigv4_alloc *alloc = u->op.client->alloc;
    struct s3__feed *f = sigv4__alloc_zero(alloc, 1, sizeof *f);
    if (!f)
        return SIGV4_E_NOMEM;
    f->count = u->crew.hand_count;
    f->loads = sigv4__alloc_zero(alloc, f->count, sizeof *f->loads);
    int status = f->loads
                     ? s3__pipe_new_reader(&f->pipe, u->op.client->loop, u->source.fd, on_piece, u)
                     : SIGV4_E_NOMEM;
    if (status) {
        sigv4__alloc_put(alloc, f->loads, f->count * sizeof *f->loads);
        sigv4__alloc_put(alloc, f, sizeof *f);
        return status;
    }
    for (size_t i = 0; i < f->count; i++) {
        f->loads[i].upload = u;
        f->loads[i].hand = &u->crew.hands[i];
    }
    u->feed = f;
    return SIGV4_OK;
}

void s3__feed_free(struct s3__upload *u)
{
    const struct sigv4_alloc *alloc = u->op.client->alloc;
    struct s3__feed *f = u->feed;
    if (!f)
        return;
    s3__pipe_free(f->pipe);
    for (size_t i = 0; i < f->count; i++)
        drop_memory(&f->loads[i]);
    sigv4__alloc_put(alloc, f->loads, f->count * sizeof *f->loads);
    sigv4__alloc_put(alloc, f, sizeof *f);
    u->feed = NULL;
}
