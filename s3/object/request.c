/* Requests to S3: built, sent, and sent again to where the bucket is. */
#include "object/request.h"

#include "base/fail.h"
#include "base/memory.h"
#include "wire/key.h"
#include "wire/outcome_xml.h"

#include <s3/address.h>

enum {
    S3__PLACE_FLAGS =
        S3_PATH_STYLE | S3_ACCELERATE | S3_VIRTUAL_HOST | S3_GLOBAL_HOST | S3_SAME_REGION
};

/* ---- building ---- */

void s3__request_init(struct s3__request *r, struct s3_client *client, const char *operation,
                      const char *method)
{
    memset(r, 0, sizeof *r);
    r->client = client;
    r->operation = operation;
    r->method = method;
    sigv4__buffer_init(&r->path, client->alloc, S3__REQUEST_TEXT);
    sigv4__buffer_init(&r->query, client->alloc, S3__REQUEST_TEXT);
    sigv4__buffer_init(&r->text, client->alloc, S3__REQUEST_TEXT);
}

void s3__request_free(struct s3__request *r)
{
    if (!r->client)
        return;
    sigv4__string_free(r->client->alloc, r->bucket);
    sigv4__buffer_free(&r->path);
    sigv4__buffer_free(&r->query);
    if (r->secret)
        sigv4__buffer_free_secret(&r->text);
    else
        sigv4__buffer_free(&r->text);
    sigv4_call_release(r->call);
    memset(r, 0, sizeof *r);
}

static int check_key(const char *operation, const char *key, struct sigv4_error *err)
{
    size_t n = strlen(key);
    if (n == 0)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: the key is empty", operation);
    if (n > S3__KEY_MAX)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "%s: the key has %zu bytes; a key may have 1024",
                           operation, n);
    return SIGV4_OK;
}

int s3__request_at(struct s3__request *r, const char *bucket, const char *key,
                   struct sigv4_error *err)
{
    int status = s3_bucket_name_check(sigv4_str(bucket), false, err);
    if (status == SIGV4_OK && key)
        status = check_key(r->operation, key, err);
    if (status)
        return status;
    r->bucket = sigv4__string_copy(r->client->alloc, sigv4_str(bucket));
    if (!r->bucket)
        r->failed = SIGV4_E_NOMEM;
    if (key)
        s3__key_path(&r->path, sigv4_str(key));
    if (r->client->options.flags & S3_REQUESTER_PAYS)
        s3__request_header_str(r, "x-amz-request-payer", "requester");
    return s3__request_check(r, err);
}

int s3__request_object(struct s3__request *r, const struct s3_at *at, struct sigv4_error *err)
{
    if (!at || !at->key)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: the key is missing", r->operation);
    int status = s3__request_at(r, at->bucket, at->key, err);
    if (status == SIGV4_OK && at->version_id && *at->version_id)
        s3__request_query(r, "versionId", sigv4_str(at->version_id));
    return status;
}

void s3__request_query(struct s3__request *r, const char *name, struct sigv4_slice value)
{
    if (value.len)
        s3__query_add(&r->query, name, value);
}

void s3__request_flag(struct s3__request *r, const char *name)
{
    s3__query_add(&r->query, name, SIGV4_LIT(""));
}

/* What would end a header, or begin another. */
static bool is_broken(struct sigv4_slice text)
{
    const unsigned char *p = text.ptr;
    for (size_t i = 0; i < text.len; i++)
        if (p[i] < 0x20 || p[i] == 0x7F)
            return true;
    return false;
}

void s3__request_header_at(struct s3__request *r, const char *prefix, struct sigv4_slice name,
                           struct sigv4_slice value)
{
    if (value.len == 0)
        return;
    if (is_broken(name) || is_broken(value)) {
        r->failed = SIGV4_E_INVALID;
        return;
    }
    if (r->header_count == S3__REQUEST_HEADERS) {
        r->failed = SIGV4_E_TOO_LARGE;
        return;
    }
    struct s3__header_place *place = &r->headers[r->header_count];
    place->name = (uint32_t)r->text.len;
    sigv4__buffer_str(&r->text, prefix);
    sigv4__buffer_slice(&r->text, name);
    place->name_len = (uint32_t)r->text.len - place->name;
    place->value = (uint32_t)r->text.len;
    sigv4__buffer_slice(&r->text, value);
    place->value_len = (uint32_t)r->text.len - place->value;
    r->header_count++;
}

