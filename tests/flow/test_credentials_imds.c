/* Keys and region by IMDS: tokens, fallbacks, switches, patience, and what people are told. */
#include "config/setting.h"
#include "credentials/imds.h"
#include "flow/provider_stage.h"

#include <time.h>

#define BASE  "http://169.254.169.254"
#define TOKEN BASE "/latest/api/token"
#define ROLES BASE "/latest/meta-data/iam/security-credentials/"

static const char *document(char *out, size_t cap, int64_t expires_unix)
{
    char when[32];
    time_t t = (time_t)expires_unix;
    struct tm tm;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    snprintf(out, cap,
             "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"AKID\","
             "\"SecretAccessKey\":\"" SECRET "\",\"Token\":\"" SECRET "-t\",\"Expiration\":\"%s\"}",
             when);
    return out;
}

#define START INT64_C(1767225600) /* the fake's wall clock, in seconds */

static void begin(struct stage *t)
{
    stage_begin(t);
    assert_int_equal(sigv4_provider_new_imds(&t->provider, NULL, &t->s.alloc), 0);
}

static void script_token(struct stage *t, const char *token)
{
    fake_script(t->s.fake,
                (struct fake_answer){.method = "PUT", .url = TOKEN, .times = 1, .body = token});
}

static void script_keys(struct stage *t, int64_t expires_unix)
{
    char body[512];
    fake_script(t->s.fake,
                (struct fake_answer){.method = "GET", .url = ROLES, .body = "web role\n"});
    fake_script(t->s.fake, (struct fake_answer){.method = "GET",
                                                .url = ROLES "web%20role",
                                                .body = document(body, sizeof body, expires_unix)});
}

static const char *sent_token(struct stage *t, size_t i)
{
    return fake_header(t->s.fake, fake_request(t->s.fake, i), "x-aws-ec2-metadata-token");
}

static void the_ordinary_way_and_the_token_again(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    script_token(&t, SECRET "-one\n");
    script_keys(&t, START + 6 * 3600);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
    struct sigv4_keys keys = sigv4_credentials_keys(t.o.creds);
    assert_int_equal(keys.expires_unix, START + 6 * 3600);
    assert_slice(keys.origin, "IMDS role web role");
    const struct fake_request *put = fake_request(t.s.fake, 0);
    assert_string_equal(put->method, "PUT");
    assert_string_equal(fake_header(t.s.fake, put, "x-aws-ec2-metadata-token-ttl-seconds"),
                        "21600");
    assert_int_equal(put->body_len, 0);
    assert_int_equal(put->timeout_ms, 1000);
    assert_string_equal(put->proxy, "");
    assert_string_equal(sent_token(&t, 1), SECRET "-one");
    assert_string_equal(sent_token(&t, 2), SECRET "-one");
    /* The token lasts for the next refresh, until it is about to run out. */
    fake_pass_ms(t.s.fake, 5 * 3600 * 1000);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_int_equal(fake_request_count(t.s.fake), 5);
    assert_string_equal(sent_token(&t, 3), SECRET "-one");
    fake_pass_ms(t.s.fake, 3600 * 1000);
    script_token(&t, SECRET "-two");
    scene_fetch(&t.s, t.provider, &t.o);
    assert_int_equal(fake_request_count(t.s.fake), 8);
    assert_string_equal(sent_token(&t, 7), SECRET "-two");
    stage_end(&t);
}

static void a_refused_token_is_renewed_once(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    script_token(&t, "one");
    fake_script(t.s.fake, (struct fake_answer){.url = ROLES, .times = 1, .status = 401});
    script_token(&t, "two");
    script_keys(&t, START + 3600);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
    assert_string_equal(sent_token(&t, 1), "one");
    assert_string_equal(sent_token(&t, 3), "two");
    fake_forget_script(t.s.fake);
    fake_script(t.s.fake, (struct fake_answer){.method = "PUT", .body = "three"});
    fake_script(t.s.fake, (struct fake_answer){.url = ROLES "*", .status = 401});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ImdsRefused", "HTTP 401");
    assert_int_equal(fake_request_count(t.s.fake), 5 + 3);
    stage_end(&t);
}

