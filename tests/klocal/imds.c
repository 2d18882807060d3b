/* The instance metadata service, version 2 only: a token by PUT, then everything else with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_apply.h"
#include "request.h"
#include "token.h"

#define MAC        "0e:00:00:00:00:01"
#define META       "/latest/meta-data/"
#define NETWORK    "network/interfaces/macs/" MAC "/"
#define TOKEN_PATH "/latest/api/token"

static void begin(struct request *request)
{
    const struct body_plan plan = {.room = 4096};
    request->subject.operation =
        strcmp(request->path, TOKEN_PATH) == 0 ? "GetToken" : "GetMetadata";
    body_begin(&request->body, &plan);
}

static void reply(struct request *request, unsigned status, const char *text)
{
    request->response.status = status;
    response_header(&request->response, "Content-Type", "text/plain");
    response_header(&request->response, "Server", "EC2ws");
    text_puts(&request->response.body, text);
}

static void give_token(struct request *request)
{
    const char *ttl = request_header(request, "x-aws-ec2-metadata-token-ttl-seconds");
    char *end = NULL, text[64];
    long seconds = ttl == NULL ? 0 : strtol(ttl, &end, 10);
    if (request_header(request, "x-forwarded-for") != NULL) {
        reply(request, 403, "Forbidden");
        return;
    }
    if (ttl == NULL || end == ttl || *end != '\0' || seconds < 1 || seconds > 21600) {
        reply(request, 400, "Bad Request");
        return;
    }
    snprintf(text, sizeof text, "%lld",
             (long long)clock_service_ms(&request->klocal->clock) + seconds * 1000LL);
    char *token = token_seal(request->klocal, "imds", text);
    reply(request, 200, token);
    response_header(&request->response, "x-aws-ec2-metadata-token-ttl-seconds", "%ld", seconds);
    free(token);
}

static bool token_good(const struct request *request)
{
    const char *token = request_header(request, "x-aws-ec2-metadata-token");
    char *text = token == NULL ? NULL : token_open(request->klocal, "imds", token);
    bool good = text != NULL && strtoll(text, NULL, 10) > clock_service_ms(&request->klocal->clock);
    free(text);
    return good;
}

static void give_credentials(struct request *request)
{
    struct klocal *klocal = request->klocal;
    int64_t now = clock_service_ms(&klocal->clock);
    struct credential_session session;
    char role[160], updated[21], expires[21];
    snprintf(role, sizeof role, "%.64s/i-0123456789abcdef0", klocal->options.role);
    credential_issue(&klocal->credentials, role, now,
                     now + klocal->options.credentials_lifetime_s * 1000, &session);
    clock_format_iso_seconds(now, updated);
    clock_format_iso_seconds(session.expires_ms, expires);
    reply(request, 200, "");
    text_printf(&request->response.body,
                "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"%s\",\n  \"Type\" : "
                "\"AWS-HMAC\",\n  \"AccessKeyId\" : \"%s\",\n  \"SecretAccessKey\" : \"%s\",\n  "
                "\"Token\" : \"%s\",\n  \"Expiration\" : \"%s\"\n}",
                updated, session.access_key, session.secret, session.token, expires);
}

static void give_identity(struct request *request)
{
    const struct options *options = &request->klocal->options;
    reply(request, 200, "");
    text_printf(&request->response.body,
                "{\n  \"accountId\" : \"%s\",\n  \"availabilityZone\" : \"%sa\",\n  \"instanceId\" "
                ": \"i-0123456789abcdef0\",\n  \"region\" : \"%s\",\n  \"version\" : "
                "\"2017-09-30\"\n}",
                options->account, options->region, options->region);
}

static const struct {
    const char *path;
    const char *text;
} pages[] = {
    {"", "iam/\ninstance-id\nmac\nnetwork/\nplacement/\nservices/"},
    {"instance-id", "i-0123456789abcdef0"},
    {"mac", MAC},
    {"network/interfaces/macs/", MAC "/"},
    {NETWORK "vpc-id", "vpc-0123456789abcdef0"},
    {NETWORK "vpc-ipv6-cidr-blocks", "fd12:3456:789a::/56"},
    {"services/domain", "amazonaws.com"},
    {"services/partition", "aws"},
};

static void give_page(struct request *request, const char *page)
{
    const struct options *options = &request->klocal->options;
    char zone[80];
    snprintf(zone, sizeof zone, "%.64sa", options->region);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(pages[i].path, page) == 0) {
            reply(request, 200, pages[i].text);
            return;
        }
    if (strcmp(page, "placement/region") == 0)
        reply(request, 200, options->region);
    else if (strcmp(page, NETWORK "vpc-ipv4-cidr-block") == 0)
        reply(request, 200, options->vpc != NULL ? options->vpc : "10.0.0.0/16");
    else if (strcmp(page, NETWORK "vpc-ipv4-cidr-blocks") == 0)
        reply(request, 200, options->vpc != NULL ? options->vpc : "10.0.0.0/16\n10.1.0.0/16");
    else if (strcmp(page, NETWORK "subnet-ipv4-cidr-block") == 0)
        reply(request, 200, options->subnet);
    else if (strcmp(page, "placement/availability-zone") == 0)
        reply(request, 200, zone);
    else if (strcmp(page, "iam/security-credentials/") == 0 ||
             strcmp(page, "iam/security-credentials") == 0)
        reply(request, 200, options->role);
    else if (strncmp(page, "iam/security-credentials/", 25) == 0 &&
             strcmp(page + 25, options->role) == 0)
        give_credentials(request);
    else
        reply(request, 404, "Not Found");
}

static void finish(struct request *request)
{
    bool is_put = strcmp(request->method, "PUT") == 0;
    if (fault_answers(request))
        return;
    if (strcmp(request->path, TOKEN_PATH) == 0) {
        if (is_put)
            give_token(request);
        else
            reply(request, 405, "Method Not Allowed");
    } else if (strcmp(request->method, "GET") != 0) {
        reply(request, 405, "Method Not Allowed");
    } else if (!token_good(request)) {
        reply(request, 401, "Unauthorized");
    } else if (strcmp(request->path, "/latest/dynamic/instance-identity/document") == 0) {
        give_identity(request);
    } else if (strncmp(request->path, META, strlen(META)) == 0) {
        give_page(request, request->path + strlen(META));
    } else {
        reply(request, 404, "Not Found");
    }
}

static void refuse(struct request *request, unsigned status, const char *code, const char *message)
{
    (void)code;
    response_clear(&request->response);
    reply(request, status, message);
}

const struct service service_imds = {
    .name = "imds", .begin = begin, .finish = finish, .refuse = refuse};
