/* CopyObject, and the source that UploadPartCopy shares with it. */
#include "s3_copy.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "percent.h"

/* "/bucket/key", encoded, perhaps with ?versionId=null. The key is cut off in place. */
static char *split_source(struct s3_call *call, char **key, size_t *key_length)
{
    const char *header = s3_header(call, "x-amz-copy-source");
    size_t length = strcspn(header, "?"), decoded = 0;
    if (header[length] == '?' && strcmp(header + length, "?versionId=null") != 0) {
        s3_refuse(call, "NotImplemented", NULL);
        return NULL;
    }
    char *source = percent_decode(header, length, &decoded);
    char *start = source[0] == '/' ? source + 1 : source;
    char *slash = strchr(start, '/');
    if (slash == NULL || slash[1] == '\0') {
        s3_refuse(call, "InvalidArgument",
                  "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
        free(source);
        return NULL;
    }
    *slash = '\0';
    *key = slash + 1;
    *key_length = decoded - (size_t)(slash + 1 - source);
    memmove(source, start, (size_t)(slash - start) + 1);
    return source;
}

static bool check_source(struct s3_call *call, const struct object *object)
{
    const char *match = s3_header(call, "x-amz-copy-source-if-match");
    const char *none = s3_header(call, "x-amz-copy-source-if-none-match");
    const char *since = s3_header(call, "x-amz-copy-source-if-modified-since");
    const char *unless = s3_header(call, "x-amz-copy-source-if-unmodified-since");
    int64_t ms = 0;
    bool good = (match == NULL || s3_etag_matches(match, object->etag)) &&
                (none == NULL || !s3_etag_matches(none, object->etag)) &&
                (since == NULL || !clock_parse_http(since, &ms) || object->modified_ms > ms) &&
                (unless == NULL || match != NULL || !clock_parse_http(unless, &ms) ||
                 object->modified_ms <= ms);
    return good || s3_refuse(call, "PreconditionFailed", NULL);
}

struct object *s3_copy_source(struct s3_call *call)
{
    char *key = NULL;
    size_t key_length = 0;
    char *name = split_source(call, &key, &key_length);
    if (name == NULL)
        return NULL;
    struct bucket *bucket = bucket_find(call->klocal, name);
    struct object *object = bucket == NULL ? NULL : bucket_object(bucket, key, key_length);
    if (bucket == NULL) {
        text_put_element(&call->extra, "BucketName", name);
        s3_refuse(call, "NoSuchBucket", NULL);
    } else if (object == NULL) {
        text_put_element(&call->extra, "Key", key);
        s3_refuse(call, "NoSuchKey", NULL);
    } else if (!check_source(call, object)) {
        object = NULL;
    }
    free(name);
    return object;
}

static bool md5_content(const struct content *content, char out[33])
{
    enum { BLOCK = 256 << 10 };
    unsigned char *block = memory_take(BLOCK, 1), digest[16];
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    uint64_t offset = 0;
    ssize_t n;
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
    while ((n = content_read(content, offset, block, BLOCK)) > 0) {
        EVP_DigestUpdate(md5, block, (size_t)n);
        offset += (uint64_t)n;
    }
    EVP_DigestFinal_ex(md5, digest, NULL);
    EVP_MD_CTX_free(md5);
    free(block);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return n == 0;
}

static void replace_header(struct s3_call *call, struct header_list *list, const char *name)
{
    const char *value = s3_header(call, name);
    if (value == NULL)
        value = strcmp(name, "x-amz-storage-class") == 0 ? "STANDARD" : "";
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) {
            free(list->items[i].value);
            list->items[i].value = memory_string(value);
            return;
        }
    if (value[0] != '\0')
        header_list_add(list, name, value);
}

/* COPY takes the source's metadata; class and encryption are always the request's. */
static bool take_headers(struct s3_call *call, const struct object *source, struct header_list *out,
                         bool replace)
{
    if (replace)
        return s3_take_headers(call, out);
    struct header_list unused = {0};
    bool good = s3_take_headers(call, &unused); /* checks them */
    header_list_free(&unused);
    for (size_t i = 0; good && i < source->headers.count; i++)
        header_list_add(out, source->headers.items[i].name, source->headers.items[i].value);
    replace_header(call, out, "x-amz-storage-class");
    replace_header(call, out, "x-amz-server-side-encryption");
    return good;
}

/* A copy has one checksum over the whole, whatever the source was made of. */
static bool copy_sums(struct s3_call *call, const struct object *source, struct object *object)
{
    const char *name = s3_header(call, "x-amz-checksum-algorithm");
    enum checksum_kind kind = name != NULL ? checksum_by_name(name) : source->sum.kind;
    object->sum.kind = kind;
    memcpy(object->etag, source->etag, sizeof object->etag);
    memcpy(object->sum.text, source->sum.text, sizeof object->sum.text);
    bool same_sum = kind == source->sum.kind && !source->sum.composite;
    if (!same_sum && !s3_sum_content(source->content, kind, object->sum.text))
        return s3_refuse(call, "InternalError", NULL);
    if (source->part_count > 0 && !md5_content(source->content, object->etag))
        return s3_refuse(call, "InternalError", NULL);
    return true;
}

static bool check_copy(struct s3_call *call, const struct object *source, struct bucket *bucket,
                       bool replace)
{
    const struct object *old = bucket_object(bucket, call->key, call->key_length);
    const char *storage = s3_header(call, "x-amz-storage-class");
    bool same_class = storage == NULL || strcmp(storage, s3_storage_class(&source->headers)) == 0;
    if (content_size(source->content) > S3_OBJECT_MAX)
        return s3_refuse(call, "InvalidRequest",
                         "The specified copy source is larger than the maximum allowable size for "
                         "a copy source: 5368709120");
    if (old == source && !replace && same_class &&
        s3_header(call, "x-amz-server-side-encryption") == NULL)
        return s3_refuse(call, "InvalidRequest",
                         "This copy request is illegal because it is trying to copy an object to "
                         "itself without changing the object's metadata, storage class, website "
                         "redirect location or encryption attributes.");
    return s3_check_write(call, old);
}

void s3_put_copy_result(struct s3_call *call, const char *root, const char *etag,
                        const struct s3_sum *sum, int64_t modified_ms)
{
    char modified[25];
    clock_format_iso(modified_ms, modified);
    s3_open_xml(call, root);
    text_printf(call->out, "<LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag>", modified,
                etag);
    s3_put_sum_element(call->out, sum);
    text_printf(call->out, "</%s>", root);
}

void s3_copy_object(struct s3_call *call)
{
    const char *directive = s3_header(call, "x-amz-metadata-directive");
    bool replace = directive != NULL && strcmp(directive, "REPLACE") == 0;
    struct bucket *bucket = s3_bucket(call);
    struct object *source = bucket == NULL ? NULL : s3_copy_source(call);
    if (source == NULL || !check_copy(call, source, bucket, replace))
        return;
    if (directive != NULL && !replace && strcmp(directive, "COPY") != 0) {
        s3_refuse(call, "InvalidArgument", "Unknown metadata directive.");
        return;
    }
    struct object *object = object_new(call->key, call->key_length);
    object->modified_ms = clock_service_ms(&call->klocal->clock) / 1000 * 1000;
    object->content = content_hold(source->content);
    if (!take_headers(call, source, &object->headers, replace) ||
        !copy_sums(call, source, object)) {
        object_free(object);
        return;
    }
    s3_put_copy_result(call, "CopyObjectResult", object->etag, &object->sum, object->modified_ms);
    bucket_put_object(bucket, object);
}
