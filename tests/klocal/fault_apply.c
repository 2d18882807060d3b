/* Faults applied to a request. */
#include "fault_apply.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "memory.h"

/* What the services say by themselves in such a case. */
static const struct {
    enum fault_kind kind;
    const char *service;
    unsigned status;
    const char *code;
    const char *message;
} table[] = {
    {FAULT_THROTTLE, "kinesis", 400, "ProvisionedThroughputExceededException",
     "Rate exceeded for shard shardId-000000000000 in the stream."},
    {FAULT_THROTTLE, "s3", 503, "SlowDown", "Please reduce your request rate."},
    {FAULT_THROTTLE, "sts", 400, "Throttling", "Rate exceeded"},
    {FAULT_THROTTLE, "", 429, "TooManyRequests", "Too many requests"},
    {FAULT_INTERNAL, "kinesis", 500, "InternalFailure", "Internal service failure."},
    {FAULT_INTERNAL, "s3", 500, "InternalError",
     "We encountered an internal error. Please try again."},
    {FAULT_INTERNAL, "", 500, "InternalFailure", "Internal failure"},
    {FAULT_UNAVAILABLE, "s3", 503, "ServiceUnavailable", "Service is unable to handle request."},
    {FAULT_UNAVAILABLE, "", 503, "ServiceUnavailable", "The service is unavailable."},
    {FAULT_EXPIRED_TOKEN, "kinesis", 400, "ExpiredTokenException",
     "The security token included in the request is expired"},
    {FAULT_EXPIRED_TOKEN, "s3", 400, "ExpiredToken", "The provided token has expired."},
    {FAULT_EXPIRED_TOKEN, "", 403, "ExpiredToken",
     "The security token included in the request is expired"},
    {FAULT_ERROR, "", 500, "InternalFailure", "An error on request"},
};

void fault_error(const struct fault_action *action, const char *service, unsigned *status,
                 const char **code, const char **message)
{
    *status = 500;
    *code = "InternalFailure";
    *message = "";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].kind == action->kind &&
            (table[i].service[0] == '\0' || strcmp(table[i].service, service) == 0)) {
            *status = table[i].status;
            *code = table[i].code;
            *message = table[i].message;
            break;
        }
    if (action->status != 0)
        *status = action->status;
    if (action->code[0] != '\0')
        *code = action->code;
    if (action->message[0] != '\0')
        *message = action->message;
}

/* An AF_UNSPEC connect makes the kernel send RST at once, before anyone says FIN. */
void fault_reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (info != NULL)
        connect(info->connect_fd, &none, sizeof none);
}

static struct fault_action find(struct request *request, enum fault_stage stage)
{
    struct klocal *klocal = request->klocal;
    request->subject.service = request->service->name;
    request->subject.index = -1;
    pthread_mutex_lock(&klocal->lock);
    struct fault_action action = fault_find(klocal, &request->subject, stage);
    pthread_mutex_unlock(&klocal->lock);
    return action;
}

bool fault_at_headers(struct request *request)
{
    if (request->service == &service_admin)
        return true;
    struct fault_action action = find(request, FAULT_AT_HEADERS);
    if (action.kind == FAULT_RESET_BEFORE) {
        if (action.delay_ms > 0)
            klocal_sleep_ms(request->klocal, action.delay_ms);
        fault_reset(request->connection);
        return false;
    }
    if (action.kind == FAULT_RESET_DURING) {
        const char *length = request_header(request, "content-length");
        uint64_t half = length == NULL ? 0 : strtoull(length, NULL, 10) / 2;
        request->reset_at = action.offset >= 0 ? (uint64_t)action.offset : half;
    }
    return true;
}

bool fault_at_body(struct request *request)
{
    if (request->body.wire_length < request->reset_at)
        return true;
    fault_reset(request->connection);
    return false;
}

static bool is_answer(enum fault_kind kind)
{
    return kind >= FAULT_THROTTLE && kind <= FAULT_HTML;
}

static void make_answer(struct request *request)
{
    const struct fault_action *action = &request->fault;
    unsigned status = 0;
    const char *code = NULL, *message = NULL;
    if (action->kind == FAULT_HTML || action->kind == FAULT_GARBAGE) {
        static const char page[] = "<html><head><title>503 Service Temporarily Unavailable</title>"
                                   "</head><body><h1>503</h1></body></html>\n";
        static const char noise[] = "\xff\xfe{\"Records\":[{]}<\x01garbage\x80";
        bool html = action->kind == FAULT_HTML;
        response_clear(&request->response);
        request->response.status = action->status != 0 ? action->status : html ? 503 : 200;
        response_header(&request->response, "Content-Type",
                        html ? "text/html" : "application/octet-stream");
        text_add(&request->response.body, html ? page : noise,
                 html ? sizeof page - 1 : sizeof noise - 1);
    } else {
        fault_error(action, request->service->name, &status, &code, &message);
        request->service->refuse(request, status, code, message);
    }
    request->decided = true;
}