static void without_a_token_where_there_are_none(void **state)
{
    (void)state;
    static const struct fake_answer refusals[] = {
        {.status = 403}, {.status = 404}, {.status = 405}, {.outcome = FAKE_SILENT}};
    for (size_t i = 0; i < 4; i++) {
        struct stage t;
        begin(&t);
        struct fake_answer refusal = refusals[i];
        refusal.url = TOKEN;
        fake_script(t.s.fake, refusal);
        script_keys(&t, START + 3600);
        scene_fetch(&t.s, t.provider, &t.o);
        assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
        assert_null(sent_token(&t, 1));
        assert_null(sent_token(&t, 2));
        setenv("AWS_EC2_METADATA_V1_DISABLED", "true", 1);
        scene_fetch(&t.s, t.provider, &t.o);
        assert_null(t.o.creds);
        assert_int_equal(fake_request_count(t.s.fake), 4);
        stage_end(&t);
    }
}

static void v1_can_be_switched_off_in_the_profile(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    scene_write(&t.s, ".aws/config", "[default]\nec2_metadata_v1_disabled = true\n");
    fake_script(t.s.fake, (struct fake_answer){.url = TOKEN, .status = 403});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ImdsRefused", "switched off");
    assert_int_equal(fake_request_count(t.s.fake), 1);
    stage_end(&t);
}

static void the_hop_limit_is_named(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    fake_script(t.s.fake, (struct fake_answer){.url = TOKEN, .outcome = FAKE_SILENT});
    fake_script(t.s.fake, (struct fake_answer){.url = ROLES, .times = 1, .status = 401});
    fake_script(t.s.fake, (struct fake_answer){.url = ROLES, .outcome = FAKE_SILENT});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ImdsRefused", "hop limit to 2");
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ImdsSilent", "hop limit to 2");
    assert_int_equal(fake_now_ms(t.s.fake), 3000);
    stage_end(&t);
}

static void nobody_there(void **state)
{
    (void)state;
    static const enum fake_outcome ways[] = {FAKE_REFUSED, FAKE_FILTER, FAKE_NO_NAME};
    for (size_t i = 0; i < 3; i++) {
        struct stage t;
        begin(&t);
        fake_script(t.s.fake, (struct fake_answer){.outcome = ways[i]});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "", "IMDS: no answer from 169.254.169.254");
        assert_int_equal(fake_request_count(t.s.fake), 1); /* one second, once */
        assert_int_equal(fake_now_ms(t.s.fake), ways[i] == FAKE_FILTER ? 1000 : 0);
        stage_end(&t);
    }
}

static void patience_can_be_set(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "2", 1);
    setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3", 1);
    fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_FILTER});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_int_equal(fake_request_count(t.s.fake), 3);
    assert_int_equal(fake_request(t.s.fake, 0)->timeout_ms, 2000);
    setenv("AWS_METADATA_SERVICE_TIMEOUT", "soon", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration",
                  "AWS_METADATA_SERVICE_TIMEOUT");
    stage_end(&t);
}

static void where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint, *mode, *url;
    } cases[] = {
        {NULL, "IPv6", "http://[fd00:ec2::254]/latest/api/token"},
        {"http://127.0.0.1:1338/", NULL, "http://127.0.0.1:1338/latest/api/token"},
        {"http://127.0.0.1:1338", "IPv6", "http://127.0.0.1:1338/latest/api/token"},
        {"http://127.0.0.1/imds//", NULL, "http://127.0.0.1/imds/latest/api/token"},
        {"169.254.169.254", NULL, NULL},
        {NULL, "v4", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t);
        if (cases[i].endpoint)
            setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", cases[i].endpoint, 1);
        if (cases[i].mode)
            setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", cases[i].mode, 1);
        fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_REFUSED});
        scene_fetch(&t.s, t.provider, &t.o);
        if (cases[i].url)
            assert_string_equal(fake_request(t.s.fake, 0)->url, cases[i].url);
        else
            assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration",
                          "IMDS: the endpoint");
        stage_end(&t);
    }
}

static void switched_off(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "", "AWS_EC2_METADATA_DISABLED");
    assert_int_equal(fake_request_count(t.s.fake), 0);
    stage_end(&t);
}

