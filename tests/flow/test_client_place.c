/* Where the client's requests go: region, endpoint, FIPS, dual-stack, proxy and CA bundle, by
 * environment and options. */
#include "flow/example_keys.h"
#include "flow/fake_engine.h"

#include <kinesis/endpoint.h>
#include <setjmp.h>
#include <sigv4/client.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct sigv4_provider *provider;
    struct sigv4_error err;
    int answers, status;
};

static const char *const variables[] = {"AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_KINESIS",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_CA_BUNDLE",
                                        "HTTPS_PROXY",
                                        "HTTP_PROXY",
                                        "NO_PROXY",
                                        "https_proxy",
                                        "http_proxy",
                                        "all_proxy",
                                        "no_proxy",
                                        "ALL_PROXY",
                                        "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_DEFAULT_REGION"};

static int set_up(void **state)
{
    static struct scene s;
    memset(&s, 0, sizeof s);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_REGION", "us-east-1", 1);
    s.fake = fake_new();
    s.loop = fake_loop(s.fake, NULL);
    fake_script(s.fake, (struct fake_answer){.body = "{}"});
    s.provider = example_keys();
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    sigv4_client_free(s->client);
    sigv4_loop_free(s->loop);
    sigv4_provider_free(s->provider);
    fake_free(s->fake);
    return 0;
}

static int make_client(struct scene *s, uint32_t flags)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    o.credentials = s->provider;
    o.flags = flags;
    return sigv4_client_new(&s->client, s->loop, &o, &s->err);
}

static void on_done(void *ctx, const struct sigv4_response *response)
{
    struct scene *s = ctx;
    s->answers++;
    s->status = response->error ? response->error->status : SIGV4_OK;
    if (response->error)
        s->err = *response->error;
}

static bool answered(void *ctx)
{
    return ((struct scene *)ctx)->answers > 0;
}

/* One request of Kinesis; what was asked of the network, or NULL. */
static const struct fake_request *ask(struct scene *s)
{
    struct sigv4_request r = {.size = sizeof r,
                              .service_id = "KINESIS",
                              .resolve = kinesis_resolve,
                              .operation = "ListStreams",
                              .method = SIGV4_LIT("POST"),
                              .on_done = on_done,
                              .ctx = s};
    assert_int_equal(sigv4_send(s->client, &r, NULL, &s->err), SIGV4_OK);
    assert_true(fake_run_until(s->fake, s->loop, answered, s));
    return fake_request(s->fake, 0);
}

static void by_region(void **state)
{
    struct scene *s = *state;
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    const struct fake_request *asked = ask(s);
    assert_string_equal(asked->url, "https://kinesis.us-east-1.amazonaws.com/");
    assert_string_equal(asked->proxy, "");
    assert_int_equal(s->status, SIGV4_OK);
}

static void fips_and_dual_stack_by_environment(void **state)
{
    struct scene *s = *state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "TRUE", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    assert_string_equal(ask(s)->url, "https://kinesis-fips.us-east-1.api.aws/");
}

static void dual_stack_by_flag(void **state)
{
    struct scene *s = *state;
    assert_int_equal(make_client(s, SIGV4_USE_DUAL_STACK), SIGV4_OK);
    assert_string_equal(ask(s)->url, "https://kinesis.us-east-1.api.aws/");
}

