/* Container credentials, as ECS and EKS Pod Identity hand them out: GET /v2/credentials/ROLE. */
#include <stdio.h>
#include <string.h>

#include "fault_apply.h"
#include "request.h"

static void begin(struct request *request)
{
    const struct body_plan plan = {.room = 4096};
    request->subject.operation = "GetCredentials";
    body_begin(&request->body, &plan);
}

static void refuse(struct request *request, unsigned status, const char *code, const char *message)
{
    response_clear(&request->response);
    request->response.status = status;
    response_header(&request->response, "Content-Type", "application/json");
    text_printf(&request->response.body, "{\"code\":\"%s\",\"message\":\"%s\"}", code, message);
}

static void give(struct request *request)
{
    struct klocal *klocal = request->klocal;
    int64_t now = clock_service_ms(&klocal->clock);
    struct credential_session session;
    char role[160], expires[21];
    snprintf(role, sizeof role, "%.64s/container", klocal->options.role);
    credential_issue(&klocal->credentials, role, now,
                     now + klocal->options.credentials_lifetime_s * 1000, &session);
    clock_format_iso_seconds(session.expires_ms, expires);
    request->response.status = 200;
    response_header(&request->response, "Content-Type", "application/json");
    text_printf(&request->response.body,
                "{\"RoleArn\":\"arn:aws:iam::%s:role/%s\",\"AccessKeyId\":\"%s\","
                "\"SecretAccessKey\":\"%s\",\"Token\":\"%s\",\"Expiration\":\"%s\",\"AccountId\":"
                "\"%s\"}",
                klocal->options.account, klocal->options.role, session.access_key, session.secret,
                session.token, expires, klocal->options.account);
}

static void finish(struct request *request)
{
    const char *wanted = request->klocal->options.container_token;
    const char *given = request_header(request, "authorization");
    if (fault_answers(request))
        return;
    if (strcmp(request->method, "GET") != 0)
        refuse(request, 405, "MethodNotAllowed", "use GET");
    else if (wanted != NULL && (given == NULL || strcmp(given, wanted) != 0))
        refuse(request, 401, "Unauthorized", "the Authorization token is missing or wrong");
    else
        give(request);
}

const struct service service_container = {
    .name = "container", .begin = begin, .finish = finish, .refuse = refuse};
