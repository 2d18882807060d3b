/* s3_upload: the states are drawn in upload.h. */
#include "transfer/upload.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/payload.h"

#include <stdio.h>

static struct s3__upload *of(struct s3__operation *op)
{
    return (struct s3__upload *)op;
}

static struct s3__upload *of_crew(struct s3__crew *crew)
{
    return (struct s3__upload *)((char *)crew - offsetof(struct s3__upload, crew));
}

/* ---- progress ---- */

static void run_progress(struct sigv4_job *job)
{
    struct s3__upload *u =
        (struct s3__upload *)((char *)job - offsetof(struct s3__upload, progress_job));
    struct s3_progress p = {
        .size = sizeof p,
        .bytes_done = u->done_bytes,
        .bytes_total = u->source.is_pipe ? UINT64_MAX : u->source.length,
        .parts_done = u->done_parts,
        .parts_total = u->source.is_pipe ? 0 : u->plan.count,
    };
    u->progress_posted = false;
    for (size_t i = 0; i < u->crew.hand_count; i++)
        if (u->crew.hands[i].state == S3__HAND_WORKING)
            p.bytes_done += u->crew.hands[i].moved;
    if (p.bytes_done < u->told_bytes)
        p.bytes_done = u->told_bytes; /* a part that starts anew */
    u->told_bytes = p.bytes_done;
    u->asked.on_progress(u->op.ctx, &p);
}

void s3__upload_progress(struct s3__upload *u)
{
    if (!u->asked.on_progress || u->progress_posted || u->state == S3__UPLOAD_OVER)
        return;
    u->progress_posted = true;
    sigv4_loop_notify(u->op.client->loop, &u->progress_job);
}

/* ---- the end ---- */

/* The job that leads here runs after a progress job that is still posted. */
static void run_over(struct sigv4_job *job)
{
    struct s3__upload *u =
        (struct s3__upload *)((char *)job - offsetof(struct s3__operation, done_job));
    if (u->state != S3__UPLOAD_OVER) /* it never began */
        sigv4__fail(&u->op.error, SIGV4_E_CANCELED, "the upload was canceled");
    struct s3_result result = {
        .size = sizeof result,
        .error = u->op.error.status ? &u->op.error : NULL,
        .maybe_done = u->maybe_done,
        .checksum = u->checksum,
        .etag = sigv4_str(u->etag),
        .version_id = sigv4_str(u->version_id),
        .checksum_value = sigv4_str(u->checksum_value),
        .length = u->done_bytes,
    };
    s3__operation_end(&u->op, &result);
}

static void over(struct s3__upload *u)
{
    u->state = S3__UPLOAD_OVER;
    s3__operation_fail(&u->op);
}

/* What the source has to say about it comes before what the network saw. */
static void explain(struct s3__upload *u)
{
    struct sigv4_error *e = &u->op.error;
    if (u->source.error) {
        sigv4__fail(e, SIGV4_E_IO, "cannot read %.200s: %s", u->name, strerror(u->source.error));
        e->os_errno = u->source.error;
    } else if (u->source.ended_early) {
        sigv4__fail(e, SIGV4_E_IO, "%.200s became shorter while it was uploaded", u->name);
    } else if (u->source.changed) {
        sigv4__fail(e, SIGV4_E_CONFLICT, "%.200s changed while it was uploaded", u->name);
        u->keep = false; /* its parts do not belong together */
    } else if (u->crew.error.status) {
        *e = u->crew.error;
    } else {
        sigv4__fail(e, SIGV4_E_CANCELED, "the upload was canceled");
    }
}

static void clean_up(struct s3__upload *u)
{
    if (u->op.error.status == SIGV4_OK)
        explain(u);
    if (!u->assembly.upload_id || u->keep) {
        over(u);
        return;
    }
    u->state = S3__UPLOAD_ABORTING;
    s3__assembly_abort(&u->assembly);
}

static void on_gone(void *ctx, const struct sigv4_error *error)
{
    struct s3__upload *u = ctx;
    if (u->state == S3__UPLOAD_CREATING) { /* an old upload made room */
        s3__assembly_disown(&u->assembly);
        if (u->crew.stopped)
            s3__upload_settle(u);
        else
            s3__upload_create(u);
        return;
    }
    if (error) {
        struct sigv4_error why = u->op.error;
        sigv4__fail(&u->op.error, why.status, "%.200s; and its parts could not be removed: %.100s",
                    why.message, error->message);
    }
    over(u);
}

