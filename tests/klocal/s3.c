/* S3: from a request to one of its operations. */
#include "s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fault_apply.h"
#include "memory.h"

#define XML_LIMIT ((uint64_t)4 << 20)

static const struct s3_operation operations[] = {
    {"ListBuckets", "GET", S3_SERVICE, NULL, false, S3_BODY_NONE, s3_list_buckets},
    {"CreateBucket", "PUT", S3_BUCKET, NULL, false, S3_BODY_XML, s3_create_bucket},
    {"DeleteBucket", "DELETE", S3_BUCKET, NULL, false, S3_BODY_NONE, s3_delete_bucket},
    {"HeadBucket", "HEAD", S3_BUCKET, NULL, false, S3_BODY_NONE, s3_head_bucket},
    {"GetBucketLocation", "GET", S3_BUCKET, "location", false, S3_BODY_NONE,
     s3_get_bucket_location},
    {"GetBucketVersioning", "GET", S3_BUCKET, "versioning", false, S3_BODY_NONE,
     s3_get_bucket_versioning},
    {"ListObjects", "GET", S3_BUCKET, NULL, false, S3_BODY_NONE, s3_list_objects},
    {"DeleteObjects", "POST", S3_BUCKET, "delete", false, S3_BODY_XML, s3_delete_objects},
    {"ListMultipartUploads", "GET", S3_BUCKET, "uploads", false, S3_BODY_NONE, s3_list_uploads},
    {"PutObject", "PUT", S3_OBJECT, NULL, false, S3_BODY_DATA, s3_put_object},
    {"CopyObject", "PUT", S3_OBJECT, NULL, true, S3_BODY_NONE, s3_copy_object},
    {"GetObject", "GET", S3_OBJECT, NULL, false, S3_BODY_NONE, s3_get_object},
    {"HeadObject", "HEAD", S3_OBJECT, NULL, false, S3_BODY_NONE, s3_head_object},
    {"DeleteObject", "DELETE", S3_OBJECT, NULL, false, S3_BODY_NONE, s3_delete_object},
    {"GetObjectTagging", "GET", S3_OBJECT, "tagging", false, S3_BODY_NONE, s3_get_tagging},
    {"PutObjectTagging", "PUT", S3_OBJECT, "tagging", false, S3_BODY_XML, s3_put_tagging},
    {"DeleteObjectTagging", "DELETE", S3_OBJECT, "tagging", false, S3_BODY_NONE, s3_delete_tagging},
    {"CreateMultipartUpload", "POST", S3_OBJECT, "uploads", false, S3_BODY_NONE, s3_create_upload},
    {"UploadPart", "PUT", S3_OBJECT, "uploadId", false, S3_BODY_DATA, s3_upload_part},
    {"UploadPartCopy", "PUT", S3_OBJECT, "uploadId", true, S3_BODY_NONE, s3_upload_part_copy},
    {"CompleteMultipartUpload", "POST", S3_OBJECT, "uploadId", false, S3_BODY_XML,
     s3_complete_upload},
    {"AbortMultipartUpload", "DELETE", S3_OBJECT, "uploadId", false, S3_BODY_NONE, s3_abort_upload},
    {"ListParts", "GET", S3_OBJECT, "uploadId", false, S3_BODY_NONE, s3_list_parts},
};

const char *s3_header(const struct s3_call *call, const char *name)
{
    return header_find(&call->headers, name);
}

const char *s3_param(const struct s3_call *call, const char *name)
{
    return request_param(call->request, name);
}

struct bucket *s3_bucket(struct s3_call *call)
{
    struct bucket *bucket = bucket_find(call->klocal, call->bucket);
    if (bucket != NULL)
        return bucket;
    text_put_element(&call->extra, "BucketName", call->bucket);
    s3_refuse(call, "NoSuchBucket", NULL);
    return NULL;
}