bool fault_answers(struct request *request)
{
    request->fault = find(request, FAULT_AT_REQUEST);
    if (request->fault.delay_ms > 0 && request->fault.kind == FAULT_DELAY)
        klocal_sleep_ms(request->klocal, request->fault.delay_ms);
    if (!is_answer(request->fault.kind) || request->fault.commit)
        return false;
    make_answer(request);
    return true;
}

static void replace_header(struct request *request)
{
    struct header_list *headers = &request->response.headers;
    const struct fault_action *action = &request->fault;
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].name, action->name) != 0)
            continue;
        free(headers->items[i].name);
        free(headers->items[i].value);
        headers->items[i--] = headers->items[--headers->count];
    }
    if (action->value[0] != '\0')
        header_list_add(headers, action->name, action->value);
}

void fault_after(struct request *request)
{
    const struct fault_action *action = &request->fault;
    if (is_answer(action->kind) && action->commit)
        make_answer(request);
    if (action->kind == FAULT_HEADER)
        replace_header(request);
    bool waits = action->kind == FAULT_DELAY || action->kind == FAULT_SLOW ||
                 action->kind == FAULT_STALL; /* elsewhere */
    if (action->kind != FAULT_NONE && !waits && action->delay_ms > 0)
        klocal_sleep_ms(request->klocal, action->delay_ms);
}

/* The answer's bytes on their way out, and what happens to them. */
struct tampered {
    struct klocal *klocal;
    struct MHD_Connection *connection;
    struct fault_action action;
    struct response response; /* its body or content */
    uint64_t length;          /* of that */
    uint64_t at;              /* where it happens */
    bool stalled;
};

static ssize_t read_plain(struct tampered *tampered, uint64_t position, char *out, size_t room)
{
    if (position >= tampered->length)
        return 0;
    uint64_t left = tampered->length - position;
    size_t n = left < room ? (size_t)left : room;
    if (tampered->response.content != NULL)
        return content_read(tampered->response.content, tampered->response.offset + position, out,
                            n);
    memcpy(out, tampered->response.body.data + position, n);
    return (ssize_t)n;
}

static ssize_t read_tampered(void *cls, uint64_t position, char *out, size_t room)
{
    struct tampered *tampered = cls;
    enum fault_kind kind = tampered->action.kind;
    bool cuts = kind == FAULT_TRUNCATE || kind == FAULT_RESET_ANSWER;
    if (kind == FAULT_STALL && position >= tampered->at && !tampered->stalled) {
        tampered->stalled = true;
        klocal_sleep_ms(tampered->klocal, tampered->action.delay_ms);
    }
    if (cuts && position >= tampered->at) {
        if (kind == FAULT_RESET_ANSWER)
            fault_reset(tampered->connection);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if ((cuts || (kind == FAULT_STALL && !tampered->stalled)) && tampered->at - position < room)
        room = (size_t)(tampered->at - position);
    if (kind == FAULT_SLOW && position > 0 &&
        !klocal_sleep_ms(tampered->klocal, tampered->action.delay_ms))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (kind == FAULT_SLOW && (uint64_t)tampered->action.bytes < room)
        room = tampered->action.bytes > 0 ? (size_t)tampered->action.bytes : 1;
    ssize_t n = read_plain(tampered, position, out, room);
    if (n <= 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (kind == FAULT_CORRUPT && position <= tampered->at && tampered->at - position < (uint64_t)n)
        out[tampered->at - position] ^= 1;
    return n;
}

static void free_tampered(void *cls)
{
    struct tampered *tampered = cls;
    response_free(&tampered->response);
    free(tampered);
}

/* Takes the body out of the response; its headers stay. */
static struct MHD_Response *tamper(struct request *request)
{
    struct response *response = &request->response;
    struct tampered *tampered = memory_take(1, sizeof *tampered);
    uint64_t length = response->content != NULL ? response->length : response->body.length;
    tampered->klocal = request->klocal;
    tampered->connection = request->connection;
    tampered->action = request->fault;
    tampered->length = length;
    tampered->at = request->fault.offset >= 0 ? (uint64_t)request->fault.offset : length / 2;
    tampered->response.body = response->body;
    tampered->response.content = response->content;
    tampered->response.offset = response->offset;
    memset(&response->body, 0, sizeof response->body);
    response->content = NULL;
    if (request->fault.kind == FAULT_WRONG_LENGTH) {
        int64_t wrong = (int64_t)length + request->fault.delta;
        length = wrong > 0 ? (uint64_t)wrong : 0;
    }
    return MHD_create_response_from_callback(length, 65536, read_tampered, tampered, free_tampered);
}

enum MHD_Result fault_send(struct request *request, const char *date)
{
    enum fault_kind kind = request->fault.kind;
    if (kind == FAULT_DROP_ANSWER) {
        fault_reset(request->connection);
        return MHD_NO;
    }
    bool tampers = kind >= FAULT_RESET_ANSWER && kind <= FAULT_CORRUPT && kind != FAULT_DELAY;
    if (tampers && request->response.made == NULL) /* subscriptions see to it themselves */
        return response_queue(&request->response, tamper(request), request->connection, date);
    return response_send(&request->response, request->connection, date);
}
