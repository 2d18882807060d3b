/* kpath: why does a service not answer, or what does it refuse? Looks at the way to each service
 * and makes a harmless signed call, all at once, and says in a few lines what is wrong and what to
 * do.
 *
 *     kpath                         # kinesis and s3, as configured
 *     kpath kinesis --stream-name numbers
 *     kpath s3://bucket https://vpce-....kinesis.us-east-2.vpce.amazonaws.com
 */
#include "kpath.h"

#include "failure.h"

#include <stdlib.h>
#include <string.h>

#define HERE(member) offsetof(struct kpath_settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream),
     "ask for this stream (or its ARN), not only for the service", 0, 0},
    {0, "bucket", "NAME", OPTION_TEXT, HERE(bucket), "ask for this bucket; s3://NAME does the same",
     0, 0},
    {0, "json", NULL, OPTION_SWITCH, HERE(json), "one JSON document instead of a page", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct kpath_settings),
};
static const struct option_table table = {
    "kpath",
    "[options] [kinesis|s3|sts|s3://BUCKET|URL...]",
    "Say whether Kinesis and S3 (or the services named) can be reached and used from here, and if "
    "not, why and what to do.",
    "Looks at the proxy in force, the name, each address with its class, the kernel's route, TCP, "
    "TLS and the certificate, the HTTP answer and its clock; asks STS who the keys belong to; and "
    "makes a signed call that changes nothing (ListStreams or DescribeStreamSummary, ListBuckets or "
    "ListObjectsV2). A black hole takes three seconds, a silent name server up to five, "
    "everything else less than one.\n"
    "With --json: {\"targets\": [{\"service\", \"url\", \"cause\", \"works\", \"verdict\", "
    "\"likely\", \"remedy\", \"addresses\", \"tls\", \"http\", \"call\", ...}], \"identity\", "
    "\"exit\"}. cause is one of none, no-name, sinkhole, no-route, timeout, refused, proxy, tls, "
    "tls-name, tls-untrusted, tls-expired, clock, no-credentials, expired-credentials, "
    "wrong-credentials, not-permitted, endpoint-policy, wrong-region, not-found, no-region, "
    "throttled, service, other.",
    OPTION_ROWS(groups),
    NULL};

/* ---- what to look at ---- */

static const char *service_of_host(const char *url)
{
    static const char *const signs[][2] = {{"kinesis.", "KINESIS"}, {"kinesis-fips.", "KINESIS"},
                                           {"s3.", "S3"},           {"s3-fips.", "S3"},
                                           {"sts.", "STS"},         {"sts-fips.", "STS"}};
    const char *host = strstr(url, "://") + 3;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        for (const char *p = strstr(host, signs[i][0]); p; p = strstr(p + 1, signs[i][0]))
            if (strstr(host, "amazonaws.com") && (p == host || p[-1] == '.' || p[-1] == '-'))
                return signs[i][1];
    return "";
}

static struct kpath_target *add(struct kpath *k, const char *service_id)
{
    if (k->count == KPATH_TARGETS)
        return NULL;
    struct kpath_target *t = &k->targets[k->count++];
    t->service_id = service_id;
    if (strcmp(service_id, "KINESIS") == 0)
        t->resource = k->settings->stream;
    else if (strcmp(service_id, "S3") == 0)
        t->resource = k->settings->bucket;
    return t;
}

/* A key behind the bucket is welcome, and not asked for. The argument's text is cut there. */
static int add_bucket(struct kpath *k, char *bucket)
{
    bucket[strcspn(bucket, "/")] = '\0';
    if (!*bucket)
        return options_complain(&table, "s3:// needs the name of a bucket");
    add(k, "S3")->resource = bucket;
    return 0;
}

static int add_url(struct kpath *k, const char *text)
{
    struct sigv4_url url;
    struct sigv4_error err;
    if (strlen(text) >= 1000 || sigv4_url_parse(sigv4_str(text), &url, &err))
        return options_complain(&table, "%s", strlen(text) < 1000 ? err.message : "a URL too long");
    add(k, service_of_host(text))->given_url = text;
    return 0;
}

