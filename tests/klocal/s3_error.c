/* S3's errors: codes, statuses, words, and the XML around them. */
#include <stdio.h>
#include <string.h>

#include "s3.h"

static const struct {
    const char *code;
    unsigned status;
    const char *message;
} table[] = {
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, "The authorization header is malformed"},
    {"AuthorizationQueryParametersError", 400, "The query parameters of the signature are wrong"},
    {"BadDigest", 400,
     "The Content-MD5 or checksum value that you specified did not match what "
     "the server received."},
    {"BucketAlreadyOwnedByYou", 409,
     "Your previous request to create the named bucket succeeded "
     "and you already own it."},
    {"BucketNotEmpty", 409, "The bucket you tried to delete is not empty"},
    {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"},
    {"EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"},
    {"ExpiredToken", 400, "The provided token has expired."},
    {"IllegalLocationConstraintException", 400,
     "The location constraint is incompatible for the region specific endpoint this request was "
     "sent to."},
    {"IncompleteBody", 400, "The request body terminated unexpectedly"},
    {"InternalError", 500, "We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403,
     "The AWS Access Key Id you provided does not exist in our records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidChunkSizeError", 403,
     "Only the last chunk is allowed to have a size less than 8192 bytes"},
    {"InvalidDigest", 400, "The Content-MD5 or checksum value you specified is not valid."},
    {"InvalidLocationConstraint", 400, "The specified location-constraint is not valid"},
    {"InvalidPart", 400,
     "One or more of the specified parts could not be found.  The part may not have been "
     "uploaded, or the specified entity tag may not match the part's entity tag."},
    {"InvalidPartNumber", 416, "The requested partnumber is not satisfiable"},
    {"InvalidPartOrder", 400,
     "The list of parts was not in ascending order. Parts must be ordered "
     "by part number."},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidStorageClass", 400, "The storage class you specified is not valid"},
    {"InvalidToken", 400, "The provided token is malformed or otherwise invalid."},
    {"InvalidURI", 400, "Couldn't parse the specified URI."},
    {"KeyTooLongError", 400, "Your key is too long"},
    {"MalformedTrailerError", 400,
     "The request contained trailing data that was not well-formed or did not conform to our "
     "published schema."},
    {"MalformedXML", 400,
     "The XML you provided was not well-formed or did not validate against "
     "our published schema"},
    {"MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size"},
    {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NoSuchUpload", 404,
     "The specified upload does not exist. The upload ID may be invalid, or "
     "the upload may have been aborted or completed."},
    {"NotImplemented", 501, "A header you provided implies functionality that is not implemented"},
    {"NotModified", 304, ""},
    {"PermanentRedirect", 301,
     "The bucket you are attempting to access must be addressed using the specified endpoint. "
     "Please send all future requests to this endpoint."},
    {"PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"},
    {"RequestTimeTooSkewed", 403,
     "The difference between the request time and the current time is too large."},
    {"SignatureDoesNotMatch", 403,
     "The request signature we calculated does not match the signature you provided. Check your "
     "key and signing method."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"XAmzContentSHA256Mismatch", 400,
     "The provided 'x-amz-content-sha256' header does not match what was computed."},
};

void s3_set_headers(struct s3_call *call)
{
    struct response *response = &call->request->response;
    response_header(response, "x-amz-request-id", "%s", call->request->short_id);
    response_header(response, "x-amz-id-2", "%s", call->request->id);
    response_header(response, "Server", "AmazonS3");
}

void s3_open_xml(struct s3_call *call, const char *root)
{
    call->request->response.status = 200;
    response_header(&call->request->response, "Content-Type", "application/xml");
    text_puts(call->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (root != NULL)
        text_printf(call->out, "<%s xmlns=\"" S3_NAMESPACE "\">", root);
}

static void put_error(struct s3_call *call, const char *code, const char *message)
{
    response_header(&call->request->response, "Content-Type", "application/xml");
    text_puts(call->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    text_put_element(call->out, "Code", code);
    text_put_element(call->out, "Message", message);
    text_puts(call->out, text_string(&call->extra));
    text_puts(call->out, "<Resource>");
    text_put_xml(call->out, call->request->path, strlen(call->request->path));
    text_printf(call->out, "</Resource><RequestId>%s</RequestId><HostId>%s</HostId></Error>",
                call->request->short_id, call->request->id);
}

void s3_fail(struct s3_call *call, unsigned status, const char *code, const char *message)
{
    struct request *request = call->request;
    char region[80] = "";
    const char *known = header_find(&request->response.headers, "x-amz-bucket-region");
    snprintf(region, sizeof region, "%.79s", known != NULL ? known : "");
    response_clear(&request->response);
    request->response.status = status;
    s3_set_headers(call);
    if (region[0] != '\0')
        response_header(&request->response, "x-amz-bucket-region", "%s", region);
    if (strcmp(request->method, "HEAD") != 0 && request->response.status != 304)
        put_error(call, code, message);
    request->decided = true;
}

bool s3_refuse(struct s3_call *call, const char *code, const char *message)
{
    unsigned status = 500;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].code, code) != 0)
            continue;
        status = table[i].status;
        if (message == NULL)
            message = table[i].message;
    }
    s3_fail(call, status, code, message != NULL ? message : "");
    return false;
}