/* A presigned URL may carry x-amz-* headers as parameters. */
static void collect_headers(struct s3_call *call)
{
    static const char *const own[] = {
        "X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",           "X-Amz-Expires",
        "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Content-Sha256"};
    const struct request *request = call->request;
    for (size_t i = 0; i < request->headers.count; i++)
        header_list_add(&call->headers, request->headers.items[i].name,
                        request->headers.items[i].value);
    if (request->auth.form != AUTHORIZATION_QUERY)
        return;
    for (size_t i = 0; i < request->params.count; i++) {
        const struct header *item = &request->params.items[i];
        bool is_own = strncasecmp(item->name, "x-amz-", 6) != 0;
        for (size_t j = 0; j < sizeof own / sizeof own[0]; j++)
            is_own = is_own || strcmp(own[j], item->name) == 0;
        if (!is_own && header_find(&call->headers, item->name) == NULL)
            header_list_add(&call->headers, item->name, item->value);
    }
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool choose_operation(struct s3_call *call)
{
    const char *subresource = s3_subresource(call->request);
    bool copies = s3_header(call, "x-amz-copy-source") != NULL;
    enum s3_level level = call->key_length > 0      ? S3_OBJECT
                          : call->bucket[0] != '\0' ? S3_BUCKET
                                                    : S3_SERVICE;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct s3_operation *operation = &operations[i];
        if (operation->level == level && operation->copies == copies &&
            strcmp(operation->method, call->request->method) == 0 &&
            same(operation->subresource, subresource)) {
            call->operation = operation;
            call->request->subject.operation = operation->name;
            return true;
        }
    }
    if (subresource != NULL || copies)
        return s3_refuse(call, "NotImplemented", NULL);
    return s3_refuse(call, "MethodNotAllowed", NULL);
}

static bool check_address(struct s3_call *call)
{
    if (call->key_length > 1024) {
        text_puts(&call->extra, "<MaxSizeAllowed>1024</MaxSizeAllowed>");
        return s3_refuse(call, "KeyTooLongError", NULL);
    }
    if (memchr(call->key, '\0', call->key_length) != NULL)
        return s3_refuse(call, "InvalidURI", NULL);
    if (call->bucket[0] != '\0' && !s3_good_bucket_name(call->bucket)) {
        text_put_element(&call->extra, "BucketName", call->bucket);
        return s3_refuse(call, "InvalidBucketName", NULL);
    }
    return true;
}

static bool check_length(struct s3_call *call, uint64_t *length)
{
    const char *text = s3_header(call, "content-length");
    const char *decoded = s3_header(call, "x-amz-decoded-content-length");
    bool is_chunked = s3_header(call, "transfer-encoding") != NULL;
    if (is_chunked && call->payload != S3_PAYLOAD_CHUNKED)
        return s3_refuse(call, "NotImplemented",
                         "A header you provided implies functionality that is not implemented: "
                         "Transfer-Encoding");
    if (!is_chunked && text == NULL && call->operation->body == S3_BODY_DATA)
        return s3_refuse(call, "MissingContentLength", NULL);
    *length = text == NULL ? 0 : strtoull(text, NULL, 10);
    if (call->payload == S3_PAYLOAD_CHUNKED)
        *length = strtoull(decoded, NULL, 10);
    if (*length > S3_OBJECT_MAX) {
        text_printf(&call->extra, "<MaxSizeAllowed>%llu</MaxSizeAllowed>",
                    (unsigned long long)S3_OBJECT_MAX);
        return s3_refuse(call, "EntityTooLarge", NULL);
    }
    return true;
}

static void plan_body(struct s3_call *call, uint64_t length)
{
    struct request *request = call->request;
    bool is_data = call->operation->body == S3_BODY_DATA;
    struct body_plan plan = {.store = &request->klocal->blobs,
                             .room = is_data ? length : XML_LIMIT,
                             .in_memory = !is_data,
                             .sha256 = call->payload == S3_PAYLOAD_HASHED,
                             .md5 = true,
                             .sum = call->sum_kind,
                             .chunked = request->body.chunked};
    if (is_data && plan.sum == CHECKSUM_NONE) /* S3 keeps one of its own */
        plan.sum =
            call->operation->run == s3_upload_part ? s3_upload_sum(call) : CHECKSUM_CRC64NVME;
    request->body.chunked = NULL;
    body_begin(&request->body, &plan);
}

