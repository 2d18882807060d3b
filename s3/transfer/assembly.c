/* Multipart uploads: create, complete, abort; and finding out what happened. */
#include "transfer/assembly.h"

#include "base/fail.h"
#include "base/memory.h"
#include "transfer/crew.h"

enum { ANSWER_MS = 5000 };

/* ---- life ---- */

static void on_rested(void *ctx);

int s3__assembly_init(struct s3__assembly *a, struct s3_client *client, struct s3__baggage *to,
                      const struct s3__assembly_owner *owner, void *ctx)
{
    a->owner = owner;
    a->ctx = ctx;
    a->client = client;
    a->to = to;
    return sigv4_timer_new(&a->timer, client->loop, on_rested, a);
}

void s3__assembly_free(struct s3__assembly *a)
{
    if (!a->client)
        return;
    const struct sigv4_alloc *alloc = a->client->alloc;
    sigv4_timer_free(a->timer);
    sigv4_call_release(a->call);
    s3__assembly_disown(a);
    sigv4__alloc_put(alloc, a->records, a->cap * sizeof *a->records);
    a->client = NULL;
}

static void release_call(struct s3__assembly *a)
{
    sigv4_call_release(a->call);
    a->call = NULL;
}

/* True: the same step will be taken once more. */
static bool try_again(struct s3__assembly *a, const struct sigv4_error *error)
{
    if (a->canceled || !s3__worth_another_try(a->client, error) || a->tries >= S3__TRIES)
        return false;
    if (error->status == SIGV4_E_THROTTLED)
        s3__pool_narrow(&a->client->requests);
    a->resting = true;
    sigv4_timer_set(a->timer, s3__rest_ms(a->client->loop, a->tries));
    return true;
}

/* ---- records ---- */

static int grow(struct s3__assembly *a, uint32_t index)
{
    uint32_t cap = a->cap ? a->cap : 16;
    if (index < a->cap)
        return SIGV4_OK;
    while (cap <= index)
        cap *= 2;
    struct s3__part_record *grown = sigv4__alloc_resize(
        a->client->alloc, a->records, a->cap * sizeof *grown, cap * sizeof *grown);
    if (!grown)
        return SIGV4_E_NOMEM;
    memset(grown + a->cap, 0, (cap - a->cap) * sizeof *grown);
    a->records = grown;
    a->cap = cap;
    return SIGV4_OK;
}

int s3__assembly_record(struct s3__assembly *a, uint32_t index, const struct s3_part *part)
{
    const struct sigv4_alloc *alloc = a->client->alloc;
    if (grow(a, index))
        return SIGV4_E_NOMEM;
    char *etag = sigv4__string_copy(alloc, part->etag);
    char *checksum = sigv4__string_copy(alloc, part->checksum_value);
    if (!etag || !checksum) {
        sigv4__string_free(alloc, etag);
        sigv4__string_free(alloc, checksum);
        return SIGV4_E_NOMEM;
    }
    struct s3__part_record *record = &a->records[index];
    sigv4__string_free(alloc, record->etag);
    sigv4__string_free(alloc, record->checksum);
    *record = (struct s3__part_record){etag, checksum, part->length};
    if (a->count <= index)
        a->count = index + 1;
    return SIGV4_OK;
}

void s3__assembly_forget(struct s3__assembly *a, uint32_t index)
{
    sigv4__string_free(a->client->alloc, a->records[index].etag);
    sigv4__string_free(a->client->alloc, a->records[index].checksum);
    a->records[index] = (struct s3__part_record){0};
}

void s3__assembly_disown(struct s3__assembly *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        s3__assembly_forget(a, i);
    a->count = 0;
    sigv4__string_free(a->client->alloc, a->upload_id);
    a->upload_id = NULL;
}

bool s3__assembly_has(const struct s3__assembly *a, uint32_t index)
{
    return index < a->count && a->records[index].etag;
}

/* ---- create ---- */

static void end_creating(struct s3__assembly *a, const struct sigv4_error *error)
{
    a->state = S3__ASSEMBLY_OPEN;
    a->owner->created(a->ctx, error);
}

static void on_created(void *ctx, const struct s3_result *result)
{
    struct s3__assembly *a = ctx;
    struct sigv4_error error = {0};
    release_call(a);
    sigv4_timer_set(a->timer, -1);
    if (result->error && try_again(a, result->error))
        return;
    if (result->error)
        error = *result->error;
    else if (s3__assembly_adopt(a, result->upload_id))
        sigv4__fail(&error, SIGV4_E_NOMEM, "out of memory");
    end_creating(a, error.status ? &error : NULL);
}

static void create(struct s3__assembly *a)
{
    struct sigv4_error err;
    struct s3_multipart_create what = {
        .size = sizeof what,
        .to = &a->to->at,
        .attributes = s3__baggage_attributes(a->to),
        .checksum = a->checksum,
        .on_done = on_created,
        .ctx = a,
    };
    a->tries++;
    if (s3_multipart_create(a->client, &what, &a->call, &err))
        end_creating(a, &err);
}