/* ---- complete ---- */

static void on_completed(void *ctx, const struct s3__completion *c)
{
    struct s3__upload *u = ctx;
    u->maybe_done = c->maybe_done;
    if (c->error) {
        u->op.error = *c->error;
        /* What may have become an object must not be aborted under it; it has no parts then. */
        clean_up(u);
        return;
    }
    sigv4__fixed_copy(u->etag, sizeof u->etag, c->etag);
    sigv4__fixed_copy(u->version_id, sizeof u->version_id, c->version_id);
    sigv4__fixed_copy(u->checksum_value, sizeof u->checksum_value, c->checksum_value);
    u->checksum = c->checksum;
    over(u);
}

static void complete(struct s3__upload *u)
{
    if (s3__source_changed(&u->source)) {
        clean_up(u);
        return;
    }
    u->state = S3__UPLOAD_COMPLETING;
    s3__assembly_complete(&u->assembly);
}

static bool is_working(const struct s3__upload *u)
{
    for (size_t i = 0; i < u->crew.hand_count; i++)
        if (u->crew.hands[i].state != S3__HAND_FREE)
            return true;
    return u->assembly.state != S3__ASSEMBLY_OPEN || u->listing || u->comparing;
}

static bool is_all_sent(const struct s3__upload *u)
{
    return u->source.is_pipe ? s3__feed_ended(u) : u->next >= u->plan.count;
}

void s3__upload_settle(struct s3__upload *u)
{
    if (is_working(u) || u->state > S3__UPLOAD_SENDING)
        return;
    if (u->crew.stopped)
        clean_up(u);
    else if (u->state == S3__UPLOAD_SENDING && is_all_sent(u) && u->single)
        over(u);
    else if (u->state == S3__UPLOAD_SENDING && is_all_sent(u))
        complete(u);
}

void s3__upload_fail(struct s3__upload *u, const struct sigv4_error *error)
{
    s3__crew_stop(&u->crew, error);
    s3__upload_settle(u);
}

/* ---- create ---- */

static void on_created(void *ctx, const struct sigv4_error *error)
{
    struct s3__upload *u = ctx;
    if (error || u->crew.stopped) {
        s3__upload_fail(u, error);
        return;
    }
    u->state = S3__UPLOAD_SENDING;
    s3__upload_token(u);
    if (u->source.is_pipe)
        s3__feed_created(u);
    s3__crew_run(&u->crew);
}

static const struct s3__assembly_owner owner = {on_created, on_completed, on_gone};

void s3__upload_create(struct s3__upload *u)
{
    if (!u->source.is_pipe)
        u->state = S3__UPLOAD_CREATING;
    s3__assembly_create(&u->assembly);
}

/* ---- parts ---- */

static int read_part(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    struct s3__hand *hand = ctx;
    struct s3__upload *u = of_crew(hand->crew);
    int status = s3__source_read(&u->source, hand->offset + offset, buf, cap, got);
    /* The first pass is for the checksum. */
    if (offset == 0)
        hand->passes++;
    if (hand->passes > (u->read_twice ? 1u : 0u) && offset + *got > hand->moved) {
        hand->moved = offset + *got;
        s3__upload_progress(u);
    }
    return status;
}

static void part_is_there(struct s3__upload *u, struct s3__hand *hand)
{
    u->done_bytes += hand->length;
    u->done_parts++;
    hand->moved = 0;
    s3__upload_progress(u);
    s3__crew_ended(hand, NULL);
}

static void on_part(void *ctx, const struct s3_result *result)
{
    struct s3__hand *hand = ctx;
    struct s3__upload *u = of_crew(hand->crew);
    struct sigv4_error err = {0};
    struct s3_part part = {.number = hand->index + 1,
                           .length = hand->length,
                           .etag = result->etag,
                           .checksum_value = result->checksum_value};
    hand->passes = 0;
    if (result->error)
        err = *result->error;
    else if (s3__assembly_record(&u->assembly, hand->index, &part))
        sigv4__fail(&err, SIGV4_E_NOMEM, "out of memory");
    if (err.status)
        s3__crew_ended(hand, &err);
    else
        part_is_there(u, hand);
}

