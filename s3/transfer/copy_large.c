/* s3_copy_large:
 *
 *   LOOKING (HEAD of the source) --small--> COPYING (one request) ---------------> OVER
 *      |                         \--large--> CREATING --> PARTS --> COMPLETING --> OVER
 *      \--refused--> OVER <---------- ABORTING <--stopped, failed------/
 *
 * One request copies what describes the source, too; parts do not, so it is taken from the HEAD. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/attributes.h"
#include "object/operation.h"
#include "transfer/assembly.h"
#include "transfer/crew.h"
#include "transfer/plan.h"
#include "wire/outcome_xml.h"

#include <openssl/crypto.h>
#include <s3/transfer.h>

static const uint64_t largest_at_once = UINT64_C(5000000000), usual_part = UINT64_C(512) << 20;

enum copy_state { LOOKING, COPYING, CREATING, PARTS, COMPLETING, ABORTING, OVER };

struct copy {
    struct s3__operation op; /* first */
    enum copy_state state;
    struct s3__baggage from, to;
    struct s3__assembly assembly;
    struct s3__crew crew;
    struct s3__plan plan;
    struct sigv4_call *call; /* of LOOKING and COPYING */
    struct s3__again again;  /* of them, too */
    bool replaces;           /* what describes the source */
    unsigned char source_key[32];
    size_t source_key_len;
    uint64_t part_size, at_once;
    uint32_t next, done_parts;
    uint64_t done_bytes;
    s3_progress_fn *on_progress;
    struct sigv4_job progress_job;
    bool progress_posted, maybe_done, canceled;
    char source_etag[S3__ETAG_MAX + 1];
    char etag[S3__ETAG_MAX + 1], version_id[S3__UPLOAD_ID_MAX + 1], checksum_value[64];
    enum s3_checksum checksum;
};

static struct copy *of(struct s3__operation *op)
{
    return (struct copy *)op;
}

static struct copy *of_crew(struct s3__crew *crew)
{
    return (struct copy *)((char *)crew - offsetof(struct copy, crew));
}

static struct sigv4_slice source_key(const struct copy *c)
{
    return sigv4_bytes(c->source_key, c->source_key_len);
}

/* ---- progress and the end ---- */

static void run_progress(struct sigv4_job *job)
{
    struct copy *c = (struct copy *)((char *)job - offsetof(struct copy, progress_job));
    struct s3_progress p = {
        .size = sizeof p,
        .bytes_done = c->done_bytes,
        .bytes_total = c->plan.length,
        .parts_done = c->done_parts,
        .parts_total = c->plan.count,
    };
    c->progress_posted = false;
    c->on_progress(c->op.ctx, &p);
}

static void progress(struct copy *c)
{
    if (!c->on_progress || c->progress_posted)
        return;
    c->progress_posted = true;
    sigv4_loop_notify(c->op.client->loop, &c->progress_job);
}

static void run_over(struct sigv4_job *job)
{
    struct copy *c = (struct copy *)((char *)job - offsetof(struct s3__operation, done_job));
    if (c->state != OVER) /* it never began */
        sigv4__fail(&c->op.error, SIGV4_E_CANCELED, "the copy was canceled");
    struct s3_result result = {
        .size = sizeof result,
        .error = c->op.error.status ? &c->op.error : NULL,
        .maybe_done = c->maybe_done,
        .length = c->plan.length,
        .etag = sigv4_str(c->etag),
        .version_id = sigv4_str(c->version_id),
        .checksum = c->checksum,
        .checksum_value = sigv4_str(c->checksum_value),
    };
    s3__operation_end(&c->op, &result);
}

static void over(struct copy *c)
{
    c->state = OVER;
    s3__operation_fail(&c->op);
}

static void keep_outcome(struct copy *c, struct sigv4_slice etag, struct sigv4_slice version_id)
{
    sigv4__fixed_copy(c->etag, sizeof c->etag, etag);
    sigv4__fixed_copy(c->version_id, sizeof c->version_id, version_id);
}