void s3__assembly_create(struct s3__assembly *a)
{
    a->state = S3__ASSEMBLY_CREATING;
    a->tries = 0;
    create(a);
}

int s3__assembly_adopt(struct s3__assembly *a, struct sigv4_slice upload_id)
{
    sigv4__string_free(a->client->alloc, a->upload_id);
    a->upload_id = sigv4__string_copy(a->client->alloc, upload_id);
    return a->upload_id ? SIGV4_OK : SIGV4_E_NOMEM;
}

/* ---- complete ---- */

static void complete(struct s3__assembly *a);

static void end_completing(struct s3__assembly *a, const struct s3__completion *completion)
{
    a->state = S3__ASSEMBLY_OPEN;
    a->owner->completed(a->ctx, completion);
}

static void fail_completing(struct s3__assembly *a, const struct sigv4_error *error,
                            bool maybe_done)
{
    struct sigv4_error why = *error;
    struct s3__completion completion = {.error = &why, .maybe_done = maybe_done};
    end_completing(a, &completion);
}

static void end_well(struct s3__assembly *a, const struct s3_result *result)
{
    struct s3__completion completion = {
        .etag = result->etag,
        .version_id = result->version_id,
        .checksum = result->checksum,
        .checksum_value = result->checksum_value,
    };
    if (result->checksum == S3_CHECKSUM_NONE && a->whole.checksum_value[0]) {
        completion.checksum = a->whole.checksum; /* the service compared it */
        completion.checksum_value = sigv4_str(a->whole.checksum_value);
    }
    end_completing(a, &completion);
}

static void on_checked(void *ctx, const struct s3_result *result)
{
    struct s3__assembly *a = ctx;
    release_call(a);
    if (result->error && result->error->status != SIGV4_E_NOT_FOUND) {
        if (!try_again(a, result->error))
            fail_completing(a, &a->failure, true);
    } else if (!result->error && s3__whole_is(&a->whole, result)) {
        end_well(a, result);
    } else if (strcmp(a->failure.code, "NoSuchUpload") == 0 || !try_again(a, &a->failure)) {
        fail_completing(a, &a->failure, false);
    } else {
        a->state = S3__ASSEMBLY_COMPLETING;
    }
}

static void check(struct s3__assembly *a)
{
    struct sigv4_error err;
    struct s3_at current = a->to->at;
    struct s3_head what = {
        .size = sizeof what,
        .of = &current,
        .encryption = s3__baggage_encryption(a->to),
        .on_done = on_checked,
        .ctx = a,
    };
    current.version_id = NULL;
    a->state = S3__ASSEMBLY_CHECKING;
    a->tries++;
    if (s3_head(a->client, &what, &a->call, &err))
        fail_completing(a, &a->failure, true);
}

static void on_completed(void *ctx, const struct s3_result *result)
{
    struct s3__assembly *a = ctx;
    const struct sigv4_error *error = result->error;
    release_call(a);
    if (!error) {
        end_well(a, result);
    } else if (!a->canceled && (result->maybe_done || strcmp(error->code, "NoSuchUpload") == 0)) {
        a->failure = *error;
        check(a);
    } else if (!try_again(a, error)) {
        fail_completing(a, error, result->maybe_done);
    }
}

static struct s3_part *list_parts(const struct s3__assembly *a)
{
    struct s3_part *parts = sigv4__alloc_zero(a->client->alloc, a->count, sizeof *parts);
    for (uint32_t i = 0; parts && i < a->count; i++)
        parts[i] = (struct s3_part){
            .number = i + 1,
            .length = a->records[i].length,
            .etag = sigv4_str(a->records[i].etag),
            .checksum_value = sigv4_str(a->records[i].checksum),
        };
    return parts;
}

static void complete(struct s3__assembly *a)
{
    struct sigv4_error err;
    struct s3_part *parts = list_parts(a);
    struct s3_multipart_complete what = {
        .size = sizeof what,
        .to = &a->to->at,
        .upload_id = a->upload_id,
        .parts = parts,
        .part_count = a->count,
        .checksum = a->checksum,
        .checksum_value = a->whole.checksum_value[0] ? a->whole.checksum_value : NULL,
        .length = a->whole.length,
        .conditions = s3__baggage_conditions(a->to),
        .encryption = s3__baggage_encryption(a->to),
        .on_done = on_completed,
        .ctx = a,
    };
    a->tries++;
    int status = parts ? s3_multipart_complete(a->client, &what, &a->call, &err)
                       : sigv4__fail(&err, SIGV4_E_NOMEM, "out of memory");
    sigv4__alloc_put(a->client->alloc, parts, a->count * sizeof *parts);
    if (status)
        fail_completing(a, &err, false);
}

