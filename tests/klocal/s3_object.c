/* PutObject, DeleteObject and DeleteObjects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "s3.h"
#include "xml.h"

static void set_etag(struct object *object, const unsigned char md5[16])
{
    for (size_t i = 0; i < 16; i++)
        snprintf(object->etag + 2 * i, 3, "%02x", md5[i]);
}

static void give_put_headers(struct s3_call *call, const struct object *object)
{
    struct response *response = &call->request->response;
    const char *encryption = header_find(&object->headers, "x-amz-server-side-encryption");
    response_header(response, "ETag", "\"%s\"", object->etag);
    response_header(response, "x-amz-server-side-encryption", "%s",
                    encryption != NULL ? encryption : "AES256");
    s3_put_sum_headers(response, &object->sum);
}

void s3_put_object(struct s3_call *call)
{
    struct body *body = &call->request->body;
    struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL || !s3_check_write(call, bucket_object(bucket, call->key, call->key_length)))
        return;
    struct object *object = object_new(call->key, call->key_length);
    if (!s3_take_headers(call, &object->headers)) {
        object_free(object);
        return;
    }
    object->content = content_new(&body->blob, 1);
    object->modified_ms = clock_service_ms(&call->klocal->clock) / 1000 * 1000;
    object->sum.kind = call->sum_kind != CHECKSUM_NONE ? call->sum_kind : CHECKSUM_CRC64NVME;
    memcpy(object->sum.text, body->sum_text, sizeof object->sum.text);
    set_etag(object, body->md5_bytes);
    give_put_headers(call, object);
    bucket_put_object(bucket, object);
}

void s3_delete_object(struct s3_call *call)
{
    struct bucket *bucket = s3_bucket(call);
    const char *match = s3_header(call, "if-match");
    if (bucket == NULL)
        return;
    const struct object *object = bucket_object(bucket, call->key, call->key_length);
    if (match != NULL && object != NULL && !s3_etag_matches(match, object->etag)) {
        s3_refuse(call, "PreconditionFailed", NULL);
        return;
    }
    bucket_delete_object(bucket, call->key, call->key_length);
    call->request->response.status = 204;
}

static void put_delete_error(struct s3_call *call, const char *key, const char *code)
{
    text_puts(call->out, "<Error>");
    text_put_element(call->out, "Key", key);
    text_put_element(call->out, "Code", code);
    text_put_element(call->out, "Message", code);
    text_puts(call->out, "</Error>");
}

static void delete_one(struct s3_call *call, struct bucket *bucket, const struct xml *item,
                       bool quiet)
{
    const char *key = xml_child_text(item, "Key"), *etag = xml_child_text(item, "ETag");
    const struct object *object = bucket_object(bucket, key, strlen(key));
    if (etag != NULL && object != NULL && !s3_etag_matches(etag, object->etag)) {
        put_delete_error(call, key, "PreconditionFailed");
        return;
    }
    bucket_delete_object(bucket, key, strlen(key));
    if (quiet)
        return;
    text_puts(call->out, "<Deleted>");
    text_put_element(call->out, "Key", key);
    text_puts(call->out, "</Deleted>");
}

static bool check_delete(const struct xml *root)
{
    unsigned count = 0;
    if (root == NULL || strcmp(root->name, "Delete") != 0)
        return false;
    for (const struct xml *item = root->children; item != NULL; item = item->next) {
        if (strcmp(item->name, "Object") != 0)
            continue;
        const char *key = xml_child_text(item, "Key");
        count++;
        if (key == NULL || key[0] == '\0')
            return false;
    }
    return count >= 1 && count <= 1000;
}

void s3_delete_objects(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL)
        return;
    if (s3_header(call, "content-md5") == NULL && call->sum_kind == CHECKSUM_NONE) {
        s3_refuse(call, "InvalidRequest",
                  "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
        return;
    }
    struct xml *root = xml_parse(body_string(body), (size_t)body->length);
    if (!check_delete(root)) {
        s3_refuse(call, "MalformedXML", NULL);
    } else {
        const char *quiet = xml_child_text(root, "Quiet");
        s3_open_xml(call, "DeleteResult");
        for (const struct xml *item = root->children; item != NULL; item = item->next)
            if (strcmp(item->name, "Object") == 0)
                delete_one(call, bucket, item, quiet != NULL && strcmp(quiet, "true") == 0);
        text_puts(call->out, "</DeleteResult>");
    }
    xml_free(root);
}
