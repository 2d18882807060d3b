/* s3_download: the states are drawn in download.h. */
#include "transfer/download.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/crc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct s3__download *of(struct s3__operation *op)
{
    return (struct s3__download *)op;
}

/* ---- progress ---- */

static void run_progress(struct sigv4_job *job)
{
    struct s3__download *d =
        (struct s3__download *)((char *)job - offsetof(struct s3__download, progress_job));
    struct s3_progress p = {
        .size = sizeof p,
        .bytes_done = d->done_bytes,
        .bytes_total = d->plan.length,
        .parts_done = d->done_parts,
        .parts_total = d->plan.count,
    };
    d->progress_posted = false;
    for (size_t i = 0; i < d->crew.hand_count; i++)
        p.bytes_done += d->crew.hands[i].moved;
    if (p.bytes_done < d->told_bytes)
        p.bytes_done = d->told_bytes;
    d->told_bytes = p.bytes_done;
    d->asked.on_progress(d->op.ctx, &p);
}

void s3__download_progress(struct s3__download *d)
{
    if (!d->asked.on_progress || d->progress_posted || d->state == S3__DOWNLOAD_OVER)
        return;
    d->progress_posted = true;
    sigv4_loop_notify(d->op.client->loop, &d->progress_job);
}

void s3__download_count(struct s3__download *d, uint32_t index, uint64_t crc)
{
    d->done[index] = true;
    if (d->crcs)
        d->crcs[index] = crc;
    d->done_bytes += s3__plan_size(&d->plan, index);
    d->done_parts++;
    s3__download_progress(d);
}

/* ---- the end ---- */

static void run_over(struct sigv4_job *job)
{
    struct s3__download *d =
        (struct s3__download *)((char *)job - offsetof(struct s3__operation, done_job));
    struct s3_result result = d->so_far;
    if (d->state != S3__DOWNLOAD_OVER) /* it never began */
        sigv4__fail(&d->op.error, SIGV4_E_CANCELED, "the download was canceled");
    result.error = d->op.error.status ? &d->op.error : NULL;
    result.response = NULL;
    result.byte_count = d->done_bytes;
    s3__operation_end(&d->op, &result);
}

static void over(struct s3__download *d)
{
    d->state = S3__DOWNLOAD_OVER;
    s3__operation_fail(&d->op);
}

static void clean_up(struct s3__download *d)
{
    if (d->target.error)
        s3__target_explain(&d->target, &d->op.error);
    else if (d->op.error.status == SIGV4_OK && d->crew.error.status)
        d->op.error = d->crew.error;
    else if (d->op.error.status == SIGV4_OK)
        sigv4__fail(&d->op.error, SIGV4_E_CANCELED, "the download was canceled");
    if (d->to_file && d->keep && d->target.fd >= 0)
        s3__download_token(d);
    else if (d->to_file)
        s3__target_discard(&d->target);
    over(d);
}

static bool is_working(const struct s3__download *d)
{
    for (size_t i = 0; i < d->crew.hand_count; i++)
        if (d->crew.hands[i].state != S3__HAND_FREE)
            return true;
    return d->looking || d->again.resting || d->comparing || d->committing ||
           (d->flow && s3__flow_busy(d));
}

/* The CRC of the whole from those of the parts. */
static int verify(struct s3__download *d)
{
    char text[S3__CHECKSUM_TEXT_MAX];
    uint64_t whole = 0;
    if (!d->crcs)
        return SIGV4_OK;
    for (uint32_t i = 0; i < d->plan.count; i++)
        whole = s3__crc_combine(d->so_far.checksum, whole, d->crcs[i], s3__plan_size(&d->plan, i));
    s3__crc_text(d->so_far.checksum, whole, text);
    if (strcmp(text, d->checksum_value) == 0)
        return SIGV4_OK;
    d->keep = false; /* nobody knows which part it is */
    return sigv4__fail(&d->op.error, SIGV4_E_PROTOCOL,
                       "the bytes are damaged: their %s is %s, the object's is %s",
                       s3_checksum_name(d->so_far.checksum), text, d->checksum_value);
}

static void commit(void *ctx)
{
    struct s3__download *d = ctx;
    (void)s3__target_commit(&d->target);
}

static void on_committed(void *ctx)
{
    struct s3__download *d = ctx;
    d->committing = false;
    if (d->target.error)
        clean_up(d);
    else
        over(d);
}

static void finish(struct s3__download *d)
{
    if (verify(d)) {
        clean_up(d);
        return;
    }
    if (!d->to_file) {
        over(d);
        return;
    }
    d->state = S3__DOWNLOAD_FINISHING;
    d->committing = true;
    d->target.modified_unix_ms = d->so_far.modified_unix_ms;
    d->target.sync = !(d->asked.flags & S3_NO_SYNC);
    d->finishing.work = commit;
    d->finishing.done = on_committed;
    d->finishing.ctx = d;
    if (d->target.sync) {
        s3__chore_start(&d->finishing, d->op.client->loop);
        return;
    }
    commit(d);
    on_committed(d);
}