void s3__assembly_complete(struct s3__assembly *a)
{
    s3__whole_of_parts(&a->whole, a->client->alloc, a->checksum, a->records, a->count);
    a->state = S3__ASSEMBLY_COMPLETING;
    a->tries = 0;
    complete(a);
}

/* ---- abort ---- */

static void end_aborting(struct s3__assembly *a, const struct sigv4_error *error)
{
    a->state = S3__ASSEMBLY_OPEN;
    a->owner->gone(a->ctx, error);
}

static enum sigv4_flow on_part_left(void *ctx, const struct s3_part *part)
{
    struct s3__assembly *a = ctx;
    (void)part;
    a->any_left = true;
    return SIGV4_GO_ON;
}

static void abort_upload(struct s3__assembly *a);

static void on_looked(void *ctx, const struct s3_result *result)
{
    struct s3__assembly *a = ctx;
    struct sigv4_error still = {.status = SIGV4_E_SERVICE, .retryable = true};
    const struct sigv4_error *error = result->error;
    release_call(a);
    /* Who may abort need not be allowed to look: the abort itself was accepted. */
    if (error && (error->status == SIGV4_E_NOT_FOUND || error->status == SIGV4_E_DENIED)) {
        end_aborting(a, NULL);
        return;
    }
    if (!error) {
        sigv4__fail(&still, SIGV4_E_SERVICE, "the aborted upload %s is still listed", a->upload_id);
        error = &still;
    }
    struct sigv4_error why = *error;
    if (try_again(a, &why))
        a->state = S3__ASSEMBLY_ABORTING;
    else if (!result->error && !a->any_left)
        end_aborting(a, NULL); /* an empty upload costs nothing and is forgotten by the service */
    else
        end_aborting(a, &why);
}

static void look(struct s3__assembly *a)
{
    struct sigv4_error err;
    struct s3_multipart what = {
        .size = sizeof what,
        .to = &a->to->at,
        .upload_id = a->upload_id,
        .on_part = on_part_left,
        .on_done = on_looked,
        .ctx = a,
    };
    a->state = S3__ASSEMBLY_LEFT;
    a->any_left = false;
    if (s3_multipart_parts(a->client, &what, &a->call, &err))
        end_aborting(a, &err);
}

static void on_aborted(void *ctx, const struct s3_result *result)
{
    struct s3__assembly *a = ctx;
    release_call(a);
    if (!result->error || result->error->status == SIGV4_E_NOT_FOUND)
        look(a);
    else if (!try_again(a, result->error))
        end_aborting(a, result->error);
}

static void abort_upload(struct s3__assembly *a)
{
    struct sigv4_error err;
    struct s3_multipart what = {
        .size = sizeof what,
        .to = &a->to->at,
        .upload_id = a->upload_id,
        .on_done = on_aborted,
        .ctx = a,
    };
    a->state = S3__ASSEMBLY_ABORTING;
    a->tries++;
    if (s3_multipart_abort(a->client, &what, &a->call, &err))
        end_aborting(a, &err);
}

void s3__assembly_abort(struct s3__assembly *a)
{
    a->canceled = false; /* what was canceled is to be cleaned up now */
    a->tries = 0;
    abort_upload(a);
}

/* ---- resting and canceling ---- */

static void on_rested(void *ctx)
{
    struct s3__assembly *a = ctx;
    if (a->call) {
        sigv4_call_cancel(a->call); /* the answer did not come in time */
        return;
    }
    a->resting = false;
    switch (a->state) {
    case S3__ASSEMBLY_CREATING:
        create(a);
        break;
    case S3__ASSEMBLY_COMPLETING:
        complete(a);
        break;
    case S3__ASSEMBLY_CHECKING:
        check(a);
        break;
    case S3__ASSEMBLY_ABORTING:
    case S3__ASSEMBLY_LEFT:
        abort_upload(a);
        break;
    default:
        break;
    }
}

void s3__assembly_cancel(struct s3__assembly *a)
{
    struct sigv4_error error;
    if (a->state == S3__ASSEMBLY_OPEN || a->state >= S3__ASSEMBLY_ABORTING)
        return;
    a->canceled = true;
    if (a->call && a->state == S3__ASSEMBLY_CREATING) {
        /* An upload whose id is lost cannot be aborted: the answer is worth a moment. */
        sigv4_timer_set(a->timer, ANSWER_MS);
        return;
    }
    if (a->call) {
        sigv4_call_cancel(a->call);
        return;
    }
    if (!a->resting)
        return;
    sigv4_timer_set(a->timer, -1);
    a->resting = false;
    sigv4__fail(&error, SIGV4_E_CANCELED, "canceled");
    if (a->state == S3__ASSEMBLY_CREATING)
        end_creating(a, &error);
    else
        fail_completing(a, &error, a->state == S3__ASSEMBLY_CHECKING);
}
