/* Kinesis Data Streams: the envelope around its operations. */
#include "kinesis.h"

#include <stdio.h>
#include <string.h>

#include "fault_apply.h"
#include "iterator.h"
#include "kinesis_input.h"

/* 10 MiB of records in base64, plus the JSON around them, plus escapes. */
#define BODY_LIMIT ((uint64_t)32 << 20)

static const struct {
    const char *name;
    kinesis_operation_fn *run;
} operations[] = {
    {"PutRecord", kinesis_put_record},
    {"PutRecords", kinesis_put_records},
    {"GetShardIterator", kinesis_get_shard_iterator},
    {"GetRecords", kinesis_get_records},
    {"ListShards", kinesis_list_shards},
    {"CreateStream", kinesis_create_stream},
    {"DeleteStream", kinesis_delete_stream},
    {"ListStreams", kinesis_list_streams},
    {"DescribeStream", kinesis_describe_stream},
    {"DescribeStreamSummary", kinesis_describe_stream_summary},
    {"SplitShard", kinesis_split_shard},
    {"MergeShards", kinesis_merge_shards},
    {"UpdateMaxRecordSize", kinesis_update_max_record_size},
    {"IncreaseStreamRetentionPeriod", kinesis_increase_retention},
    {"DecreaseStreamRetentionPeriod", kinesis_decrease_retention},
    {"UpdateStreamMode", kinesis_update_stream_mode},
    {"StartStreamEncryption", kinesis_start_encryption},
    {"StopStreamEncryption", kinesis_stop_encryption},
    {"DescribeLimits", kinesis_describe_limits},
    {"RegisterStreamConsumer", kinesis_register_consumer},
    {"DeregisterStreamConsumer", kinesis_deregister_consumer},
    {"DescribeStreamConsumer", kinesis_describe_consumer},
    {"ListStreamConsumers", kinesis_list_consumers},
    {"SubscribeToShard", kinesis_subscribe_to_shard},
};

static void set_headers(struct request *request)
{
    response_header(&request->response, "x-amzn-RequestId", "%s", request->id);
    response_header(&request->response, "x-amz-id-2", "%s", request->id);
    response_header(&request->response, "Content-Type", "application/x-amz-json-1.1");
}

void kinesis_error(struct request *request, unsigned status, const char *code, const char *message)
{
    response_clear(&request->response);
    request->response.status = status;
    set_headers(request);
    response_header(&request->response, "x-amzn-ErrorType", "%s", code);
    text_puts(&request->response.body, "{\"__type\":");
    text_put_json(&request->response.body, code, strlen(code));
    text_puts(&request->response.body, ",\"message\":");
    text_put_json(&request->response.body, message, strlen(message));
    text_putc(&request->response.body, '}');
    request->decided = true;
}

bool kinesis_refuse(struct kinesis_call *call, const char *code, const char *format, ...)
{
    struct text message = {0};
    va_list args;
    if (call->refused)
        return false;
    va_start(args, format);
    text_vprintf(&message, format, args);
    va_end(args);
    bool is_fault = strncmp(code, "InternalFailure", 15) == 0;
    kinesis_error(call->request, is_fault ? 500 : 400, code, text_string(&message));
    text_free(&message);
    call->refused = true;
    return false;
}

static void too_old(struct request *request, const struct sigv4_result *result, bool is_old)
{
    char now[17], limit[17];
    struct text message = {0};
    clock_format_basic(result->now_ms, now);
    clock_format_basic(result->now_ms + (is_old ? -300000 : 300000), limit);
    if (is_old)
        text_printf(&message, "Signature expired: %s is now earlier than %s (%s - 5 min.)",
                    request->auth.timestamp, limit, now);
    else
        text_printf(&message, "Signature not yet current: %s is still later than %s (%s + 5 min.)",
                    request->auth.timestamp, limit, now);
    kinesis_error(request, 400, "InvalidSignatureException", message.data);
    text_free(&message);
}