void s3__download_settle(struct s3__download *d)
{
    if (is_working(d) || d->state > S3__DOWNLOAD_FETCHING)
        return;
    if (d->crew.stopped)
        clean_up(d);
    else if (d->state == S3__DOWNLOAD_FETCHING && d->done_parts == d->plan.count &&
             (!d->flow || s3__flow_ended(d)))
        finish(d);
}

void s3__download_fail(struct s3__download *d, const struct sigv4_error *error)
{
    s3__crew_stop(&d->crew, error);
    s3__download_settle(d);
}

/* ---- looking ---- */

static bool has_whole_crc(const struct s3__download *d)
{
    uint64_t crc;
    return s3__crc_parse(d->so_far.checksum, sigv4_str(d->checksum_value), &crc);
}

static int make_room(struct s3__download *d)
{
    const struct sigv4_alloc *alloc = d->op.client->alloc;
    d->done = sigv4__alloc_zero(alloc, d->plan.count, sizeof *d->done);
    d->sums = sigv4__alloc_zero(alloc, d->crew.hand_count, sizeof *d->sums);
    if (has_whole_crc(d)) {
        d->crcs = sigv4__alloc_zero(alloc, d->plan.count, sizeof *d->crcs);
        if (!d->crcs)
            return SIGV4_E_NOMEM;
    }
    if (!d->done || !d->sums)
        return SIGV4_E_NOMEM;
    enum s3_checksum kind = d->crcs ? d->so_far.checksum : S3_CHECKSUM_NONE;
    for (size_t i = 0; i < d->crew.hand_count; i++)
        if (s3__checksum_init(&d->sums[i], kind, alloc))
            return SIGV4_E_NOMEM;
    return SIGV4_OK;
}

static int plan(struct s3__download *d)
{
    uint64_t part_size = s3__download_part_size(d);
    /* Parts of an object without ETag cannot be told from parts of its successor. */
    if (d->etag[0] == '\0')
        part_size = d->so_far.length ? d->so_far.length : 1;
    int status = s3__plan_make(&d->plan, d->so_far.length, part_size, S3_MAX_PARTS);
    d->whole = d->plan.count == 1;
    return status;
}

/* What the object is, is known. */
static void prepare(struct s3__download *d)
{
    struct sigv4_error err;
    int status = plan(d);
    if (status == SIGV4_OK)
        status = make_room(d);
    if (status) {
        sigv4__fail(&err, status, "%s", sigv4_status_text(status));
        s3__download_fail(d, &err);
        return;
    }
    if (d->to_file)
        s3__download_recall(d);
    else
        s3__download_fetch(d);
}

static void on_looked(void *ctx, const struct s3_result *result)
{
    struct s3__download *d = ctx;
    sigv4_call_release(d->looking);
    d->looking = NULL;
    if (result->error && !d->crew.stopped && s3__again_later(&d->again, result->error))
        return;
    if (result->error || d->crew.stopped) {
        s3__download_fail(d, result->error);
        return;
    }
    s3__download_remember(d, result);
    prepare(d);
}

void s3__download_fetch(struct s3__download *d)
{
    d->next = 0;
    d->state = S3__DOWNLOAD_FETCHING;
    s3__download_progress(d);
    s3__crew_run(&d->crew);
}

/* ---- life ---- */

static void look(void *ctx)
{
    struct s3__download *d = ctx;
    struct sigv4_error err = {0};
    struct s3_head head = {
        .size = sizeof head,
        .of = &d->from.at,
        .conditions = s3__baggage_conditions(&d->from),
        .encryption = s3__baggage_encryption(&d->from),
        .on_done = on_looked,
        .ctx = d,
    };
    if (s3_head(d->op.client, &head, &d->looking, &err))
        s3__download_fail(d, &err);
}

static void start(struct s3__operation *op)
{
    struct s3__download *d = of(op);
    struct sigv4_error err = {0};
    if (d->listed) {
        d->so_far.etag = sigv4_str(d->etag);
        prepare(d);
        return;
    }
    int fd = d->own_fd >= 0 ? d->own_fd : d->asked.on_chunk ? -1 : d->asked.fd;
    if (d->to_file || s3__flow_new(d, fd) == SIGV4_OK) {
        look(d);
        return;
    }
    sigv4__fail(&err, SIGV4_E_NOMEM, "cannot begin to write");
    s3__download_fail(d, &err);
}

static void cancel(struct s3__operation *op)
{
    struct s3__download *d = of(op);
    if (d->state >= S3__DOWNLOAD_FINISHING)
        return;
    if (d->looking)
        sigv4_call_cancel(d->looking);
    s3__again_stop(&d->again);
    s3__download_fail(d, NULL);
}

