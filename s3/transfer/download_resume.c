/* Making a download's file, or finding the one an earlier download left. What is in it is read back
 * for the checksum of the whole. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "transfer/download.h"
#include "transfer/token.h"

enum { PIECE = 128 * 1024 };

/* ---- telling a token ---- */

void s3__download_token(struct s3__download *d)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    struct sigv4__buffer text;
    if (!d->asked.on_token || !d->etag[0] || d->crew.stopped)
        return;
    struct s3__download_token *t = sigv4__alloc_zero(alloc, 1, sizeof *t);
    if (!t)
        return; /* a token is a convenience */
    sigv4__fixed_copy(t->bucket, sizeof t->bucket, sigv4_str(d->from.bucket));
    memcpy(t->key, d->from.key, strlen(d->from.key) + 1);
    memcpy(t->etag, d->etag, sizeof t->etag);
    memcpy(t->file, s3__target_name(&d->target), strlen(s3__target_name(&d->target)) + 1);
    t->part_size = d->plan.part_size;
    t->length = d->plan.length;
    sigv4__buffer_init(&text, alloc, 256 * 1024);
    s3__download_token_write(&text, t, d->done, d->plan.count);
    if (!text.failed)
        d->asked.on_token(d->op.ctx, sigv4__buffer_view(&text));
    sigv4__buffer_free(&text);
    sigv4__alloc_put(alloc, t, sizeof *t);
}

/* ---- a new file ---- */

static void begin_anew(struct s3__download *d)
{
    const struct sigv4_random *random = sigv4_loop_random(d->op.client->loop);
    struct sigv4_error err;
    uint32_t r;
    random->fill(random->ctx, &r, sizeof r);
    int status = s3__target_create(&d->target, d->plan.length, r);
    if (status == SIGV4_OK) {
        s3__download_token(d);
        s3__download_fetch(d);
        return;
    }
    if (status == SIGV4_E_IO)
        s3__target_explain(&d->target, &err);
    else
        sigv4__fail(&err, status, "out of memory");
    s3__download_fail(d, &err);
}

/* ---- an old one ---- */

static int sum_part(struct s3__download *d, uint32_t index, uint64_t *crc)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    struct s3__checksum *sum = &d->sums[0];
    uint64_t at = s3__plan_offset(&d->plan, index);
    uint64_t end = at + s3__plan_size(&d->plan, index);
    char *piece = sigv4__alloc_get(alloc, PIECE);
    int status = piece ? s3__checksum_begin(sum) : SIGV4_E_NOMEM;
    while (at < end && status == SIGV4_OK) {
        size_t cap = end - at < PIECE ? (size_t)(end - at) : PIECE, got = 0;
        status = s3__target_read(&d->target, at, piece, cap, &got);
        if (status == SIGV4_OK)
            status = s3__checksum_add(sum, sigv4_bytes(piece, got));
        at += got;
    }
    *crc = sum->crc;
    sigv4__alloc_put(alloc, piece, PIECE);
    return status;
}

/* One part per turn of the loop. */
static void run_compare(struct sigv4_job *job)
{
    struct s3__download *d =
        (struct s3__download *)((char *)job - offsetof(struct s3__download, compare_job));
    struct sigv4_error err;
    uint64_t crc = 0;
    d->comparing = false;
    while (d->next < d->plan.count && !d->done[d->next])
        d->next++;
    if (d->crew.stopped) {
        s3__download_settle(d);
        return;
    }
    if (d->next == d->plan.count) {
        s3__download_token(d);
        s3__download_fetch(d);
        return;
    }
    int status = d->crcs ? sum_part(d, d->next, &crc) : SIGV4_OK;
    if (status) {
        sigv4__fail(&err, status, "cannot read what was downloaded before");
        s3__download_fail(d, &err);
        return;
    }
    s3__download_count(d, d->next++, crc);
    d->comparing = true;
    sigv4_loop_post(d->op.client->loop, &d->compare_job);
}

static bool fits(const struct s3__download *d, const struct s3__download_token *t)
{
    return strcmp(t->etag, d->etag) == 0 && t->length == d->so_far.length;
}

uint64_t s3__download_part_size(struct s3__download *d)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    uint64_t part_size = d->asked.part_size;
    struct s3__download_token *t = d->resume ? sigv4__alloc_zero(alloc, 1, sizeof *t) : NULL;
    if (t && s3__download_token_read(t, sigv4_str(d->resume), NULL, 0) && fits(d, t))
        part_size = t->part_size;
    sigv4__alloc_put(alloc, t, sizeof *t);
    return part_size;
}

/* The object changed, or the file is gone: what is left of the old attempt goes, too. */
static void forget(struct s3__download *d, const struct s3__download_token *t)
{
    if (s3__target_reopen(&d->target, t->file, t->length) == SIGV4_OK)
        s3__target_discard(&d->target);
    d->target.committed = false;
}

static int follow(struct s3__download *d, struct s3__download_token *t, struct sigv4_error *err)
{
    if (strcmp(t->bucket, d->from.bucket) != 0 || strcmp(t->key, d->from.key) != 0)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "the token to resume belongs to s3://%.100s/%.100s", t->bucket, t->key);
    if (!fits(d, t) || d->plan.part_size != t->part_size || d->whole) {
        forget(d, t);
        begin_anew(d);
        return SIGV4_OK;
    }
    int status = s3__target_reopen(&d->target, t->file, t->length);
    if (status == SIGV4_E_NOMEM)
        return sigv4__fail(err, status, "out of memory");
    if (status || !s3__download_token_read(t, sigv4_str(d->resume), d->done, d->plan.count)) {
        memset(d->done, 0, d->plan.count * sizeof *d->done);
        begin_anew(d);
        return SIGV4_OK;
    }
    d->state = S3__DOWNLOAD_COMPARING;
    d->comparing = true;
    d->compare_job.run = run_compare;
    sigv4_loop_post(d->op.client->loop, &d->compare_job);
    return SIGV4_OK;
}

void s3__download_recall(struct s3__download *d)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    struct sigv4_error err;
    int status;
    if (!d->resume) {
        begin_anew(d);
        return;
    }
    struct s3__download_token *t = sigv4__alloc_zero(alloc, 1, sizeof *t);
    if (!t)
        status = sigv4__fail(&err, SIGV4_E_NOMEM, "out of memory");
    else if (!s3__download_token_read(t, sigv4_str(d->resume), NULL, 0))
        status = sigv4__fail(&err, SIGV4_E_INVALID, "the token to resume is not one of a download");
    else
        status = follow(d, t, &err);
    sigv4__alloc_put(alloc, t, sizeof *t);
    if (status)
        s3__download_fail(d, &err);
}
