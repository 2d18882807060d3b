/* Multipart uploads: create, upload a part, copy a part, abort. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "s3.h"
#include "s3_copy.h"

struct upload *s3_upload(struct s3_call *call, struct bucket **bucket)
{
    const char *id = s3_param(call, "uploadId");
    *bucket = s3_bucket(call);
    if (*bucket == NULL)
        return NULL;
    struct upload *upload = bucket_upload(*bucket, id, call->key, call->key_length);
    if (upload != NULL)
        return upload;
    text_put_element(&call->extra, "UploadId", id);
    s3_refuse(call, "NoSuchUpload", NULL);
    return NULL;
}

/* x-amz-checksum-algorithm and -type, and which of them go together. */
static bool read_algorithm(struct s3_call *call, struct upload *upload)
{
    const char *name = s3_header(call, "x-amz-checksum-algorithm");
    const char *type = s3_header(call, "x-amz-checksum-type");
    if (name == NULL && type != NULL)
        return s3_refuse(call, "InvalidRequest",
                         "The x-amz-checksum-type header can only be used with the "
                         "x-amz-checksum-algorithm header.");
    if (name == NULL)
        return true;
    upload->kind = checksum_by_name(name);
    if (upload->kind == CHECKSUM_NONE)
        return s3_refuse(call, "InvalidRequest",
                         "Checksum algorithm provided is unsupported. Please try again with any "
                         "of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    bool is_sha = upload->kind == CHECKSUM_SHA1 || upload->kind == CHECKSUM_SHA256;
    bool is_64 = upload->kind == CHECKSUM_CRC64NVME;
    upload->composite = type != NULL ? strcmp(type, "COMPOSITE") == 0 : !is_64;
    if (type != NULL && !upload->composite && strcmp(type, "FULL_OBJECT") != 0)
        return s3_refuse(call, "InvalidRequest", "Value for x-amz-checksum-type is invalid.");
    if ((is_sha && !upload->composite) || (is_64 && upload->composite))
        return s3_refuse(call, "InvalidRequest",
                         "This checksum type cannot be used with this checksum algorithm.");
    return true;
}

void s3_create_upload(struct s3_call *call)
{
    struct bucket *bucket = s3_bucket(call);
    unsigned char random[32];
    if (bucket == NULL)
        return;
    struct upload *upload = memory_take(1, sizeof *upload);
    upload->key = memory_copy(call->key, call->key_length);
    upload->key_length = call->key_length;
    upload->initiated_ms = clock_service_ms(&call->klocal->clock);
    RAND_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(upload->id + 2 * i, 3, "%02x", random[i]);
    if (!read_algorithm(call, upload) || !s3_take_headers(call, &upload->headers)) {
        upload_free(upload);
        return;
    }
    bucket_add_upload(bucket, upload);
    if (upload->kind != CHECKSUM_NONE) {
        response_header(&call->request->response, "x-amz-checksum-algorithm", "%s",
                        checksum_name(upload->kind));
        response_header(&call->request->response, "x-amz-checksum-type", "%s",
                        upload->composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    response_header(&call->request->response, "x-amz-server-side-encryption", "AES256");
    s3_open_xml(call, "InitiateMultipartUploadResult");
    text_put_element(call->out, "Bucket", bucket->name);
    text_put_element(call->out, "Key", upload->key);
    text_put_element(call->out, "UploadId", upload->id);
    text_puts(call->out, "</InitiateMultipartUploadResult>");
}

static bool read_number(struct s3_call *call, unsigned *number)
{
    const char *text = s3_param(call, "partNumber");
    char *end = NULL;
    unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || value < 1 || value > 10000)
        return s3_refuse(call, "InvalidArgument",
                         "Part number must be an integer between 1 and 10000, inclusive");
    *number = (unsigned)value;
    return true;
}

/* Puts the part in its place by number; one with the same number goes. */
static void add_part(struct upload *upload, const struct part *part)
{
    size_t i = upload->part_count;
    while (i > 0 && upload->parts[i - 1].number >= part->number)
        i--;
    if (i < upload->part_count && upload->parts[i].number == part->number) {
        blob_release(upload->parts[i].blob);
        upload->parts[i] = *part;
        return;
    }
    upload->parts = memory_grow(upload->parts, upload->part_count + 1, sizeof *upload->parts);
    memmove(upload->parts + i + 1, upload->parts + i,
            (upload->part_count - i) * sizeof *upload->parts);
    upload->parts[i] = *part;
    upload->part_count++;
}

static void set_md5(struct part *part, const unsigned char md5[16])
{
    memcpy(part->md5, md5, 16);
    for (size_t i = 0; i < 16; i++)
        snprintf(part->etag + 2 * i, 3, "%02x", md5[i]);
}

static bool check_kind(struct s3_call *call, const struct upload *upload)
{
    char message[160];
    if (upload->kind == CHECKSUM_NONE || call->sum_kind == CHECKSUM_NONE ||
        upload->kind == call->sum_kind)
        return true;
    snprintf(
        message, sizeof message,
        "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
        checksum_name(upload->kind), checksum_name(call->sum_kind));
    return s3_refuse(call, "InvalidRequest", message);
}

enum checksum_kind s3_upload_sum(struct s3_call *call)
{
    const char *id = s3_param(call, "uploadId");
    enum checksum_kind kind = CHECKSUM_NONE;
    pthread_mutex_lock(&call->klocal->lock);
    const struct bucket *bucket = bucket_find(call->klocal, call->bucket);
    const struct upload *upload = bucket == NULL || id == NULL
                                      ? NULL
                                      : bucket_upload(bucket, id, call->key, call->key_length);
    if (upload != NULL)
        kind = upload->kind;
    pthread_mutex_unlock(&call->klocal->lock);
    return kind != CHECKSUM_NONE ? kind : CHECKSUM_CRC64NVME;
}

void s3_upload_part(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    struct bucket *bucket = NULL;
    struct part part = {0};
    struct upload *upload = s3_upload(call, &bucket);
    if (upload == NULL || !read_number(call, &part.number) || !check_kind(call, upload))
        return;
    part.blob = blob_hold(body->blob);
    part.modified_ms = clock_service_ms(&call->klocal->clock);
    part.sum.kind = call->sum_kind != CHECKSUM_NONE ? call->sum_kind
                    : upload->kind != CHECKSUM_NONE ? upload->kind
                                                    : CHECKSUM_CRC64NVME;
    memcpy(part.sum.text, body->sum_text, sizeof part.sum.text);
    set_md5(&part, body->md5_bytes);
    add_part(upload, &part);
    response_header(&call->request->response, "ETag", "\"%s\"", part.etag);
    response_header(&call->request->response, "x-amz-server-side-encryption", "AES256");
    response_header(&call->request->response, checksum_header(part.sum.kind), "%s", part.sum.text);
}

/* bytes=A-B, wholly inside the source; without it the whole source. */
static bool read_source_range(struct s3_call *call, uint64_t size, uint64_t *offset,
                              uint64_t *length)
{
    const char *range = s3_header(call, "x-amz-copy-source-range");
    unsigned long long first = 0, last = 0;
    char rest;
    *offset = 0;
    *length = size;
    if (range == NULL)
        return true;
    if (sscanf(range, "bytes=%llu-%llu%c", &first, &last, &rest) != 2 || last < first)
        return s3_refuse(call, "InvalidArgument",
                         "The x-amz-copy-source-range value must be of the form bytes=first-last");
    if (last >= size)
        return s3_refuse(call, "InvalidArgument",
                         "Range specified is not valid for source object of this size");
    *offset = first;
    *length = last - first + 1;
    return true;
}

/* Reads a span of the source into a part of its own. */
static bool copy_span(struct s3_call *call, const struct content *source, uint64_t offset,
                      uint64_t length, struct part *part)
{
    enum { BLOCK = 256 << 10 };
    unsigned char *block = memory_take(BLOCK, 1), md5[16];
    struct checksum sum;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = true;
    EVP_DigestInit_ex(digest, EVP_md5(), NULL);
    checksum_begin(&sum, part->sum.kind);
    part->blob = blob_new(&call->klocal->blobs, length);
    while (good && length > 0) {
        size_t n = length < BLOCK ? (size_t)length : BLOCK;
        good = content_read(source, offset, block, n) == (ssize_t)n &&
               blob_append(part->blob, block, n);
        EVP_DigestUpdate(digest, block, n);
        checksum_add(&sum, block, n);
        offset += n;
        length -= n;
    }
    EVP_DigestFinal_ex(digest, md5, NULL);
    EVP_MD_CTX_free(digest);
    checksum_end(&sum, part->sum.text);
    set_md5(part, md5);
    free(block);
    return good || s3_refuse(call, "InternalError", NULL);
}

void s3_upload_part_copy(struct s3_call *call)
{
    struct bucket *bucket = NULL;
    struct part part = {0};
    uint64_t offset = 0, length = 0;
    struct upload *upload = s3_upload(call, &bucket);
    if (upload == NULL || !read_number(call, &part.number))
        return;
    const struct object *source = s3_copy_source(call);
    if (source == NULL || !read_source_range(call, content_size(source->content), &offset, &length))
        return;
    if (length > S3_OBJECT_MAX) {
        s3_refuse(call, "InvalidRequest",
                  "The specified copy source is larger than the maximum allowable size for a copy "
                  "source: 5368709120");
        return;
    }
    part.sum.kind = upload->kind != CHECKSUM_NONE ? upload->kind : CHECKSUM_CRC64NVME;
    part.modified_ms = clock_service_ms(&call->klocal->clock);
    if (!copy_span(call, source->content, offset, length, &part)) {
        blob_release(part.blob);
        return;
    }
    add_part(upload, &part);
    s3_put_copy_result(call, "CopyPartResult", part.etag, &part.sum, part.modified_ms);
}

void s3_abort_upload(struct s3_call *call)
{
    struct bucket *bucket = NULL;
    struct upload *upload = s3_upload(call, &bucket);
    if (upload == NULL)
        return;
    bucket_remove_upload(bucket, upload);
    call->request->response.status = 204;
}
