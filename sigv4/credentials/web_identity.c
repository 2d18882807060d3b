/* A role assumed with a token from a file (sts:AssumeRoleWithWebIdentity): EKS and other OIDC
 * issuers. The file is read anew for every fetch, since it is rotated. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/file.h"
#include "credentials/sts.h"

enum { MAX_TOKEN = 20001, MAX_PATH = 4096 };

struct asking {
    struct sigv4__sts_ask ask; /* first */
    const struct sigv4__way *way;
    struct sigv4__config *own; /* loaded for this fetch */
    const struct sigv4__config *config;
    struct sigv4__role role;
    const char *token_file;
};

static void forget(struct sigv4__errand *errand)
{
    sigv4__sts_ask_forget(errand);
    sigv4__config_free(((struct asking *)errand)->own);
}

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    sigv4__sts_accept(&creds, answer, &asking->role, &asking->ask.errand.alloc, &err);
    sigv4__errand_end(&asking->ask.errand, creds, &err);
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
                                         .way = asking->way,
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

static int by_profile(struct sigv4__profile_source *self, struct asking *asking,
                      struct sigv4_error *err)
{
    asking->config = self->config;
    asking->token_file =
        sigv4__config_get(self->config, SIGV4__PROFILE, self->profile, "web_identity_token_file");
    return sigv4__plan_role_of(self->config, self->profile, &asking->role, err);
}

static int by_environment(struct sigv4__profile_source *self, struct asking *asking,
                          struct sigv4_error *err)
{
    struct sigv4__config_options options = {.without_secrets = true, .alloc = &self->source.alloc};
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

/* Without a profile's configuration the environment decides, at each fetch. */
static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct sigv4__profile_source *self = (struct sigv4__profile_source *)source;
    struct asking *asking = (struct asking *)errand;
    sigv4__sts_ask_init(&asking->ask);
    asking->way = source->way;
    int status = self->config ? by_profile(self, asking, err) : by_environment(self, asking, err);
    return status ? status : ask(asking, err);
}

int sigv4__provider_new_web_identity(struct sigv4_provider **out,
                                     const struct sigv4__config *config, const char *profile,
                                     const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct sigv4__profile_source),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .forget = forget};
    return sigv4__profile_source_new(out, &kind, config, profile, alloc);
}

int sigv4__provider_new_web_environment(struct sigv4_provider **out,
                                        const struct sigv4_alloc *alloc)
{
    return sigv4__provider_new_web_identity(out, NULL, NULL, alloc);
}