static void clean_up(struct copy *c, const struct sigv4_error *error)
{
    if (error && error->status)
        c->op.error = *error;
    else if (c->op.error.status == SIGV4_OK)
        sigv4__fail(&c->op.error, SIGV4_E_CANCELED, "the copy was canceled");
    if (c->op.error.http_status == 412 && c->state == PARTS)
        sigv4__fail(&c->op.error, SIGV4_E_CONFLICT, "the source changed while it was copied");
    if (!c->assembly.upload_id) {
        over(c);
        return;
    }
    c->state = ABORTING;
    s3__assembly_abort(&c->assembly);
}

/* ---- in parts ---- */

static void on_gone(void *ctx, const struct sigv4_error *error)
{
    struct copy *c = ctx;
    struct sigv4_error why = c->op.error;
    if (error)
        sigv4__fail(&c->op.error, why.status, "%.200s; and its parts could not be removed: %.100s",
                    why.message, error->message);
    over(c);
}

static void on_completed(void *ctx, const struct s3__completion *done)
{
    struct copy *c = ctx;
    c->maybe_done = done->maybe_done;
    if (done->error) {
        clean_up(c, done->error);
        return;
    }
    keep_outcome(c, done->etag, done->version_id);
    c->checksum = done->checksum;
    sigv4__fixed_copy(c->checksum_value, sizeof c->checksum_value, done->checksum_value);
    over(c);
}

static void on_created(void *ctx, const struct sigv4_error *error)
{
    struct copy *c = ctx;
    if (error || c->canceled) {
        clean_up(c, error);
        return;
    }
    c->state = PARTS;
    s3__crew_run(&c->crew);
}

static const struct s3__assembly_owner owner = {on_created, on_completed, on_gone};

static void on_part(void *ctx, const struct s3_result *result)
{
    struct s3__hand *hand = ctx;
    struct copy *c = of_crew(hand->crew);
    struct sigv4_error err = {0};
    struct s3_part part = {
        .length = hand->length, .etag = result->etag, .checksum_value = result->checksum_value};
    if (result->error)
        err = *result->error;
    else if (s3__assembly_record(&c->assembly, hand->index, &part))
        sigv4__fail(&err, SIGV4_E_NOMEM, "out of memory");
    if (err.status == SIGV4_OK) {
        c->done_parts++;
        c->done_bytes += hand->length;
        progress(c);
    }
    s3__crew_ended(hand, err.status ? &err : NULL);
}

static enum s3__supply next(struct s3__crew *crew, struct s3__hand *hand)
{
    struct copy *c = of_crew(crew);
    if (c->state != PARTS || c->next == c->plan.count)
        return S3__PART_NONE;
    hand->index = c->next++;
    hand->offset = s3__plan_offset(&c->plan, hand->index);
    hand->length = s3__plan_size(&c->plan, hand->index);
    return S3__PART_READY;
}

static int start_part(struct s3__crew *crew, struct s3__hand *hand, struct sigv4_error *err)
{
    struct copy *c = of_crew(crew);
    struct s3_part_copy part = {
        .size = sizeof part,
        .from = &c->from.at,
        .to = &c->to.at,
        .upload_id = c->assembly.upload_id,
        .number = hand->index + 1,
        .first_byte = hand->offset,
        .byte_count = hand->length,
        .source_if_match = c->source_etag,
        .source_customer_key = source_key(c),
        .encryption = s3__baggage_encryption(&c->to),
        .on_done = on_part,
        .ctx = hand,
    };
    return s3_part_copy(c->op.client, &part, &hand->call, err);
}

static void part_done(struct s3__crew *crew, struct s3__hand *hand, bool well)
{
    (void)crew;
    (void)hand;
    (void)well;
}

