/* assume-role-tests.json: from a profile's contents to a base and roles. */
#include "credentials/plan.h"
#include "vectors/vectors.h"

#include <unistd.h>

static void write_sections(FILE *f, const char *kind, const json_t *sections)
{
    const char *name, *key;
    json_t *section, *value;
    json_object_foreach((json_t *)(uintptr_t)sections, name, section)
    {
        fprintf(f, "[%s %s]\n", kind, name);
        json_object_foreach(section, key, value)
            fprintf(f, "%s = %s\n", key, json_string_value(value));
    }
}

static void add(char *out, size_t cap, const char *label, const char *value)
{
    size_t n = strlen(out);
    if (value && *value)
        snprintf(out + n, cap - n, " %s=%s", label, value);
}

/* Both sides are brought into one line: "Base member=value ... | AssumeRole role_arn=...". */
static void expected_line(const json_t *chain, char *out, size_t cap)
{
    static const char *const members[] = {
        "access_key_id", "secret_access_key", "account_id",        "web_identity_token_file",
        "role_arn",      "external_id",       "role_session_name", "sso_session",
        "sso_region",    "sso_start_url",     "sso_account_id",    "sso_role_name"};
    json_t *step, *value;
    const char *kind;
    size_t i;
    json_array_foreach(chain, i, step) json_object_foreach(step, kind, value)
    {
        size_t n = strlen(out);
        if (json_is_string(value))
            snprintf(out + n, cap - n, "%s%s", i ? " | " : "", json_string_value(value));
        else
            snprintf(out + n, cap - n, "%s%s", i ? " | " : "", kind);
        for (size_t m = 0; json_is_object(value) && m < sizeof members / sizeof *members; m++)
            add(out, cap, members[m], vectors_text(value, members[m]));
    }
}

static void base_line(const struct sigv4__config *c, const struct sigv4__plan *plan, char *out,
                      size_t cap)
{
    static const char *const kinds[] = {"AccessKey",           "Environment",      "EcsContainer",
                                        "Ec2InstanceMetadata", "WebIdentityToken", "Sso",
                                        "CredentialProcess"};
    static const char *const sso[] = {"sso_session", "sso_region", "sso_start_url",
                                      "sso_account_id", "sso_role_name"};
    const char *p = plan->profile;
    snprintf(out, cap, "%s", kinds[plan->base]);
#define OF_PROFILE(name) sigv4__config_get(c, SIGV4__PROFILE, p, name)
    if (plan->base == SIGV4__BASE_KEYS) {
        add(out, cap, "access_key_id", OF_PROFILE("aws_access_key_id"));
        add(out, cap, "secret_access_key", OF_PROFILE("aws_secret_access_key"));
        add(out, cap, "account_id", OF_PROFILE("aws_account_id"));
    } else if (plan->base == SIGV4__BASE_WEB_IDENTITY) {
        add(out, cap, "web_identity_token_file", OF_PROFILE("web_identity_token_file"));
        add(out, cap, "role_arn", OF_PROFILE("role_arn"));
        add(out, cap, "role_session_name", OF_PROFILE("role_session_name"));
    }
    for (size_t i = 0; plan->base == SIGV4__BASE_SSO && i < 5; i++) {
        const char *value = OF_PROFILE(sso[i]);
        if (!value && OF_PROFILE("sso_session"))
            value = sigv4__config_get(c, SIGV4__SSO_SESSION, OF_PROFILE("sso_session"), sso[i]);
        add(out, cap, sso[i], value);
    }
#undef OF_PROFILE
}

static void got_line(const struct sigv4__config *c, const struct sigv4__plan *plan, char *out,
                     size_t cap)
{
    base_line(c, plan, out, cap);
    for (size_t i = 0; i < plan->role_count; i++) {
        size_t n = strlen(out);
        snprintf(out + n, cap - n, " | AssumeRole");
        add(out, cap, "role_arn", plan->roles[i].arn);
        add(out, cap, "external_id", plan->roles[i].external_id);
        add(out, cap, "role_session_name", plan->roles[i].session_name);
    }
}

static void run_case(struct tally *t, const json_t *test, const char *path)
{
    const json_t *input = json_object_get(test, "input"), *output = json_object_get(test, "output");
    const char *name = vectors_text(test, "docs"), *error = vectors_text(output, "Error");
    char config_file[512], expected[2048] = "", got[2048] = "";
    const char *environment[] = {config_file, "AWS_SHARED_CREDENTIALS_FILE=/dev/null", NULL};
    struct sigv4__config_options o = {.profile = vectors_text(input, "selected_profile"),
                                      .environment = environment};
    struct sigv4__config *c = NULL;
    struct sigv4__plan plan;
    struct sigv4_error err;
    unsigned failed = t->failed;
    FILE *f = fopen(path, "w");
    write_sections(f, "profile", json_object_get(input, "profiles"));
    write_sections(f, "sso-session", json_object_get(input, "sso_sessions"));
    fclose(f);
    snprintf(config_file, sizeof config_file, "AWS_CONFIG_FILE=%s", path);
    int status = sigv4__config_load(&c, &o, &err);
    if (!status)
        status = sigv4__plan_make(&plan, c, &err);
    if (!status)
        got_line(c, &plan, got, sizeof got);
    expected_line(json_object_get(output, "ProfileChain"), expected, sizeof expected);
    if (*error && status)
        printf("error as expected: %s\n  theirs: %s\n  ours:   %s\n", name, error, err.message);
    else
        tally_check(t, name, "chain", *error ? error : expected, status ? err.message : got);
    t->passed += t->failed == failed;
    sigv4__config_free(c);
}

int main(void)
{
    struct tally t = {0};
    char path[] = "/tmp/plan-config-XXXXXX";
    json_t *root = vectors_load("credentials/assume-role-tests.json"), *test;
    size_t i;
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    json_array_foreach(root, i, test) run_case(&t, test, path);
    unlink(path);
    json_decref(root);
    tally_print(&t, "credentials/assume-role");
    return t.failed || !t.passed;
}
