/* The consumer for --fan-out: found by its name, registered when there is none. */
#include "failure.h"
#include "interrupt.h"
#include "kcat.h"

#include <stdlib.h>
#include <time.h>

enum { ASK_EVERY_MS = 500, ASK_AT_MOST = 240 };

struct finding {
    struct session *session;
    const struct kcat_settings *settings;
    char stream_arn[2049], consumer_arn[2049], status[16];
    struct sigv4_error error;
    char host[256];
};

static void copy(char *out, size_t cap, struct sigv4_slice text)
{
    snprintf(out, cap, "%.*s", (int)text.len, text.len ? (const char *)text.ptr : "");
}

static void keep_failure(struct finding *f, const struct sigv4_error *err,
                         const struct sigv4_response *response)
{
    f->error = *err;
    snprintf(f->host, sizeof f->host, "%s", response && response->host ? response->host : "");
}

static void on_stream(void *ctx, const struct kinesis_describe_stream_summary_result *result)
{
    struct finding *f = ctx;
    if (result->error)
        keep_failure(f, result->error, result->response);
    else
        copy(f->stream_arn, sizeof f->stream_arn, result->stream_arn);
}

static void on_consumer(void *ctx, const struct kinesis_stream_consumer_result *result)
{
    struct finding *f = ctx;
    if (result->error) {
        keep_failure(f, result->error, result->response);
        return;
    }
    copy(f->consumer_arn, sizeof f->consumer_arn, result->consumer_arn);
    copy(f->status, sizeof f->status, result->status);
}

/* Waits for a call that was accepted (rc 0). Returns what became of it. */
static int finish(struct finding *f, int rc, struct sigv4_call *call)
{
    if (rc)
        return rc;
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    return f->error.status;
}

static int find_stream(struct finding *f)
{
    struct sigv4_call *call = NULL;
    const char *stream = f->settings->stream;
    if (strncmp(stream, "arn:", 4) == 0) {
        copy(f->stream_arn, sizeof f->stream_arn, sigv4_str(stream));
        return SIGV4_OK;
    }
    int rc = kinesis_describe_stream_summary(f->session->client,
                                             KINESIS_DESCRIBE_STREAM_SUMMARY(.stream = stream),
                                             on_stream, f, &call, &f->error);
    return finish(f, rc, call);
}

static int describe(struct finding *f)
{
    struct sigv4_call *call = NULL;
    struct kinesis_stream_consumer_input in = {.size = sizeof in};
    if (f->consumer_arn[0]) {
        in.consumer_arn = f->consumer_arn;
    } else {
        in.stream_arn = f->stream_arn;
        in.consumer_name = f->settings->fan_out;
    }
    f->error.status = SIGV4_OK;
    int rc =
        kinesis_describe_stream_consumer(f->session->client, &in, on_consumer, f, &call, &f->error);
    return finish(f, rc, call);
}

static int enrol(struct finding *f)
{
    struct sigv4_call *call = NULL;
    f->error.status = SIGV4_OK;
    int rc = kinesis_register_stream_consumer(
        f->session->client,
        KINESIS_STREAM_CONSUMER(.stream_arn = f->stream_arn, .consumer_name = f->settings->fan_out),
        on_consumer, f, &call, &f->error);
    rc = finish(f, rc, call);
    if (!rc && !f->settings->session.quiet)
        fprintf(stderr,
                "kcat: registered the consumer %s, which stays and costs until it is deregistered "
                "(aws kinesis deregister-stream-consumer --consumer-arn %s)\n",
                f->settings->fan_out, f->consumer_arn);
    /* Somebody else was faster. */
    return rc && strcmp(f->error.code, "ResourceInUseException") == 0 ? describe(f) : rc;
}

static int wait_for_it(struct finding *f)
{
    int rc = SIGV4_OK;
    for (int i = 0; !rc && strcmp(f->status, "ACTIVE") != 0 && i < ASK_AT_MOST; i++) {
        struct timespec pause = {.tv_nsec = ASK_EVERY_MS * 1000000L};
        nanosleep(&pause, NULL);
        rc = describe(f);
    }
    return rc;
}

int kcat_fan_out(struct session *session, const struct kcat_settings *settings, char **arn)
{
    struct finding f = {.session = session, .settings = settings};
    int rc;
    if (strncmp(settings->fan_out, "arn:", 4) == 0) {
        copy(f.consumer_arn, sizeof f.consumer_arn, sigv4_str(settings->fan_out));
        rc = describe(&f);
    } else {
        rc = find_stream(&f);
        if (!rc && (rc = describe(&f)) == SIGV4_E_NOT_FOUND)
            rc = enrol(&f);
    }
    if (!rc)
        rc = wait_for_it(&f);
    if (rc)
        return failure_say_request("kcat", session->client, "KINESIS", &f.error, f.host);
    *arn = strdup(f.consumer_arn);
    return *arn ? 0 : EXIT_SOME_FAILED;
}
