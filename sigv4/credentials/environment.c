/* Keys from the environment. Half a key is a mistake that is worth a word, not a reason to go on.
 */
#include "config/environment.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "credentials/source.h"

static int read_expiration(const char *text, int64_t *expires_unix, struct sigv4_error *err)
{
    int64_t ms;
    *expires_unix = SIGV4_NEVER;
    if (!text)
        return SIGV4_OK;
    if (!sigv4__moment_parse_iso(sigv4_str(text), &ms))
        return sigv4__unusable(err, "InvalidExpiration",
                               "environment: AWS_CREDENTIAL_EXPIRATION is not an ISO 8601 time");
    *expires_unix = ms / 1000;
    return SIGV4_OK;
}

static int read_keys(const struct sigv4__environment *variables, struct sigv4_keys *keys,
                     struct sigv4_error *err)
{
    const char *id = sigv4__environment_get(variables, "AWS_ACCESS_KEY_ID");
    const char *secret = sigv4__environment_get(variables, "AWS_SECRET_ACCESS_KEY");
    const char *token = sigv4__environment_get(variables, "AWS_SESSION_TOKEN");
    if (!id && !secret)
        return sigv4__not_here(err, "environment: AWS_ACCESS_KEY_ID not set");
    if (!id || !secret)
        return sigv4__unusable(err, "PartialCredentials",
                               "environment: AWS_%s is set but AWS_%s is not; set both or neither",
                               id ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY",
                               id ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID");
    if (!token) /* its name before 2014 */
        token = sigv4__environment_get(variables, "AWS_SECURITY_TOKEN");
    *keys = (struct sigv4_keys){
        .size = sizeof *keys,
        .access_key_id = sigv4_str(id),
        .secret_access_key = sigv4_str(secret),
        .session_token = sigv4_str(token),
        .account_id = sigv4_str(sigv4__environment_get(variables, "AWS_ACCOUNT_ID")),
        .origin = SIGV4_LIT("environment"),
    };
    return read_expiration(sigv4__environment_get(variables, "AWS_CREDENTIAL_EXPIRATION"),
                           &keys->expires_unix, err);
}

static int look_up(const struct sigv4_alloc *alloc, struct sigv4_credentials **out,
                   struct sigv4_error *err)
{
    struct sigv4__arena arena;
    struct sigv4__environment variables = {NULL};
    struct sigv4_keys keys;
    sigv4__arena_init(&arena, alloc);
    int status = sigv4__environment_copy(&variables, &arena, NULL, false);
    if (status)
        sigv4__fail(err, status, "environment: out of memory");
    else
        status = read_keys(&variables, &keys, err);
    if (status == SIGV4_OK)
        status = sigv4__keys_accept(out, &keys, "environment", alloc, err);
    sigv4__arena_free(&arena);
    return status;
}

static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct sigv4_credentials *creds;
    int status = look_up(&source->alloc, &creds, err);
    if (!status)
        sigv4__errand_end(errand, creds, NULL);
    return status;
}

int sigv4_provider_new_environment(struct sigv4_provider **out, const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct sigv4__source),
                                                   .asking_size = sizeof(struct sigv4__errand),
                                                   .set_out = set_out};
    void *self;
    return sigv4__source_new(out, &self, &kind, alloc);
}
