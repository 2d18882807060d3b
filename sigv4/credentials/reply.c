/* One fetch's promise to call done exactly once, and the words for not having keys. */
#include "credentials/provider.h"

#include "base/fail.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

struct sigv4__reply {
    struct sigv4_job job; /* first: the job is the reply */
    struct sigv4_alloc alloc;
    struct sigv4_loop *loop;
    sigv4_credentials_fn *done;
    void *ctx;
    struct sigv4_credentials *creds;
    struct sigv4_error err;
};

static void deliver(struct sigv4_job *job)
{
    struct sigv4__reply *reply = (struct sigv4__reply *)job;
    reply->done(reply->ctx, reply->creds, reply->creds ? NULL : &reply->err);
    sigv4__reply_drop(reply);
}

int sigv4__reply_new(struct sigv4__reply **out, const struct sigv4_alloc *alloc,
                     struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx)
{
    struct sigv4__reply *reply = sigv4__alloc_zero(alloc, 1, sizeof *reply);
    if (!reply)
        return SIGV4_E_NOMEM;
    reply->job.run = deliver;
    reply->alloc = *alloc;
    reply->loop = loop;
    reply->done = done;
    reply->ctx = ctx;
    *out = reply;
    return SIGV4_OK;
}

void sigv4__reply_send(struct sigv4__reply *reply, struct sigv4_credentials *creds,
                       const struct sigv4_error *err)
{
    reply->creds = creds;
    if (!creds)
        reply->err = *err;
    sigv4_loop_notify(reply->loop, &reply->job);
}

void sigv4__reply_drop(struct sigv4__reply *reply)
{
    if (!reply)
        return;
    struct sigv4_alloc alloc = reply->alloc;
    sigv4_credentials_release(reply->creds);
    sigv4__alloc_put(&alloc, reply, sizeof *reply);
}

static int without_keys(struct sigv4_error *err, const char *code, const char *format, va_list args)
{
    char message[sizeof err->message];
    if (!err)
        return SIGV4_E_NO_CREDENTIALS;
    vsnprintf(message, sizeof message, format, args);
    sigv4__fail(err, SIGV4_E_NO_CREDENTIALS, "%s", message);
    sigv4__fixed_copy(err->code, sizeof err->code, sigv4_str(code));
    return SIGV4_E_NO_CREDENTIALS;
}

int sigv4__not_here(struct sigv4_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = without_keys(err, "", format, args);
    va_end(args);
    return status;
}

int sigv4__unusable(struct sigv4_error *err, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = without_keys(err, code, format, args);
    va_end(args);
    return status;
}

bool sigv4__is_not_here(const struct sigv4_error *err)
{
    return err->status == SIGV4_E_NO_CREDENTIALS && !err->code[0];
}

/* Shells take quotes away, these files and docker's --env-file do not. */
static bool is_quoted(struct sigv4_slice s)
{
    const char *p = s.ptr;
    return s.len > 1 && (p[0] == '"' || p[0] == '\'') && p[s.len - 1] == p[0];
}

int sigv4__keys_accept(struct sigv4_credentials **out, const struct sigv4_keys *keys,
                       const char *source, const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4_error why;
    if (is_quoted(keys->access_key_id) || is_quoted(keys->secret_access_key) ||
        is_quoted(keys->session_token))
        return sigv4__unusable(err, "MalformedCredentials",
                               "%s: the keys are in quotes; take the quotes away", source);
    int status = sigv4_credentials_new(out, keys, alloc, &why);
    if (status == SIGV4_E_INVALID)
        return sigv4__unusable(err, "MalformedCredentials", "%s: %s", source, why.message);
    return status ? sigv4__fail(err, status, "%s: %s", source, why.message) : SIGV4_OK;
}

void sigv4__named(struct sigv4_error *err, const char *who)
{
    struct sigv4_error cause = *err;
    sigv4__fail(err, cause.status, "%s: %s", who, cause.message);
    err->http_status = cause.http_status;
    err->os_errno = cause.os_errno;
    err->retryable = cause.retryable;
    memcpy(err->code, cause.code, sizeof err->code);
    memcpy(err->request_id, cause.request_id, sizeof err->request_id);
    if (sigv4__is_not_here(err))
        sigv4__fixed_copy(err->code, sizeof err->code, SIGV4_LIT("SourceFailed"));
}
