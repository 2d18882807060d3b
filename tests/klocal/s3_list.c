/* ListObjects and ListObjectsV2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "percent.h"
#include "s3.h"
#include "token.h"

struct listing {
    const char *prefix;
    const char *delimiter;
    long max;
    bool encode;
    bool v2;
    const char *after; /* keys up to and with this are left out */
    char *token;       /* the same, from a continuation token; owned */
};

/* As S3 encodes for encoding-type=url: a form, but '/' stays. */
static void put_name(struct text *out, const char *element, const char *bytes, size_t length,
                     bool encode)
{
    text_printf(out, "<%s>", element);
    if (encode) {
        struct text encoded = {0};
        percent_encode(&encoded, bytes, length, true);
        for (size_t i = 0; i < encoded.length; i++)
            if (strncmp(encoded.data + i, "%20", 3) == 0) {
                text_putc(out, '+');
                i += 2;
            } else {
                text_putc(out, encoded.data[i]);
            }
        text_free(&encoded);
    } else {
        text_put_xml(out, bytes, length);
    }
    text_printf(out, "</%s>", element);
}

static bool read_max(struct s3_call *call, struct listing *listing)
{
    const char *text = s3_param(call, "max-keys");
    char *end = NULL;
    listing->max = 1000;
    if (text == NULL || text[0] == '\0')
        return true;
    listing->max = strtol(text, &end, 10);
    if (*end != '\0' || listing->max < 0)
        return s3_refuse(call, "InvalidArgument",
                         "Provided max-keys not an integer or within integer range");
    if (listing->max > 1000)
        listing->max = 1000;
    return true;
}

static bool read_listing(struct s3_call *call, struct listing *listing)
{
    const char *encoding = s3_param(call, "encoding-type");
    const char *token = s3_param(call, "continuation-token");
    listing->prefix = s3_param(call, "prefix");
    listing->delimiter = s3_param(call, "delimiter");
    if (listing->prefix == NULL)
        listing->prefix = "";
    if (listing->delimiter != NULL && listing->delimiter[0] == '\0')
        listing->delimiter = NULL;
    listing->encode = encoding != NULL;
    if (encoding != NULL && strcmp(encoding, "url") != 0)
        return s3_refuse(call, "InvalidArgument", "Invalid Encoding Method specified in Request");
    listing->after = s3_param(call, listing->v2 ? "start-after" : "marker");
    if (listing->v2 && token != NULL) {
        listing->token = token_open(call->klocal, "objects", token);
        if (listing->token == NULL)
            return s3_refuse(call, "InvalidArgument",
                             "The continuation token provided is incorrect");
        listing->after = listing->token;
    }
    return read_max(call, listing);
}

static void put_object(struct s3_call *call, const struct listing *listing,
                       const struct object *object)
{
    const char *owner = s3_param(call, "fetch-owner");
    char modified[25];
    clock_format_iso(object->modified_ms, modified);
    text_puts(call->out, "<Contents>");
    put_name(call->out, "Key", object->key, object->key_length, listing->encode);
    text_printf(call->out, "<LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag>", modified,
                object->etag);
    if (object->sum.kind != CHECKSUM_NONE)
        text_printf(
            call->out, "<ChecksumAlgorithm>%s</ChecksumAlgorithm><ChecksumType>%s</ChecksumType>",
            checksum_name(object->sum.kind), object->sum.composite ? "COMPOSITE" : "FULL_OBJECT");
    text_printf(call->out, "<Size>%llu</Size>", (unsigned long long)content_size(object->content));
    if (!listing->v2 || (owner != NULL && strcmp(owner, "true") == 0))
        text_puts(call->out, "<Owner><ID>klocal</ID><DisplayName>klocal</DisplayName></Owner>");
    text_printf(call->out, "<StorageClass>%s</StorageClass></Contents>",
                s3_storage_class(&object->headers));
}

/* The length of the common prefix this key falls under, 0 for none. */
static size_t common_prefix(const struct listing *listing, const struct object *object)
{
    size_t start = strlen(listing->prefix);
    if (listing->delimiter == NULL)
        return 0;
    const char *found = memmem(object->key + start, object->key_length - start, listing->delimiter,
                               strlen(listing->delimiter));
    return found == NULL ? 0 : (size_t)(found - object->key) + strlen(listing->delimiter);
}

/* The first object behind all keys that start with these bytes. */
static size_t skip_prefix(const struct bucket *bucket, const char *prefix, size_t length)
{
    char *next = memory_copy(prefix, length);
    size_t at = bucket->object_count;
    while (length > 0 && (unsigned char)next[length - 1] == 0xff)
        length--;
    if (length > 0) {
        next[length - 1] = (char)((unsigned char)next[length - 1] + 1);
        at = bucket_lower_bound(bucket, next, length);
    }
    free(next);
    return at;
}

