/* A request: from the wire form to names, values and the service that answers. */
#include "request.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "sink.h"

static void make_id(char out[37], char short_out[17])
{
    unsigned char b[16];
    RAND_bytes(b, sizeof b);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    for (size_t i = 0; i < 8; i++)
        snprintf(short_out + 2 * i, 3, "%02X", b[i]);
}

struct request *request_new(struct klocal *klocal, const char *target)
{
    struct request *request = memory_take(1, sizeof *request);
    const char *path = target;
    if (target[0] != '/') { /* absolute form, as for a proxy */
        const char *host = strstr(target, "://");
        path = host == NULL ? "" : host + 3 + strcspn(host + 3, "/?");
    }
    size_t length = strcspn(path, "?");
    request->klocal = klocal;
    request->reset_at = UINT64_MAX;
    request->target = memory_string(target);
    request->path = memory_copy(path, length);
    request->query = memory_string(path[length] == '?' ? path + length + 1 : "");
    canonical_split_query(request->query, &request->params);
    make_id(request->id, request->short_id);
    return request;
}

void request_free(struct request *request)
{
    if (request == NULL)
        return;
    if (request->service != NULL && request->service->discard != NULL)
        request->service->discard(request);
    free(request->method);
    free(request->target);
    free(request->path);
    free(request->query);
    header_list_free(&request->headers);
    header_list_free(&request->params);
    authorization_free(&request->auth);
    body_free(&request->body);
    response_free(&request->response);
    free(request);
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    header_list_add(cls, name, value != NULL ? value : "");
    return MHD_YES;
}

static bool starts(const char *text, const char *prefix)
{
    return text != NULL && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static const struct service *route(const struct request *request)
{
    const char *type = request_header(request, "content-type");
    bool is_post = strcmp(request->method, "POST") == 0;
    bool at_root = strcmp(request->path, "/") == 0 || request->path[0] == '\0';
    if (starts(request->path, "/_klocal/"))
        return &service_admin;
    if (request_header(request, "x-amz-target") != NULL ||
        (is_post && at_root && starts(type, "application/x-amz-")))
        return &service_kinesis;
    if (at_root && ((is_post && starts(type, "application/x-www-form-urlencoded")) ||
                    request_param(request, "Action") != NULL))
        return &service_sts;
    if (request->auth.form == AUTHORIZATION_NONE && starts(request->path, "/latest/"))
        return &service_imds;
    if (starts(request->path, "/v2/credentials") &&
        (request->auth.form == AUTHORIZATION_NONE ||
         request->auth.form == AUTHORIZATION_OTHER_SCHEME))
        return &service_container;
    return &service_s3;
}

void request_open(struct request *request, struct MHD_Connection *connection, const char *method)
{
    request->connection = connection;
    request->method = memory_string(method);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &request->headers);
    authorization_read(&request->auth, &request->headers, &request->params);
    request->service = route(request);
    if (request->klocal->options.sink && sink_takes(request))
        request->service = &service_sink;
}

const char *request_header(const struct request *request, const char *name)
{
    return header_find(&request->headers, name);
}

const char *request_param(const struct request *request, const char *name)
{
    const struct header *item = header_find_exact(&request->params, name);
    return item == NULL ? NULL : item->value;
}

void request_check(const struct request *request, const struct sigv4_rules *rules,
                   struct sigv4_result *result)
{
    const struct sigv4_request wire = {.method = request->method,
                                       .path = request->path,
                                       .query = request->query,
                                       .headers = &request->headers,
                                       .auth = &request->auth};
    sigv4_check(&wire, rules, &request->klocal->credentials, &request->klocal->clock, result);
}