static void fips_with_an_override_is_refused(void **state)
{
    struct scene *s = *state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    setenv("AWS_ENDPOINT_URL", "http://h:1", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    assert_null(ask(s));
    assert_int_equal(s->status, SIGV4_E_INVALID);
    assert_non_null(strstr(s->err.message, "FIPS cannot be combined"));
}

static void override_and_its_origin(void **state)
{
    struct scene *s = *state;
    struct sigv4_client_facts facts = {.size = sizeof facts};
    setenv("AWS_ENDPOINT_URL", "http://all:1", 1);
    setenv("AWS_ENDPOINT_URL_KINESIS", "http://kinesis:2/", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    assert_int_equal(sigv4_client_facts(s->client, "KINESIS", &facts, NULL), SIGV4_OK);
    assert_string_equal(facts.endpoint_url, "http://kinesis:2/");
    assert_string_equal(facts.endpoint_origin, "AWS_ENDPOINT_URL_KINESIS");
    assert_string_equal(facts.region_origin, "AWS_REGION");
    assert_string_equal(ask(s)->url, "http://kinesis:2/");
}

static void through_the_proxy(void **state)
{
    struct scene *s = *state;
    setenv("HTTPS_PROXY", "http://proxy:3128", 1);
    setenv("NO_PROXY", "localhost,10.0.0.0/8", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    assert_string_equal(ask(s)->proxy, "http://proxy:3128");
}

static void around_the_proxy(void **state)
{
    struct scene *s = *state;
    setenv("HTTP_PROXY", "http://proxy:3128", 1);
    setenv("NO_PROXY", "localhost,10.0.0.0/8", 1);
    setenv("AWS_ENDPOINT_URL", "http://10.1.2.3:4567", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    assert_string_equal(ask(s)->proxy, "");
}

static void a_ca_bundle_that_is_not_there(void **state)
{
    struct scene *s = *state;
    setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem", 1);
    assert_int_equal(make_client(s, 0), SIGV4_E_IO);
    assert_string_equal(s->err.message, "CA bundle /nonexistent/ca.pem (from AWS_CA_BUNDLE): No "
                                        "such file or directory");
}

/* What no request could use is said before the first; of one service, when it is asked. */
static void a_malformed_endpoint_names_its_origin(void **state)
{
    struct scene *s = *state;
    setenv("AWS_ENDPOINT_URL", "127.0.0.1:99", 1);
    assert_int_equal(make_client(s, 0), SIGV4_E_INVALID);
    assert_non_null(strstr(s->err.message, "'127.0.0.1:99'"));
    assert_non_null(strstr(s->err.message, "(from AWS_ENDPOINT_URL)"));
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    sigv4_client_free(s->client);
    unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    unsetenv("AWS_ENDPOINT_URL");
    setenv("AWS_ENDPOINT_URL_KINESIS", "127.0.0.1:99", 1);
    assert_int_equal(make_client(s, 0), SIGV4_OK);
    ask(s);
    assert_int_equal(s->status, SIGV4_E_INVALID);
    assert_non_null(strstr(s->err.message, "(from AWS_ENDPOINT_URL_KINESIS)"));
}

static void a_services_section_that_is_not_there(void **state)
{
    struct scene *s = *state;
    char path[] = "/tmp/config-XXXXXX";
    static const char text[] = "[default]\nservices = mine\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(fd);
    setenv("AWS_CONFIG_FILE", path, 1);
    int status = make_client(s, 0);
    unlink(path);
    assert_int_equal(status, SIGV4_E_INVALID);
    assert_non_null(strstr(s->err.message, "[services mine]"));
}

/* ---- the way to STS ---- */

static char config_path[] = "/tmp/config-XXXXXX";

static void write_config(const char *text)
{
    strcpy(config_path + strlen(config_path) - 6, "XXXXXX");
    int fd = mkstemp(config_path);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    setenv("AWS_CONFIG_FILE", config_path, 1);
}

/* A client whose keys are those of a role; what was asked of STS. */
static const struct fake_request *ask_sts(struct scene *s, const struct sigv4_client_options *o,
                                          struct fake_answer sts)
{
    write_config(
        "[profile base]\naws_access_key_id = A\naws_secret_access_key = s\n[profile role]\n"
        "role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n");
    unsetenv("AWS_REGION");
    fake_forget_script(s->fake);
    fake_script(s->fake, (struct fake_answer){.url = "http://169.254.169.254/latest/api/token",
                                              .body = "token"});
    fake_script(s->fake,
                (struct fake_answer){.url = "http://169.254.169.254/*", .body = "eu-central-1"});
    sts.url = "https://sts*";
    fake_script(s->fake, sts);
    int status = sigv4_client_new(&s->client, s->loop, o, &s->err);
    if (!status)
        ask(s);
    unlink(config_path);
    assert_int_equal(status, SIGV4_OK);
    return fake_request(s->fake, fake_request_count(s->fake) - 1);
}

static void sts_by_the_clients_options(void **state)
{
    struct scene *s = *state;
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    o.profile = "role";
    o.region = "eu-west-1";
    o.ca_bundle = "/dev/null";
    o.flags = SIGV4_NO_VERIFY_SSL | SIGV4_USE_DUAL_STACK;
    const struct fake_request *asked = ask_sts(s, &o, (struct fake_answer){.status = 403});
    assert_string_equal(asked->url, "https://sts.eu-west-1.api.aws/");
    assert_string_equal(asked->ca_bundle, "/dev/null");
    assert_true(asked->flags & SIGV4_HTTP_NO_VERIFY);
}

static void sts_in_the_instances_region(void **state)
{
    struct scene *s = *state;
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    o.profile = "role";
    assert_string_equal(ask_sts(s, &o, (struct fake_answer){.status = 403})->url,
                        "https://sts.eu-central-1.amazonaws.com/");
}

/* Nobody answers: a second and a third time-out would teach nothing. */
static void a_silent_sts_is_asked_once(void **state)
{
    struct scene *s = *state;
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    o.profile = "role";
    o.region = "eu-west-1";
    ask_sts(s, &o, (struct fake_answer){.outcome = FAKE_FILTER});
    assert_int_equal(fake_request_count(s->fake), 1);
    assert_int_equal(s->status, SIGV4_E_NO_CREDENTIALS);
    assert_string_equal(s->err.code, "StsUnreachable");
    assert_non_null(strstr(s->err.message, "sts.eu-west-1.amazonaws.com"));
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(by_region),
        SCENE(fips_and_dual_stack_by_environment),
        SCENE(dual_stack_by_flag),
        SCENE(fips_with_an_override_is_refused),
        SCENE(override_and_its_origin),
        SCENE(a_malformed_endpoint_names_its_origin),
        SCENE(a_services_section_that_is_not_there),
        SCENE(through_the_proxy),
        SCENE(around_the_proxy),
        SCENE(a_ca_bundle_that_is_not_there),
        SCENE(sts_by_the_clients_options),
        SCENE(sts_in_the_instances_region),
        SCENE(a_silent_sts_is_asked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