static size_t first_object(const struct bucket *bucket, const struct listing *listing)
{
    size_t at = bucket_lower_bound(bucket, listing->prefix, strlen(listing->prefix));
    if (listing->after == NULL)
        return at;
    size_t length = strlen(listing->after);
    size_t behind = bucket_lower_bound(bucket, listing->after, length);
    if (behind < bucket->object_count && bucket->objects[behind]->key_length == length &&
        memcmp(bucket->objects[behind]->key, listing->after, length) == 0)
        behind++;
    /* A marker that is a common prefix stands for all keys under it. */
    if (listing->delimiter != NULL && length >= strlen(listing->delimiter) &&
        strcmp(listing->after + length - strlen(listing->delimiter), listing->delimiter) == 0 &&
        strncmp(listing->after, listing->prefix, strlen(listing->prefix)) == 0 &&
        (listing->token != NULL || !listing->v2))
        behind = skip_prefix(bucket, listing->after, length);
    return behind > at ? behind : at;
}

struct page {
    long count;
    bool more;
    char *last; /* the last key or prefix given */
    struct text prefixes;
};

static void collect(struct s3_call *call, const struct bucket *bucket,
                    const struct listing *listing, struct page *page)
{
    size_t i = first_object(bucket, listing), prefix = strlen(listing->prefix);
    while (i < bucket->object_count) {
        const struct object *object = bucket->objects[i];
        if (object->key_length < prefix || memcmp(object->key, listing->prefix, prefix) != 0)
            break;
        if (page->count >= listing->max) {
            page->more = listing->max > 0;
            break;
        }
        size_t common = common_prefix(listing, object);
        free(page->last);
        page->last = memory_copy(object->key, common > 0 ? common : object->key_length);
        page->count++;
        if (common > 0) {
            text_puts(&page->prefixes, "<CommonPrefixes>");
            put_name(&page->prefixes, "Prefix", object->key, common, listing->encode);
            text_puts(&page->prefixes, "</CommonPrefixes>");
            i = skip_prefix(bucket, object->key, common);
        } else {
            put_object(call, listing, object);
            i++;
        }
    }
}

static void put_head(struct s3_call *call, const struct bucket *bucket,
                     const struct listing *listing)
{
    text_put_element(call->out, "Name", bucket->name);
    put_name(call->out, "Prefix", listing->prefix, strlen(listing->prefix), listing->encode);
    if (listing->delimiter != NULL)
        put_name(call->out, "Delimiter", listing->delimiter, strlen(listing->delimiter),
                 listing->encode);
    text_printf(call->out, "<MaxKeys>%ld</MaxKeys>", listing->max);
    if (listing->encode)
        text_puts(call->out, "<EncodingType>url</EncodingType>");
    if (listing->v2 && listing->token != NULL)
        text_put_element(call->out, "ContinuationToken", s3_param(call, "continuation-token"));
    if (listing->v2 && s3_param(call, "start-after") != NULL)
        put_name(call->out, "StartAfter", s3_param(call, "start-after"),
                 strlen(s3_param(call, "start-after")), listing->encode);
    if (!listing->v2)
        put_name(call->out, "Marker", listing->after != NULL ? listing->after : "",
                 listing->after != NULL ? strlen(listing->after) : 0, listing->encode);
}

static void put_tail(struct s3_call *call, const struct listing *listing, const struct page *page)
{
    text_puts(call->out, text_string(&page->prefixes));
    if (listing->v2)
        text_printf(call->out, "<KeyCount>%ld</KeyCount>", page->count);
    text_printf(call->out, "<IsTruncated>%s</IsTruncated>", page->more ? "true" : "false");
    if (page->more && listing->v2) {
        char *token = token_seal(call->klocal, "objects", page->last);
        text_put_element(call->out, "NextContinuationToken", token);
        free(token);
    } else if (page->more && listing->delimiter != NULL) {
        put_name(call->out, "NextMarker", page->last, strlen(page->last), listing->encode);
    }
    text_puts(call->out, "</ListBucketResult>");
}

static void list(struct s3_call *call, bool v2)
{
    struct listing listing = {.v2 = v2};
    struct page page = {0};
    struct bucket *bucket = s3_bucket(call);
    if (bucket != NULL && read_listing(call, &listing)) {
        s3_open_xml(call, "ListBucketResult");
        put_head(call, bucket, &listing);
        collect(call, bucket, &listing, &page);
        put_tail(call, &listing, &page);
    }
    free(listing.token);
    free(page.last);
    text_free(&page.prefixes);
}

void s3_list_objects(struct s3_call *call)
{
    const char *type = s3_param(call, "list-type");
    if (type != NULL && strcmp(type, "2") != 0)
        s3_refuse(call, "InvalidArgument", "Invalid List Type specified in Request");
    else
        list(call, type != NULL);
}
