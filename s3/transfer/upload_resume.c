/* Uploads that go on where an earlier one stopped. What the service lists is believed only after
 * the file's bytes were compared with it. */
#include "base/digest.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "transfer/token.h"
#include "transfer/upload.h"

enum { PIECE = 128 * 1024 };

/* ---- telling a token ---- */

void s3__upload_token(struct s3__upload *u)
{
    struct sigv4__buffer text;
    struct s3__upload_token *t;
    if (!u->asked.on_token || u->source.is_pipe)
        return;
    t = sigv4__alloc_zero(u->op.client->alloc, 1, sizeof *t);
    if (!t)
        return; /* a token is a convenience */
    sigv4__fixed_copy(t->bucket, sizeof t->bucket, sigv4_str(u->to.bucket));
    memcpy(t->key, u->to.key, strlen(u->to.key) + 1);
    sigv4__fixed_copy(t->upload_id, sizeof t->upload_id, sigv4_str(u->assembly.upload_id));
    t->part_size = u->plan.part_size;
    t->length = u->source.length;
    t->modified_ns = u->source.modified_ns;
    t->checksum = u->assembly.checksum;
    sigv4__buffer_init(&text, u->op.client->alloc, 32 * 1024);
    s3__upload_token_write(&text, t);
    if (!text.failed)
        u->asked.on_token(u->op.ctx, sigv4__buffer_view(&text));
    sigv4__buffer_free(&text);
    sigv4__alloc_put(u->op.client->alloc, t, sizeof *t);
}

/* ---- comparing ---- */

struct sums {
    struct s3__checksum checksum;
    struct sigv4__digest *md5;
    char checksum_text[S3__CHECKSUM_TEXT_MAX], md5_text[2 * SIGV4__MD5_LEN + 1];
};

static int add_part(struct s3__upload *u, uint32_t index, struct sums *sums, char *piece)
{
    uint64_t at = s3__plan_offset(&u->plan, index);
    uint64_t end = at + s3__plan_size(&u->plan, index);
    int status = SIGV4_OK;
    while (at < end && status == SIGV4_OK) {
        size_t cap = end - at < PIECE ? (size_t)(end - at) : PIECE, got = 0;
        status = s3__source_read(&u->source, at, piece, cap, &got);
        if (status == SIGV4_OK)
            status = s3__checksum_add(&sums->checksum, sigv4_bytes(piece, got));
        if (status == SIGV4_OK)
            status = sigv4__digest_add(sums->md5, piece, got);
        at += got;
    }
    return status;
}

static int sum_part(struct s3__upload *u, uint32_t index, struct sums *sums)
{
    const struct sigv4_alloc *alloc = u->op.client->alloc;
    unsigned char md5[SIGV4__MD5_LEN];
    char *piece = sigv4__alloc_get(alloc, PIECE);
    memset(sums, 0, sizeof *sums);
    int status =
        piece ? s3__checksum_init(&sums->checksum, u->assembly.checksum, alloc) : SIGV4_E_NOMEM;
    if (status == SIGV4_OK)
        status = sigv4__digest_new_md5(&sums->md5, alloc);
    if (status == SIGV4_OK)
        status = sigv4__digest_begin(sums->md5);
    if (status == SIGV4_OK)
        status = add_part(u, index, sums, piece);
    if (status == SIGV4_OK)
        status = s3__checksum_text(&sums->checksum, sums->checksum_text);
    if (status == SIGV4_OK)
        status = sigv4__digest_end(sums->md5, md5);
    if (status == SIGV4_OK)
        sigv4__hex(md5, sizeof md5, sums->md5_text);
    s3__checksum_free(&sums->checksum);
    sigv4__digest_free(sums->md5);
    sigv4__alloc_put(alloc, piece, PIECE);
    return status;
}

/* The same by its checksum where the service lists one, else by its ETag where that is an MD5. */
static bool is_same(const struct s3__part_record *there, const struct sums *sums)
{
    if (there->checksum[0] && sums->checksum_text[0])
        return strcmp(there->checksum, sums->checksum_text) == 0;
    return strcmp(there->etag, sums->md5_text) == 0;
}

static int compare(struct s3__upload *u, uint32_t index)
{
    struct s3__part_record *there = &u->assembly.records[index];
    struct sums sums;
    int status = sum_part(u, index, &sums);
    if (status)
        return status;
    if (!is_same(there, &sums)) {
        s3__assembly_forget(&u->assembly, index);
        return SIGV4_OK;
    }
    struct s3_part part = {.length = there->length,
                           .etag = sigv4_str(there->etag),
                           .checksum_value = sigv4_str(sums.checksum_text)};
    u->done_bytes += there->length;
    u->done_parts++;
    return s3__assembly_record(&u->assembly, index, &part);
}

