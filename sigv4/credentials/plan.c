/* Reading a profile's contents: which source, and which roles on top of it. */
#include "credentials/plan.h"

#include "base/text.h"
#include "credentials/provider.h"

struct survey {
    const struct sigv4__config *config;
    struct sigv4__plan *plan;
    const char *visited[SIGV4__PLAN_MAX_ROLES + 1];
    size_t visited_count;
    struct sigv4_error *err;
};

static const char *get(const struct survey *s, const char *profile, const char *name)
{
    return sigv4__config_get(s->config, SIGV4__PROFILE, profile, name);
}

static int invalid(struct survey *s, const char *profile, const char *what)
{
    return sigv4__unusable(s->err, "InvalidProfile", "profile %s: %s", profile, what);
}

/* ---- the base ---- */

static bool has_keys(const struct survey *s, const char *profile)
{
    return get(s, profile, "aws_access_key_id") || get(s, profile, "aws_secret_access_key");
}

static int base_keys(struct survey *s, const char *profile)
{
    bool id = get(s, profile, "aws_access_key_id");
    bool secret = get(s, profile, "aws_secret_access_key");
    if (!id || !secret)
        return sigv4__unusable(s->err, "PartialCredentials",
                               "profile %s: aws_%s is set but aws_%s is not; set both or neither",
                               profile, id ? "access_key_id" : "secret_access_key",
                               id ? "secret_access_key" : "access_key_id");
    s->plan->base = SIGV4__BASE_KEYS;
    return SIGV4_OK;
}

static int base_web_identity(struct survey *s, const char *profile)
{
    if (!get(s, profile, "role_arn"))
        return invalid(s, profile, "web_identity_token_file is set but role_arn is not");
    s->plan->base = SIGV4__BASE_WEB_IDENTITY;
    return SIGV4_OK;
}

static bool has_sso(const struct survey *s, const char *profile)
{
    static const char *const names[] = {"sso_session", "sso_start_url", "sso_account_id",
                                        "sso_role_name"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (get(s, profile, names[i]))
            return true;
    return false;
}

/* A profile with a session may repeat the session's values, but not contradict them. */
static bool contradicts(const struct survey *s, const char *profile, const char *session,
                        const char *name)
{
    const char *mine = get(s, profile, name);
    const char *theirs = sigv4__config_get(s->config, SIGV4__SSO_SESSION, session, name);
    return mine && (!theirs || strcmp(mine, theirs) != 0);
}

static int base_sso(struct survey *s, const char *profile)
{
    const char *session = get(s, profile, "sso_session");
    bool account = get(s, profile, "sso_account_id"), role = get(s, profile, "sso_role_name");
    s->plan->base = SIGV4__BASE_SSO;
    if (account != role)
        return invalid(s, profile,
                       account ? "sso_account_id is set but sso_role_name is not"
                               : "sso_role_name is set but sso_account_id is not");
    if (!session && (!get(s, profile, "sso_start_url") || !get(s, profile, "sso_region")))
        return invalid(s, profile, "sso_start_url and sso_region are both needed, or sso_session");
    if (!session)
        return SIGV4_OK;
    if (!sigv4__config_has(s->config, SIGV4__SSO_SESSION, session))
        return sigv4__unusable(s->err, "InvalidProfile",
                               "profile %s: there is no section [sso-session %s], which its "
                               "sso_session names",
                               profile, session);
    if (contradicts(s, profile, session, "sso_region") ||
        contradicts(s, profile, session, "sso_start_url"))
        return invalid(s, profile,
                       "sso_region and sso_start_url belong into the [sso-session] section");
    if (!sigv4__config_get(s->config, SIGV4__SSO_SESSION, session, "sso_region") ||
        !sigv4__config_get(s->config, SIGV4__SSO_SESSION, session, "sso_start_url"))
        return invalid(s, profile, "its [sso-session] section needs sso_region and sso_start_url");
    return SIGV4_OK;
}

static int refuse_login(struct survey *s, const char *profile)
{
    return sigv4__unusable(s->err, "LoginUnsupported",
                           "profile %s: sessions of 'aws login' are not supported; add to a "
                           "profile: credential_process = aws configure export-credentials "
                           "--profile %s --format process",
                           profile, profile);
}

static int no_source(struct survey *s, const char *profile)
{
    if (s->visited_count > 1)
        return invalid(s, profile, "it is a source_profile but says nothing about keys");
    if (!sigv4__config_has(s->config, SIGV4__PROFILE, profile))
        return sigv4__not_here(s->err, "profile %s: not in the files", profile);
    return sigv4__not_here(s->err, "profile %s: no keys in it", profile);
}

static int find_base(struct survey *s, const char *profile)
{
    s->plan->profile = profile;
    if (get(s, profile, "web_identity_token_file"))
        return base_web_identity(s, profile);
    if (has_sso(s, profile))
        return base_sso(s, profile);
    if (has_keys(s, profile))
        return base_keys(s, profile);
    if (get(s, profile, "login_session"))
        return refuse_login(s, profile);
    if (!get(s, profile, "credential_process"))
        return no_source(s, profile);
    s->plan->base = SIGV4__BASE_PROCESS;
    return SIGV4_OK;
}

static int base_by_name(struct survey *s, const char *profile, const char *name)
{
    static const struct {
        const char *name;
        enum sigv4__base base;
    } sources[] = {{"Environment", SIGV4__BASE_ENVIRONMENT},
                   {"EcsContainer", SIGV4__BASE_CONTAINER},
                   {"Ec2InstanceMetadata", SIGV4__BASE_IMDS}};
    s->plan->profile = profile;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (strcmp(sources[i].name, name) == 0) {
            s->plan->base = sources[i].base;
            return SIGV4_OK;
        }
    }
    return invalid(s, profile,
                   "credential_source can be Environment, EcsContainer or Ec2InstanceMetadata");
}

