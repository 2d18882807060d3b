/* Signed calls that change nothing: they show whether keys, permissions, region and names will do.
 */
#include "kpath.h"

#include <kinesis/endpoint.h>
#include <s3/address.h>
#include <string.h>

enum { CALL_MS = 3200 };

/* ---- where to ---- */

static const char *signing_name(const char *service_id)
{
    return strcmp(service_id, "S3") == 0    ? "s3"
           : strcmp(service_id, "STS") == 0 ? "sts"
                                            : "kinesis";
}

/* The URL given on the command line, whatever the configuration says. */
static int resolve_given(const struct kpath_target *t, const struct sigv4_place *place,
                         struct sigv4_target *out, struct sigv4_error *err)
{
    struct sigv4_place there = *place;
    there.endpoint_url = t->given_url;
    there.use_fips = there.use_dual_stack = false;
    const char *name = signing_name(t->service_id);
    return sigv4_regional_resolve(name, name, 0, &there, out, err);
}

static int resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                   struct sigv4_error *err)
{
    struct kpath_target *t = ctx;
    if (strcmp(t->service_id, "S3") == 0) {
        struct s3_place s3 = {.size = sizeof s3, .bucket = t->resource};
        struct sigv4_place there = *place;
        if (t->given_url)
            there.endpoint_url = t->given_url;
        return s3_resolve(&s3, &there, out, err);
    }
    if (t->given_url)
        return resolve_given(t, place, out, err);
    if (strcmp(t->service_id, "STS") == 0)
        return sigv4_sts_resolve(NULL, place, out, err);
    bool arn = t->resource && strncmp(t->resource, "arn:", 4) == 0;
    struct kinesis_place kinesis = {
        .size = sizeof kinesis, .type = KINESIS_CONTROL, .stream_arn = arn ? t->resource : NULL};
    return kinesis_resolve(&kinesis, place, out, err);
}

bool kpath_target_place(struct kpath *k, struct kpath_target *t)
{
    struct sigv4_client_facts facts = {.size = sizeof facts};
    struct sigv4_target target = {.size = sizeof target};
    if (t->given_url && (!t->service_id[0] || !t->resource)) {
        snprintf(t->url, sizeof t->url, "%s", t->given_url);
        return true;
    }
    if (sigv4_client_facts(k->session.client, t->service_id, &facts, NULL) || !facts.region[0])
        return false;
    struct sigv4_place place = {.size = sizeof place,
                                .region = facts.region,
                                .endpoint_url = facts.endpoint_url,
                                .use_fips = facts.use_fips,
                                .use_dual_stack = facts.use_dual_stack};
    if (resolve(t, &place, &target, NULL))
        return false;
    snprintf(t->url, sizeof t->url, "%s", target.url);
    snprintf(t->endpoint_origin, sizeof t->endpoint_origin, "%s", facts.endpoint_origin);
    return true;
}

/* ---- what came back ---- */

static void copy(char *out, size_t cap, struct sigv4_slice s)
{
    snprintf(out, cap, "%.*s", (int)s.len, (const char *)s.ptr);
}

/* A proxy or a login page may say 200 to anything. */
static bool is_foreign(const struct kpath_call *c, struct sigv4_slice body)
{
    static const char *const marks[][2] = {
        {"ListStreams", "\"StreamNames\""},
        {"DescribeStreamSummary", "\"StreamDescriptionSummary\""},
        {"ListBuckets", "<ListAllMyBucketsResult"},
        {"ListObjectsV2", "<ListBucketResult"},
        {"GetCallerIdentity", "<GetCallerIdentityResponse"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcmp(c->operation, marks[i][0]) == 0)
            return !memmem(body.ptr, body.len, marks[i][1], strlen(marks[i][1]));
    return false;
}

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct kpath_call *c = ctx;
    c->answered = true;
    c->sent = response->http != NULL;
    if (response->error)
        c->error = *response->error;
    else
        c->foreign = is_foreign(c, response->body);
    c->http_status = response->http_status;
    copy(c->request_id, sizeof c->request_id, response->request_id);
    snprintf(c->region, sizeof c->region, "%s", response->region ? response->region : "");
    copy(c->right_region, sizeof c->right_region,
         sigv4_response_header(response, "x-amz-bucket-region"));
    c->body_length = response->body.len < sizeof c->body ? response->body.len : sizeof c->body;
    if (c->body_length)
        memcpy(c->body, response->body.ptr, c->body_length);
}

