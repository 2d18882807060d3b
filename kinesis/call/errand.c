/* One call from its input to its answer. */
#include "call/errand.h"

#include "base/fail.h"
#include "base/memory.h"
#include "call/request.h"
#include "wire/stream_name.h"

enum { MAX_INPUT = 2 * 1024 * 1024 };

void *kinesis__errand_new(struct sigv4_client *client, size_t size)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(sigv4_client_loop(client));
    struct kinesis__errand *e = sigv4__alloc_zero(alloc, 1, size);
    if (!e)
        return NULL;
    e->size = size;
    e->alloc = *alloc;
    sigv4__buffer_init(&e->input, alloc, MAX_INPUT);
    return e;
}

void kinesis__errand_free(struct kinesis__errand *e)
{
    struct sigv4_alloc alloc = e->alloc;
    if (e->release)
        e->release(e);
    sigv4__buffer_free(&e->input);
    sigv4__string_free(&alloc, e->arn);
    sigv4__alloc_put(&alloc, e, e->size);
}

void kinesis__input_take(void *out, size_t out_size, const void *in)
{
    size_t size;
    memcpy(&size, in, sizeof size);
    memset(out, 0, out_size);
    memcpy(out, in, size < out_size ? size : out_size);
}

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct kinesis__errand *e = ctx;
    struct sigv4_alloc alloc = e->alloc;
    size_t n = 0, cap = 0;
    /* The error's text is the response's: the body may go, the response stays until we return. */
    char *answer = response->error ? NULL : sigv4_response_take_body(response, &n, &cap);
    char nothing[1] = "";
    e->deliver(e, response, answer ? answer : nothing, answer ? n : 0, response->error);
    kinesis__errand_free(e);
    sigv4__alloc_put(&alloc, answer, cap);
}

static int set_place(struct kinesis__errand *e, const struct kinesis__errand_kind *kind)
{
    bool by_arn = kind->stream && kinesis__stream_is_arn(sigv4_str(kind->stream));
    const char *arn = by_arn ? kind->stream : kind->consumer_arn;
    e->place = (struct kinesis_place){.size = sizeof e->place, .type = kind->type};
    if (!arn || !*arn)
        return SIGV4_OK;
    e->arn = sigv4__string_copy(&e->alloc, sigv4_str(arn));
    if (by_arn)
        e->place.stream_arn = e->arn;
    else
        e->place.consumer_arn = e->arn;
    return e->arn ? SIGV4_OK : SIGV4_E_NOMEM;
}

int kinesis__errand_send(struct kinesis__errand *e, struct sigv4_client *client,
                         const struct kinesis__errand_kind *kind, int rc, struct sigv4_call **call,
                         struct sigv4_error *err)
{
    if (!rc && e->input.failed)
        rc = sigv4__fail(err, e->input.failed, "%s: %s", kind->operation,
                         sigv4_status_text(e->input.failed));
    if (!rc && set_place(e, kind))
        rc = sigv4__fail(err, SIGV4_E_NOMEM, "%s: no memory", kind->operation);
    if (!rc) {
        if (!e->body.ptr)
            e->body = sigv4__buffer_view(&e->input);
        struct kinesis__request request;
        kinesis__request_init(&request, kind->operation, &e->place, &e->body);
        request.to_send.payload_hash = sigv4_str(e->body_hash);
        request.to_send.timeout_ms = kind->timeout_ms;
        request.to_send.max_body = kind->max_answer;
        /* Shards have limits of their own: one pace for all of them would be none. */
        request.to_send.flags = (kind->not_twice ? SIGV4_NOT_AGAIN : 0) |
                                (kind->type == KINESIS_DATA ? SIGV4_REQUEST_UNPACED : 0);
        request.to_send.on_done = on_done;
        request.to_send.ctx = e;
        rc = sigv4_send(client, &request.to_send, call, err);
    }
    if (rc)
        kinesis__errand_free(e);
    return rc;
}
