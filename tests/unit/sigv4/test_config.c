/* Loading the configuration: files, profiles, look-ups and their origins. */
#include "config/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/counted_alloc.h"

/* A home folder with the two files, and an environment that points to it. */
struct home {
    char path[64], config[96], credentials[96], variable[80];
    const char *environment[16];
    struct sigv4__config *c;
    struct sigv4_error err;
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_home(void **state)
{
    static struct home h;
    char folder[80];
    memset(&h, 0, sizeof h);
    strcpy(h.path, "/tmp/config-test-XXXXXX");
    if (!mkdtemp(h.path))
        return -1;
    snprintf(folder, sizeof folder, "%s/.aws", h.path);
    snprintf(h.config, sizeof h.config, "%s/config", folder);
    snprintf(h.credentials, sizeof h.credentials, "%s/credentials", folder);
    snprintf(h.variable, sizeof h.variable, "HOME=%s", h.path);
    h.environment[0] = h.variable;
    *state = &h;
    return mkdir(folder, 0700);
}

static int remove_home(void **state)
{
    struct home *h = *state;
    char folder[80];
    sigv4__config_free(h->c);
    unlink(h->config);
    rmdir(h->config);
    unlink(h->credentials);
    snprintf(folder, sizeof folder, "%s/.aws", h->path);
    rmdir(folder);
    return rmdir(h->path);
}

static void set_variable(struct home *h, const char *entry)
{
    size_t n = 1;
    while (h->environment[n])
        n++;
    h->environment[n] = entry;
}

static int load(struct home *h, const char *profile)
{
    struct sigv4__config_options o = {.profile = profile, .environment = h->environment};
    sigv4__config_free(h->c);
    return sigv4__config_load(&h->c, &o, &h->err);
}

static void no_files_is_fine(void **state)
{
    struct home *h = *state;
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_string_equal(sigv4__config_profile(h->c), "default");
    assert_string_equal(sigv4__config_profile_origin(h->c), "default");
    assert_null(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "region"));
    assert_false(sigv4__config_has(h->c, SIGV4__PROFILE, NULL));
}

static void both_files_are_one(void **state)
{
    struct home *h = *state;
    write_file(h->config, "[default]\nregion=r1\naws_access_key_id=A\n[profile x]\nregion=r2\n"
                          "[sso-session x]\nsso_region=r3\n[y]\nregion=r4\n");
    write_file(h->credentials,
               "[default]\naws_access_key_id=B\n[profile z]\nk=v\n[y]\nk=w\n[y]\nk=u\n");
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "region"), "r1");
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "aws_access_key_id"), "B");
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, "x", "region"), "r2");
    assert_string_equal(sigv4__config_get(h->c, SIGV4__SSO_SESSION, "x", "sso_region"), "r3");
    assert_null(sigv4__config_get(h->c, SIGV4__PROFILE, "y", "region"));
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, "y", "k"), "u");
    assert_false(sigv4__config_has(h->c, SIGV4__PROFILE, "z"));
    assert_false(sigv4__config_has(h->c, SIGV4__SERVICES, "x"));
}

static void which_default_counts(void **state)
{
    struct home *h = *state;
    write_file(h->config,
               "[default]\nregion=bare\nonly=bare\n[profile default]\nregion=prefixed\n");
    write_file(h->credentials, "[default]\nkey=c\n");
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "region"), "prefixed");
    assert_null(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "only"));
    assert_string_equal(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "key"), "c");
}

static void which_profile(void **state)
{
    struct home *h = *state;
    write_file(h->config, "[profile a]\n[profile b]\n[profile c]\n");
    set_variable(h, "AWS_DEFAULT_PROFILE=a");
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_string_equal(sigv4__config_profile(h->c), "a");
    assert_string_equal(sigv4__config_profile_origin(h->c), "AWS_DEFAULT_PROFILE");
    set_variable(h, "AWS_PROFILE=b");
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_string_equal(sigv4__config_profile(h->c), "b");
    assert_string_equal(sigv4__config_profile_origin(h->c), "AWS_PROFILE");
    assert_false(sigv4__config_profile_explicit(h->c));
    assert_int_equal(load(h, "c"), SIGV4_OK);
    assert_string_equal(sigv4__config_profile(h->c), "c");
    assert_true(sigv4__config_profile_explicit(h->c));
    assert_int_equal(load(h, "d"), SIGV4_E_INVALID);
    assert_string_equal(h->err.message,
                        "no profile 'd' (from option) in ~/.aws/config or ~/.aws/credentials");
    assert_int_equal(load(h, "default"), SIGV4_OK);
}

static void titles_of_the_other_file(void **state)
{
    struct home *h = *state;
    write_file(h->config, "[mine]\nregion = r\n[profile ok]\n");
    write_file(h->credentials, "[profile yours]\naws_access_key_id = A\n");
    assert_int_equal(load(h, "mine"), SIGV4_E_INVALID);
    assert_string_equal(
        h->err.message,
        "no profile 'mine' (from option) in ~/.aws/config or ~/.aws/credentials; in "
        "~/.aws/config it must be [profile mine], not [mine]");
    assert_int_equal(load(h, "yours"), SIGV4_E_INVALID);
    assert_string_equal(h->err.message,
                        "no profile 'yours' (from option) in ~/.aws/config or ~/.aws/credentials; "
                        "in ~/.aws/credentials it must be [yours], not [profile yours]");
    assert_int_equal(load(h, "profile yours"), SIGV4_E_INVALID);
}

