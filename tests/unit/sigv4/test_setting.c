/* Settings: what wins, where it came from, and what is refused. */
#include "config/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_VARIABLES = 8 };

/* Loads profile p of a config file with this text. */
static struct sigv4__config *load(const char *text, const char *const *variables)
{
    char path[] = "/tmp/setting-test-XXXXXX", entry[64];
    const char *environment[MAX_VARIABLES + 3] = {"AWS_SHARED_CREDENTIALS_FILE=/dev/null", entry};
    struct sigv4__config_options o = {.profile = "p", .environment = environment};
    struct sigv4__config *c = NULL;
    struct sigv4_error err;
    for (size_t i = 0; variables && variables[i] && i < MAX_VARIABLES; i++)
        environment[i + 2] = variables[i];
    FILE *f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    snprintf(entry, sizeof entry, "AWS_CONFIG_FILE=%s", path);
    int status = sigv4__config_load(&c, &o, &err);
    unlink(path);
    assert_int_equal(status, SIGV4_OK);
    return c;
}
#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void starts_with(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)))
        fail_msg("'%s' does not begin with '%s'", text, start);
}

static void expect_region(const char *text, const char *const *variables, const char *option,
                          const char *value, const char *origin)
{
    struct sigv4__setting s;
    struct sigv4__config *c = load(text, variables);
    assert_int_equal(sigv4__config_region(c, option, &s, NULL), SIGV4_OK);
    if (value)
        assert_string_equal(s.value, value);
    else
        assert_null(s.value);
    starts_with(s.origin, origin);
    sigv4__config_free(c);
}

static void regions(void **state)
{
    (void)state;
    const char *text = "[profile p]\nregion = r4\n";
    expect_region("[profile p]\n", NULL, NULL, NULL, "");
    expect_region(text, NULL, NULL, "r4", "profile p in /tmp/setting-test-");
    expect_region(text, WITH("AWS_DEFAULT_REGION=r3"), NULL, "r3", "AWS_DEFAULT_REGION");
    expect_region(text, WITH("AWS_DEFAULT_REGION=r3", "AWS_REGION=r2"), NULL, "r2", "AWS_REGION");
    expect_region(text, WITH("AWS_REGION=r2"), "r1", "r1", "option");
    expect_region(text, WITH("AWS_REGION="), "", "r4", "profile p");
}