static int add_argument(struct kpath *k, char *text)
{
    static const char *const names[][2] = {{"kinesis", "KINESIS"}, {"s3", "S3"}, {"sts", "STS"}};
    struct kpath_target *t = NULL;
    bool url = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
    if (k->count == KPATH_TARGETS)
        return options_complain(&table, "at most %d services at a time", KPATH_TARGETS);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i][0]) == 0)
            t = add(k, names[i][1]);
    if (!t && strncmp(text, "s3://", 5) == 0)
        return add_bucket(k, text + 5);
    if (!t && url)
        return add_url(k, text);
    return t ? 0
             : options_complain(&table, "'%s' is no service (kinesis, s3, sts), s3:// or http URL",
                                text);
}

/* Names go into JSON and URLs as they are. */
static bool is_name(const char *text)
{
    return text[0] &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "._-:/") == strlen(text) &&
           strlen(text) < 2048;
}

static int choose(struct kpath *k, char **arguments, int count)
{
    int code = 0;
    for (int i = 0; i < count && !code; i++)
        code = add_argument(k, arguments[i]);
    if (!code && count == 0) {
        if (k->settings->stream || !k->settings->bucket)
            (void)add(k, "KINESIS");
        if (k->settings->bucket || !k->settings->stream)
            (void)add(k, "S3");
    }
    for (size_t i = 0; i < k->count && !code; i++)
        if (k->targets[i].resource && !is_name(k->targets[i].resource))
            code = options_complain(&table, "'%s' is no name", k->targets[i].resource);
    return code;
}

/* ---- looking ---- */

static void *look(void *ctx)
{
    struct kpath_target *t = ctx;
    t->d.size = sizeof t->d;
    t->way_status = sigv4_diagnose(&t->way, &t->d, NULL);
    atomic_store(&t->way_done, true);
    sigv4_loop_wake(t->loop);
    return NULL;
}

static void learn(struct kpath *k)
{
    if (sigv4_client_facts(k->session.client, "STS", &k->facts, NULL))
        k->facts = (struct sigv4_client_facts){.size = sizeof k->facts, .region = ""};
}

/* As soon as the region, and with it the host, is known. */
static void start_way(struct kpath *k, struct kpath_target *t)
{
    const struct session_settings *s = &k->settings->session;
    if (t->way_started || !kpath_target_place(k, t))
        return;
    learn(k);
    t->way = (struct sigv4_diagnose_options){
        .size = sizeof t->way,
        .url = t->url,
        .service_id = t->service_id,
        .region = k->facts.region,
        .profile = s->profile,
        .ca_bundle = s->ca_bundle,
        .timeout_ms = (uint32_t)s->connect_timeout_ms,
        .flags = s->no_verify_ssl ? SIGV4_DIAGNOSE_ANY_CERTIFICATE : 0,
    };
    t->loop = k->session.loop;
    t->way_started = pthread_create(&t->thread, NULL, look, t) == 0;
}

static bool call_is_over(const struct kpath_target *t)
{
    return !t->call.call || sigv4_call_finished(t->call.call);
}

/* A way that never began belongs to a call that ended before its host was known. */
static bool is_over(const struct kpath_target *t)
{
    return call_is_over(t) && (t->way_started ? atomic_load(&t->way_done) : true);
}

static bool all_over(const struct kpath *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (!is_over(&k->targets[i]))
            return false;
    return true;
}

static void wait_for_identity(struct kpath *k)
{
    enum { GRACE_MS = 1000 };
    if (k->identity.call && !sigv4_call_finished(k->identity.call) &&
        sigv4_call_wait(k->identity.call, GRACE_MS) == SIGV4_E_TIMEOUT)
        sigv4_call_cancel(k->identity.call);
}

