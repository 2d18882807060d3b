/* s3_delete_many: up to a thousand keys per request, one result per key.
 *
 *   NEXT --keys that XML can carry--> ASKED --answer--> NEXT
 *     |  \--one key that it cannot--> ASKED --busy, after a rest--> ASKED
 *     |                                 \--a whole request failed--> over, the rest is told so
 *     \--none left--> over
 */
#include "base/digest.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/again.h"
#include "object/operation.h"
#include "object/payload.h"
#include "object/result.h"
#include "wire/delete_xml.h"
#include "wire/key.h"
#include "wire/xml_reader.h"

enum { MAX_DOCUMENT = 8 * 1024 * 1024 }; /* a thousand keys of nothing but quotes: 6 MiB */

struct sweep {
    struct s3__operation op;
    char *bucket;
    const char *const *keys; /* the caller's */
    size_t key_count;
    void (*on_each)(void *ctx, size_t index, const struct sigv4_error *error);

    struct s3__request request;
    struct s3__again again;
    struct sigv4__buffer document;
    struct sigv4_slice body;
    size_t first, count; /* the keys of the request under way */
    bool alone;          /* it is a DELETE of one object */
    bool told[S3__DELETE_MAX_KEYS];
    const struct sigv4_response *response; /* while it is looked into */
};

static struct sweep *of(struct s3__operation *op)
{
    return (struct sweep *)op;
}

/* ---- results ---- */

static void tell(struct sweep *s, size_t i, const struct sigv4_error *error)
{
    s->told[i - s->first] = true;
    s->on_each(s->op.ctx, i, error);
}

static int status_of_code(const char *code)
{
    if (strcmp(code, "AccessDenied") == 0)
        return SIGV4_E_DENIED;
    if (strcmp(code, "PreconditionFailed") == 0)
        return SIGV4_E_CONFLICT;
    return strcmp(code, "SlowDown") == 0 ? SIGV4_E_THROTTLED : SIGV4_E_SERVICE;
}

static void on_failure(void *ctx, const struct s3__delete_failure *failure)
{
    struct sweep *s = ctx;
    struct sigv4_error error;
    sigv4__fail(&error, status_of_code(failure->code), "%s: %s", failure->code,
                failure->message[0] ? failure->message : "not deleted");
    sigv4__fixed_copy(error.code, sizeof error.code, sigv4_str(failure->code));
    sigv4__fixed_copy(error.request_id, sizeof error.request_id, s->response->request_id);
    error.retryable = error.status == SIGV4_E_THROTTLED || error.status == SIGV4_E_SERVICE;
    for (size_t i = s->first; i < s->first + s->count; i++)
        if (!s->told[i - s->first] &&
            sigv4__equal_str(sigv4_bytes(failure->key, failure->key_len), s->keys[i])) {
            tell(s, i, &error);
            return;
        }
}

static void end(struct sweep *s, struct s3_result *result)
{
    for (size_t i = s->first; result->error && i < s->key_count; i++)
        if (i >= s->first + s->count || !s->told[i - s->first])
            s->on_each(s->op.ctx, i, result->error);
    s3__operation_end(&s->op, result);
}

static int next(struct sweep *s);

static void on_answer(void *ctx, const struct sigv4_response *response,
                      const struct sigv4_error *error)
{
    struct sweep *s = ctx;
    struct s3_result result;
    struct sigv4_error why;
    s3__result_fill(&result, response, error, &s->op.error);
    result.length = result.byte_count = 0;
    s->response = response;
    if (result.error && !s->request.canceled && s3__again_later(&s->again, result.error))
        return;
    if (!result.error && !s->alone &&
        s3__delete_parse(response->body, on_failure, s, s->op.client->alloc, &why)) {
        sigv4__fail(&s->op.error, why.status, "DeleteObjects: %s", why.message);
        result.maybe_done = true;
        s3__result_fail(&result, &s->op.error);
    }
    for (size_t i = s->first; !result.error && i < s->first + s->count; i++)
        if (!s->told[i - s->first])
            tell(s, i, NULL);
    if (!result.error) {
        s->first += s->count;
        s->count = 0;
        s->again.tries = 0;
        if (s->first < s->key_count && next(s) == SIGV4_OK)
            return;
        if (s->op.error.status)
            s3__result_fail(&result, &s->op.error);
    }
    end(s, &result);
}

/* ---- requests ---- */

static bool fits(const struct sweep *s, size_t i)
{
    return i < s->key_count && i - s->first < S3__DELETE_MAX_KEYS &&
           s3__xml_can_carry(sigv4_str(s->keys[i]));
}

/* The service insists on a checksum here; this is the one every service knows (facts, 6.1). */
static int add_md5(struct sweep *s)
{
    unsigned char md5[SIGV4__MD5_LEN];
    char text[32];
    struct sigv4__digest *digest = NULL;
    int status = sigv4__digest_new_md5(&digest, s->op.client->alloc);
    if (status == SIGV4_OK)
        status = sigv4__digest_begin(digest);
    if (status == SIGV4_OK)
        status = sigv4__digest_add(digest, s->body.ptr, s->body.len);
    if (status == SIGV4_OK)
        status = sigv4__digest_end(digest, md5);
    sigv4__digest_free(digest);
    if (status)
        return sigv4__fail(&s->op.error, status, "DeleteObjects: out of memory");
    s3__base64(md5, sizeof md5, text);
    s3__request_header_str(&s->request, "Content-MD5", text);
    return SIGV4_OK;
}

