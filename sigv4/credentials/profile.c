/* Keys from the shared files: the profile's contents decide how. The files are read anew for every
 * fetch. */
#include "base/fail.h"
#include "base/memory.h"
#include "credentials/plan.h"
#include "credentials/process.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "credentials/sts.h"

#include <stdio.h>

struct profile {
    struct sigv4__source source; /* first */
    char *name;                  /* NULL: by the environment */
    struct sigv4__mfa mfa;
};

struct asking {
    struct sigv4__errand errand; /* first */
    struct sigv4__config *config;
    struct sigv4__plan plan;
    const struct sigv4__mfa *mfa;
    struct sigv4__way *way;
    struct sigv4_provider *source; /* what the plan comes to, when it is more than keys */
};

static void forget(struct sigv4__errand *errand)
{
    struct asking *asking = (struct asking *)errand;
    sigv4_provider_free(asking->source);
    sigv4__config_free(asking->config);
}

/* ---- keys ---- */

static int read_keys(struct asking *asking, struct sigv4_credentials **out, struct sigv4_error *err)
{
    const struct sigv4__config *config = asking->config;
    const char *name = asking->plan.profile, *file = "";
    char origin[256];
    sigv4__profiles_find(sigv4__config_profiles(config), SIGV4__PROFILE, name,
                         "aws_secret_access_key", &file);
    snprintf(origin, sizeof origin, "profile %s in %s", name, file);
    struct sigv4_keys keys = {
        .size = sizeof keys,
        .access_key_id =
            sigv4_str(sigv4__config_get(config, SIGV4__PROFILE, name, "aws_access_key_id")),
        .secret_access_key =
            sigv4_str(sigv4__config_get(config, SIGV4__PROFILE, name, "aws_secret_access_key")),
        .session_token =
            sigv4_str(sigv4__config_get(config, SIGV4__PROFILE, name, "aws_session_token")),
        .account_id = sigv4_str(sigv4__config_get(config, SIGV4__PROFILE, name, "aws_account_id")),
        .origin = sigv4_str(origin),
    };
    return sigv4__keys_accept(out, &keys, origin, &asking->errand.alloc, err);
}

/* ---- everything else ---- */

static int build_keys(struct asking *asking, struct sigv4_error *err)
{
    struct sigv4_credentials *creds;
    int status = read_keys(asking, &creds, err);
    if (status)
        return status;
    status = sigv4_provider_new_static(&asking->source, creds, &asking->errand.alloc);
    sigv4_credentials_release(creds);
    return status;
}

static int build_base(struct asking *asking, struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = &asking->errand.alloc;
    const struct sigv4__config *config = asking->config;
    const char *profile = asking->plan.profile;
    switch (asking->plan.base) {
    case SIGV4__BASE_KEYS:
        return build_keys(asking, err);
    case SIGV4__BASE_ENVIRONMENT:
        return sigv4_provider_new_environment(&asking->source, alloc);
    case SIGV4__BASE_CONTAINER:
        return sigv4_provider_new_container(&asking->source, alloc);
    case SIGV4__BASE_IMDS:
        return sigv4_provider_new_imds(&asking->source, sigv4__config_profile(config), alloc);
    case SIGV4__BASE_WEB_IDENTITY:
        return sigv4__provider_new_web_identity(&asking->source, config, profile, alloc);
    case SIGV4__BASE_SSO:
        return sigv4__provider_new_sso(&asking->source, config, profile, alloc);
    case SIGV4__BASE_PROCESS:
        return sigv4__provider_new_process(&asking->source, config, profile, alloc);
    }
    return SIGV4_E_INVALID;
}

/* The base, and each role around what came before. */
static int build(struct asking *asking, struct sigv4_error *err)
{
    struct sigv4_error none = {.status = SIGV4_OK};
    *err = none;
    int status = build_base(asking, err);
    for (size_t i = 0; !status && i < asking->plan.role_count; i++) {
        struct sigv4_provider *source = asking->source;
        status =
            sigv4__provider_new_role(&asking->source, source, asking->config,
                                     &asking->plan.roles[i], asking->mfa, &asking->errand.alloc);
    }
    if (status && !err->status)
        sigv4__fail(err, status, "profile: %s", sigv4_status_text(status));
    if (!status)
        sigv4__provider_set_way(asking->source, asking->way);
    return status;
}