/* One part per turn of the loop: others move meanwhile. */
static void run_compare(struct sigv4_job *job)
{
    struct s3__upload *u =
        (struct s3__upload *)((char *)job - offsetof(struct s3__upload, compare_job));
    struct sigv4_error err;
    u->comparing = false;
    if (u->crew.stopped) {
        s3__upload_settle(u);
        return;
    }
    while (u->next < u->plan.count && !s3__assembly_has(&u->assembly, u->next))
        u->next++;
    if (u->next == u->plan.count) {
        u->next = 0;
        u->state = S3__UPLOAD_SENDING;
        s3__upload_token(u);
        s3__upload_progress(u);
        s3__crew_run(&u->crew);
        return;
    }
    int status = compare(u, u->next++);
    if (status) {
        sigv4__fail(&err, status, "cannot compare %.200s with what was sent before", u->name);
        s3__upload_fail(u, &err);
        return;
    }
    u->comparing = true;
    sigv4_loop_post(u->op.client->loop, &u->compare_job);
}

/* ---- recalling ---- */

static enum sigv4_flow on_part(void *ctx, const struct s3_part *part)
{
    struct s3__upload *u = ctx;
    uint32_t index = part->number - 1;
    /* A part of another size is of another plan: it will be replaced. */
    if (index >= u->plan.count || part->length != s3__plan_size(&u->plan, index))
        return SIGV4_GO_ON;
    return s3__assembly_record(&u->assembly, index, part) ? SIGV4_STOP : SIGV4_GO_ON;
}

static void on_listed(void *ctx, const struct s3_result *result)
{
    struct s3__upload *u = ctx;
    sigv4_call_release(u->listing);
    u->listing = NULL;
    if (result->error && result->error->status != SIGV4_E_NOT_FOUND) {
        s3__upload_fail(u, result->error);
    } else if (u->crew.stopped) {
        s3__upload_settle(u);
    } else if (result->error) {
        s3__assembly_disown(&u->assembly);
        s3__upload_create(u);
    } else {
        u->state = S3__UPLOAD_COMPARING;
        u->compare_job.run = run_compare;
        u->comparing = true;
        sigv4_loop_post(u->op.client->loop, &u->compare_job);
    }
}

static bool fits(const struct s3__upload *u, const struct s3__upload_token *t)
{
    return strcmp(t->bucket, u->to.bucket) == 0 && strcmp(t->key, u->to.key) == 0 &&
           t->length == u->source.length && t->modified_ns == u->source.modified_ns &&
           t->checksum == u->assembly.checksum;
}

static int list_parts(struct s3__upload *u, struct sigv4_error *err)
{
    struct s3_multipart what = {
        .size = sizeof what,
        .to = &u->to.at,
        .upload_id = u->assembly.upload_id,
        .on_part = on_part,
        .on_done = on_listed,
        .ctx = u,
    };
    u->state = S3__UPLOAD_RECALLING;
    return s3_multipart_parts(u->op.client, &what, &u->listing, err);
}

/* A token of another file's state belongs to an upload that nobody can complete: it is aborted, and
 * a new one begun. A token for another place is a mistake. */
static int follow(struct s3__upload *u, const struct s3__upload_token *t, struct sigv4_error *err)
{
    if (strcmp(t->bucket, u->to.bucket) != 0 || strcmp(t->key, u->to.key) != 0)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "the token to resume belongs to s3://%.100s/%.100s", t->bucket, t->key);
    if (s3__assembly_adopt(&u->assembly, sigv4_str(t->upload_id)))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    if (!fits(u, t)) {
        u->state = S3__UPLOAD_CREATING;
        s3__assembly_abort(&u->assembly);
        return SIGV4_OK;
    }
    if (s3__plan_make(&u->plan, u->source.length, t->part_size, S3_MAX_PARTS) ||
        u->plan.part_size != t->part_size)
        return sigv4__fail(err, SIGV4_E_INVALID, "the token to resume contradicts itself");
    return list_parts(u, err);
}

void s3__upload_recall(struct s3__upload *u)
{
    struct sigv4_error err;
    struct s3__upload_token *t = sigv4__alloc_zero(u->op.client->alloc, 1, sizeof *t);
    int status;
    if (!t)
        status = sigv4__fail(&err, SIGV4_E_NOMEM, "out of memory");
    else if (!s3__upload_token_read(t, sigv4_str(u->resume)))
        status = sigv4__fail(&err, SIGV4_E_INVALID, "the token to resume is not one of an upload");
    else
        status = follow(u, t, &err);
    sigv4__alloc_put(u->op.client->alloc, t, sizeof *t);
    if (status)
        s3__upload_fail(u, &err);
}
