/* The single requests of a multipart upload. */
#include "base/fail.h"
#include "object/attributes.h"
#include "object/payload.h"
#include "object/single.h"
#include "wire/multipart_xml.h"

#include <stdio.h>

static int begin_or_drop(struct s3__single *single, int status, struct sigv4_call **call,
                         struct sigv4_error *err)
{
    return status ? s3__single_drop(single, status) : s3__single_begin(single, call, err);
}

/* Which upload a request belongs to. Versions have no say here. */
static int name_upload(struct s3__request *r, const struct s3_at *to, const char *upload_id,
                       struct sigv4_error *err)
{
    if (!to || !to->key || !upload_id || !*upload_id)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: object or upload id is missing",
                           r->operation);
    s3__request_query(r, "uploadId", sigv4_str(upload_id));
    return s3__request_at(r, to->bucket, to->key, err);
}

static int name_part(struct s3__request *r, const struct s3_at *to, const char *upload_id,
                     uint32_t number, struct sigv4_error *err)
{
    char text[16];
    if (number == 0 || number > S3_MAX_PARTS)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: parts are numbered from 1 to 10000",
                           r->operation);
    snprintf(text, sizeof text, "%u", (unsigned)number);
    s3__request_query(r, "partNumber", sigv4_str(text));
    return name_upload(r, to, upload_id, err);
}

/* ---- create ---- */

static void decode_created(struct s3__single *single, struct s3_result *result)
{
    s3__single_outcome(single, result, s3__outcome_initiate);
}

int s3_multipart_create(struct s3_client *client, const struct s3_multipart_create *create,
                        struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    int status = s3__single_new(&single, client, "CreateMultipartUpload", "POST", create->on_done,
                                create->ctx, err);
    if (status)
        return status;
    struct s3__request *r = &single->request;
    enum s3_checksum checksum = s3__checksum_choice(client, create->checksum);
    single->decode = decode_created;
    r->flags = SIGV4_ERROR_IN_200;
    s3__request_flag(r, "uploads");
    if (!create->to || !create->to->key)
        status = sigv4__fail(err, SIGV4_E_INVALID, "%s: the key is missing", r->operation);
    else
        status = s3__request_at(r, create->to->bucket, create->to->key, err);
    if (status == SIGV4_OK)
        status = s3__add_attributes(r, create->attributes, err);
    if (checksum != S3_CHECKSUM_NONE) {
        s3__request_header_str(r, "x-amz-checksum-algorithm", s3_checksum_name(checksum));
        s3__request_header_str(r, "x-amz-checksum-type",
                               s3__checksum_is_crc(checksum) ? "FULL_OBJECT" : "COMPOSITE");
    }
    return begin_or_drop(single, status, call, err);
}

/* ---- parts ---- */

static void decode_part(struct s3__single *single, struct s3_result *result)
{
    s3__single_needs_etag(single, result);
    result->length = single->request.body_length;
    if (single->checksum != S3_CHECKSUM_NONE) {
        /* What was sent and accepted, also where the service does not repeat it. */
        result->checksum = single->checksum;
        result->checksum_value = sigv4_str(single->checksum_text);
    }
}

int s3_part_put(struct s3_client *client, const struct s3_part_put *part, struct sigv4_call **call,
                struct sigv4_error *err)
{
    struct s3__single *single;
    int status =
        s3__single_new(&single, client, "UploadPart", "PUT", part->on_done, part->ctx, err);
    if (status)
        return status;
    struct s3__request *r = &single->request;
    single->decode = decode_part;
    single->has_payload = true;
    single->checksum = s3__checksum_choice(client, part->checksum);
    status = name_part(r, part->to, part->upload_id, part->number, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(r, part->encryption, err);
    if (status == SIGV4_OK)
        status = s3__single_set_body(single, part->body, part->body_count, err);
    if (part->read) {
        r->read = part->read;
        r->read_ctx = part->ctx;
        r->body_length = part->body_length;
    }
    return begin_or_drop(single, status, call, err);
}

static void decode_copied_part(struct s3__single *single, struct s3_result *result)
{
    s3__single_outcome(single, result, s3__outcome_copy_part);
}

int s3_part_copy(struct s3_client *client, const struct s3_part_copy *part,
                 struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    char range[64] = "";
    int status =
        s3__single_new(&single, client, "UploadPartCopy", "PUT", part->on_done, part->ctx, err);
    if (status)
        return status;
    struct s3__request *r = &single->request;
    single->decode = decode_copied_part;
    r->flags = SIGV4_ERROR_IN_200;
    if (part->byte_count)
        snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)part->first_byte,
                 (unsigned long long)(part->first_byte + part->byte_count - 1));
    else if (part->first_byte)
        status = sigv4__fail(err, SIGV4_E_INVALID, "%s: of how many bytes?", r->operation);
    if (status == SIGV4_OK)
        status = name_part(r, part->to, part->upload_id, part->number, err);
    if (status == SIGV4_OK)
        status = s3__add_copy_source(r, part->from, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(r, part->encryption, err);
    if (status == SIGV4_OK)
        status = s3__add_source_key(r, part->source_customer_key, err);
    s3__request_header_str(r, "x-amz-copy-source-range", range);
    s3__add_etag(r, "x-amz-copy-source-if-match", part->source_if_match);
    return begin_or_drop(single, status, call, err);
}

/* ---- complete and abort ---- */

static void decode_completed(struct s3__single *single, struct s3_result *result)
{
    s3__single_outcome(single, result, s3__outcome_complete);
}

static void add_expectations(struct s3__request *r, const struct s3_multipart_complete *complete,
                             enum s3_checksum checksum)
{
    char length[24];
    if (complete->length) {
        snprintf(length, sizeof length, "%llu", (unsigned long long)complete->length);
        s3__request_header_str(r, "x-amz-mp-object-size", length);
    }
    if (complete->checksum_value && s3__checksum_is_crc(checksum)) {
        s3__request_header_str(r, s3__checksum_header(checksum), complete->checksum_value);
        s3__request_header_str(r, "x-amz-checksum-type", "FULL_OBJECT");
    }
    s3__add_conditions(r, complete->conditions);
}

int s3_multipart_complete(struct s3_client *client, const struct s3_multipart_complete *complete,
                          struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    int status = s3__single_new(&single, client, "CompleteMultipartUpload", "POST",
                                complete->on_done, complete->ctx, err);
    if (status)
        return status;
    struct s3__request *r = &single->request;
    enum s3_checksum checksum = s3__checksum_choice(client, complete->checksum);
    single->decode = decode_completed;
    r->flags = SIGV4_ERROR_IN_200;
    status = name_upload(r, complete->to, complete->upload_id, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(r, complete->encryption, err);
    if (status == SIGV4_OK && s3__complete_write(&single->document, complete->parts,
                                                 complete->part_count, checksum) == SIGV4_E_INVALID)
        status = sigv4__fail(err, SIGV4_E_INVALID,
                             "%s: parts must have ascending numbers from 1 to 10000, and ETags",
                             r->operation);
    s3__single_set_document(single);
    add_expectations(r, complete, checksum);
    return begin_or_drop(single, status, call, err);
}

int s3_multipart_abort(struct s3_client *client, const struct s3_multipart *what,
                       struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    int status = s3__single_new(&single, client, "AbortMultipartUpload", "DELETE", what->on_done,
                                what->ctx, err);
    if (status)
        return status;
    status = name_upload(&single->request, what->to, what->upload_id, err);
    return begin_or_drop(single, status, call, err);
}
