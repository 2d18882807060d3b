/* What a download's crew does: one range after the other. */
#include "base/fail.h"
#include "base/text.h"
#include "transfer/download.h"

static struct s3__download *of_crew(struct s3__crew *crew)
{
    return (struct s3__download *)((char *)crew - offsetof(struct s3__download, crew));
}

static struct s3__checksum *sum_of(struct s3__download *d, struct s3__hand *hand)
{
    return &d->sums[hand - d->crew.hands];
}

static enum s3__supply next(struct s3__crew *crew, struct s3__hand *hand)
{
    struct s3__download *d = of_crew(crew);
    while (d->next < d->plan.count && d->done[d->next])
        d->next++;
    if (d->state != S3__DOWNLOAD_FETCHING || d->next >= d->plan.count)
        return S3__PART_NONE;
    hand->index = d->next;
    hand->offset = s3__plan_offset(&d->plan, hand->index);
    hand->length = s3__plan_size(&d->plan, hand->index);
    enum s3__supply supply = d->flow ? s3__flow_next(d, hand) : S3__PART_READY;
    if (supply != S3__PART_NONE) {
        d->next++;
        (void)s3__checksum_begin(sum_of(d, hand));
    }
    return supply;
}

/* Not every service knows If-Match. */
static bool is_another(struct s3__download *d, const struct s3_result *so_far)
{
    struct sigv4_error err;
    if (!d->etag[0] || !so_far->etag.len || sigv4__equal_str(so_far->etag, d->etag))
        return false;
    sigv4__fail(&err, SIGV4_E_CONFLICT, "the object changed while it was downloaded");
    d->keep = false;
    s3__crew_stop(&d->crew, &err);
    return true;
}

/* Bytes come in order and once, also over several tries: what came is never asked for again. */
static enum sigv4_flow on_chunk(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                struct sigv4_slice chunk)
{
    struct s3__hand *hand = ctx;
    struct s3__download *d = of_crew(hand->crew);
    if (d->crew.stopped || is_another(d, so_far))
        return SIGV4_STOP;
    if (d->flow)
        s3__flow_keep(d, hand, chunk);
    else if (s3__target_write(&d->target, offset, chunk))
        return SIGV4_STOP;
    if (s3__checksum_add(sum_of(d, hand), chunk))
        return SIGV4_STOP;
    hand->moved += chunk.len;
    hand->tries = 1;
    s3__download_progress(d);
    return SIGV4_GO_ON;
}

void s3__download_remember(struct s3__download *d, const struct s3_result *seen)
{
    d->so_far = *seen;
    sigv4__fixed_copy(d->etag, sizeof d->etag, seen->etag);
    sigv4__fixed_copy(d->version_id, sizeof d->version_id, seen->version_id);
    sigv4__fixed_copy(d->content_type, sizeof d->content_type, seen->content_type);
    sigv4__fixed_copy(d->checksum_value, sizeof d->checksum_value, seen->checksum_value);
    d->so_far.etag = sigv4_str(d->etag);
    d->so_far.version_id = sigv4_str(d->version_id);
    d->so_far.content_type = sigv4_str(d->content_type);
    d->so_far.checksum_value = sigv4_str(d->checksum_value);
    d->so_far.storage_class = d->so_far.bucket_region = SIGV4_LIT("");
    d->so_far.response = NULL;
}

static void on_part(void *ctx, const struct s3_result *result)
{
    struct s3__hand *hand = ctx;
    struct s3__download *d = of_crew(hand->crew);
    struct sigv4_error err = {0};
    if (result->error)
        err = *result->error;
    else if (hand->moved != hand->length)
        sigv4__fail(&err, SIGV4_E_PROTOCOL, "a part of the object came incomplete");
    if (err.status == SIGV4_E_CONFLICT && err.http_status == 412)
        sigv4__fail(&err, SIGV4_E_CONFLICT, "the object changed while it was downloaded");
    /* Damaged bytes were written already: not a part but the download is lost. */
    if (err.status == SIGV4_E_PROTOCOL && hand->moved == hand->length)
        s3__crew_stop(&d->crew, &err);
    if (err.status == SIGV4_OK && d->listed)
        s3__download_remember(d, result);
    if (err.status == SIGV4_OK) {
        s3__download_count(d, hand->index, sum_of(d, hand)->crc);
        if (d->flow)
            s3__flow_part(d, hand);
        hand->moved = 0;
        if (d->to_file)
            s3__download_token(d);
    }
    s3__crew_ended(hand, err.status ? &err : NULL);
}

static int start_part(struct s3__crew *crew, struct s3__hand *hand, struct sigv4_error *err)
{
    struct s3__download *d = of_crew(crew);
    struct s3_conditions pinned = {.size = sizeof pinned, .if_match = d->etag[0] ? d->etag : NULL};
    /* A checksum that is no CRC is left to the get, which must then see the whole. */
    bool verifies = d->whole && !d->crcs;
    if (verifies)
        hand->moved = 0;
    bool ranged = !d->whole || hand->moved > 0;
    struct s3_get get = {
        .size = sizeof get,
        .from = &d->from.at,
        .first_byte = ranged ? hand->offset + hand->moved : 0,
        .byte_count = ranged ? hand->length - hand->moved : 0,
        .conditions = &pinned,
        .encryption = s3__baggage_encryption(&d->from),
        .flags = verifies ? 0 : S3_GET_UNVERIFIED,
        .on_chunk = on_chunk,
        .on_done = on_part,
        .ctx = hand,
    };
    return s3_get(d->op.client, &get, &hand->call, err);
}

static void part_done(struct s3__crew *crew, struct s3__hand *hand, bool well)
{
    struct s3__download *d = of_crew(crew);
    if (!well && d->flow)
        s3__flow_drop(d, hand);
}

static void halt(struct s3__crew *crew)
{
    if (of_crew(crew)->flow)
        s3__flow_halt(of_crew(crew));
}

static void idle(struct s3__crew *crew)
{
    s3__download_settle(of_crew(crew));
}

const struct s3__crew_ops s3__download_crew_ops = {next, start_part, part_done, halt, idle};
