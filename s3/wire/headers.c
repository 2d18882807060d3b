/* Answer headers into a result. */
#include "wire/headers.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "wire/checksum.h"
#include "wire/page_xml.h"

bool s3__range_parse(struct sigv4_slice text, struct s3__range *out)
{
    if (!sigv4__starts_with(text, "bytes "))
        return false;
    text = sigv4__from(text, 6);
    size_t dash = sigv4__find(text, '-'), slash = sigv4__find(text, '/');
    if (dash == text.len || slash == text.len || slash < dash)
        return false;
    struct sigv4_slice total = sigv4__from(text, slash + 1);
    out->total = UINT64_MAX;
    if (!sigv4__equal_str(total, "*") && !sigv4__parse_uint(total, INT64_MAX, &out->total))
        return false;
    return sigv4__parse_uint(sigv4__first(text, dash), INT64_MAX, &out->first) &&
           sigv4__parse_uint(sigv4__from(sigv4__first(text, slash), dash + 1), INT64_MAX,
                             &out->last) &&
           out->first <= out->last && out->last < out->total;
}

static int read_length(struct s3_result *out, int http_status, s3__header_fn *header,
                       const void *ctx, struct sigv4_error *err)
{
    struct sigv4_slice length = header(ctx, "Content-Length");
    if (length.len && !sigv4__parse_uint(length, INT64_MAX, &out->byte_count))
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "the answer has a malformed Content-Length");
    out->length = out->byte_count;
    if (http_status != 206)
        return SIGV4_OK;
    struct s3__range range;
    if (!s3__range_parse(header(ctx, "Content-Range"), &range))
        return sigv4__fail(err, SIGV4_E_PROTOCOL,
                           "a part of the object arrived without a valid Content-Range");
    if (length.len && out->byte_count != range.last - range.first + 1)
        return sigv4__fail(err, SIGV4_E_PROTOCOL,
                           "Content-Range and Content-Length of the answer disagree");
    out->first_byte = range.first;
    out->byte_count = range.last - range.first + 1;
    out->length = range.total;
    return SIGV4_OK;
}

static void read_checksum(struct s3_result *out, s3__header_fn *header, const void *ctx)
{
    static const enum s3_checksum by_preference[] = {S3_CHECKSUM_CRC64NVME, S3_CHECKSUM_CRC32C,
                                                     S3_CHECKSUM_CRC32, S3_CHECKSUM_SHA256};
    out->checksum = S3_CHECKSUM_NONE;
    for (size_t i = 0; i < sizeof by_preference / sizeof by_preference[0]; i++) {
        struct sigv4_slice value = header(ctx, s3__checksum_header(by_preference[i]));
        if (value.len) {
            out->checksum = by_preference[i];
            out->checksum_value = value;
            return;
        }
    }
}

int s3__headers_read(struct s3_result *out, int http_status, s3__header_fn *header, const void *ctx,
                     struct sigv4_error *err)
{
    out->etag = s3__etag_bare(header(ctx, "ETag"));
    out->version_id = header(ctx, "x-amz-version-id");
    out->content_type = header(ctx, "Content-Type");
    out->storage_class = header(ctx, "x-amz-storage-class");
    out->bucket_region = header(ctx, "x-amz-bucket-region");
    out->delete_marker = sigv4__equal_str(header(ctx, "x-amz-delete-marker"), "true");
    if (!sigv4__moment_parse_http(header(ctx, "Last-Modified"), &out->modified_unix_ms))
        out->modified_unix_ms = 0;
    read_checksum(out, header, ctx);
    return read_length(out, http_status, header, ctx, err);
}
