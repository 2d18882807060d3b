/* GetObject and HeadObject: conditions, ranges, parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "s3.h"

struct span {
    uint64_t offset;
    uint64_t length;
    bool partial;
    unsigned part; /* 0: none asked for */
};

static bool check_dates(struct s3_call *call, const struct object *object, bool match_given,
                        bool none_given)
{
    const char *since = s3_header(call, "if-modified-since");
    const char *unless = s3_header(call, "if-unmodified-since");
    int64_t ms = 0;
    if (unless != NULL && !match_given && clock_parse_http(unless, &ms) && object->modified_ms > ms)
        return s3_refuse(call, "PreconditionFailed", NULL);
    if (since != NULL && !none_given && clock_parse_http(since, &ms) && object->modified_ms <= ms)
        return s3_refuse(call, "NotModified", NULL);
    return true;
}

static bool check_conditions(struct s3_call *call, const struct object *object)
{
    const char *match = s3_header(call, "if-match"), *none = s3_header(call, "if-none-match");
    if (match != NULL && !s3_etag_matches(match, object->etag)) {
        text_put_element(&call->extra, "Condition", "If-Match");
        return s3_refuse(call, "PreconditionFailed", NULL);
    }
    if (none != NULL && s3_etag_matches(none, object->etag)) {
        s3_refuse(call, "NotModified", NULL);
        response_header(&call->request->response, "ETag", "\"%s\"", object->etag);
        return false;
    }
    return check_dates(call, object, match != NULL, none != NULL);
}

static bool refuse_range(struct s3_call *call, const char *range, uint64_t size)
{
    text_put_element(&call->extra, "RangeRequested", range);
    text_printf(&call->extra, "<ActualObjectSize>%llu</ActualObjectSize>",
                (unsigned long long)size);
    s3_refuse(call, "InvalidRange", NULL);
    response_header(&call->request->response, "Content-Range", "bytes */%llu",
                    (unsigned long long)size);
    return false;
}

/* bytes=A-B, bytes=A-, bytes=-N. Anything else is ignored, as the service does. */
static bool read_range(struct s3_call *call, const char *range, uint64_t size, struct span *span)
{
    char *end = NULL;
    const char *p = range + 6;
    if (strncasecmp(range, "bytes=", 6) != 0 || strspn(p, "0123456789-") != strlen(p))
        return true;
    const char *dash = strchr(p, '-');
    if (dash == NULL || strchr(dash + 1, '-') != NULL || dash[1] + (dash - p) == 0)
        return true;
    uint64_t first = strtoull(p, &end, 10), last = size - 1;
    if (dash == p) {
        uint64_t tail = strtoull(dash + 1, NULL, 10);
        if (tail == 0 || size == 0)
            return refuse_range(call, range, size);
        first = tail > size ? 0 : size - tail;
    } else {
        if (dash[1] != '\0')
            last = strtoull(dash + 1, NULL, 10);
        if (dash[1] != '\0' && last < first)
            return true;
        if (first >= size)
            return refuse_range(call, range, size);
        last = last >= size ? size - 1 : last;
    }
    span->offset = first;
    span->length = last - first + 1;
    span->partial = true;
    return true;
}

static bool read_part(struct s3_call *call, const struct object *object, const char *text,
                      struct span *span)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    unsigned parts = object->part_count > 0 ? object->part_count : 1;
    if (end == text || *end != '\0' || number < 1 || number > 10000)
        return s3_refuse(call, "InvalidArgument",
                         "Part number must be an integer between 1 and 10000, inclusive");
    if (s3_header(call, "range") != NULL)
        return s3_refuse(call, "InvalidRequest",
                         "Cannot specify both Range header and partNumber query parameter");
    if (number > parts)
        return s3_refuse(call, "InvalidPartNumber", NULL);
    span->part = (unsigned)number;
    span->partial = true;
    if (object->part_count > 0) {
        span->offset = object->content->starts[number - 1];
        span->length = object->content->starts[number] - span->offset;
    }
    return true;
}

/* With x-amz-checksum-mode, for the whole object, or for exactly one of its parts. */
static void give_sum(struct s3_call *call, const struct object *object, const struct span *span)
{
    const char *mode = s3_header(call, "x-amz-checksum-mode");
    const struct content *content = object->content;
    if (mode == NULL || strcasecmp(mode, "ENABLED") != 0)
        return;
    if (span->length == content_size(content)) {
        s3_put_sum_headers(&call->request->response, &object->sum);
        return;
    }
    for (unsigned i = 0; i < object->part_count && object->part_sums != NULL; i++)
        if (content->starts[i] == span->offset &&
            content->starts[i + 1] - content->starts[i] == span->length) {
            response_header(&call->request->response, checksum_header(object->sum.kind), "%s",
                            object->part_sums[i]);
            response_header(&call->request->response, "x-amz-checksum-type", "%s",
                            object->sum.composite ? "COMPOSITE" : "FULL_OBJECT");
            return;
        }
}

static void give(struct s3_call *call, const struct object *object, const struct span *span)
{
    struct response *response = &call->request->response;
    uint64_t size = content_size(object->content);
    s3_give_headers(call, object);
    give_sum(call, object, span);
    if (span->part > 0 && object->part_count > 0)
        response_header(response, "x-amz-mp-parts-count", "%u", object->part_count);
    if (span->partial && size > 0) {
        response->status = 206;
        response_header(
            response, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)span->offset,
            (unsigned long long)(span->offset + span->length - 1), (unsigned long long)size);
    }
    response->content = content_hold(object->content);
    response->offset = span->offset;
    response->length = span->length;
}

static void read_object(struct s3_call *call)
{
    struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL)
        return;
    const struct object *object = bucket_object(bucket, call->key, call->key_length);
    const char *range = s3_header(call, "range"), *part = s3_param(call, "partNumber");
    if (object == NULL) {
        text_put_element(&call->extra, "Key", call->key);
        s3_refuse(call, "NoSuchKey", NULL);
        return;
    }
    struct span span = {.length = content_size(object->content)};
    if (!check_conditions(call, object))
        return;
    if (part != NULL && !read_part(call, object, part, &span))
        return;
    if (part == NULL && range != NULL && !read_range(call, range, span.length, &span))
        return;
    give(call, object, &span);
}

void s3_get_object(struct s3_call *call)
{
    read_object(call);
}

void s3_head_object(struct s3_call *call)
{
    read_object(call);
}
