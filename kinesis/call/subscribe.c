/* SubscribeToShard: from the connection's bytes to events, one at a time. */
#include "call/subscribe.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "call/errand.h"
#include "call/request.h"
#include "wire/control_input.h"
#include "wire/event_stream.h"
#include "wire/json_members.h"

#include <stdio.h>

enum { MAX_INPUT = 8192 };

struct kinesis__subscription {
    struct sigv4_alloc alloc;
    struct sigv4_loop *loop;
    struct kinesis__subscription_hooks hooks;
    struct kinesis_place place;
    char *arn;
    struct sigv4__buffer input;
    struct sigv4_slice body;
    struct sigv4_call *call;
    struct sigv4_job pump_job;
    bool pumping; /* the job is queued */

    struct kinesis__event_stream stream;
    struct kinesis__event event;
    bool have;    /* event waits for the hook */
    bool held;    /* the hook wants no more for now */
    bool blocked; /* bytes were refused, and come again after sigv4_call_resume */
    bool begun, told;
    bool canceled, done;
    int64_t service_unix_ms;
    struct sigv4_error
        broken; /* what makes the rest of the events unreadable, or was one of them */
    struct sigv4_error failed; /* the transfer */
    char host[256];
};

/* ---- exceptions among the events ---- */

static const struct {
    const char *code;
    int status;
    bool retryable;
} exceptions[] = {
    {"InternalFailureException", SIGV4_E_SERVICE, true},
    {"KMSAccessDeniedException", SIGV4_E_DENIED, false},
    {"KMSDisabledException", SIGV4_E_CONFLICT, false},
    {"KMSInvalidStateException", SIGV4_E_CONFLICT, false},
    {"KMSNotFoundException", SIGV4_E_CONFLICT, false}, /* NOT_FOUND would be about the shard */
    {"KMSOptInRequired", SIGV4_E_DENIED, false},
    {"KMSThrottlingException", SIGV4_E_THROTTLED, true},
    {"ResourceInUseException", SIGV4_E_CONFLICT, true},
    {"ResourceNotFoundException", SIGV4_E_NOT_FOUND, false},
};

static struct sigv4_slice message_of(char *payload, size_t n)
{
    struct kinesis__json r;
    struct sigv4_slice name, message = sigv4_bytes(NULL, 0);
    kinesis__json_open(&r, payload, n);
    if (!kinesis__json_object(&r))
        return message;
    while (kinesis__json_member(&r, &name)) {
        bool is_it = KINESIS__IS(name, "message") || KINESIS__IS(name, "Message");
        if (!(is_it ? kinesis__json_text_or_null(&r, &message) : kinesis__json_skip(&r)))
            break;
    }
    return message;
}

static void take_exception(struct kinesis__subscription *s)
{
    const struct kinesis__event *e = &s->event;
    bool by_headers = e->error_code.len > 0;
    struct sigv4_slice code = by_headers ? e->error_code : e->exception_type;
    struct sigv4_slice message =
        by_headers ? e->error_message : message_of(e->payload, e->payload_len);
    int status = SIGV4_E_SERVICE;
    bool retryable = true;
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (sigv4__equal_str(code, exceptions[i].code)) {
            status = exceptions[i].status;
            retryable = exceptions[i].retryable;
        }
    }
    sigv4__fail(&s->broken, status, "SubscribeToShard: %.*s: %.*s",
                (int)(code.len < 100 ? code.len : 100), (const char *)code.ptr,
                (int)(message.len < 400 ? message.len : 400), (const char *)message.ptr);
    sigv4__fixed_copy(s->broken.code, sizeof s->broken.code, code);
    s->broken.retryable = retryable;
}

/* ---- from bytes to events ---- */

/* Reads on until an event waits in s->event, or there are no bytes, or nothing more can be read. */
static void advance(struct kinesis__subscription *s)
{
    bool ready = true;
    while (ready && !s->have && !s->broken.status) {
        if (kinesis__event_stream_next(&s->stream, &s->event, &ready, &s->broken) || !ready)
            return;
        if (sigv4__equal_str(s->event.message_type, "exception") ||
            sigv4__equal_str(s->event.message_type, "error"))
            take_exception(s);
        /* Others, among them the first, initial-response, say nothing that matters here. */
        s->have = sigv4__equal_str(s->event.event_type, "SubscribeToShardEvent");
    }
}

static void wake(struct kinesis__subscription *s)
{
    if (!s->pumping)
        sigv4_loop_notify(s->loop, &s->pump_job);
    s->pumping = true;
}

static void read_clock(struct kinesis__subscription *s, const struct sigv4_response *response)
{
    if (!sigv4__moment_parse_http(sigv4_response_header(response, "date"), &s->service_unix_ms))
        s->service_unix_ms = INT64_MIN;
}

int64_t kinesis__subscription_service_ms(const struct kinesis__subscription *s)
{
    return s->service_unix_ms;
}

/* Step 2 of the loop: the user is called later. */
static enum sigv4_flow on_chunk(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk)
{
    struct kinesis__subscription *s = ctx;
    if (s->canceled || s->broken.status)
        return SIGV4_STOP;
    if (s->have || s->held) {
        s->blocked = true;
        return SIGV4_PAUSE;
    }
    if (!s->begun)
        read_clock(s, head);
    s->begun = true;
    int rc = kinesis__event_stream_feed(&s->stream, chunk);
    if (rc)
        sigv4__fail(&s->broken, rc, "SubscribeToShard: no memory for an event");
    advance(s);
    if (s->have || s->broken.status || !s->told)
        wake(s);
    return s->broken.status ? SIGV4_STOP : SIGV4_GO_ON;
}