static void find_arn(struct kpath *k)
{
    char text[sizeof k->identity.body + 1];
    memcpy(text, k->identity.body, k->identity.body_length);
    text[k->identity.body_length] = '\0';
    const char *start = strstr(text, "<Arn>");
    size_t n = start ? strspn(start + 5, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789:/+=,.@_-")
                     : 0;
    if (!k->identity.error.status && n)
        snprintf(k->arn, sizeof k->arn, "%.*s", n < 255 ? (int)n : 255, start + 5);
}

/* An endpoint given for one service is not STS's. */
static bool may_ask_identity(struct kpath *k)
{
    return !k->settings->session.endpoint_url && !k->settings->session.no_sign_request;
}

static void look_at_all(struct kpath *k)
{
    for (size_t i = 0; i < k->count; i++) {
        struct kpath_target *t = &k->targets[i];
        if (t->service_id[0] && kpath_call_start(k, t, &t->call.error))
            t->call.answered = true;
    }
    k->identity_asked = may_ask_identity(k);
    if (k->identity_asked)
        (void)kpath_identity_start(k, &k->identity.error);
    do {
        for (size_t i = 0; i < k->count; i++)
            start_way(k, &k->targets[i]);
        if (!all_over(k))
            (void)sigv4_loop_run(k->session.loop, 50);
    } while (!all_over(k));
    for (size_t i = 0; i < k->count; i++)
        if (k->targets[i].way_started)
            pthread_join(k->targets[i].thread, NULL);
    wait_for_identity(k);
    find_arn(k);
    learn(k);
}

/* ---- judging ---- */

static bool is_transport(int status)
{
    return status == SIGV4_E_NETWORK || status == SIGV4_E_TLS || status == SIGV4_E_TIMEOUT;
}

/* Keys that STS would give, and STS cannot be reached: that way is the one to be mended. */
static void judge_sts(const struct kpath *k, struct kpath_target *t)
{
    struct sigv4_diagnosis sts = {.size = sizeof sts};
    if (!failure_look_at_sts(k->session.client, &t->call.error, &sts))
        return;
    snprintf(t->d.likely, sizeof t->d.likely, "%.*s", (int)sizeof t->d.likely - 1, sts.verdict);
    snprintf(t->d.remedy, sizeof t->d.remedy, "%s", sts.remedy);
}

static void judge_call(const struct kpath *k, struct kpath_target *t)
{
    const struct sigv4_error *e = &t->call.error;
    struct sigv4_refusal refusal = {
        .size = sizeof refusal,
        .error = e,
        .body = sigv4_bytes(t->call.body, t->call.body_length),
        .service_id = t->service_id,
        .region = k->facts.region,
        .operation = t->call.operation,
        .resource = t->resource,
        .right_region = t->call.right_region,
        .not_sent = !t->call.sent,
    };
    sigv4_diagnose_refusal(&refusal, &t->d);
    judge_sts(k, t);
}

/* By the service: a source of keys may have answered, too. */
static bool answered(const struct kpath_target *t)
{
    return t->call.sent && t->call.error.http_status;
}

static void judge_foreign(struct kpath_target *t)
{
    int n = 0;
    while ((size_t)n < t->call.body_length && n < 60 && t->call.body[n] >= ' ' &&
           t->call.body[n] <= '~')
        n++;
    t->works = false;
    t->d.cause = SIGV4_CAUSE_OTHER;
    snprintf(t->d.verdict, sizeof t->d.verdict,
             "%s: HTTP %d, but this is no answer of the service: \"%.*s\"", t->call.operation,
             t->call.http_status, n, t->call.body);
    snprintf(t->d.remedy, sizeof t->d.remedy,
             "something else answers in its place: a proxy, a login page, another program; check "
             "the endpoint URL and the network this host is in");
}

/* The call's success is the best proof, then what is wrong with the way, then what was refused. */
static void judge(const struct kpath *k, struct kpath_target *t)
{
    const struct sigv4_error *e = &t->call.error;
    bool way_open = t->way_started && !t->way_status && t->d.open;
    bool called = t->call.operation && t->call.answered;
    t->works = called ? e->status == SIGV4_OK : way_open;
    if (called && e->status == SIGV4_OK && !way_open)
        t->d.cause = SIGV4_CAUSE_NONE;
    else if (called && e->status && (way_open || !t->way_started || answered(t)))
        judge_call(k, t);
    if (called && way_open && is_transport(e->status) && e->http_status == 0)
        t->d.cause = SIGV4_CAUSE_OTHER;
    if (called && t->call.foreign)
        judge_foreign(t);
    else if (t->works && called && t->d.cause == SIGV4_CAUSE_NONE)
        snprintf(t->d.verdict, sizeof t->d.verdict, "%s%s%s works", t->call.operation,
                 t->resource ? " of " : "", t->resource ? t->resource : "");
}

static int code_of(const struct kpath_target *t)
{
    if (t->works)
        return 0;
    switch (t->d.cause) {
    case SIGV4_CAUSE_NO_CREDENTIALS:
    case SIGV4_CAUSE_EXPIRED_CREDENTIALS:
    case SIGV4_CAUSE_WRONG_CREDENTIALS:
    case SIGV4_CAUSE_NOT_PERMITTED:
    case SIGV4_CAUSE_ENDPOINT_POLICY:
        return EXIT_DENIED;
    case SIGV4_CAUSE_NO_SUCH:
        return EXIT_NO_SUCH;
    case SIGV4_CAUSE_NO_REGION:
        return EXIT_USAGE;
    case SIGV4_CAUSE_WRONG_REGION:
    case SIGV4_CAUSE_THROTTLED:
    case SIGV4_CAUSE_SERVICE:
        return EXIT_SOME_FAILED;
    case SIGV4_CAUSE_CLOCK:
        return t->d.open ? EXIT_DENIED : EXIT_UNREACHABLE;
    default:
        if (t->call.error.status == SIGV4_E_INVALID && !t->call.error.http_status)
            return EXIT_USAGE;
        return answered(t) ? EXIT_SOME_FAILED : EXIT_UNREACHABLE;
    }
}

/* The worst first: not reached, not allowed, not there, the rest. */
static int worst_code(const struct kpath *k)
{
    static const int order[] = {EXIT_UNREACHABLE, EXIT_DENIED, EXIT_NO_SUCH, EXIT_USAGE,
                                EXIT_SOME_FAILED};
    for (size_t o = 0; o < sizeof order / sizeof *order; o++)
        for (size_t i = 0; i < k->count; i++)
            if (code_of(&k->targets[i]) == order[o])
                return order[o];
    return 0;
}

static void release_calls(struct kpath *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->targets[i].call.call)
            sigv4_call_release(k->targets[i].call.call);
    if (k->identity.call)
        sigv4_call_release(k->identity.call);
}

static int run(struct kpath *k)
{
    int code = session_open(&k->session, table.tool, &k->settings->session);
    if (code)
        return code;
    look_at_all(k);
    for (size_t i = 0; i < k->count; i++)
        judge(k, &k->targets[i]);
    code = worst_code(k);
    if (k->settings->json)
        code = kpath_print_json(k, code, stdout);
    else
        kpath_print_page(k, stdout);
    release_calls(k);
    session_close(&k->session);
    return code;
}

int main(int argc, char **argv)
{
    struct kpath_settings settings = {0};
    char **arguments;
    int count;
    enum options_outcome o = options_parse(&table, argc, argv, &settings, &arguments, &count);
    if (o != OPTIONS_GO_ON)
        return o == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    struct kpath *k = calloc(1, sizeof *k);
    if (!k)
        return failure_no_memory(table.tool);
    k->settings = &settings;
    k->facts.size = sizeof k->facts;
    k->facts.region = "";
    int code = choose(k, arguments, count);
    if (!code)
        code = run(k);
    free(k);
    return failure_flush(table.tool, code);
}
