/* Checksums of requests: what is declared, whether it is true, and how it is given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "memory.h"
#include "s3.h"

static bool declare(struct s3_call *call, enum checksum_kind kind, const char *text)
{
    if (call->sum_kind != CHECKSUM_NONE)
        return s3_refuse(call, "InvalidRequest",
                         "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                         "not allowed.");
    call->sum_kind = kind;
    call->sum_text = text;
    return true;
}

static bool known_other(const char *name)
{
    static const char *const names[] = {"x-amz-checksum-mode", "x-amz-checksum-type",
                                        "x-amz-checksum-algorithm"};
    for (size_t i = 0; i < 3; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool read_value(struct s3_call *call, const struct header *item)
{
    enum checksum_kind kind = checksum_by_header(item->name);
    char message[128];
    if (kind == CHECKSUM_NONE)
        return known_other(item->name) ||
               s3_refuse(call, "InvalidRequest", "This checksum algorithm is not supported");
    if (!declare(call, kind, item->value))
        return false;
    snprintf(message, sizeof message, "Value for %s header is invalid.", checksum_header(kind));
    /* Complete may carry the composite form, "...-N". */
    return strchr(item->value, '-') != NULL || checksum_valid_text(kind, item->value) ||
           s3_refuse(call, "InvalidDigest", message);
}

static bool read_trailer(struct s3_call *call)
{
    const char *trailer = s3_header(call, "x-amz-trailer");
    if (call->payload != S3_PAYLOAD_CHUNKED || !call->request->body.chunked->has_trailer)
        return trailer == NULL ||
               s3_refuse(call, "InvalidRequest", "x-amz-trailer needs a payload with a trailer");
    enum checksum_kind kind = checksum_by_header(trailer);
    if (kind == CHECKSUM_NONE)
        return s3_refuse(call, "InvalidRequest",
                         "The value specified in the x-amz-trailer header is not supported");
    return declare(call, kind, NULL);
}

bool s3_read_checksum(struct s3_call *call)
{
    const char *sdk = s3_header(call, "x-amz-sdk-checksum-algorithm");
    for (size_t i = 0; i < call->headers.count; i++)
        if (strncasecmp(call->headers.items[i].name, "x-amz-checksum-", 15) == 0 &&
            !read_value(call, &call->headers.items[i]))
            return false;
    if (!read_trailer(call))
        return false;
    if (sdk != NULL && call->operation->body == S3_BODY_DATA &&
        (call->sum_kind == CHECKSUM_NONE || checksum_by_name(sdk) != call->sum_kind))
        return s3_refuse(call, "InvalidRequest",
                         "x-amz-sdk-checksum-algorithm specified, but no corresponding "
                         "x-amz-checksum-* or x-amz-trailer headers were found.");
    return true;
}

bool s3_verify_checksum(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    const char *claimed = call->sum_text;
    char message[128];
    if (call->sum_kind == CHECKSUM_NONE)
        return true;
    if (claimed == NULL && body->chunked != NULL) {
        if (body->chunked->trailers.count > 1)
            return s3_refuse(call, "MalformedTrailerError", NULL);
        claimed = header_find(&body->chunked->trailers, checksum_header(call->sum_kind));
    }
    if (claimed == NULL)
        return s3_refuse(call, "MalformedTrailerError", NULL);
    if (!checksum_valid_text(call->sum_kind, claimed))
        return s3_refuse(call, "InvalidDigest", NULL);
    snprintf(message, sizeof message, "The %s you specified did not match the calculated checksum.",
             checksum_name(call->sum_kind));
    return strcmp(claimed, body->sum_text) == 0 || s3_refuse(call, "BadDigest", message);
}

bool s3_verify_md5(struct s3_call *call)
{
    const char *text = s3_header(call, "content-md5");
    unsigned char *bytes = NULL;
    size_t length = 0;
    if (text == NULL)
        return true;
    bool good = base64_decode(text, strlen(text), &bytes, &length) && length == 16;
    bool same = good && memcmp(bytes, call->request->body.md5_bytes, 16) == 0;
    free(bytes);
    if (!good)
        return s3_refuse(call, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    return same || s3_refuse(call, "BadDigest",
                             "The Content-MD5 you specified did not match what we received.");
}

void s3_put_sum_element(struct text *out, const struct s3_sum *sum)
{
    char name[32];
    if (sum->kind == CHECKSUM_NONE)
        return;
    snprintf(name, sizeof name, "Checksum%s", checksum_name(sum->kind));
    text_put_element(out, name, sum->text);
}

void s3_put_sum_headers(struct response *response, const struct s3_sum *sum)
{
    if (sum->kind == CHECKSUM_NONE)
        return;
    response_header(response, checksum_header(sum->kind), "%s", sum->text);
    response_header(response, "x-amz-checksum-type", "%s",
                    sum->composite ? "COMPOSITE" : "FULL_OBJECT");
}

bool s3_sum_content(const struct content *content, enum checksum_kind kind,
                    char out[CHECKSUM_TEXT_SIZE])
{
    enum { BLOCK = 256 << 10 };
    unsigned char *block = memory_take(BLOCK, 1);
    struct checksum sum;
    uint64_t offset = 0;
    ssize_t n;
    checksum_begin(&sum, kind);
    while ((n = content_read(content, offset, block, BLOCK)) > 0) {
        checksum_add(&sum, block, (size_t)n);
        offset += (uint64_t)n;
    }
    checksum_end(&sum, out);
    free(block);
    return n == 0;
}