static bool refuse_incomplete(struct s3_call *call)
{
    const struct authorization *auth = &call->request->auth;
    if (auth->form == AUTHORIZATION_QUERY)
        return s3_refuse(call, "AuthorizationQueryParametersError", text_string(&auth->problem));
    return s3_refuse(call, "AuthorizationHeaderMalformed", text_string(&auth->problem));
}

static bool refuse_time(struct s3_call *call, const struct sigv4_result *result)
{
    char sent[21], now[21];
    clock_format_iso_seconds(call->request->auth.timestamp_ms, sent);
    clock_format_iso_seconds(result->now_ms, now);
    if (result->verdict == SIGV4_URL_EXPIRED) {
        char expires[21];
        clock_format_iso_seconds(
            call->request->auth.timestamp_ms + call->request->auth.expires_s * 1000, expires);
        text_printf(&call->extra, "<X-Amz-Expires>%lld</X-Amz-Expires>",
                    (long long)call->request->auth.expires_s);
        text_put_element(&call->extra, "Expires", expires);
        text_put_element(&call->extra, "ServerTime", now);
        return s3_refuse(call, "AccessDenied", "Request has expired");
    }
    if (call->request->auth.form == AUTHORIZATION_QUERY)
        return s3_refuse(call, "AccessDenied", "Request is not valid yet");
    text_put_element(&call->extra, "RequestTime", call->request->auth.timestamp);
    text_put_element(&call->extra, "ServerTime", now);
    text_puts(&call->extra, "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>");
    return s3_refuse(call, "RequestTimeTooSkewed", NULL);
}

static bool refuse_mismatch(struct s3_call *call, const struct sigv4_result *result)
{
    const struct authorization *auth = &call->request->auth;
    text_put_element(&call->extra, "AWSAccessKeyId", auth->access_key);
    text_put_element(&call->extra, "StringToSign", text_string(&result->string_to_sign));
    text_put_element(&call->extra, "SignatureProvided", auth->signature);
    text_put_element(&call->extra, "CanonicalRequest", text_string(&result->canonical));
    return s3_refuse(call, "SignatureDoesNotMatch", NULL);
}

static bool refuse_scope(struct s3_call *call, enum sigv4_verdict verdict)
{
    const struct authorization *auth = &call->request->auth;
    struct text message = {0};
    const char *code = auth->form == AUTHORIZATION_QUERY ? "AuthorizationQueryParametersError"
                                                         : "AuthorizationHeaderMalformed";
    if (verdict == SIGV4_SCOPE_SERVICE)
        text_printf(&message,
                    "The authorization header is malformed; incorrect service \"%s\". This "
                    "endpoint belongs to \"s3\".",
                    auth->service);
    else if (verdict == SIGV4_SCOPE_TERMINATOR)
        text_printf(&message,
                    "The authorization header is malformed; incorrect terminal \"%s\". This "
                    "endpoint uses \"aws4_request\".",
                    auth->terminator);
    else
        text_printf(&message,
                    "The authorization header is malformed; Invalid credential date \"%s\". This "
                    "date is not the same as X-Amz-Date: \"%.8s\".",
                    auth->date, auth->timestamp);
    s3_refuse(call, code, message.data);
    text_free(&message);
    return false;
}

bool s3_refuse_signature(struct s3_call *call, const struct sigv4_result *result)
{
    switch (result->verdict) {
    case SIGV4_GOOD:
        return true;
    case SIGV4_ANONYMOUS:
        return s3_refuse(call, "AccessDenied", NULL);
    case SIGV4_TWICE:
        return s3_refuse(call, "InvalidArgument",
                         "Only one auth mechanism allowed; only the X-Amz-Algorithm query "
                         "parameter, Signature query string parameter or the Authorization header "
                         "should be specified");
    case SIGV4_OTHER_SCHEME:
        return s3_refuse(call, "InvalidRequest",
                         "The authorization mechanism you have provided is not supported. Please "
                         "use AWS4-HMAC-SHA256.");
    case SIGV4_INCOMPLETE:
        return refuse_incomplete(call);
    case SIGV4_UNKNOWN_KEY:
        text_put_element(&call->extra, "AWSAccessKeyId", call->request->auth.access_key);
        return s3_refuse(call, "InvalidAccessKeyId", NULL);
    case SIGV4_BAD_TOKEN:
        return s3_refuse(call, "InvalidToken", NULL);
    case SIGV4_EXPIRED_TOKEN:
        return s3_refuse(call, "ExpiredToken", NULL);
    case SIGV4_SCOPE_REGION: /* s3_authorize() knows the right one */
    case SIGV4_SCOPE_DATE:
    case SIGV4_SCOPE_SERVICE:
    case SIGV4_SCOPE_TERMINATOR:
        return refuse_scope(call, result->verdict);
    case SIGV4_TOO_OLD:
    case SIGV4_TOO_NEW:
    case SIGV4_URL_EXPIRED:
        return refuse_time(call, result);
    case SIGV4_HOST_UNSIGNED:
    case SIGV4_HEADER_UNSIGNED:
        text_put_element(&call->extra, "HeadersNotSigned",
                         result->detail.length > 0 ? text_string(&result->detail) : "host");
        return s3_refuse(call, "AccessDenied",
                         "There were headers present in the request which were not signed");
    case SIGV4_MISMATCH:
        break;
    }
    return refuse_mismatch(call, result);
}
