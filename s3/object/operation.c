/* The life of a started call. */
#include "object/operation.h"

#include "base/fail.h"

static struct s3__operation *of_job(struct sigv4_job *job, size_t offset)
{
    return (struct s3__operation *)((char *)job - offset);
}

static void list(struct s3__operation *op)
{
    op->next = op->client->operations;
    if (op->next)
        op->next->prev = op;
    op->client->operations = op;
    op->listed = true;
}

static void unlist(struct s3__operation *op)
{
    if (!op->listed)
        return;
    if (op->prev)
        op->prev->next = op->next;
    else
        op->client->operations = op->next;
    if (op->next)
        op->next->prev = op->prev;
    op->listed = false;
}

static void run_start(struct sigv4_job *job)
{
    struct s3__operation *op = of_job(job, offsetof(struct s3__operation, start_job));
    list(op);
    if (atomic_load(&op->client->closing))
        s3__operation_fail(op);
    else
        op->ops->start(op);
}

static void run_failed(struct sigv4_job *job)
{
    struct s3__operation *op = of_job(job, offsetof(struct s3__operation, done_job));
    struct s3_result result = {.size = sizeof result, .checksum = S3_CHECKSUM_NONE};
    if (op->error.status == SIGV4_OK)
        sigv4__fail(&op->error, SIGV4_E_CANCELED, "canceled");
    result.error = &op->error;
    s3__operation_end(op, &result);
}

static void on_cancel(void *ctx)
{
    struct s3__operation *op = ctx;
    if (!op->ended)
        op->ops->cancel(op);
}

int s3__operation_begin(struct s3__operation *op, struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3_client *client = op->client;
    if (sigv4_loop_check(client->loop))
        return sigv4__fail(err, SIGV4_E_FORKED, "this client belongs to the parent process");
    if (atomic_load(&client->closing))
        return sigv4__fail(err, SIGV4_E_CLOSED, "the client is being freed");
    if (sigv4_call_new(&op->call, client->loop, on_cancel, op))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    s3__client_hold(client);
    op->start_job.run = run_start;
    if (!op->done_job.run)
        op->done_job.run = run_failed;
    if (call)
        *call = op->call;
    else
        sigv4_call_release(op->call);
    sigv4_loop_post(client->loop, &op->start_job);
    return SIGV4_OK;
}

void s3__operation_end(struct s3__operation *op, const struct s3_result *result)
{
    struct s3_client *client = op->client;
    struct sigv4_call *call = op->call;
    struct s3_result whole = *result;
    whole.host = client->last_host;
    op->ended = true;
    unlist(op);
    op->on_done(op->ctx, &whole);
    op->ops->free(op);
    sigv4_call_finish(call);
    s3__client_unhold(client);
}

void s3__operation_fail(struct s3__operation *op)
{
    op->ended = true;
    sigv4_loop_notify(op->client->loop, &op->done_job);
}

void s3__operations_cancel(struct s3_client *client)
{
    /* Canceling never ends an operation at once, so the list stays as it is. */
    for (struct s3__operation *op = client->operations; op; op = op->next)
        on_cancel(op);
}

void s3_resume(struct s3_client *client, struct sigv4_call *call)
{
    for (struct s3__operation *op = client->operations; op; op = op->next)
        if (op->call == call && !op->ended) {
            if (op->ops->resume)
                op->ops->resume(op);
            return;
        }
}
