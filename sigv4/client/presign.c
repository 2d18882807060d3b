/* Presigned URLs: an exchange that stops where it would send. */
#include "base/fail.h"
#include "client/exchange.h"

struct outcome {
    struct sigv4_error *err;
    int status;
};

static void on_presigned(void *ctx, const struct sigv4_response *response)
{
    struct outcome *o = ctx;
    o->status = response->error ? response->error->status : SIGV4_OK;
    if (response->error && o->err)
        *o->err = *response->error;
}

static bool at_once(void *ctx)
{
    (void)ctx;
    return true;
}

int sigv4_presign_url(struct sigv4_client *client, const struct sigv4_request *request,
                      uint32_t expires_seconds, struct sigv4_text *out, struct sigv4_error *err)
{
    struct sigv4_request asked = *request;
    struct outcome outcome = {err, SIGV4_E_CANCELED};
    struct sigv4__exchange *x;
    /* The exchange will write to our stack: whether this thread may wait is asked before it begins.
     */
    int rc = sigv4_loop_wait(client->loop, at_once, NULL, 0);
    if (rc)
        return sigv4__fail(err, rc, "a presigned URL cannot be waited for here: %s",
                           sigv4_status_text(rc));
    asked.on_done = on_presigned;
    asked.ctx = &outcome;
    rc = sigv4__exchange_new(&x, client, &asked, err);
    if (rc)
        return rc;
    struct sigv4_call *call = x->call;
    x->presign = out;
    x->presign_seconds = expires_seconds;
    sigv4__exchange_start(x);
    while (!sigv4_call_finished(call))
        (void)sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    return outcome.status;
}