static int describe_batch(struct sweep *s)
{
    struct s3__request *r = &s->request;
    struct sigv4_error *err = &s->op.error;
    s3__request_init(r, s->op.client, "DeleteObjects", "POST");
    r->flags = SIGV4_ERROR_IN_200;
    s3__request_flag(r, "delete");
    sigv4__buffer_clear(&s->document);
    if (s3__delete_write(&s->document, s->keys + s->first, s->count))
        return sigv4__fail(err, s->document.failed, "DeleteObjects: out of memory");
    s->body = sigv4__buffer_view(&s->document);
    r->body = &s->body;
    r->body_count = 1;
    int status = s3__request_at(r, s->bucket, NULL, err);
    if (status == SIGV4_OK)
        status = add_md5(s);
    if (status == SIGV4_OK)
        status = s3__payload_prepare(r, s3__checksum_choice(s->op.client, S3_CHECKSUM_DEFAULT),
                                     NULL, err);
    return status;
}

static int describe_one(struct sweep *s)
{
    s3__request_init(&s->request, s->op.client, "DeleteObject", "DELETE");
    return s3__request_at(&s->request, s->bucket, s->keys[s->first], &s->op.error);
}

static int next(struct sweep *s)
{
    for (s->count = 0; fits(s, s->first + s->count);)
        s->count++;
    s->alone = s->count == 0;
    if (s->alone)
        s->count = 1;
    memset(s->told, 0, sizeof s->told);
    bool canceled = s->request.canceled;
    s3__request_free(&s->request);
    if (canceled)
        return sigv4__fail(&s->op.error, SIGV4_E_CANCELED, "DeleteObjects: canceled");
    int status = s->alone ? describe_one(s) : describe_batch(s);
    s->request.on_done = on_answer;
    s->request.ctx = s;
    return status ? status : s3__request_send(&s->request, &s->op.error);
}

static void ask_again(void *ctx)
{
    struct sweep *s = ctx;
    if (s3__request_send(&s->request, &s->op.error))
        s3__operation_fail(&s->op);
}

/* ---- life ---- */

static void run_failed(struct sigv4_job *job)
{
    struct sweep *s = (struct sweep *)((char *)job - offsetof(struct s3__operation, done_job));
    struct s3_result result = {.size = sizeof result, .checksum = S3_CHECKSUM_NONE};
    if (s->op.error.status == SIGV4_OK && s->key_count)
        sigv4__fail(&s->op.error, SIGV4_E_CANCELED, "DeleteObjects: canceled");
    if (s->op.error.status)
        result.error = &s->op.error;
    s->count = 0;
    end(s, &result);
}

/* Users are called where they may be, also when nothing could be sent. */
static void start(struct s3__operation *op)
{
    struct sweep *s = of(op);
    if (s->key_count == 0 || next(s))
        s3__operation_fail(op);
}

static void cancel(struct s3__operation *op)
{
    if (s3__again_stop(&of(op)->again))
        s3__operation_fail(op);
    else
        s3__request_cancel(&of(op)->request);
}

static void sweep_free(struct s3__operation *op)
{
    struct sweep *s = of(op);
    const struct sigv4_alloc *alloc = op->client->alloc;
    s3__request_free(&s->request);
    s3__again_free(&s->again);
    sigv4__buffer_free(&s->document);
    sigv4__string_free(alloc, s->bucket);
    sigv4__alloc_put(alloc, s, sizeof *s);
}

static const struct s3__operation_ops sweep_ops = {start, cancel, NULL, sweep_free};

static int check(const struct s3_delete_many *what, struct sigv4_error *err)
{
    if (!what->on_done || !what->on_each || !what->bucket || (what->key_count && !what->keys))
        return sigv4__fail(err, SIGV4_E_INVALID, "DeleteObjects: a member is missing");
    for (size_t i = 0; i < what->key_count; i++) {
        size_t n = what->keys[i] ? strlen(what->keys[i]) : 0;
        if (n == 0 || n > S3__KEY_MAX)
            return sigv4__fail(err, n ? SIGV4_E_TOO_LARGE : SIGV4_E_INVALID,
                               "DeleteObjects: key %zu is %s", i, n ? "too long" : "empty");
    }
    return SIGV4_OK;
}

int s3_delete_many(struct s3_client *client, const struct s3_delete_many *what,
                   struct sigv4_call **call, struct sigv4_error *err)
{
    int status = check(what, err);
    if (status)
        return status;
    struct sweep *s = sigv4__alloc_zero(client->alloc, 1, sizeof *s);
    if (!s)
        return sigv4__fail(err, SIGV4_E_NOMEM, "DeleteObjects: out of memory");
    s->op = (struct s3__operation){
        .ops = &sweep_ops, .client = client, .on_done = what->on_done, .ctx = what->ctx};
    s->op.done_job.run = run_failed;
    s->keys = what->keys;
    s->key_count = what->key_count;
    s->on_each = what->on_each;
    sigv4__buffer_init(&s->document, client->alloc, MAX_DOCUMENT);
    /* The bucket's name is judged now, not at the first request. */
    s3__request_init(&s->request, client, "DeleteObjects", "POST");
    s->bucket = sigv4__string_copy(client->alloc, sigv4_str(what->bucket));
    status = s->bucket ? s3__request_at(&s->request, what->bucket, NULL, err)
                       : sigv4__fail(err, SIGV4_E_NOMEM, "DeleteObjects: out of memory");
    if (status == SIGV4_OK && s3__again_init(&s->again, client, ask_again, s))
        status = sigv4__fail(err, SIGV4_E_NOMEM, "DeleteObjects: out of memory");
    if (status == SIGV4_OK)
        status = s3__operation_begin(&s->op, call, err);
    if (status)
        sweep_free(&s->op);
    return status;
}
