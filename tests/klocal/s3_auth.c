/* Who may: the signature, the form of the payload, and the region of the bucket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "s3.h"

static bool is_hash(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* x-amz-content-sha256: required in a header signature, optional in a URL. */
static const char *payload_text(struct s3_call *call)
{
    const char *text = s3_header(call, "x-amz-content-sha256");
    if (text == NULL)
        text = s3_param(call, "X-Amz-Content-Sha256");
    if (text == NULL && call->request->auth.form == AUTHORIZATION_HEADER) {
        s3_refuse(call, "InvalidRequest",
                  "Missing required header for this request: x-amz-content-sha256");
        return NULL;
    }
    return text == NULL ? "UNSIGNED-PAYLOAD" : text;
}

static bool has_coding(const char *list, const char *coding)
{
    size_t length = strlen(coding);
    for (const char *p = list; p != NULL && *p != '\0';) {
        p += strspn(p, " ,");
        if (strncasecmp(p, coding, length) == 0 && strchr(" ,", p[length]) != NULL)
            return true;
        p += strcspn(p, ",");
    }
    return false;
}

static bool check_streaming_headers(struct s3_call *call, bool has_trailer)
{
    const char *decoded = s3_header(call, "x-amz-decoded-content-length");
    char *end = NULL;
    if (decoded == NULL)
        return s3_refuse(call, "MissingContentLength",
                         "You must provide the x-amz-decoded-content-length HTTP header.");
    (void)strtoull(decoded, &end, 10);
    if (end == decoded || *end != '\0')
        return s3_refuse(call, "InvalidArgument", "x-amz-decoded-content-length is not a number");
    if (!has_coding(s3_header(call, "content-encoding"), "aws-chunked"))
        return s3_refuse(call, "InvalidRequest",
                         "A streaming payload needs Content-Encoding: aws-chunked");
    if (has_trailer && s3_header(call, "x-amz-trailer") == NULL)
        return s3_refuse(call, "InvalidRequest", "The x-amz-trailer header is required");
    return true;
}

/* Plans the decoding of a STREAMING-... payload. */
static bool read_streaming(struct s3_call *call, const char *text, struct chunked **chunked)
{
    static const char *const forms[] = {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                                        "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
    int form = -1;
    for (int i = 0; i < 3; i++)
        if (strcmp(forms[i], text) == 0)
            form = i;
    if (form < 0)
        return s3_refuse(call, "InvalidArgument",
                         "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                         "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
    if (call->operation->body != S3_BODY_DATA || call->request->auth.form == AUTHORIZATION_QUERY)
        return s3_refuse(call, "InvalidRequest",
                         "A streaming payload is not possible in this request");
    if (!check_streaming_headers(call, form > 0))
        return false;
    call->payload = S3_PAYLOAD_CHUNKED;
    *chunked = chunked_new(form<2, form> 0);
    return true;
}

static bool read_payload_form(struct s3_call *call, const char *text, struct chunked **chunked)
{
    if (strncmp(text, "STREAMING-", 10) == 0)
        return read_streaming(call, text, chunked);
    if (strcmp(text, "UNSIGNED-PAYLOAD") == 0) {
        call->payload = S3_PAYLOAD_UNSIGNED;
        return true;
    }
    call->payload = S3_PAYLOAD_HASHED;
    return is_hash(text) ||
           s3_refuse(call, "InvalidArgument",
                     "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                     "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                     "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
}

/* The region a signature must be for; "" for any (a bucket being made). */
static void expected_region(struct s3_call *call, char out[80])
{
    pthread_mutex_lock(&call->klocal->lock);
    const struct bucket *bucket =
        call->bucket[0] != '\0' ? bucket_find(call->klocal, call->bucket) : NULL;
    snprintf(out, 80, "%.79s", bucket != NULL ? bucket->region : call->klocal->options.region);
    if (bucket != NULL)
        response_header(&call->request->response, "x-amz-bucket-region", "%s", out);
    if (strcmp(call->operation->name, "CreateBucket") == 0)
        out[0] = '\0';
    pthread_mutex_unlock(&call->klocal->lock);
}

/* By path, the wrong endpoint was asked; by host name, only the signature is for another region. */
static bool refuse_region(struct s3_call *call, const char *region)
{
    struct text message = {0};
    bool is_ours = strcmp(call->request->auth.region, call->klocal->options.region) == 0;
    if (is_ours && !call->virtual_host) {
        text_printf(&call->extra, "<Endpoint>s3.%s.amazonaws.com</Endpoint>", region);
        text_put_element(&call->extra, "Bucket", call->bucket);
        return s3_refuse(call, "PermanentRedirect", NULL);
    }
    text_printf(&message,
                "The authorization header is malformed; the region '%s' is wrong; expecting '%s'",
                call->request->auth.region, region);
    text_put_element(&call->extra, "Region", region);
    s3_refuse(call,
              call->request->auth.form == AUTHORIZATION_QUERY ? "AuthorizationQueryParametersError"
                                                              : "AuthorizationHeaderMalformed",
              message.data);
    text_free(&message);
    return false;
}

static bool check(struct s3_call *call, const char *payload, struct sigv4_result *result)
{
    char region[80];
    expected_region(call, region);
    const struct sigv4_rules rules = {.service = "s3",
                                      .region = region[0] != '\0' ? region : NULL,
                                      .skew_ms = 15 * 60 * 1000,
                                      .path_rule = CANONICAL_PATH_S3,
                                      .payload_hash = payload};
    if (call->klocal->options.no_auth)
        return true;
    request_check(call->request, &rules, result);
    if (result->verdict == SIGV4_SCOPE_REGION)
        return refuse_region(call, region);
    return s3_refuse_signature(call, result);
}

bool s3_authorize(struct s3_call *call, struct sigv4_result *result)
{
    struct request *request = call->request;
    struct chunked *chunked = NULL;
    const char *payload = payload_text(call);
    const char *owner = s3_header(call, "x-amz-expected-bucket-owner");
    if (payload == NULL || !read_payload_form(call, payload, &chunked))
        return false;
    request->body.chunked = chunked; /* freed with the body, planned later */
    if (!check(call, payload, result))
        return false;
    if (owner != NULL && strcmp(owner, call->klocal->options.account) != 0)
        return s3_refuse(call, "AccessDenied", NULL);
    if (chunked != NULL && chunked->is_signed && !call->klocal->options.no_auth)
        chunked_seed(chunked, result->key, request->auth.timestamp, request->auth.scope,
                     request->auth.signature);
    return true;
}