static bool prepare(struct s3_call *call)
{
    struct sigv4_result result = {0};
    uint64_t length = 0;
    bool good = s3_authorize(call, &result);
    sigv4_result_free(&result);
    if (!good || !check_address(call) || !s3_read_checksum(call) || !check_length(call, &length))
        return false;
    plan_body(call, length);
    return true;
}

static void begin(struct request *request)
{
    struct s3_call *call = memory_take(1, sizeof *call);
    request->state = call;
    call->klocal = request->klocal;
    call->request = request;
    call->out = &request->response.body;
    s3_read_address(call);
    request->subject.bucket = call->bucket;
    request->subject.key = call->key;
    collect_headers(call);
    if (choose_operation(call) && prepare(call))
        return;
    chunked_free(request->body.chunked);
    request->body.chunked = NULL;
    const struct body_plan nothing = {.room = UINT64_MAX};
    body_begin(&request->body, &nothing); /* read and dropped */
}

static bool check_chunks(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    const char *decoded = s3_header(call, "x-amz-decoded-content-length");
    if (body->chunked == NULL)
        return true;
    switch (body->chunked->error) {
    case CHUNKED_GOOD:
        break;
    case CHUNKED_SIGNATURE:
        return s3_refuse(call, "SignatureDoesNotMatch", NULL);
    case CHUNKED_SMALL_CHUNK:
        return s3_refuse(call, "InvalidChunkSizeError", NULL);
    case CHUNKED_MALFORMED:
        return s3_refuse(call, "InvalidRequest", "The aws-chunked framing is malformed");
    case CHUNKED_INCOMPLETE:
        return s3_refuse(call, "IncompleteBody", NULL);
    }
    return body->length == strtoull(decoded, NULL, 10) || s3_refuse(call, "IncompleteBody", NULL);
}

static bool check_payload(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    const char *claimed = s3_header(call, "x-amz-content-sha256");
    if (claimed == NULL)
        claimed = s3_param(call, "X-Amz-Content-Sha256");
    if (body->failed)
        return s3_refuse(call, "InternalError", "The disk is full");
    if (body->too_large && call->payload != S3_PAYLOAD_CHUNKED)
        return s3_refuse(call, "EntityTooLarge", NULL);
    if (!check_chunks(call))
        return false;
    if (call->payload == S3_PAYLOAD_HASHED && claimed != NULL &&
        strcmp(claimed, body->sha256_hex) != 0) {
        text_put_element(&call->extra, "ClientComputedContentSHA256", claimed);
        text_put_element(&call->extra, "S3ComputedContentSHA256", body->sha256_hex);
        return s3_refuse(call, "XAmzContentSHA256Mismatch", NULL);
    }
    if (call->operation->body == S3_BODY_NONE)
        return body->length == 0 || s3_refuse(call, "InvalidRequest", "Unexpected body");
    return s3_verify_md5(call) &&
           (call->operation->run == s3_complete_upload || s3_verify_checksum(call));
}

static void finish(struct request *request)
{
    struct s3_call *call = request->state;
    if (!check_payload(call) || fault_answers(request))
        return;
    request->response.status = 200;
    s3_set_headers(call);
    pthread_mutex_lock(&call->klocal->lock);
    call->operation->run(call);
    pthread_mutex_unlock(&call->klocal->lock);
}

static void discard(struct request *request)
{
    struct s3_call *call = request->state;
    if (call == NULL)
        return;
    free(call->bucket);
    free(call->key);
    header_list_free(&call->headers);
    text_free(&call->extra);
    free(call);
}

static void refuse(struct request *request, unsigned status, const char *code, const char *message)
{
    s3_fail(request->state, status, code, message);
}

const struct service service_s3 = {
    .name = "s3", .begin = begin, .finish = finish, .discard = discard, .refuse = refuse};