/* ---- to the user ---- */

static bool hand_out(struct kinesis__subscription *s)
{
    if (s->canceled || s->held)
        return false;
    advance(s);
    if (!s->have)
        return false;
    enum sigv4_flow flow = s->hooks.payload(s->hooks.ctx, s->event.payload, s->event.payload_len);
    if (flow == SIGV4_PAUSE) {
        s->held = true;
        return false;
    }
    s->have = false;
    if (flow == SIGV4_STOP)
        kinesis__subscription_cancel(s);
    return true;
}

/* The last; s may be gone when this returns. */
static void end(struct kinesis__subscription *s)
{
    struct sigv4_error cut;
    const struct sigv4_error *err = NULL;
    if (s->broken.status)
        err = &s->broken;
    else if (s->failed.status)
        err = &s->failed;
    else if (!s->canceled && !kinesis__event_stream_empty(&s->stream)) {
        sigv4__fail(&cut, SIGV4_E_NETWORK, "SubscribeToShard: cut off in the middle of an event");
        cut.retryable = true;
        err = &cut;
    }
    s->hooks.over(s->hooks.ctx, err, s->host);
}

static void run_pump(struct sigv4_job *job)
{
    struct kinesis__subscription *s =
        (struct kinesis__subscription *)(void *)((char *)job -
                                                 offsetof(struct kinesis__subscription, pump_job));
    s->pumping = false;
    if (s->begun && !s->told && !s->canceled)
        s->hooks.begun(s->hooks.ctx);
    s->told = s->begun;
    while (hand_out(s))
        ;
    if (s->pumping)
        return;
    if (s->done && (s->canceled || !s->held)) {
        end(s);
    } else if (!s->done && s->broken.status && !s->have) {
        sigv4_call_cancel(s->call);
    } else if (!s->done && s->blocked && !s->have && !s->held) {
        s->blocked = false;
        sigv4_call_resume(s->call);
    }
}

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct kinesis__subscription *s = ctx;
    if (response->error)
        s->failed = *response->error;
    if (!s->begun)
        read_clock(s, response);
    snprintf(s->host, sizeof s->host, "%s", response->host ? response->host : "");
    s->done = true;
    sigv4_call_release(s->call);
    s->call = NULL;
    wake(s);
}

void kinesis__subscription_pause(struct kinesis__subscription *s)
{
    s->held = true;
}

void kinesis__subscription_resume(struct kinesis__subscription *s)
{
    s->held = false;
    wake(s);
}

void kinesis__subscription_cancel(struct kinesis__subscription *s)
{
    if (s->canceled)
        return;
    s->canceled = true;
    if (s->done)
        wake(s);
    else
        sigv4_call_cancel(s->call);
}

/* ---- life ---- */

void kinesis__subscription_free(struct kinesis__subscription *s)
{
    if (!s)
        return;
    struct sigv4_alloc alloc = s->alloc;
    kinesis__event_stream_free(&s->stream);
    sigv4__buffer_free(&s->input);
    sigv4__string_free(&alloc, s->arn);
    sigv4__alloc_put(&alloc, s, sizeof *s);
}

static int send(struct kinesis__subscription *s, struct sigv4_client *client, uint32_t timeout_ms,
                struct sigv4_error *err)
{
    struct kinesis__request request;
    s->body = sigv4__buffer_view(&s->input);
    kinesis__request_init(&request, "SubscribeToShard", &s->place, &s->body);
    request.to_send.timeout_ms = timeout_ms;
    request.to_send.max_attempts = 1; /* where to go on is known to whom the events went */
    request.to_send.flags = SIGV4_REQUEST_HTTP2 | SIGV4_REQUEST_UNPACED;
    request.to_send.on_chunk = on_chunk;
    request.to_send.on_done = on_done;
    request.to_send.ctx = s;
    return sigv4_send(client, &request.to_send, &s->call, err);
}

int kinesis__subscription_new(struct kinesis__subscription **out, struct sigv4_client *client,
                              const struct kinesis_subscribe_to_shard_input *in,
                              const struct kinesis__subscription_hooks *hooks,
                              struct sigv4_error *err)
{
    struct sigv4_loop *loop = sigv4_client_loop(client);
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(loop);
    struct kinesis__subscription *s = sigv4__alloc_zero(alloc, 1, sizeof *s);
    if (!s)
        return sigv4__fail(err, SIGV4_E_NOMEM, "SubscribeToShard: no memory");
    s->alloc = *alloc;
    s->loop = loop;
    s->hooks = *hooks;
    s->service_unix_ms = INT64_MIN;
    s->pump_job.run = run_pump;
    sigv4__buffer_init(&s->input, alloc, MAX_INPUT);
    kinesis__event_stream_init(&s->stream, alloc);
    int rc = kinesis__write_subscribe_to_shard(&s->input, in, err);
    if (!rc)
        s->arn = sigv4__string_copy(alloc, sigv4_str(in->consumer_arn));
    if (!rc && (s->input.failed || !s->arn))
        rc = sigv4__fail(err, SIGV4_E_NOMEM, "SubscribeToShard: no memory");
    s->place = (struct kinesis_place){
        .size = sizeof s->place, .type = KINESIS_DATA, .consumer_arn = s->arn};
    if (!rc)
        rc = send(s, client, in->timeout_ms, err);
    if (rc) {
        kinesis__subscription_free(s);
        return rc;
    }
    *out = s;
    return SIGV4_OK;
}
