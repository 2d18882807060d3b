/* Answers into results. */
#include "object/result.h"

#include "base/fail.h"
#include "base/text.h"
#include "wire/headers.h"

static struct sigv4_slice find_header(const void *ctx, const char *name)
{
    return sigv4_response_header(ctx, name);
}

void s3__result_fail(struct s3_result *result, struct sigv4_error *own)
{
    if (result->response) {
        own->http_status = result->response->http_status;
        sigv4__fixed_copy(own->request_id, sizeof own->request_id, result->response->request_id);
    }
    result->error = own;
}

void s3__result_fill(struct s3_result *result, const struct sigv4_response *response,
                     const struct sigv4_error *error, struct sigv4_error *own)
{
    *result = (struct s3_result){
        .size = sizeof *result,
        .error = error,
        .maybe_done = response->maybe_done,
        .checksum = S3_CHECKSUM_NONE,
        .response = response,
        .host = response->host,
    };
    memset(own, 0, sizeof *own);
    int http_status = response->http_status;
    bool has_body = http_status >= 200 && http_status < 300;
    if (s3__headers_read(result, has_body ? http_status : 0, find_header, response, own) && !error)
        s3__result_fail(result, own);
    if (!has_body)
        result->length = result->byte_count = 0; /* those of an error document */
}

const char s3__foreign_words[] = "the answer has neither ETag nor request id: something else than "
                                 "S3 gave it (a proxy, a login page?)";

bool s3__result_is_foreign(const struct s3_result *result)
{
    return !result->etag.len && !sigv4_response_header(result->response, "x-amz-request-id").len;
}

bool s3_result_metadata(const struct s3_result *result, size_t i, struct sigv4_header *out)
{
    static const char prefix[] = "x-amz-meta-";
    struct sigv4_header h;
    for (size_t k = 0; result->response && sigv4_response_header_at(result->response, k, &h); k++) {
        struct sigv4_slice start = sigv4__first(h.name, sizeof prefix - 1);
        if (!sigv4__equal_nocase(start, SIGV4_LIT("x-amz-meta-")) || i-- != 0)
            continue;
        out->name = sigv4__from(h.name, sizeof prefix - 1);
        out->value = h.value;
        return true;
    }
    return false;
}
