/* Operations of one request. */
#include "object/single.h"

#include "base/fail.h"
#include "base/memory.h"
#include "object/payload.h"
#include "object/result.h"

enum { MAX_DOCUMENT = 4 * 1024 * 1024 }; /* 10,000 parts with checksums are 1.5 MiB */

static struct s3__single *of(struct s3__operation *op)
{
    return (struct s3__single *)op;
}

static void on_answer(void *ctx, const struct sigv4_response *response,
                      const struct sigv4_error *error)
{
    struct s3__single *single = ctx;
    struct s3_result result;
    s3__result_fill(&result, response, error, &single->op.error);
    if (!result.error && single->decode)
        single->decode(single, &result);
    s3__operation_end(&single->op, &result);
}

static void start(struct s3__operation *op)
{
    struct s3__single *single = of(op);
    struct s3__request *r = &single->request;
    int status = single->prepare ? single->prepare(single, &op->error) : SIGV4_OK;
    if (status == SIGV4_OK)
        status = single->has_payload
                     ? s3__payload_prepare(r, single->checksum, single->checksum_text, &op->error)
                     : s3__payload_check(r, &op->error);
    if (status == SIGV4_OK)
        status = s3__request_send(r, &op->error);
    if (status)
        s3__operation_fail(op);
}

static void cancel(struct s3__operation *op)
{
    s3__request_cancel(&of(op)->request);
}

static void single_free(struct s3__operation *op)
{
    struct s3__single *single = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__request_free(&single->request);
    sigv4__buffer_free(&single->document);
    sigv4__alloc_put(alloc, single->body, single->body_count * sizeof *single->body);
    sigv4__alloc_put(alloc, single, sizeof *single);
}

static const struct s3__operation_ops single_ops = {start, cancel, NULL, single_free};

int s3__single_new(struct s3__single **out, struct s3_client *client, const char *operation,
                   const char *method, s3_done_fn *on_done, void *ctx, struct sigv4_error *err)
{
    if (!on_done)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: on_done is missing", operation);
    struct s3__single *single = sigv4__alloc_zero(client->alloc, 1, sizeof *single);
    if (!single)
        return sigv4__fail(err, SIGV4_E_NOMEM, "%s: out of memory", operation);
    single->op = (struct s3__operation){
        .ops = &single_ops, .client = client, .on_done = on_done, .ctx = ctx};
    single->checksum = S3_CHECKSUM_NONE;
    s3__request_init(&single->request, client, operation, method);
    single->request.on_done = on_answer;
    single->request.ctx = single;
    sigv4__buffer_init(&single->document, client->alloc, MAX_DOCUMENT);
    *out = single;
    return SIGV4_OK;
}

int s3__single_drop(struct s3__single *single, int status)
{
    single_free(&single->op);
    return status;
}

int s3__single_begin(struct s3__single *single, struct sigv4_call **call, struct sigv4_error *err)
{
    int status = s3__request_check(&single->request, err);
    if (status == SIGV4_OK)
        status = s3__operation_begin(&single->op, call, err);
    return status ? s3__single_drop(single, status) : SIGV4_OK;
}

int s3__single_set_body(struct s3__single *single, const struct sigv4_slice *body, size_t count,
                        struct sigv4_error *err)
{
    if (count == 0)
        return SIGV4_OK;
    single->body = sigv4__alloc_zero(single->op.client->alloc, count, sizeof *body);
    if (!single->body)
        return sigv4__fail(err, SIGV4_E_NOMEM, "%s: out of memory", single->request.operation);
    memcpy(single->body, body, count * sizeof *body);
    single->body_count = count;
    single->request.body = single->body;
    single->request.body_count = count;
    return SIGV4_OK;
}

void s3__single_set_document(struct s3__single *single)
{
    struct sigv4_slice document = sigv4__buffer_view(&single->document);
    single->has_payload = true;
    if (single->document.failed)
        single->request.failed = single->document.failed;
    else if (document.len && s3__single_set_body(single, &document, 1, NULL))
        single->request.failed = SIGV4_E_NOMEM;
}

void s3__single_needs_etag(struct s3__single *single, struct s3_result *result)
{
    if (result->etag.len)
        return;
    sigv4__fail(&single->op.error, SIGV4_E_PROTOCOL, "%s: the answer has no ETag",
                single->request.operation);
    result->maybe_done = true;
    s3__result_fail(result, &single->op.error);
}

void s3__single_outcome(struct s3__single *single, struct s3_result *result, s3__outcome_fn *read)
{
    struct s3__outcome *o = &single->outcome;
    struct sigv4_error why;
    int status = read(o, result->response->body, single->op.client->alloc, &why);
    if (status) {
        sigv4__fail(&single->op.error, status, "%s: %s", single->request.operation, why.message);
        result->maybe_done = true;
        s3__result_fail(result, &single->op.error);
        return;
    }
    result->length = result->byte_count = 0; /* those of the document */
    result->upload_id = sigv4_str(o->upload_id);
    if (o->etag[0])
        result->etag = sigv4_str(o->etag);
    if (o->modified_unix_ms)
        result->modified_unix_ms = o->modified_unix_ms;
    if (o->checksum != S3_CHECKSUM_NONE) {
        result->checksum = o->checksum;
        result->checksum_value = sigv4_str(o->checksum_value);
    }
}
