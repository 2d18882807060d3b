/* The headers an object keeps: content headers, metadata, storage class, encryption. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "s3.h"

#define METADATA_MAX 2048u

static const char *const kept[] = {"cache-control",
                                   "content-disposition",
                                   "content-encoding",
                                   "content-language",
                                   "content-type",
                                   "expires",
                                   "x-amz-server-side-encryption",
                                   "x-amz-server-side-encryption-aws-kms-key-id",
                                   "x-amz-storage-class",
                                   "x-amz-tagging",
                                   "x-amz-website-redirect-location",
                                   NULL};

static bool in_list(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcasecmp(*list, word) == 0)
            return true;
    return false;
}

static bool check_values(struct s3_call *call)
{
    static const char *const classes[] = {"STANDARD",     "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                          "ONEZONE_IA",   "INTELLIGENT_TIERING", "GLACIER",
                                          "DEEP_ARCHIVE", "GLACIER_IR",          NULL};
    static const char *const encryptions[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    const char *storage = s3_header(call, "x-amz-storage-class");
    const char *encryption = s3_header(call, "x-amz-server-side-encryption");
    if (storage != NULL && !in_list(classes, storage))
        return s3_refuse(call, "InvalidStorageClass", NULL);
    if (encryption != NULL && !in_list(encryptions, encryption))
        return s3_refuse(call, "InvalidArgument",
                         "The encryption method specified is not supported");
    if (s3_header(call, "x-amz-server-side-encryption-customer-algorithm") != NULL)
        return s3_refuse(call, "NotImplemented", NULL);
    return true;
}

/* S3 keeps the content coding without aws-chunked. */
static char *without_chunked(const char *codings)
{
    struct text out = {0};
    for (const char *p = codings; *p != '\0';) {
        p += strspn(p, " ,");
        size_t length = strcspn(p, ", ");
        if (length > 0 && !(length == 11 && strncasecmp(p, "aws-chunked", 11) == 0)) {
            text_puts(&out, out.length > 0 ? "," : "");
            text_add(&out, p, length);
        }
        p += length;
    }
    return text_take(&out);
}

bool s3_take_headers(struct s3_call *call, struct header_list *out)
{
    size_t metadata = 0;
    if (!check_values(call))
        return false;
    for (size_t i = 0; i < call->headers.count; i++) {
        const struct header *item = &call->headers.items[i];
        bool is_meta = strncasecmp(item->name, "x-amz-meta-", 11) == 0;
        if (is_meta)
            metadata += strlen(item->name) - 11 + strlen(item->value);
        if (!is_meta && !in_list(kept, item->name))
            continue;
        bool coding = strcasecmp(item->name, "content-encoding") == 0;
        struct header copy = {.name = memory_string(item->name),
                              .value = coding ? without_chunked(item->value)
                                              : memory_string(item->value),
                              .has_value = true};
        for (char *p = copy.name; *p != '\0'; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p + 32);
        header_list_take(out, copy);
    }
    if (metadata > METADATA_MAX)
        return s3_refuse(call, "MetadataTooLarge", NULL);
    if (header_find(out, "content-type") == NULL)
        header_list_add(out, "content-type", "binary/octet-stream");
    return true;
}

const char *s3_storage_class(const struct header_list *headers)
{
    const char *storage = header_find(headers, "x-amz-storage-class");
    return storage == NULL ? "STANDARD" : storage;
}

/* ?response-content-type=... and its kin replace a header of the answer. */
static const char * override(const struct s3_call *call, const char *name)
{
    char param[64];
    if (strncmp(name, "x-amz-", 6) == 0)
        return NULL;
    snprintf(param, sizeof param, "response-%s", name);
    return s3_param(call, param);
}

static void give_overrides(struct s3_call *call)
{
    for (size_t i = 0; kept[i] != NULL; i++) {
        const char *value = override(call, kept[i]);
        if (value != NULL)
            response_header(&call->request->response, kept[i], "%s", value);
    }
}

void s3_give_headers(struct s3_call *call, const struct object *object)
{
    struct response *response = &call->request->response;
    char modified[30];
    clock_format_http(object->modified_ms, modified);
    response_header(response, "ETag", "\"%s\"", object->etag);
    response_header(response, "Last-Modified", "%s", modified);
    response_header(response, "Accept-Ranges", "bytes");
    for (size_t i = 0; i < object->headers.count; i++) {
        const struct header *item = &object->headers.items[i];
        bool is_default =
            strcmp(item->name, "x-amz-storage-class") == 0 && strcmp(item->value, "STANDARD") == 0;
        bool is_hidden = strcmp(item->name, "x-amz-tagging") == 0;
        if (!is_default && !is_hidden && item->value[0] != '\0' &&
            override(call, item->name) == NULL)
            response_header(response, item->name, "%s", item->value);
    }
    give_overrides(call);
    if (header_find(&object->headers, "x-amz-server-side-encryption") == NULL)
        response_header(response, "x-amz-server-side-encryption", "AES256");
}