static void mismatch(struct request *request, const struct sigv4_result *result)
{
    struct text message = {0};
    text_printf(&message,
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details.\n\nThe Canonical String for this request should have "
                "been\n'%s'\n\nThe String-to-Sign should have been\n'%s'\n",
                text_string(&result->canonical), text_string(&result->string_to_sign));
    kinesis_error(request, 400, "InvalidSignatureException", message.data);
    text_free(&message);
}

static void wrong_scope(struct request *request, enum sigv4_verdict verdict)
{
    struct text message = {0};
    const struct authorization *auth = &request->auth;
    if (verdict == SIGV4_SCOPE_REGION)
        text_printf(&message, "Credential should be scoped to a valid region, not '%s'. ",
                    auth->region);
    else if (verdict == SIGV4_SCOPE_SERVICE)
        text_printf(&message, "Credential should be scoped to correct service: 'kinesis'. ");
    else if (verdict == SIGV4_SCOPE_TERMINATOR)
        text_printf(&message,
                    "Credential should be scoped with a valid terminator: 'aws4_request', not "
                    "'%s'. ",
                    auth->terminator);
    else
        text_printf(&message,
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                    "date from HTTP: '%s' != '%.8s', from '%s'.",
                    auth->date, auth->timestamp, auth->timestamp);
    kinesis_error(request, 400, "InvalidSignatureException", message.data);
    text_free(&message);
}

static void unsigned_header(struct request *request, const char *name)
{
    struct text message = {0};
    text_printf(&message, "%s must be a 'SignedHeader' in the AWS Authorization.", name);
    kinesis_error(request, 400, "InvalidSignatureException", message.data);
    text_free(&message);
}

static void refuse_signature(struct request *request, const struct sigv4_result *result)
{
    switch (result->verdict) {
    case SIGV4_GOOD:
        break;
    case SIGV4_ANONYMOUS:
        kinesis_error(request, 400, "MissingAuthenticationTokenException",
                      "Missing Authentication Token");
        break;
    case SIGV4_TWICE:
        kinesis_error(request, 400, "InvalidSignatureException",
                      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as "
                      "HTTP header.");
        break;
    case SIGV4_OTHER_SCHEME:
        kinesis_error(request, 400, "IncompleteSignatureException",
                      "Unsupported AWS 'algorithm'. Use AWS4-HMAC-SHA256.");
        break;
    case SIGV4_INCOMPLETE:
        kinesis_error(request, 400, "IncompleteSignatureException",
                      text_string(&request->auth.problem));
        break;
    case SIGV4_UNKNOWN_KEY:
    case SIGV4_BAD_TOKEN:
        kinesis_error(request, 400, "UnrecognizedClientException",
                      "The security token included in the request is invalid.");
        break;
    case SIGV4_EXPIRED_TOKEN:
        kinesis_error(request, 400, "ExpiredTokenException",
                      "The security token included in the request is expired");
        break;
    case SIGV4_SCOPE_DATE:
    case SIGV4_SCOPE_REGION:
    case SIGV4_SCOPE_SERVICE:
    case SIGV4_SCOPE_TERMINATOR:
        wrong_scope(request, result->verdict);
        break;
    case SIGV4_TOO_OLD:
    case SIGV4_URL_EXPIRED:
        too_old(request, result, true);
        break;
    case SIGV4_TOO_NEW:
        too_old(request, result, false);
        break;
    case SIGV4_HOST_UNSIGNED:
        unsigned_header(request, "'Host' or ':authority'");
        break;
    case SIGV4_HEADER_UNSIGNED:
        unsigned_header(request, text_string(&result->detail));
        break;
    case SIGV4_MISMATCH:
        mismatch(request, result);
        break;
    }
}

static bool authorized(struct request *request)
{
    const struct sigv4_rules rules = {.service = "kinesis",
                                      .region = request->klocal->options.region,
                                      .skew_ms = 5 * 60 * 1000,
                                      .path_rule = CANONICAL_PATH_NORMALIZED,
                                      .payload_hash = request->body.sha256_hex};
    struct sigv4_result result;
    if (request->klocal->options.no_auth)
        return true;
    request_check(request, &rules, &result);
    refuse_signature(request, &result);
    bool good = result.verdict == SIGV4_GOOD;
    sigv4_result_free(&result);
    return good;
}