void s3__request_header(struct s3__request *r, const char *name, struct sigv4_slice value)
{
    s3__request_header_at(r, "", sigv4_str(name), value);
}

void s3__request_header_str(struct s3__request *r, const char *name, const char *value)
{
    s3__request_header_at(r, "", sigv4_str(name), sigv4_str(value));
}

struct s3__header_mark s3__request_mark(const struct s3__request *r)
{
    return (struct s3__header_mark){r->header_count, r->text.len};
}

void s3__request_back_to(struct s3__request *r, struct s3__header_mark mark)
{
    r->header_count = mark.count;
    r->text.len = mark.text_len;
}

int s3__request_check(const struct s3__request *r, struct sigv4_error *err)
{
    int failed = r->failed         ? r->failed
                 : r->path.failed  ? r->path.failed
                 : r->query.failed ? r->query.failed
                                   : r->text.failed;
    if (failed)
        return sigv4__fail(err, failed, "%s: %s", r->operation,
                           failed == SIGV4_E_NOMEM     ? "out of memory"
                           : failed == SIGV4_E_INVALID ? "a control character in a header"
                                                       : "too many or long headers");
    return SIGV4_OK;
}

/* ---- sending ---- */

static int resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                   struct sigv4_error *err)
{
    const struct s3__request *r = ctx;
    struct sigv4_place here = *place;
    struct s3_place s3 = {
        .size = sizeof s3,
        .bucket = r->bucket,
        .flags = (r->client->options.flags & S3__PLACE_FLAGS) | r->place_flags,
    };
    here.use_dual_stack |= (r->client->options.flags & S3_DUAL_STACK) != 0;
    if (r->region[0])
        here.region = r->region;
    return s3_resolve(&s3, &here, out, err);
}

static enum sigv4_flow on_chunk(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk)
{
    struct s3__request *r = ctx;
    return r->on_chunk(r->ctx, head, chunk);
}

static int read_body(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    struct s3__request *r = ctx;
    return r->read(r->read_ctx, offset, buf, cap, got);
}

static void on_done(void *ctx, const struct sigv4_response *response);

void s3__request_headers(const struct s3__request *r, struct sigv4_header *out)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct s3__header_place *h = &r->headers[i];
        out[i].name = sigv4_bytes(r->text.ptr + h->name, h->name_len);
        out[i].value = sigv4_bytes(r->text.ptr + h->value, h->value_len);
    }
}

static struct sigv4_request describe(struct s3__request *r, const struct sigv4_header *headers)
{
    return (struct sigv4_request){
        .size = sizeof(struct sigv4_request),
        .service_id = "S3",
        .resolve = resolve,
        .resolve_ctx = r,
        .operation = r->operation,
        .method = sigv4_str(r->method),
        .path = sigv4__buffer_view(&r->path),
        .query = sigv4__buffer_view(&r->query),
        .headers = headers,
        .header_count = r->header_count,
        .body = r->body,
        .body_count = r->body_count,
        .read = r->read ? read_body : NULL,
        .body_length = r->body_length,
        .payload_hash = r->payload_hash,
        .timeout_ms = r->client->options.request_timeout_ms,
        .flags = r->flags,
        .on_chunk = r->on_chunk ? on_chunk : NULL,
        .max_body = r->max_body,
        .on_done = on_done,
        .ctx = r,
    };
}

static int send_as_is(struct s3__request *r, struct sigv4_error *err)
{
    struct sigv4_header headers[S3__REQUEST_HEADERS];
    s3__request_headers(r, headers);
    struct sigv4_request request = describe(r, headers);
    return sigv4_send(r->client->base, &request, &r->call, err);
}

int s3__request_send(struct s3__request *r, struct sigv4_error *err)
{
    const char *known = r->bucket ? s3__client_region(r->client, r->bucket) : NULL;
    int status = s3__request_check(r, err);
    if (status)
        return status;
    if (known)
        sigv4__fixed_copy(r->region, sizeof r->region, sigv4_str(known));
    return send_as_is(r, err);
}

/* ---- where the bucket really is ---- */