static void idle(struct s3__crew *crew)
{
    struct copy *c = of_crew(crew);
    if (c->state != PARTS)
        return;
    if (crew->stopped) {
        clean_up(c, &crew->error);
    } else if (c->done_parts == c->plan.count) {
        c->state = COMPLETING;
        s3__assembly_complete(&c->assembly);
    }
}

static const struct s3__crew_ops crew_ops = {next, start_part, part_done, NULL, idle};

/* ---- at once ---- */

/* What may be there must not be refused by its own condition at the next try. */
static bool may_go_again(struct copy *c, const struct s3_result *result)
{
    bool refuses_itself = result->maybe_done && c->to.if_none_match;
    return !c->canceled && !refuses_itself && s3__again_later(&c->again, result->error);
}

static void on_copied(void *ctx, const struct s3_result *result)
{
    struct copy *c = ctx;
    sigv4_call_release(c->call);
    c->call = NULL;
    c->maybe_done = result->maybe_done;
    if (result->error && may_go_again(c, result))
        return;
    if (result->error) {
        clean_up(c, result->error);
        return;
    }
    c->maybe_done = false;
    keep_outcome(c, result->etag, result->version_id);
    c->done_bytes = c->plan.length;
    c->done_parts = 1;
    c->checksum = result->checksum;
    sigv4__fixed_copy(c->checksum_value, sizeof c->checksum_value, result->checksum_value);
    progress(c);
    over(c);
}

static int copy_at_once(struct copy *c, struct sigv4_error *err)
{
    struct s3_conditions pinned = {.size = sizeof pinned,
                                   .if_match = c->source_etag[0] ? c->source_etag : NULL};
    struct s3_copy what = {
        .size = sizeof what,
        .from = &c->from.at,
        .to = &c->to.at,
        .attributes = s3__baggage_attributes(&c->to),
        .source_conditions = &pinned,
        .conditions = s3__baggage_conditions(&c->to),
        .source_customer_key = source_key(c),
        .on_done = on_copied,
        .ctx = c,
    };
    c->state = COPYING;
    return s3_copy(c->op.client, &what, &c->call, err);
}

/* ---- looking ---- */

/* What a single copy would take over. */
static void take_over(struct copy *c, const struct s3_result *source)
{
    static const char *const names[] = {"Content-Type",     "Content-Encoding",
                                        "Content-Language", "Content-Disposition",
                                        "Cache-Control",    "Expires"};
    struct s3__request *r = &c->to.attributes;
    struct sigv4_header h;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        s3__request_header(r, names[i], sigv4_response_header(source->response, names[i]));
    for (size_t i = 0; s3_result_metadata(source, i, &h); i++)
        s3__request_header_at(r, "x-amz-meta-", h.name, h.value);
}

static int begin(struct copy *c, const struct s3_result *source, struct sigv4_error *err)
{
    sigv4__fixed_copy(c->source_etag, sizeof c->source_etag, source->etag);
    if (s3__plan_make(&c->plan, source->length, c->part_size, S3_MAX_PARTS))
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "the source is too large to be copied");
    if (source->length <= c->at_once)
        return copy_at_once(c, err);
    if (!c->replaces)
        take_over(c, source);
    int status = s3__request_check(&c->to.attributes, err);
    if (status)
        return status;
    c->state = CREATING;
    s3__assembly_create(&c->assembly);
    return SIGV4_OK;
}

static void on_looked(void *ctx, const struct s3_result *result)
{
    struct copy *c = ctx;
    struct sigv4_error err = {0};
    sigv4_call_release(c->call);
    c->call = NULL;
    if (result->error && may_go_again(c, result))
        return;
    c->again.tries = 0;
    if (result->error || c->canceled || begin(c, result, &err))
        clean_up(c, result->error ? result->error : &err);
}

/* ---- life ---- */