static void on_put(void *ctx, const struct s3_result *result)
{
    struct s3__hand *hand = ctx;
    struct s3__upload *u = of_crew(hand->crew);
    hand->passes = 0;
    if (result->error) {
        struct sigv4_error err = *result->error;
        u->maybe_done = result->maybe_done;
        /* What may be there must not be refused by its own condition at the next try. */
        if (result->maybe_done && u->to.if_none_match)
            s3__crew_stop(&u->crew, &err);
        s3__crew_ended(hand, &err);
        return;
    }
    u->maybe_done = false;
    sigv4__fixed_copy(u->etag, sizeof u->etag, result->etag);
    sigv4__fixed_copy(u->version_id, sizeof u->version_id, result->version_id);
    sigv4__fixed_copy(u->checksum_value, sizeof u->checksum_value, result->checksum_value);
    u->checksum = result->checksum;
    part_is_there(u, hand);
}

static int send_whole(struct s3__upload *u, struct s3__hand *hand, const struct sigv4_slice *body,
                      struct sigv4_error *err)
{
    struct s3_put put = {
        .size = sizeof put,
        .to = &u->to.at,
        .body = body,
        .body_count = body ? 1 : 0,
        .read = body ? NULL : read_part,
        .body_length = hand->length,
        .attributes = s3__baggage_attributes(&u->to),
        .conditions = s3__baggage_conditions(&u->to),
        .checksum = u->assembly.checksum,
        .on_done = on_put,
        .ctx = hand,
    };
    return s3_put(u->op.client, &put, &hand->call, err);
}

int s3__upload_send_part(struct s3__upload *u, struct s3__hand *hand,
                         const struct sigv4_slice *body, struct sigv4_error *err)
{
    if (u->single)
        return send_whole(u, hand, body, err);
    struct s3_part_put put = {
        .size = sizeof put,
        .to = &u->to.at,
        .upload_id = u->assembly.upload_id,
        .number = hand->index + 1,
        .body = body,
        .body_count = body ? 1 : 0,
        .read = body ? NULL : read_part,
        .body_length = hand->length,
        .encryption = s3__baggage_encryption(&u->to),
        .checksum = u->assembly.checksum,
        .on_done = on_part,
        .ctx = hand,
    };
    return s3_part_put(u->op.client, &put, &hand->call, err);
}

/* ---- the crew's questions ---- */

static enum s3__supply next(struct s3__crew *crew, struct s3__hand *hand)
{
    struct s3__upload *u = of_crew(crew);
    if (u->source.is_pipe)
        return s3__feed_next(u, hand);
    while (u->next < u->plan.count && s3__assembly_has(&u->assembly, u->next))
        u->next++;
    if (u->state != S3__UPLOAD_SENDING || u->next >= u->plan.count)
        return S3__PART_NONE;
    hand->index = u->next++;
    hand->offset = s3__plan_offset(&u->plan, hand->index);
    hand->length = s3__plan_size(&u->plan, hand->index);
    return S3__PART_READY;
}

static int start_part(struct s3__crew *crew, struct s3__hand *hand, struct sigv4_error *err)
{
    struct s3__upload *u = of_crew(crew);
    hand->passes = 0;
    hand->moved = 0;
    return u->source.is_pipe ? s3__feed_send(u, hand, err)
                             : s3__upload_send_part(u, hand, NULL, err);
}

static void part_done(struct s3__crew *crew, struct s3__hand *hand, bool well)
{
    (void)well;
    if (of_crew(crew)->source.is_pipe)
        s3__feed_done(of_crew(crew), hand);
}

static void halt(struct s3__crew *crew)
{
    if (of_crew(crew)->source.is_pipe)
        s3__feed_halt(of_crew(crew));
}

static void idle(struct s3__crew *crew)
{
    s3__upload_settle(of_crew(crew));
}

static const struct s3__crew_ops crew_ops = {next, start_part, part_done, halt, idle};

/* ---- life ---- */

