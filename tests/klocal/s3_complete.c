/* CompleteMultipartUpload: the list of parts against what was uploaded. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "memory.h"
#include "s3.h"
#include "xml.h"

struct completion {
    struct upload *upload;
    const struct part **parts; /* in order */
    size_t count;
};

static const struct part *find_part(const struct upload *upload, unsigned number)
{
    size_t low = 0, high = upload->part_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (upload->parts[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < upload->part_count && upload->parts[low].number == number;
    return found ? &upload->parts[low] : NULL;
}

static bool refuse_part(struct s3_call *call, unsigned number, const char *etag)
{
    text_put_element(&call->extra, "UploadId", s3_param(call, "uploadId"));
    text_printf(&call->extra, "<PartNumber>%u</PartNumber>", number);
    text_put_element(&call->extra, "ETag", etag);
    return s3_refuse(call, "InvalidPart", NULL);
}

/* A composite checksum is made from those of the parts: each must be named. */
static bool check_part_sum(struct s3_call *call, const struct completion *completion,
                           const struct part *part, const struct xml *item)
{
    char name[32], message[200];
    const struct upload *upload = completion->upload;
    snprintf(name, sizeof name, "Checksum%s", checksum_name(part->sum.kind));
    const char *claimed = xml_child_text(item, name);
    if (claimed == NULL && upload->kind != CHECKSUM_NONE && upload->composite) {
        snprintf(message, sizeof message,
                 "The upload was created using a %s checksum. The complete request must include "
                 "the checksum for each part. It was missing for part %u in the request.",
                 checksum_name(upload->kind), part->number);
        return s3_refuse(call, "InvalidRequest", message);
    }
    return claimed == NULL || strcmp(claimed, part->sum.text) == 0 ||
           refuse_part(call, part->number, part->etag);
}

static bool take_part(struct s3_call *call, struct completion *completion, const struct xml *item)
{
    const char *number = xml_child_text(item, "PartNumber"), *etag = xml_child_text(item, "ETag");
    char *end = NULL;
    unsigned long value = number == NULL ? 0 : strtoul(number, &end, 10);
    if (number == NULL || etag == NULL || end == number || *end != '\0' || value < 1 ||
        value > 10000)
        return s3_refuse(call, "MalformedXML", NULL);
    if (completion->count > 0 && completion->parts[completion->count - 1]->number >= value)
        return s3_refuse(call, "InvalidPartOrder", NULL);
    const struct part *part = find_part(completion->upload, (unsigned)value);
    if (part == NULL || strchr(etag, '*') != NULL || !s3_etag_matches(etag, part->etag))
        return refuse_part(call, (unsigned)value, etag);
    completion->parts[completion->count++] = part;
    return check_part_sum(call, completion, part, item);
}

static bool take_parts(struct s3_call *call, struct completion *completion, const struct xml *root)
{
    size_t count = 0;
    if (root == NULL || strcmp(root->name, "CompleteMultipartUpload") != 0)
        return s3_refuse(call, "MalformedXML", NULL);
    for (const struct xml *item = root->children; item != NULL; item = item->next)
        count += strcmp(item->name, "Part") == 0;
    if (count < 1 || count > 10000)
        return s3_refuse(call, "MalformedXML", NULL);
    completion->parts = memory_take(count, sizeof(struct part *));
    for (const struct xml *item = root->children; item != NULL; item = item->next)
        if (strcmp(item->name, "Part") == 0 && !take_part(call, completion, item))
            return false;
    return true;
}

static bool check_sizes(struct s3_call *call, const struct completion *completion)
{
    const char *claimed = s3_header(call, "x-amz-mp-object-size");
    uint64_t total = 0, least = call->klocal->options.min_part_size;
    for (size_t i = 0; i < completion->count; i++) {
        const struct part *part = completion->parts[i];
        total += part->blob->size;
        if (i + 1 == completion->count || part->blob->size >= least)
            continue;
        text_printf(&call->extra,
                    "<ProposedSize>%llu</ProposedSize><MinSizeAllowed>%llu</MinSizeAllowed>"
                    "<PartNumber>%u</PartNumber>",
                    (unsigned long long)part->blob->size, (unsigned long long)least, part->number);
        text_put_element(&call->extra, "ETag", part->etag);
        return s3_refuse(call, "EntityTooSmall", NULL);
    }
    if (claimed != NULL && strtoull(claimed, NULL, 10) != total)
        return s3_refuse(call, "InvalidRequest",
                         "The provided 'x-amz-mp-object-size' header value does not match what was "
                         "computed.");
    return true;
}

static void set_etag(const struct completion *completion, struct object *object)
{
    unsigned char digest[16];
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
    for (size_t i = 0; i < completion->count; i++)
        EVP_DigestUpdate(md5, completion->parts[i]->md5, 16);
    EVP_DigestFinal_ex(md5, digest, NULL);
    EVP_MD_CTX_free(md5);
    for (size_t i = 0; i < 16; i++)
        snprintf(object->etag + 2 * i, 3, "%02x", digest[i]);
    snprintf(object->etag + 32, sizeof object->etag - 32, "-%zu", completion->count);
}

/* The digest over the digests of the parts. */
static void composite(const struct completion *completion, struct object *object)
{
    struct checksum sum;
    size_t length;
    checksum_begin(&sum, object->sum.kind);
    for (size_t i = 0; i < completion->count; i++) {
        unsigned char *bytes = NULL;
        const char *text = completion->parts[i]->sum.text;
        if (base64_decode(text, strlen(text), &bytes, &length))
            checksum_add(&sum, bytes, length);
        free(bytes);
    }
    checksum_end(&sum, object->sum.text);
    length = strlen(object->sum.text);
    snprintf(object->sum.text + length, sizeof object->sum.text - length, "-%zu",
             completion->count);
}

static void full(const struct completion *completion, struct object *object)
{
    memcpy(object->sum.text, completion->parts[0]->sum.text, sizeof object->sum.text);
    for (size_t i = 1; i < completion->count; i++)
        checksum_combine(object->sum.kind, object->sum.text, completion->parts[i]->sum.text,
                         completion->parts[i]->blob->size);
}

/* Parts of an upload that declared nothing may each have brought another kind. */
static bool set_sums(struct s3_call *call, const struct completion *completion,
                     struct object *object)
{
    const struct upload *upload = completion->upload;
    bool alike = true;
    object->sum.kind = upload->kind != CHECKSUM_NONE ? upload->kind : CHECKSUM_CRC64NVME;
    object->sum.composite = upload->kind != CHECKSUM_NONE && upload->composite;
    for (size_t i = 0; i < completion->count; i++)
        alike = alike && completion->parts[i]->sum.kind == object->sum.kind;
    if (!alike)
        return s3_sum_content(object->content, object->sum.kind, object->sum.text) ||
               s3_refuse(call, "InternalError", NULL);
    if (object->sum.composite)
        composite(completion, object);
    else
        full(completion, object);
    object->part_sums = memory_take(completion->count, sizeof *object->part_sums);
    for (size_t i = 0; i < completion->count; i++)
        memcpy(object->part_sums[i], completion->parts[i]->sum.text, CHECKSUM_TEXT_SIZE);
    return true;
}

/* The claim may leave out the "-N" of a composite. */
static bool check_claimed_sum(struct s3_call *call, const struct upload *upload,
                              const struct object *object)
{
    const char *type = s3_header(call, "x-amz-checksum-type");
    const char *claimed = call->sum_text;
    if (type != NULL && strcmp(type, object->sum.composite ? "COMPOSITE" : "FULL_OBJECT") != 0)
        return s3_refuse(call, "BadDigest",
                         "The checksum type you specified did not match that of the upload.");
    if (claimed == NULL || call->sum_kind != object->sum.kind ||
        (upload->kind == CHECKSUM_NONE && call->sum_kind != CHECKSUM_CRC64NVME))
        return true;
    size_t length = strcspn(object->sum.text, "-");
    bool same = strcmp(claimed, object->sum.text) == 0 ||
                (strlen(claimed) == length && strncmp(claimed, object->sum.text, length) == 0);
    return same || s3_refuse(call, "BadDigest",
                             "The checksum you specified did not match the calculated checksum.");
}

static struct object *make_object(struct s3_call *call, const struct completion *completion)
{
    struct upload *upload = completion->upload;
    struct object *object = object_new(call->key, call->key_length);
    struct blob **blobs = memory_take(completion->count, sizeof(struct blob *));
    for (size_t i = 0; i < completion->count; i++)
        blobs[i] = completion->parts[i]->blob;
    object->content = content_new(blobs, completion->count);
    free(blobs);
    object->modified_ms = clock_service_ms(&call->klocal->clock) / 1000 * 1000;
    object->part_count = (unsigned)completion->count;
    set_etag(completion, object);
    if (!set_sums(call, completion, object) || !check_claimed_sum(call, upload, object)) {
        object_free(object);
        return NULL;
    }
    object->headers = upload->headers;
    memset(&upload->headers, 0, sizeof upload->headers);
    return object;
}

static void put_result(struct s3_call *call, const struct object *object)
{
    response_header(&call->request->response, "x-amz-server-side-encryption", "AES256");
    s3_open_xml(call, "CompleteMultipartUploadResult");
    text_puts(call->out, "<Location>http://");
    const char *host = s3_header(call, "host");
    text_put_xml(call->out, host != NULL ? host : "", host != NULL ? strlen(host) : 0);
    text_put_xml(call->out, call->request->path, strlen(call->request->path));
    text_puts(call->out, "</Location>");
    text_put_element(call->out, "Bucket", call->bucket);
    text_put_element(call->out, "Key", call->key);
    text_printf(call->out, "<ETag>&quot;%s&quot;</ETag>", object->etag);
    s3_put_sum_element(call->out, &object->sum);
    text_printf(call->out, "<ChecksumType>%s</ChecksumType></CompleteMultipartUploadResult>",
                object->sum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

void s3_complete_upload(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    struct bucket *bucket = NULL;
    struct completion completion = {.upload = s3_upload(call, &bucket)};
    if (completion.upload == NULL)
        return;
    struct xml *root = xml_parse(body_string(body), (size_t)body->length);
    if (take_parts(call, &completion, root) && check_sizes(call, &completion) &&
        s3_check_write(call, bucket_object(bucket, call->key, call->key_length))) {
        struct object *object = make_object(call, &completion);
        if (object != NULL) {
            put_result(call, object);
            bucket_put_object(bucket, object);
            bucket_remove_upload(bucket, completion.upload);
        }
    }
    free(completion.parts);
    xml_free(root);
}