static void malformed_regions(void **state)
{
    (void)state;
    static const char *const bad[] = {"us east", "a.b", "-a", "a-", "us-east-1/x", "\xC3\xA9"};
    struct sigv4_error err;
    struct sigv4__setting s;
    struct sigv4__config *c = load("[profile p]\n", NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sigv4__config_region(c, bad[i], &s, &err), SIGV4_E_INVALID);
    assert_int_equal(sigv4__config_region(c, "us east", &s, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message,
                        "region 'us east' (from option): not a region name such as us-east-1");
    sigv4__config_free(c);
}

static int as_bool(const char *text, const char *const *variables, bool *out,
                   struct sigv4_error *err)
{
    struct sigv4__config *c = load(text, variables);
    int status =
        sigv4__config_bool(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", out, NULL, err);
    sigv4__config_free(c);
    return status;
}

static void switches(void **state)
{
    (void)state;
    struct sigv4_error err;
    bool on = true;
    assert_int_equal(as_bool("[profile p]\n", NULL, &on, &err), SIGV4_OK);
    assert_false(on);
    assert_int_equal(as_bool("[profile p]\nuse_fips_endpoint=True\n", NULL, &on, &err), SIGV4_OK);
    assert_true(on);
    assert_int_equal(as_bool("[profile p]\nuse_fips_endpoint=true\n",
                             WITH("AWS_USE_FIPS_ENDPOINT=FALSE"), &on, &err),
                     SIGV4_OK);
    assert_false(on);
    assert_int_equal(as_bool("[profile p]\n", WITH("AWS_USE_FIPS_ENDPOINT=1"), &on, &err),
                     SIGV4_E_INVALID);
    assert_string_equal(
        err.message, "use_fips_endpoint '1' (from AWS_USE_FIPS_ENDPOINT): must be true or false");
}

static void counts(void **state)
{
    (void)state;
    static const char *const bad[] = {"AWS_MAX_ATTEMPTS=0", "AWS_MAX_ATTEMPTS=-1",
                                      "AWS_MAX_ATTEMPTS=101", "AWS_MAX_ATTEMPTS=3x"};
    struct sigv4__config *c = load("[profile p]\nmax_attempts = 7\n", NULL);
    uint32_t n = 0;
    assert_int_equal(sigv4__config_count(c, "AWS_MAX_ATTEMPTS", "max_attempts", 100, &n, NULL), 0);
    assert_int_equal(n, 7);
    sigv4__config_free(c);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c = load("[profile p]\n", WITH(bad[i]));
        assert_int_equal(sigv4__config_count(c, "AWS_MAX_ATTEMPTS", NULL, 100, &n, NULL),
                         SIGV4_E_INVALID);
        assert_int_equal(n, 0);
        sigv4__config_free(c);
    }
}

static void retry_modes(void **state)
{
    (void)state;
    enum sigv4__retry_mode mode;
    struct sigv4__setting from;
    struct sigv4__config *c = load("[profile p]\nretry_mode = Adaptive\n", NULL);
    assert_int_equal(sigv4__config_retry_mode(c, &mode, &from, NULL), SIGV4_OK);
    assert_int_equal(mode, SIGV4__RETRY_ADAPTIVE);
    sigv4__config_free(c);
    c = load("[profile p]\n", WITH("AWS_RETRY_MODE=never"));
    assert_int_equal(sigv4__config_retry_mode(c, &mode, &from, NULL), SIGV4_E_INVALID);
    assert_int_equal(mode, SIGV4__RETRY_STANDARD);
    sigv4__config_free(c);
}

static const char overrides[] = "[profile p]\nservices = s\nendpoint_url = http://profile\n"
                                "[services s]\nkinesis =\n  endpoint_url = http://section\n"
                                "s3 =\n  other = x\n";

static void expect_endpoint(const char *text, const char *const *variables, const char *service,
                            const char *value, const char *origin)
{
    struct sigv4__setting s;
    struct sigv4_error err;
    struct sigv4__config *c = load(text, variables);
    assert_int_equal(sigv4__config_endpoint(c, service, NULL, &s, &err), SIGV4_OK);
    if (value)
        assert_string_equal(s.value, value);
    else
        assert_null(s.value);
    starts_with(s.origin, origin);
    sigv4__config_free(c);
}

static void endpoints(void **state)
{
    (void)state;
    expect_endpoint("[profile p]\n", NULL, "KINESIS", NULL, "");
    expect_endpoint(overrides, NULL, "KINESIS", "http://section", "services s in /tmp/");
    expect_endpoint(overrides, NULL, "S3", "http://profile", "profile p in /tmp/");
    expect_endpoint(overrides, NULL, "STS", "http://profile", "profile p in /tmp/");
    expect_endpoint(overrides, WITH("AWS_ENDPOINT_URL=http://all"), "KINESIS", "http://all",
                    "AWS_ENDPOINT_URL");
    expect_endpoint(overrides,
                    WITH("AWS_ENDPOINT_URL_KINESIS=http://k", "AWS_ENDPOINT_URL=http://a"),
                    "KINESIS", "http://k", "AWS_ENDPOINT_URL_KINESIS");
    expect_endpoint(overrides, WITH("AWS_ENDPOINT_URL_KINESIS=http://k"), "S3", "http://profile",
                    "profile p");
    expect_endpoint(overrides, WITH("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"), "KINESIS", NULL,
                    "");
}

static void endpoint_errors(void **state)
{
    (void)state;
    struct sigv4__setting s;
    struct sigv4_error err;
    struct sigv4__config *c = load("[profile p]\nservices = none\n", NULL);
    assert_int_equal(sigv4__config_endpoint(c, "S3", NULL, &s, &err), SIGV4_E_INVALID);
    starts_with(err.message, "no section [services none], which profile p in /tmp/");
    assert_int_equal(sigv4__config_endpoint(c, "S3", "http://x", &s, &err), SIGV4_OK);
    assert_string_equal(s.value, "http://x");
    sigv4__config_free(c);
}

static void account_id_endpoints_change_nothing(void **state)
{
    (void)state;
    expect_endpoint("[profile p]\naccount_id_endpoint_mode = required\n",
                    WITH("AWS_ACCOUNT_ID_ENDPOINT_MODE=required"), "KINESIS", NULL, "");
}

static int bundle(const struct sigv4__config *c, const char *option, const char *expected,
                  struct sigv4_error *err)
{
    struct sigv4__buffer path;
    sigv4__buffer_init(&path, NULL, 4096);
    int status = sigv4__config_ca_bundle(c, option, &path, err);
    if (!status)
        assert_string_equal(sigv4__buffer_cstr(&path), expected);
    sigv4__buffer_free(&path);
    return status;
}

static void ca_bundles(void **state)
{
    (void)state;
    struct sigv4_error err;
    struct sigv4__config *c = load("[profile p]\nca_bundle = ~/null\n", WITH("HOME=/dev"));
    assert_int_equal(bundle(c, NULL, "/dev/null", &err), SIGV4_OK);
    assert_int_equal(bundle(c, "/dev/zero", "/dev/zero", &err), SIGV4_OK);
    assert_int_equal(bundle(c, "/nonexistent/x", "", &err), SIGV4_E_IO);
    assert_string_equal(err.message,
                        "CA bundle /nonexistent/x (from option): No such file or directory");
    assert_int_equal(err.os_errno, 2);
    sigv4__config_free(c);
    c = load("[profile p]\nca_bundle = /dev/null\n", WITH("AWS_CA_BUNDLE=/nonexistent/y"));
    assert_int_equal(bundle(c, NULL, "", &err), SIGV4_E_IO);
    assert_string_equal(err.message,
                        "CA bundle /nonexistent/y (from AWS_CA_BUNDLE): No such file or directory");
    sigv4__config_free(c);
    c = load("[profile p]\n", NULL);
    assert_int_equal(bundle(c, NULL, "", &err), SIGV4_OK);
    sigv4__config_free(c);
}

/* libcurl says it in the middle of a handshake, where it looks like the server's fault. */
static void bundles_without_certificates(void **state)
{
    char path[] = "/tmp/bundle-XXXXXX";
    struct sigv4_error err;
    struct sigv4__config *c = load("[profile p]\n", NULL);
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "-----BEGIN EC KEY-----\n", 23), 23);
    assert_int_equal(bundle(c, path, "", &err), SIGV4_E_INVALID);
    assert_non_null(strstr(err.message, "(from option): it holds no certificate"));
    assert_int_equal(write(fd, "-----BEGIN CERTIFICATE-----\n", 28), 28);
    assert_int_equal(bundle(c, path, path, &err), SIGV4_OK);
    close(fd);
    unlink(path);
    assert_int_equal(bundle(c, "/tmp", "/tmp", &err), SIGV4_OK);
    sigv4__config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions),
        cmocka_unit_test(malformed_regions),
        cmocka_unit_test(switches),
        cmocka_unit_test(counts),
        cmocka_unit_test(retry_modes),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(endpoint_errors),
        cmocka_unit_test(account_id_endpoints_change_nothing),
        cmocka_unit_test(bundles_without_certificates),
        cmocka_unit_test(ca_bundles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
