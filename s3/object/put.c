/* s3_put.
 *
 * A put that may only create (If-None-Match: *) and whose first answer was lost is refused when it
 * is repeated, because it succeeded (facts, 6.5). Whether that is so is asked before it is told:
 *
 *   PUT --answer--> over
 *     \--412 after a lost answer--> HEAD --same length and checksum--> over, as a success
 *                                     \--otherwise--> over, refused
 */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/attributes.h"
#include "object/operation.h"
#include "object/payload.h"
#include "object/result.h"
#include "wire/checksum.h"

struct put {
    struct s3__operation op;
    struct s3__request put, head;
    struct sigv4_slice *body; /* the caller's array, copied */
    size_t body_count;
    enum s3_checksum checksum;
    char checksum_text[S3__CHECKSUM_TEXT_MAX];
    bool must_be_new;
    struct sigv4_error refused;
};

static void end(struct put *p, struct s3_result *result)
{
    if (!result->error && result->etag.len == 0) {
        sigv4__fail(&p->op.error, SIGV4_E_PROTOCOL, "PutObject: the answer has no ETag");
        result->maybe_done = true;
        s3__result_fail(result, &p->op.error);
    }
    if (!result->error)
        result->length = p->put.body_length;
    s3__operation_end(&p->op, result);
}

static void on_head(void *ctx, const struct sigv4_response *response,
                    const struct sigv4_error *error)
{
    struct put *p = ctx;
    struct s3_result result;
    s3__result_fill(&result, response, error, &p->op.error);
    bool ours = !result.error && result.length == p->put.body_length &&
                result.checksum == p->checksum && p->checksum != S3_CHECKSUM_NONE &&
                sigv4__equal_str(result.checksum_value, p->checksum_text);
    if (!ours) {
        result.error = &p->refused;
        /* Without an answer to compare with, nobody knows. */
        result.maybe_done = error != NULL;
    }
    end(p, &result);
}

static bool may_be_ours(const struct put *p, const struct sigv4_response *response,
                        const struct sigv4_error *error)
{
    return p->must_be_new && error && response->http_status == 412 && response->attempts > 1 &&
           !atomic_load(&p->op.client->closing) && !p->put.canceled;
}

static void on_put(void *ctx, const struct sigv4_response *response,
                   const struct sigv4_error *error)
{
    struct put *p = ctx;
    struct s3_result result;
    if (may_be_ours(p, response, error)) {
        p->refused = *error;
        if (s3__request_send(&p->head, NULL) == SIGV4_OK)
            return;
    }
    s3__result_fill(&result, response, error, &p->op.error);
    end(p, &result);
}

static void start(struct s3__operation *op)
{
    struct put *p = (struct put *)op;
    int status = s3__payload_prepare(&p->put, p->checksum, p->checksum_text, &op->error);
    if (status == SIGV4_OK)
        status = s3__request_send(&p->put, &op->error);
    if (status)
        s3__operation_fail(op);
}

static void cancel(struct s3__operation *op)
{
    struct put *p = (struct put *)op;
    s3__request_cancel(&p->put);
    s3__request_cancel(&p->head);
}

static void put_free(struct s3__operation *op)
{
    struct put *p = (struct put *)op;
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__request_free(&p->put);
    s3__request_free(&p->head);
    sigv4__alloc_put(alloc, p->body, p->body_count * sizeof *p->body);
    sigv4__alloc_put(alloc, p, sizeof *p);
}

static const struct s3__operation_ops put_ops = {start, cancel, NULL, put_free};

static int copy_body(struct put *p, const struct s3_put *put, struct sigv4_error *err)
{
    if (put->read && put->body_count)
        return sigv4__fail(err, SIGV4_E_INVALID, "PutObject: body and read exclude each other");
    p->put.read = put->read;
    p->put.read_ctx = put->ctx;
    p->put.body_length = put->body_length;
    if (put->read || put->body_count == 0)
        return SIGV4_OK;
    p->body = sigv4__alloc_zero(p->op.client->alloc, put->body_count, sizeof *p->body);
    if (!p->body)
        return sigv4__fail(err, SIGV4_E_NOMEM, "PutObject: out of memory");
    memcpy(p->body, put->body, put->body_count * sizeof *p->body);
    p->body_count = put->body_count;
    p->put.body = p->body;
    p->put.body_count = put->body_count;
    return SIGV4_OK;
}

static int describe(struct put *p, const struct s3_put *put, struct sigv4_error *err)
{
    const struct s3_encryption *encryption = put->attributes ? put->attributes->encryption : NULL;
    int status = s3__request_object(&p->put, put->to, err);
    if (status == SIGV4_OK)
        status = s3__request_object(&p->head, put->to, err);
    if (status == SIGV4_OK)
        status = s3__add_attributes(&p->put, put->attributes, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(&p->head, encryption, err);
    if (status == SIGV4_OK)
        status = copy_body(p, put, err);
    if (status)
        return status;
    s3__add_conditions(&p->put, put->conditions);
    s3__request_header_str(&p->head, "x-amz-checksum-mode", "ENABLED");
    p->must_be_new = put->conditions && put->conditions->if_none_match;
    return s3__request_check(&p->put, err);
}

int s3_put(struct s3_client *client, const struct s3_put *put, struct sigv4_call **call,
           struct sigv4_error *err)
{
    if (!put->on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "PutObject: on_done is missing");
    struct put *p = sigv4__alloc_zero(client->alloc, 1, sizeof *p);
    if (!p)
        return sigv4__fail(err, SIGV4_E_NOMEM, "PutObject: out of memory");
    p->op = (struct s3__operation){
        .ops = &put_ops, .client = client, .on_done = put->on_done, .ctx = put->ctx};
    s3__request_init(&p->put, client, "PutObject", "PUT");
    s3__request_init(&p->head, client, "HeadObject", "HEAD");
    p->put.on_done = on_put;
    p->head.on_done = on_head;
    p->put.ctx = p->head.ctx = p;
    p->checksum = s3__checksum_choice(client, put->checksum);
    int status = describe(p, put, err);
    if (status == SIGV4_OK)
        status = s3__operation_begin(&p->op, call, err);
    if (status)
        put_free(&p->op);
    return status;
}
