/* ListParts and ListMultipartUploads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "percent.h"
#include "s3.h"

static bool read_max(struct s3_call *call, const char *name, long *max)
{
    const char *text = s3_param(call, name);
    char *end = NULL;
    *max = 1000;
    if (text == NULL || text[0] == '\0')
        return true;
    *max = strtol(text, &end, 10);
    if (*end != '\0' || *max < 0)
        return s3_refuse(call, "InvalidArgument", "Argument is not an integer or out of range");
    if (*max > 1000)
        *max = 1000;
    return true;
}

static void put_part(struct text *out, const struct part *part)
{
    char modified[25];
    clock_format_iso(part->modified_ms, modified);
    text_printf(out,
                "<Part><PartNumber>%u</PartNumber><LastModified>%s</LastModified>"
                "<ETag>&quot;%s&quot;</ETag><Size>%llu</Size>",
                part->number, modified, part->etag, (unsigned long long)part->blob->size);
    s3_put_sum_element(out, &part->sum);
    text_puts(out, "</Part>");
}

void s3_list_parts(struct s3_call *call)
{
    struct bucket *bucket = NULL;
    const struct upload *upload = s3_upload(call, &bucket);
    const char *marker = s3_param(call, "part-number-marker");
    unsigned long after = marker == NULL ? 0 : strtoul(marker, NULL, 10);
    long max = 0, count = 0;
    unsigned last = 0;
    bool more = false;
    if (upload == NULL || !read_max(call, "max-parts", &max))
        return;
    s3_open_xml(call, "ListPartsResult");
    text_put_element(call->out, "Bucket", bucket->name);
    text_put_element(call->out, "Key", upload->key);
    text_put_element(call->out, "UploadId", upload->id);
    text_printf(call->out, "<PartNumberMarker>%lu</PartNumberMarker><MaxParts>%ld</MaxParts>",
                after, max);
    text_printf(call->out, "<StorageClass>%s</StorageClass>", s3_storage_class(&upload->headers));
    if (upload->kind != CHECKSUM_NONE)
        text_printf(call->out,
                    "<ChecksumAlgorithm>%s</ChecksumAlgorithm><ChecksumType>%s</ChecksumType>",
                    checksum_name(upload->kind), upload->composite ? "COMPOSITE" : "FULL_OBJECT");
    for (size_t i = 0; i < upload->part_count; i++) {
        if (upload->parts[i].number <= after)
            continue;
        more = count == max;
        if (more)
            break;
        put_part(call->out, &upload->parts[i]);
        last = upload->parts[i].number;
        count++;
    }
    text_printf(call->out, "<IsTruncated>%s</IsTruncated>", more ? "true" : "false");
    if (more)
        text_printf(call->out, "<NextPartNumberMarker>%u</NextPartNumberMarker>", last);
    text_puts(call->out, "</ListPartsResult>");
}

struct listing {
    const char *prefix;
    const char *delimiter;
    const char *key_marker;
    const char *id_marker;
    bool encode;
    long max;
};

static void put_key(struct text *out, const char *element, const char *key, size_t length,
                    bool encode)
{
    text_printf(out, "<%s>", element);
    if (encode)
        percent_encode(out, key, length, true);
    else
        text_put_xml(out, key, length);
    text_printf(out, "</%s>", element);
}

/* Uploads up to and with the markers are left out; the order is by key, then by time. */
static size_t first_upload(const struct bucket *bucket, const struct listing *listing)
{
    size_t i = 0;
    if (listing->key_marker == NULL || listing->key_marker[0] == '\0')
        return 0;
    while (i < bucket->upload_count) {
        int order = strcmp(bucket->uploads[i]->key, listing->key_marker);
        if (order > 0)
            break;
        bool has_id = listing->id_marker != NULL && listing->id_marker[0] != '\0';
        i++;
        if (order == 0 && has_id && strcmp(bucket->uploads[i - 1]->id, listing->id_marker) == 0)
            break;
    }
    return i;
}

static void put_upload(struct text *out, const struct upload *upload, bool encode)
{
    char initiated[25];
    clock_format_iso(upload->initiated_ms, initiated);
    text_puts(out, "<Upload>");
    put_key(out, "Key", upload->key, upload->key_length, encode);
    text_printf(out,
                "<UploadId>%s</UploadId><Initiated>%s</Initiated>"
                "<StorageClass>%s</StorageClass></Upload>",
                upload->id, initiated, s3_storage_class(&upload->headers));
}

static void put_uploads(struct s3_call *call, const struct bucket *bucket,
                        const struct listing *listing)
{
    struct text prefixes = {0};
    const char *last_prefix = NULL;
    const struct upload *last = NULL;
    size_t last_length = 0, prefix = strlen(listing->prefix);
    long count = 0;
    bool more = false;
    for (size_t i = first_upload(bucket, listing); i < bucket->upload_count; i++) {
        const struct upload *upload = bucket->uploads[i];
        if (strncmp(upload->key, listing->prefix, prefix) != 0)
            continue;
        const char *found =
            listing->delimiter == NULL ? NULL : strstr(upload->key + prefix, listing->delimiter);
        size_t common =
            found == NULL ? 0 : (size_t)(found - upload->key) + strlen(listing->delimiter);
        if (common > 0 && last_prefix != NULL && common == last_length &&
            memcmp(last_prefix, upload->key, common) == 0) {
            last = upload;
            continue;
        }
        more = count == listing->max;
        if (more)
            break;
        last = upload;
        count++;
        if (common > 0) {
            last_prefix = upload->key;
            last_length = common;
            text_puts(&prefixes, "<CommonPrefixes>");
            put_key(&prefixes, "Prefix", upload->key, common, listing->encode);
            text_puts(&prefixes, "</CommonPrefixes>");
        } else {
            put_upload(call->out, upload, listing->encode);
        }
    }
    text_puts(call->out, text_string(&prefixes));
    text_free(&prefixes);
    text_printf(call->out, "<IsTruncated>%s</IsTruncated>", more ? "true" : "false");
    if (more && last != NULL) {
        put_key(call->out, "NextKeyMarker", last->key, last->key_length, listing->encode);
        text_put_element(call->out, "NextUploadIdMarker", last->id);
    }
}

void s3_list_uploads(struct s3_call *call)
{
    const struct bucket *bucket = s3_bucket(call);
    const char *encoding = s3_param(call, "encoding-type");
    struct listing listing = {.prefix = s3_param(call, "prefix"),
                              .delimiter = s3_param(call, "delimiter"),
                              .key_marker = s3_param(call, "key-marker"),
                              .id_marker = s3_param(call, "upload-id-marker"),
                              .encode = encoding != NULL};
    if (bucket == NULL || !read_max(call, "max-uploads", &listing.max))
        return;
    if (listing.prefix == NULL)
        listing.prefix = "";
    if (listing.delimiter != NULL && listing.delimiter[0] == '\0')
        listing.delimiter = NULL;
    s3_open_xml(call, "ListMultipartUploadsResult");
    text_put_element(call->out, "Bucket", bucket->name);
    put_key(call->out, "Prefix", listing.prefix, strlen(listing.prefix), listing.encode);
    if (listing.encode)
        text_puts(call->out, "<EncodingType>url</EncodingType>");
    text_printf(call->out, "<MaxUploads>%ld</MaxUploads>", listing.max);
    put_uploads(call, bucket, &listing);
    text_puts(call->out, "</ListMultipartUploadsResult>");
}