static void resume(struct s3__operation *op)
{
    if (of(op)->flow)
        s3__flow_resume(of(op));
}

static void download_free(struct s3__operation *op)
{
    struct s3__download *d = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__flow_free(d);
    if (d->sums)
        for (size_t i = 0; i < d->crew.hand_count; i++)
            s3__checksum_free(&d->sums[i]);
    sigv4__alloc_put(alloc, d->sums, d->crew.hand_count * sizeof *d->sums);
    sigv4__alloc_put(alloc, d->done, d->plan.count * sizeof *d->done);
    sigv4__alloc_put(alloc, d->crcs, d->plan.count * sizeof *d->crcs);
    s3__crew_free(&d->crew);
    s3__again_free(&d->again);
    s3__target_free(&d->target);
    s3__baggage_free(&d->from);
    sigv4_call_release(d->looking);
    sigv4__string_free(alloc, d->resume);
    if (d->own_fd >= 0)
        close(d->own_fd);
    sigv4__alloc_put(alloc, d, sizeof *d);
}

static const struct s3__operation_ops download_ops = {start, cancel, resume, download_free};

static int open_target(struct s3__download *d, const char *path, struct sigv4_error *err)
{
    bool is_flow = false;
    int status = s3__target_init(&d->target, path, d->op.client->alloc, &is_flow, err);
    d->to_file = !is_flow;
    if (status || !is_flow)
        return status;
    d->own_fd = open(path, O_WRONLY | O_CLOEXEC);
    if (d->own_fd >= 0)
        return SIGV4_OK;
    status = sigv4__fail(err, SIGV4_E_IO, "cannot write %.200s: %s", path, strerror(errno));
    if (err)
        err->os_errno = errno;
    return status;
}

/* One get will do, and its answer says all that a HEAD would. */
static bool is_listed_small(const struct s3__download *d, const struct s3_download *asked)
{
    uint64_t part_size = d->asked.part_size ? d->asked.part_size : S3__USUAL_PART_SIZE;
    return d->to_file && !d->resume && asked->listed_etag && *asked->listed_etag &&
           !asked->conditions && asked->listed_length <= part_size;
}

static int set_up(struct s3__download *d, const struct s3_download *asked, struct sigv4_error *err)
{
    struct s3_client *client = d->op.client;
    struct s3_attributes key = {.size = sizeof key, .encryption = asked->encryption};
    if (asked->path && (asked->on_chunk || !*asked->path))
        return sigv4__fail(err, SIGV4_E_INVALID, "a download has one target: path or on_chunk");
    if (!asked->path && !asked->on_chunk && fcntl(asked->fd, F_GETFD) < 0) {
        int error = errno;
        sigv4__fail(err, SIGV4_E_IO, "cannot write to the descriptor: %s", strerror(error));
        if (err)
            err->os_errno = error;
        return SIGV4_E_IO;
    }
    if (asked->resume && *asked->resume) {
        d->resume = sigv4__string_copy(client->alloc, sigv4_str(asked->resume));
        if (!d->resume)
            return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    }
    int status = s3__baggage_pack(&d->from, client, asked->from, &key, asked->conditions, err);
    if (status == SIGV4_OK && asked->path)
        status = open_target(d, asked->path, err);
    d->listed = is_listed_small(d, asked);
    if (d->listed) {
        d->so_far.length = asked->listed_length;
        sigv4__fixed_copy(d->etag, sizeof d->etag, sigv4_str(asked->listed_etag));
    }
    if (status == SIGV4_OK &&
        (s3__crew_init(&d->crew, client, &s3__download_crew_ops, d->listed ? 1 : S3_MAX_PARTS) ||
         s3__again_init(&d->again, client, look, d)))
        status = sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    return status;
}

int s3_download(struct s3_client *client, const struct s3_download *download,
                struct sigv4_call **call, struct sigv4_error *err)
{
    if (!download->on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "a download needs on_done");
    struct s3__download *d = sigv4__alloc_zero(client->alloc, 1, sizeof *d);
    if (!d)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    d->op = (struct s3__operation){.ops = &download_ops,
                                   .client = client,
                                   .done_job = {.run = run_over},
                                   .on_done = download->on_done,
                                   .ctx = download->ctx};
    d->asked = *download;
    if (d->asked.part_size == 0)
        d->asked.part_size = client->part_size;
    d->so_far = (struct s3_result){.size = sizeof d->so_far, .checksum = S3_CHECKSUM_NONE};
    d->keep = download->flags & S3_KEEP_PARTS;
    d->target.fd = d->own_fd = -1;
    d->progress_job.run = run_progress;
    int status = set_up(d, download, err);
    if (status == SIGV4_OK)
        status = s3__operation_begin(&d->op, call, err);
    if (status)
        download_free(&d->op);
    return status;
}