/* ---- what is sent ---- */

struct plan {
    const char *operation, *method, *query, *json;
    struct sigv4_header headers[2];
    size_t header_count;
};

static void plan_kinesis(struct kpath_target *t, struct plan *p)
{
    bool arn = t->resource && strncmp(t->resource, "arn:", 4) == 0;
    p->operation = t->resource ? "DescribeStreamSummary" : "ListStreams";
    p->method = "POST";
    if (t->resource)
        snprintf(t->json, sizeof t->json, "{\"%s\":\"%s\"}", arn ? "StreamARN" : "StreamName",
                 t->resource);
    else
        snprintf(t->json, sizeof t->json, "{\"Limit\":1}");
    p->json = t->json;
    p->headers[0] =
        (struct sigv4_header){SIGV4_LIT("content-type"), SIGV4_LIT("application/x-amz-json-1.1")};
    p->headers[1] = (struct sigv4_header){
        SIGV4_LIT("x-amz-target"), t->resource ? SIGV4_LIT("Kinesis_20131202.DescribeStreamSummary")
                                               : SIGV4_LIT("Kinesis_20131202.ListStreams")};
    p->header_count = 2;
}

static void plan_s3(const struct kpath_target *t, struct plan *p)
{
    p->operation = t->resource ? "ListObjectsV2" : "ListBuckets";
    p->method = "GET";
    p->query = t->resource ? "list-type=2&max-keys=1" : "";
}

static void plan_sts(struct plan *p)
{
    p->operation = "GetCallerIdentity";
    p->method = "POST";
    p->json = "Action=GetCallerIdentity&Version=2011-06-15";
    p->headers[0] = (struct sigv4_header){
        SIGV4_LIT("content-type"), SIGV4_LIT("application/x-www-form-urlencoded; charset=utf-8")};
    p->header_count = 1;
}

static int send_plan(struct kpath *k, const struct plan *p, const char *service_id,
                     sigv4_resolve_fn *fn, void *fn_ctx, struct kpath_call *c,
                     struct sigv4_error *err)
{
    const struct session_settings *s = &k->settings->session;
    struct sigv4_slice body = sigv4_str(p->json ? p->json : "");
    struct sigv4_request request = {
        .size = sizeof request,
        .service_id = service_id,
        .resolve = fn,
        .resolve_ctx = fn_ctx,
        .operation = p->operation,
        .method = sigv4_str(p->method),
        .path = SIGV4_LIT("/"),
        .query = sigv4_str(p->query ? p->query : ""),
        .headers = p->headers,
        .header_count = p->header_count,
        .body = &body,
        .body_count = body.len ? 1 : 0,
        .timeout_ms = s->timeout_ms ? (uint32_t)s->timeout_ms : CALL_MS,
        .max_attempts = s->max_attempts ? (uint32_t)s->max_attempts : 2,
        .max_body = 1 << 20,
        .on_done = on_done,
        .ctx = c,
    };
    c->operation = p->operation;
    return sigv4_send(k->session.client, &request, &c->call, err);
}

int kpath_call_start(struct kpath *k, struct kpath_target *t, struct sigv4_error *err)
{
    struct plan p = {0};
    if (strcmp(t->service_id, "S3") == 0)
        plan_s3(t, &p);
    else if (strcmp(t->service_id, "STS") == 0)
        plan_sts(&p);
    else
        plan_kinesis(t, &p);
    return send_plan(k, &p, t->service_id, resolve, t, &t->call, err);
}

int kpath_identity_start(struct kpath *k, struct sigv4_error *err)
{
    struct plan p = {0};
    plan_sts(&p);
    return send_plan(k, &p, "STS", sigv4_sts_resolve, NULL, &k->identity, err);
}