static void source_done(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct asking *asking = ctx;
    struct sigv4_error named;
    char who[128];
    if (creds) {
        sigv4__errand_end(&asking->errand, sigv4_credentials_hold(creds), NULL);
        return;
    }
    named = *err;
    snprintf(who, sizeof who, "profile %.100s", sigv4__config_profile(asking->config));
    if (sigv4__is_not_here(err) || !strstr(err->message, who))
        sigv4__named(&named, who);
    sigv4__errand_end(&asking->errand, NULL, &named);
}

/* ---- the way there ---- */

/* Before anybody is asked: is there someone to ask for the codes the roles want? */
static int check_mfa(const struct profile *self, const struct sigv4__plan *plan,
                     struct sigv4_error *err)
{
    for (size_t i = 0; i < plan->role_count; i++)
        if (plan->roles[i].mfa_serial && !self->mfa.fn)
            return sigv4__unusable(err, "MfaRequired",
                                   "profile %s: its role asks for a code of the device %s "
                                   "(mfa_serial); give one, as the tools' --mfa-code does",
                                   plan->roles[i].profile, plan->roles[i].mfa_serial);
    return SIGV4_OK;
}

static int load(struct profile *self, struct asking *asking, struct sigv4_error *err)
{
    struct sigv4__config_options options = {.profile = self->name, .alloc = &self->source.alloc};
    int status = sigv4__config_load(&asking->config, &options, err);
    if (!status)
        status = sigv4__plan_make(&asking->plan, asking->config, err);
    return status ? status : check_mfa(self, &asking->plan, err);
}

/* Keys in the files are found at once, all others take a journey. */
static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct profile *self = (struct profile *)source;
    struct asking *asking = (struct asking *)errand;
    struct sigv4_credentials *creds;
    asking->mfa = &self->mfa;
    asking->way = source->way;
    int status = load(self, asking, err);
    if (status)
        return status;
    if (asking->plan.base == SIGV4__BASE_KEYS && asking->plan.role_count == 0) {
        status = read_keys(asking, &creds, err);
        if (!status)
            sigv4__errand_end(errand, creds, NULL);
        return status;
    }
    status = build(asking, err);
    if (status)
        return status;
    status = sigv4_provider_fetch(asking->source, errand->loop, source_done, asking);
    return status ? sigv4__fail(err, status, "profile: %s", sigv4_status_text(status)) : SIGV4_OK;
}

static void cancel(struct sigv4__source *source)
{
    for (struct sigv4__errand *errand = source->errands; errand; errand = errand->next)
        sigv4__provider_cancel(((struct asking *)errand)->source);
}

static void close_profile(struct sigv4__source *source)
{
    sigv4__string_free(&source->alloc, ((struct profile *)source)->name);
}

static void set_mfa(void *ctx, const struct sigv4__mfa *mfa)
{
    ((struct profile *)ctx)->mfa = *mfa;
}

int sigv4_provider_new_profile(struct sigv4_provider **out, const char *profile,
                               const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct profile),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .forget = forget,
                                                   .cancel = cancel,
                                                   .close = close_profile};
    struct sigv4_provider *provider;
    void *memory;
    int status = sigv4__source_new(&provider, &memory, &kind, alloc);
    if (status)
        return status;
    struct profile *self = memory;
    provider->set_mfa = set_mfa;
    if (profile) {
        self->name = sigv4__string_copy(&self->source.alloc, sigv4_str(profile));
        status = self->name ? SIGV4_OK : SIGV4_E_NOMEM;
    }
    if (status)
        sigv4_provider_free(provider);
    else
        *out = provider;
    return status;
}
