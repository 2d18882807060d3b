/* A role assumed with a token from a file (sts:AssumeRoleWithWebIdentity): EKS and other OIDC
 * issuers. The file is read anew for every fetch, since it is rotated. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/file.h"
#include "credentials/sts.h"

enum { MAX_TOKEN = 20001, MAX_PATH = 4096 };

struct web_identity {
    struct sigv4_alloc alloc;
    const struct sigv4__config *config; /* NULL: the environment decides at each fetch */
    const char *profile;
    struct sigv4__errand *errands;
};

struct asking {
    struct sigv4__sts_ask ask; /* first */
    struct sigv4__config *own; /* loaded for this fetch */
    const struct sigv4__config *config;
    struct sigv4__role role;
    const char *token_file;
};

static void end(struct asking *asking, struct sigv4_credentials *creds,
                const struct sigv4_error *err)
{
    struct sigv4__config *own = asking->own;
    sigv4__sts_ask_end(&asking->ask, creds, err);
    sigv4__config_free(own);
}

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    sigv4__sts_accept(&creds, answer, &asking->role, &asking->ask.errand.alloc, &err);
    end(asking, creds, &err);
}

static int read_token(struct asking *asking, struct sigv4__buffer *token, struct sigv4_error *err)
{
    struct sigv4__buffer path;
    struct sigv4_error why;
    sigv4__buffer_init(&path, &asking->ask.errand.alloc, MAX_PATH);
    int status = sigv4__config_path(asking->config, asking->token_file, &path, &why);
    if (!status && !sigv4__buffer_cstr(&path))
        status = sigv4__fail(&why, path.failed, "%s", sigv4_status_text(path.failed));
    if (!status)
        status = sigv4__file_read(path.ptr, asking->token_file, token, &why);
    sigv4__buffer_free(&path);
    if (status == SIGV4_E_NOMEM)
        return sigv4__fail(err, status, "web identity: %s", why.message);
    if (status)
        return sigv4__unusable(err, "TokenFileUnreadable", "web identity: %s", why.message);
    return SIGV4_OK;
}

static int ask(struct asking *asking, struct sigv4_error *err)
{
    struct sigv4__buffer token;
    sigv4__buffer_init(&token, &asking->ask.errand.alloc, MAX_TOKEN);
    int status = read_token(asking, &token, err);
    struct sigv4__sts_request request = {.config = asking->config,
                                         .role = &asking->role,
                                         .web_token = sigv4__trim(sigv4__buffer_view(&token))};
    if (!status && !request.web_token.len)
        status =
            sigv4__unusable(err, "InvalidToken", "web identity: %s is empty", asking->token_file);
    if (!status)
        status = sigv4__sts_ask(&asking->ask, &request, answered, err);
    sigv4__buffer_free_secret(&token);
    return status;
}

/* ---- what is configured ---- */

static int by_profile(struct web_identity *self, struct asking *asking, struct sigv4_error *err)
{
    asking->config = self->config;
    asking->token_file =
        sigv4__config_get(self->config, SIGV4__PROFILE, self->profile, "web_identity_token_file");
    return sigv4__plan_role_of(self->config, self->profile, &asking->role, err);
}

static int by_environment(struct web_identity *self, struct asking *asking, struct sigv4_error *err)
{
    struct sigv4__config_options options = {.without_secrets = true, .alloc = &self->alloc};
    int status = sigv4__config_load(&asking->own, &options, err);
    if (status) {
        sigv4__named(err, "web identity");
        return status;
    }
    asking->config = asking->own;
    asking->token_file = sigv4__config_env(asking->config, "AWS_WEB_IDENTITY_TOKEN_FILE");
    asking->role.arn = sigv4__config_env(asking->config, "AWS_ROLE_ARN");
    asking->role.session_name = sigv4__config_env(asking->config, "AWS_ROLE_SESSION_NAME");
    if (!asking->token_file)
        return sigv4__not_here(err, "web identity: no token file set");
    if (!asking->role.arn)
        return sigv4__unusable(err, "InvalidConfiguration",
                               "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN "
                               "is not");
    return SIGV4_OK;
}

static int web_fetch(void *ctx, struct sigv4_loop *loop, sigv4_credentials_fn *done, void *done_ctx)
{
    struct web_identity *self = ctx;
    struct sigv4_error err;
    void *memory;
    int status =
        sigv4__errand_new(&memory, sizeof(struct asking), &self->errands, &self->alloc, loop);
    if (status)
        return status;
    struct asking *asking = memory;
    sigv4__sts_ask_init(&asking->ask);
    status = sigv4__errand_promise(&asking->ask.errand, done, done_ctx);
    if (status) {
        sigv4__errand_drop(&asking->ask.errand);
        return status;
    }
    status = self->config ? by_profile(self, asking, &err) : by_environment(self, asking, &err);
    if (!status)
        status = ask(asking, &err);
    if (status)
        end(asking, NULL, &err);
    return SIGV4_OK;
}

static void web_cancel(void *ctx)
{
    sigv4__errands_cancel(((struct web_identity *)ctx)->errands);
}

static void web_free(void *ctx)
{
    struct web_identity *self = ctx;
    struct sigv4_alloc alloc = self->alloc;
    sigv4__alloc_put(&alloc, self, sizeof *self);
}

int sigv4__provider_new_web_identity(struct sigv4_provider **out,
                                     const struct sigv4__config *config, const char *profile,
                                     const struct sigv4_alloc *alloc)
{
    const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = web_fetch, .free = web_free, .cancel = web_cancel};
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct web_identity *self = sigv4__alloc_zero(&hooks, 1, sizeof *self);
    if (!self)
        return SIGV4_E_NOMEM;
    self->alloc = hooks;
    self->config = config;
    self->profile = profile;
    int status = sigv4_provider_new(out, &ops, self, alloc);
    if (status)
        web_free(self);
    return status;
}

int sigv4__provider_new_web_environment(struct sigv4_provider **out,
                                        const struct sigv4_alloc *alloc)
{
    return sigv4__provider_new_web_identity(out, NULL, NULL, alloc);
}