/* ---- the roles ---- */

int sigv4__plan_role_of(const struct sigv4__config *config, const char *profile,
                        struct sigv4__role *role, struct sigv4_error *err)
{
    const char *duration = sigv4__config_get(config, SIGV4__PROFILE, profile, "duration_seconds");
    uint64_t seconds = 0;
    *role = (struct sigv4__role){
        .profile = profile,
        .arn = sigv4__config_get(config, SIGV4__PROFILE, profile, "role_arn"),
        .session_name = sigv4__config_get(config, SIGV4__PROFILE, profile, "role_session_name"),
        .external_id = sigv4__config_get(config, SIGV4__PROFILE, profile, "external_id"),
        .mfa_serial = sigv4__config_get(config, SIGV4__PROFILE, profile, "mfa_serial"),
    };
    if (duration && (!sigv4__parse_uint(sigv4_str(duration), 43200, &seconds) || seconds < 900))
        return sigv4__unusable(err, "InvalidProfile",
                               "profile %s: duration_seconds is not a number from 900 to 43200",
                               profile);
    role->duration_seconds = (uint32_t)seconds;
    return SIGV4_OK;
}

static int add_role(struct survey *s, const char *profile)
{
    struct sigv4__plan *plan = s->plan;
    if (plan->role_count == SIGV4__PLAN_MAX_ROLES)
        return invalid(s, profile, "the chain of source_profiles is too long");
    return sigv4__plan_role_of(s->config, profile, &plan->roles[plan->role_count++], s->err);
}

static bool was_visited(const struct survey *s, const char *profile)
{
    for (size_t i = 0; i < s->visited_count; i++)
        if (strcmp(s->visited[i], profile) == 0)
            return true;
    return false;
}

/* Decides on the profile a role takes its keys from. *next NULL: the base has been found. */
static int follow_source(struct survey *s, const char *profile, const char **next)
{
    const char *source = get(s, profile, "source_profile");
    const char *named = get(s, profile, "credential_source");
    *next = NULL;
    if (source && named)
        return invalid(s, profile, "source_profile and credential_source exclude each other");
    if (named)
        return base_by_name(s, profile, named);
    if (!source)
        return invalid(s, profile, "role_arn needs a source_profile or a credential_source");
    if (!sigv4__config_has(s->config, SIGV4__PROFILE, source))
        return sigv4__unusable(s->err, "InvalidProfile",
                               "profile %s: its source_profile %s is not in the files", profile,
                               source);
    if (strcmp(source, profile) == 0 && has_keys(s, profile)) {
        s->plan->profile = profile;
        return base_keys(s, profile);
    }
    if (was_visited(s, source))
        return invalid(s, profile, "its source_profiles form a circle");
    *next = source;
    return SIGV4_OK;
}

/* The roles are met from the last to the first. */
static void reverse_roles(struct sigv4__plan *plan)
{
    for (size_t i = 0; i < plan->role_count / 2; i++) {
        struct sigv4__role role = plan->roles[i];
        plan->roles[i] = plan->roles[plan->role_count - 1 - i];
        plan->roles[plan->role_count - 1 - i] = role;
    }
}

int sigv4__plan_make(struct sigv4__plan *plan, const struct sigv4__config *config,
                     struct sigv4_error *err)
{
    struct survey s = {.config = config, .plan = plan, .err = err};
    const char *profile = sigv4__config_profile(config);
    int status = SIGV4_OK;
    memset(plan, 0, sizeof *plan);
    while (status == SIGV4_OK && profile) {
        bool is_source = s.visited_count > 0;
        s.visited[s.visited_count++] = profile;
        /* Keys of a source count before its role; keys of the profile itself do not. */
        if (!get(&s, profile, "role_arn") || get(&s, profile, "web_identity_token_file") ||
            (is_source && has_keys(&s, profile))) {
            plan->profile = profile;
            status = is_source && has_keys(&s, profile) ? base_keys(&s, profile)
                                                        : find_base(&s, profile);
            break;
        }
        status = add_role(&s, profile);
        if (status == SIGV4_OK)
            status = follow_source(&s, profile, &profile);
    }
    reverse_roles(plan);
    return status;
}