static void unreadable_files_are_named(void **state)
{
    struct home *h = *state;
    assert_int_equal(mkdir(h->config, 0700), 0);
    assert_int_equal(load(h, NULL), SIGV4_E_IO);
    assert_string_equal(h->err.message, "cannot read ~/.aws/config: Is a directory");
    assert_int_equal(h->err.os_errno, 21);
    rmdir(h->config);
    write_file(h->config, "[default]\nnonsense\n");
    assert_int_equal(load(h, NULL), SIGV4_E_INVALID);
    assert_string_equal(h->err.message, "~/.aws/config:2: expected name = value or [section]");
}

static void files_by_variable(void **state)
{
    struct home *h = *state;
    char entry[128];
    write_file(h->credentials, "[profile x]\nregion=r\n");
    snprintf(entry, sizeof entry, "AWS_CONFIG_FILE=%s", h->credentials);
    set_variable(h, entry);
    set_variable(h, "AWS_SHARED_CREDENTIALS_FILE=/dev/null");
    assert_int_equal(load(h, "x"), SIGV4_OK);
    assert_string_equal(sigv4__config_file(h->c, false), h->credentials);
    set_variable(h, "AWS_ENDPOINT_URL=");
    assert_int_equal(load(h, "x"), SIGV4_OK);
    assert_null(sigv4__config_env(h->c, "AWS_ENDPOINT_URL"));
}

static void paths_at_home(void **state)
{
    struct home *h = *state;
    struct sigv4__buffer path;
    char expected[128];
    sigv4__buffer_init(&path, NULL, 4096);
    assert_int_equal(load(h, NULL), SIGV4_OK);
    assert_int_equal(sigv4__config_path(h->c, "~/x", &path, NULL), SIGV4_OK);
    snprintf(expected, sizeof expected, "%s/x", h->path);
    assert_string_equal(sigv4__buffer_cstr(&path), expected);
    sigv4__buffer_clear(&path);
    assert_int_equal(sigv4__config_path(h->c, "/a/~/b", &path, NULL), SIGV4_OK);
    assert_string_equal(sigv4__buffer_cstr(&path), "/a/~/b");
    sigv4__buffer_free(&path);
}

static void secrets_are_wiped(void **state)
{
    struct home *h = *state;
    struct counted_alloc counted = {.secret = "SeCrEt"};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct sigv4__config_options o = {.environment = h->environment, .alloc = &alloc};
    write_file(h->credentials, "[default]\naws_secret_access_key=SeCrEt\n");
    set_variable(h, "AWS_SECRET_ACCESS_KEY=SeCrEt");
    assert_int_equal(sigv4__config_load(&h->c, &o, &h->err), SIGV4_OK);
    assert_string_equal(sigv4__config_env(h->c, "AWS_SECRET_ACCESS_KEY"), "SeCrEt");
    sigv4__config_free(h->c);
    o.without_secrets = true;
    assert_int_equal(sigv4__config_load(&h->c, &o, &h->err), SIGV4_OK);
    assert_null(sigv4__config_env(h->c, "AWS_SECRET_ACCESS_KEY"));
    assert_null(sigv4__config_get(h->c, SIGV4__PROFILE, NULL, "aws_secret_access_key"));
    sigv4__config_free(h->c);
    h->c = NULL;
    assert_int_equal(counted.live, 0);
    assert_false(counted.found_secret);
}

static void no_memory(void **state)
{
    struct home *h = *state;
    struct counted_alloc counted = {0};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    struct sigv4__config_options o = {
        .profile = "x", .environment = h->environment, .alloc = &alloc};
    write_file(h->config, "[profile x]\nregion=r\ns3 =\n a = b\n[services y]\ns3=\n e=f\n");
    write_file(h->credentials, "[x]\nk=v\n");
    int status;
    do {
        counted.requests = 0;
        counted.fail_at++;
        status = sigv4__config_load(&h->c, &o, &h->err);
        assert_int_equal(status, counted.requests < counted.fail_at ? SIGV4_OK : SIGV4_E_NOMEM);
        sigv4__config_free(h->c);
        assert_int_equal(counted.live, 0);
    } while (status);
    h->c = NULL;
    assert_true(counted.fail_at > 5);
}

int main(void)
{
#define WITH_HOME(f) cmocka_unit_test_setup_teardown(f, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        WITH_HOME(no_files_is_fine),         WITH_HOME(both_files_are_one),
        WITH_HOME(which_default_counts),     WITH_HOME(which_profile),
        WITH_HOME(titles_of_the_other_file), WITH_HOME(unreadable_files_are_named),
        WITH_HOME(files_by_variable),        WITH_HOME(paths_at_home),
        WITH_HOME(secrets_are_wiped),        WITH_HOME(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