static void what_it_may_answer(void **state)
{
    (void)state;
    static const struct {
        int token_status, roles_status, keys_status;
        const char *roles, *keys, *code, *part;
    } cases[] = {
        {400, 0, 0, "", "", "ImdsRefused", "HTTP 400"},
        {500, 0, 0, "", "", "ImdsRefused", "HTTP 500"},
        {200, 404, 0, "<html>", "", "", "no role"},
        {200, 200, 0, "\n", "", "", "no role"},
        {200, 500, 0, "", "", "ImdsRefused", "HTTP 500"},
        {200, 200, 200, "web",
         "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no trust\"}",
         "AssumeRoleUnauthorizedAccess", "IMDS role web: AssumeRoleUnauthorizedAccess: no trust"},
        {200, 200, 200, "web", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\"}",
         "MalformedDocument", "no Token"},
        {200, 200, 200, "web", "not json", "MalformedDocument", "IMDS role web"},
        {200, 200, 404, "web", "", "", "no /latest"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t);
        fake_script(t.s.fake, (struct fake_answer){
                                  .url = TOKEN, .status = cases[i].token_status, .body = "tok"});
        fake_script(t.s.fake, (struct fake_answer){.url = ROLES,
                                                   .status = cases[i].roles_status,
                                                   .body = cases[i].roles});
        fake_script(t.s.fake, (struct fake_answer){.url = ROLES "web",
                                                   .status = cases[i].keys_status,
                                                   .body = cases[i].keys});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        stage_end(&t);
    }
}

static void expired_keys_are_kept_in_use(void **state)
{
    (void)state;
    struct stage t;
    begin(&t);
    script_token(&t, "tok");
    script_keys(&t, START - 7200);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
    int64_t left = sigv4_credentials_keys(t.o.creds).expires_unix - START;
    print_message("expired keys are good for %lld s\n", (long long)left);
    assert_in_range(left, 17 * 60, 25 * 60);
    stage_end(&t);
}

/* ---- the region ---- */

struct found {
    unsigned done;
    char region[64];
    struct sigv4_error err;
};

static void set_found(void *ctx, struct sigv4_slice region, const struct sigv4_error *err)
{
    struct found *f = ctx;
    f->done++;
    snprintf(f->region, sizeof f->region, "%.*s", (int)region.len, (const char *)region.ptr);
    if (err)
        f->err = *err;
}

static bool is_found(void *ctx)
{
    return ((struct found *)ctx)->done > 0;
}

static void find_region(struct stage *t, struct found *f)
{
    struct sigv4__config *config;
    memset(f, 0, sizeof *f);
    assert_int_equal(sigv4__config_load(&config, NULL, NULL), 0);
    assert_int_equal(sigv4__imds_region(t->s.loop, config, set_found, f), 0);
    sigv4__config_free(config);
    assert_int_equal(f->done, 0);
    assert_true(fake_run_until(t->s.fake, t->s.loop, is_found, f));
}

static void the_region(void **state)
{
    (void)state;
    struct stage t;
    struct found f;
    begin(&t);
    fake_script(t.s.fake, (struct fake_answer){.url = TOKEN, .body = "tok"});
    fake_script(t.s.fake, (struct fake_answer){.url = BASE "/latest/meta-data/placement/region",
                                               .times = 1,
                                               .body = "eu-west-1\n"});
    find_region(&t, &f);
    assert_string_equal(f.region, "eu-west-1");
    assert_int_equal(f.err.status, 0);
    fake_script(t.s.fake, (struct fake_answer){.url = BASE "/latest/meta-data/placement/region",
                                               .status = 404});
    fake_script(t.s.fake,
                (struct fake_answer){.url = BASE "/latest/meta-data/placement/availability-zone",
                                     .times = 1,
                                     .body = "us-east-2b"});
    find_region(&t, &f);
    assert_string_equal(f.region, "us-east-2");
    fake_script(t.s.fake,
                (struct fake_answer){.url = BASE "/latest/meta-data/placement/availability-zone",
                                     .body = "<html>"});
    find_region(&t, &f);
    assert_int_equal(f.err.status, SIGV4_E_PROTOCOL);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    find_region(&t, &f);
    assert_int_equal(f.err.status, SIGV4_E_NO_CREDENTIALS);
    assert_string_equal(f.err.code, "");
    stage_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ordinary_way_and_the_token_again),
        cmocka_unit_test(a_refused_token_is_renewed_once),
        cmocka_unit_test(without_a_token_where_there_are_none),
        cmocka_unit_test(v1_can_be_switched_off_in_the_profile),
        cmocka_unit_test(the_hop_limit_is_named),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(patience_can_be_set),
        cmocka_unit_test(where_it_is),
        cmocka_unit_test(switched_off),
        cmocka_unit_test(what_it_may_answer),
        cmocka_unit_test(expired_keys_are_kept_in_use),
        cmocka_unit_test(the_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