static const char *target_operation(const struct request *request)
{
    const char *target = request_header(request, "x-amz-target");
    const char *type = request_header(request, "content-type");
    size_t prefix = strlen(KINESIS_TARGET);
    if (target == NULL || strncmp(target, KINESIS_TARGET, prefix) != 0)
        return NULL;
    if (type == NULL || strncmp(type, "application/x-amz-json-1.1", 26) != 0)
        return NULL;
    return strcmp(request->method, "POST") == 0 ? target + prefix : NULL;
}

static void begin(struct request *request)
{
    const struct body_plan plan = {
        .store = &request->klocal->blobs, .room = BODY_LIMIT, .in_memory = true, .sha256 = true};
    request->subject.operation = target_operation(request);
    body_begin(&request->body, &plan);
}

/* The stream behind an iterator, as the fault rules want it. */
static void read_iterator(struct request *request, const char *text)
{
    struct klocal *klocal = request->klocal;
    struct iterator iterator;
    if (!iterator_read(klocal, text, &iterator))
        return;
    pthread_mutex_lock(&klocal->lock);
    for (size_t i = 0; i < klocal->stream_count; i++)
        if (klocal->streams[i]->id == iterator.stream_id)
            snprintf(request->stream, sizeof request->stream, "%s", klocal->streams[i]->name);
    pthread_mutex_unlock(&klocal->lock);
    shard_id(iterator.shard, request->shard);
}

static void read_subject(struct request *request, json_t *input)
{
    const char *name = json_string_value(json_object_get(input, "StreamName"));
    const char *arn = json_string_value(json_object_get(input, "StreamARN"));
    const char *shard = json_string_value(json_object_get(input, "ShardId"));
    const char *iterator = json_string_value(json_object_get(input, "ShardIterator"));
    if (name == NULL && arn != NULL && strstr(arn, ":stream/") != NULL)
        name = strstr(arn, ":stream/") + 8;
    if (name != NULL)
        snprintf(request->stream, sizeof request->stream, "%s", name);
    if (shard != NULL)
        snprintf(request->shard, sizeof request->shard, "%s", shard);
    if (iterator != NULL)
        read_iterator(request, iterator);
    request->subject.stream = request->stream[0] != '\0' ? request->stream : NULL;
    request->subject.shard = request->shard[0] != '\0' ? request->shard : NULL;
}

static void run(struct request *request, kinesis_operation_fn *operation, const char *name)
{
    struct kinesis_call call = {.klocal = request->klocal,
                                .request = request,
                                .operation = name,
                                .out = &request->response.body};
    json_error_t error;
    call.input = json_loadb(body_string(&request->body), request->body.length,
                            JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (call.input == NULL || !json_is_object(call.input)) {
        kinesis_refuse(&call, "SerializationException", "%s",
                       call.input == NULL ? error.text : "Start of structure expected");
    } else if (read_subject(request, call.input), !fault_answers(request)) {
        request->response.status = 200;
        set_headers(request);
        pthread_mutex_lock(&request->klocal->lock);
        operation(&call);
        pthread_mutex_unlock(&request->klocal->lock);
    }
    json_decref(call.input);
    text_free(&call.problems);
}

static void finish(struct request *request)
{
    const char *name = target_operation(request);
    if (request->body.too_large) {
        kinesis_error(request, 413, "RequestEntityTooLargeException", "Request too large");
        return;
    }
    for (size_t i = 0; name != NULL && i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].name, name) == 0) {
            if (authorized(request))
                run(request, operations[i].run, name);
            return;
        }
    kinesis_error(request, 400, "UnknownOperationException", "");
}

const struct service service_kinesis = {
    .name = "kinesis", .begin = begin, .finish = finish, .refuse = kinesis_error};