static bool is_misplaced(const struct s3__request *r, const struct sigv4_response *response)
{
    const char *code = response->error->code;
    switch (response->http_status) {
    case 301:
    case 302:
    case 307:
        return true;
    case 400:
        /* The answer to a HEAD has no body, so no code either. */
        return strcmp(code, "AuthorizationHeaderMalformed") == 0 ||
               strcmp(code, "IllegalLocationConstraintException") == 0 ||
               strcmp(r->method, "HEAD") == 0;
    default:
        return false;
    }
}

static void named_region(const struct s3__request *r, const struct sigv4_response *response,
                         char out[S3__REGION_MAX])
{
    struct sigv4_slice header = sigv4_response_header(response, "x-amz-bucket-region");
    out[0] = '\0';
    if (header.len)
        sigv4__fixed_copy(out, S3__REGION_MAX, header);
    else if (response->body.len)
        s3__error_region(response->body, r->client->alloc, out);
    if (!sigv4_host_label_valid(sigv4_str(out), false))
        out[0] = '\0';
}

static void release_call(struct s3__request *r)
{
    sigv4_call_release(r->call);
    r->call = NULL;
}

/* A HEAD of the bucket is answered with its region, also when it is refused (facts, 5.5). */
static bool ask_for_region(struct s3__request *r, const struct sigv4_response *response)
{
    struct sigv4_request request = describe(r, NULL);
    request.operation = "HeadBucket";
    request.method = SIGV4_LIT("HEAD");
    request.path = request.query = request.payload_hash = SIGV4_LIT("");
    request.header_count = request.body_count = 0;
    request.read = NULL;
    request.on_chunk = NULL;
    request.body_length = 0;
    r->moved = *response->error;
    release_call(r);
    r->asking = sigv4_send(r->client->base, &request, &r->call, NULL) == SIGV4_OK;
    return r->asking;
}

static bool send_again(struct s3__request *r, const char *region)
{
    sigv4__fixed_copy(r->region, sizeof r->region, sigv4_str(region));
    s3__client_learn_region(r->client, r->bucket, region);
    release_call(r);
    r->redirected = true;
    return send_as_is(r, NULL) == SIGV4_OK;
}

static bool is_over(const struct s3__request *r)
{
    return r->canceled || atomic_load(&r->client->closing);
}

/* True: another answer will come. */
static bool follow(struct s3__request *r, const struct sigv4_response *response)
{
    char region[S3__REGION_MAX];
    bool misplaced =
        response->error && r->bucket && !r->redirected && !is_over(r) && is_misplaced(r, response);
    if (!misplaced)
        return false;
    named_region(r, response, region);
    if (region[0] == '\0')
        return response->http_status != 400 && ask_for_region(r, response);
    return strcmp(region, response->region) != 0 && send_again(r, region);
}

static void finish_asking(struct s3__request *r, const struct sigv4_response *response)
{
    char region[S3__REGION_MAX];
    r->asking = false;
    r->redirected = true;
    named_region(r, response, region);
    bool elsewhere = region[0] && strcmp(region, response->region) != 0;
    if (elsewhere && !is_over(r) && send_again(r, region))
        return;
    release_call(r);
    r->on_done(r->ctx, response, &r->moved);
}

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct s3__request *r = ctx;
    sigv4__fixed_copy(r->client->last_host, sizeof r->client->last_host, sigv4_str(response->host));
    r->client->answered |= response->http_status != 0;
    if (r->asking) {
        finish_asking(r, response);
    } else if (!follow(r, response)) {
        release_call(r);
        r->on_done(r->ctx, response, response->error);
    }
}

void s3__request_cancel(struct s3__request *r)
{
    r->canceled = true;
    if (r->call)
        sigv4_call_cancel(r->call);
}

void s3__request_resume(struct s3__request *r)
{
    if (r->call)
        sigv4_call_resume(r->call);
}

int s3__request_presign(struct s3__request *r, uint32_t expires_seconds, struct sigv4_text *out,
                        struct sigv4_error *err)
{
    struct sigv4_header headers[S3__REQUEST_HEADERS];
    int status = s3__request_check(r, err);
    if (status)
        return status;
    s3__request_headers(r, headers);
    struct sigv4_request request = describe(r, headers);
    return sigv4_presign_url(r->client->base, &request, expires_seconds, out, err);
}