static void start(struct s3__operation *op)
{
    struct s3__upload *u = of(op);
    struct sigv4_error err = {0};
    bool plain = false;
    int status = s3__client_is_plain(op->client, &plain, &err);
    u->read_twice = plain || u->assembly.checksum != S3_CHECKSUM_NONE;
    if (status == SIGV4_OK && u->source.is_pipe && s3__feed_new(u))
        status = sigv4__fail(&err, SIGV4_E_NOMEM, "cannot begin to read %.200s", u->name);
    if (status)
        s3__upload_fail(u, &err);
    else if (u->source.is_pipe || u->single)
        s3__crew_run(&u->crew);
    else if (u->resume)
        s3__upload_recall(u);
    else
        s3__upload_create(u);
}

static void cancel(struct s3__operation *op)
{
    struct s3__upload *u = of(op);
    if (u->state >= S3__UPLOAD_ABORTING)
        return;
    if (u->listing)
        sigv4_call_cancel(u->listing);
    s3__assembly_cancel(&u->assembly);
    s3__upload_fail(u, NULL);
}

static void upload_free(struct s3__operation *op)
{
    struct s3__upload *u = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__feed_free(u);
    s3__crew_free(&u->crew);
    s3__assembly_free(&u->assembly);
    s3__baggage_free(&u->to);
    s3__source_close(&u->source);
    sigv4_call_release(u->listing);
    sigv4__string_free(alloc, u->name);
    sigv4__string_free(alloc, u->resume);
    sigv4__alloc_put(alloc, u, sizeof *u);
}

static const struct s3__operation_ops upload_ops = {start, cancel, NULL, upload_free};

static int plan(struct s3__upload *u, struct sigv4_error *err)
{
    uint64_t length = u->source.is_pipe ? u->asked.length : u->source.length;
    if (s3__plan_make(&u->plan, length, u->asked.part_size, S3_MAX_PARTS))
        return sigv4__fail(err, SIGV4_E_TOO_LARGE,
                           "%.200s is larger than 48.8 TiB, the most an "
                           "object can have",
                           u->name);
    u->single = !u->source.is_pipe && u->plan.count == 1;
    return SIGV4_OK;
}

static int set_up(struct s3__upload *u, const struct s3_upload *asked, struct sigv4_error *err)
{
    struct s3_client *client = u->op.client;
    const char *name = asked->path ? asked->path : asked->read ? "the source" : "the pipe";
    u->name = sigv4__string_copy(client->alloc, sigv4_str(name));
    if (asked->resume && *asked->resume)
        u->resume = sigv4__string_copy(client->alloc, sigv4_str(asked->resume));
    if (!u->name || (asked->resume && *asked->resume && !u->resume))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    int status =
        s3__baggage_pack(&u->to, client, asked->to, asked->attributes, asked->conditions, err);
    if (status == SIGV4_OK)
        status = s3__source_open(&u->source, asked, err);
    if (status == SIGV4_OK)
        status = plan(u, err);
    if (status)
        return status;
    if (s3__crew_init(&u->crew, client, &crew_ops, u->single ? 1 : S3_MAX_PARTS) ||
        s3__assembly_init(&u->assembly, client, &u->to, &owner, u))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    u->assembly.checksum = s3__checksum_choice(client, asked->checksum);
    return SIGV4_OK;
}

int s3_upload(struct s3_client *client, const struct s3_upload *upload, struct sigv4_call **call,
              struct sigv4_error *err)
{
    if (!upload->on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "an upload needs on_done");
    struct s3__upload *u = sigv4__alloc_zero(client->alloc, 1, sizeof *u);
    if (!u)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    u->op = (struct s3__operation){.ops = &upload_ops,
                                   .client = client,
                                   .done_job = {.run = run_over},
                                   .on_done = upload->on_done,
                                   .ctx = upload->ctx};
    u->asked = *upload;
    if (u->asked.part_size == 0)
        u->asked.part_size = client->part_size;
    u->state = S3__UPLOAD_SENDING;
    u->source.fd = -1;
    u->checksum = S3_CHECKSUM_NONE;
    u->progress_job.run = run_progress;
    int status = set_up(u, upload, err);
    u->keep = upload->flags & S3_KEEP_PARTS && !u->source.is_pipe;
    if (status == SIGV4_OK)
        status = s3__operation_begin(&u->op, call, err);
    if (status)
        upload_free(&u->op);
    return status;
}