static int look(struct copy *c, struct sigv4_error *err)
{
    struct s3_encryption key = {.size = sizeof key, .customer_key = source_key(c)};
    struct s3_head head = {
        .size = sizeof head,
        .of = &c->from.at,
        .conditions = s3__baggage_conditions(&c->from),
        .encryption = &key,
        .on_done = on_looked,
        .ctx = c,
    };
    return s3_head(c->op.client, &head, &c->call, err);
}

static void go_on(void *ctx)
{
    struct copy *c = ctx;
    struct sigv4_error err;
    if (c->state == LOOKING ? look(c, &err) : copy_at_once(c, &err))
        clean_up(c, &err);
}

static void start(struct s3__operation *op)
{
    go_on(of(op));
}

static void cancel(struct s3__operation *op)
{
    struct copy *c = of(op);
    c->canceled = true;
    if (c->call)
        sigv4_call_cancel(c->call);
    else if (s3__again_stop(&c->again))
        clean_up(c, NULL);
    else if (c->state == PARTS)
        s3__crew_stop(&c->crew, NULL);
    else
        s3__assembly_cancel(&c->assembly);
}

static void copy_free(struct s3__operation *op)
{
    struct copy *c = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__crew_free(&c->crew);
    s3__again_free(&c->again);
    s3__assembly_free(&c->assembly);
    s3__baggage_free(&c->from);
    s3__baggage_free(&c->to);
    sigv4_call_release(c->call);
    OPENSSL_cleanse(c->source_key, sizeof c->source_key);
    sigv4__alloc_put(alloc, c, sizeof *c);
}

static const struct s3__operation_ops copy_ops = {start, cancel, NULL, copy_free};

static int set_up(struct copy *c, const struct s3_copy *what, struct sigv4_error *err)
{
    struct s3_client *client = c->op.client;
    if (what->source_customer_key.len > sizeof c->source_key)
        return sigv4__fail(err, SIGV4_E_INVALID, "the customer's key must have 32 bytes");
    if (what->source_customer_key.len)
        memcpy(c->source_key, what->source_customer_key.ptr, what->source_customer_key.len);
    c->source_key_len = what->source_customer_key.len;
    int status = s3__baggage_pack(&c->from, client, what->from, NULL, what->source_conditions, err);
    if (status == SIGV4_OK)
        status =
            s3__baggage_pack(&c->to, client, what->to, what->attributes, what->conditions, err);
    if (status)
        return status;
    c->replaces = s3__describes_content(&c->to.attributes);
    if (s3__crew_init(&c->crew, client, &crew_ops, S3_MAX_PARTS) ||
        s3__again_init(&c->again, client, go_on, c) ||
        s3__assembly_init(&c->assembly, client, &c->to, &owner, c))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    c->assembly.checksum =
        client->options.flags & S3_NO_CHECKSUMS ? S3_CHECKSUM_NONE : S3_CHECKSUM_CRC64NVME;
    return SIGV4_OK;
}

int s3_copy_large(struct s3_client *client, const struct s3_copy_large *copy,
                  struct sigv4_call **call, struct sigv4_error *err)
{
    if (!copy->copy || !copy->copy->on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "a copy needs on_done");
    struct copy *c = sigv4__alloc_zero(client->alloc, 1, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    c->op = (struct s3__operation){.ops = &copy_ops,
                                   .client = client,
                                   .done_job = {.run = run_over},
                                   .on_done = copy->copy->on_done,
                                   .ctx = copy->copy->ctx};
    c->part_size = copy->part_size ? copy->part_size : usual_part;
    c->at_once =
        copy->part_size && copy->part_size < largest_at_once ? copy->part_size : largest_at_once;
    c->checksum = S3_CHECKSUM_NONE;
    c->on_progress = copy->on_progress;
    c->progress_job.run = run_progress;
    int status = set_up(c, copy->copy, err);
    if (status == SIGV4_OK)
        status = s3__operation_begin(&c->op, call, err);
    if (status)
        copy_free(&c->op);
    return status;
}
