/* Roles by STS: chains of profiles, named sources, web identities; signatures and failures. */
#include "flow/provider_stage.h"

#define STS "https://sts.eu-west-1.amazonaws.com/"
#define KEYS(n)                                                                                    \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"   \
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn></AssumedRoleUser>"     \
    "<Credentials><AccessKeyId>AKID" n "</AccessKeyId>\n<SecretAccessKey>" SECRET "-" n            \
    "</SecretAccessKey><SessionToken> " SECRET "-" n "-t </SessionToken>"                          \
    "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult>"               \
    "</AssumeRoleResponse>"
#define FAILURE(code)                                                                              \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>because &amp; "        \
    "so</Message></Error><RequestId>rq-1</RequestId></ErrorResponse>"
#define ARN "arn:aws:iam::123456789012:role/"

static const char config[] =
    "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = " SECRET "-base\n"
    "[profile first]\nrole_arn = " ARN "first\nsource_profile = base\nrole_session_name = my "
    "session\nduration_seconds = 900\nexternal_id = a b&c=d/\xc3\xa9\n"
    "[profile second]\nregion = eu-west-1\nrole_arn = " ARN "second\nsource_profile = first\n"
    "[profile self]\naws_access_key_id = AKIDSELF\naws_secret_access_key = " SECRET "-self\n"
    "role_arn = " ARN "self\nsource_profile = self\nregion = eu-west-1\n"
    "[profile onto]\nrole_arn = " ARN "onto\nsource_profile = self\nregion = eu-west-1\n"
    "[profile named]\nrole_arn = " ARN "n\ncredential_source = Environment\nregion = eu-west-1\n"
    "[profile ec2]\nrole_arn = " ARN "n\ncredential_source = Ec2InstanceMetadata\n"
    "[profile bad]\nrole_arn = " ARN "n\ncredential_source = Elsewhere\n"
    "[profile both]\nrole_arn = " ARN "n\ncredential_source = EcsContainer\nsource_profile = base\n"
    "[profile lost]\nrole_arn = " ARN "n\nsource_profile = nowhere\n"
    "[profile mfa]\nrole_arn = " ARN "n\nsource_profile = base\nmfa_serial = arn:mfa\n"
    "region = eu-west-1\n"
    "[profile cn]\nrole_arn = arn:aws-cn:iam::1:role/n\nsource_profile = base\n"
    "[profile isob]\nrole_arn = arn:aws-iso-b:iam::1:role/n\nsource_profile = base\n"
    "[profile strange]\nrole_arn = arn:a-partition-nobody-knows-yet:iam::1:role/n\n"
    "source_profile = base\n"
    "[profile long]\nrole_arn = " ARN "n\nsource_profile = base\nduration_seconds = 90000\n"
    "[profile login]\nlogin_session = arn:x\n"
    "[profile web]\nregion = eu-west-1\nrole_arn = " ARN "web\nrole_session_name = me\n"
    "web_identity_token_file = ~/token\n";

static void begin(struct stage *t, const char *profile)
{
    stage_begin(t);
    scene_write(&t->s, ".aws/config", config);
    assert_int_equal(sigv4_provider_new_profile(&t->provider, profile, &t->s.alloc), 0);
}

static void assert_signature(struct stage *t, size_t i, const char *key_id, const char *headers,
                             const char *signature)
{
    char expected[512];
    snprintf(expected, sizeof expected,
             "AWS4-HMAC-SHA256 Credential=%s/20260101/eu-west-1/sts/aws4_request, "
             "SignedHeaders=%s, Signature=%s",
             key_id, headers, signature);
    assert_string_equal(fake_header(t->s.fake, fake_request(t->s.fake, i), "Authorization"),
                        expected);
}

/* The signatures were computed by an independent implementation. */
static void a_chain_of_two_roles(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "second");
    fake_script(t.s.fake,
                (struct fake_answer){
                    .method = "POST", .url = STS, .times = 1, .body = KEYS("1"), .chunk = 9});
    fake_script(t.s.fake, (struct fake_answer){.method = "POST", .url = STS, .body = KEYS("2")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID2", SECRET "-2", SECRET "-2-t");
    struct sigv4_keys keys = sigv4_credentials_keys(t.o.creds);
    assert_int_equal(keys.expires_unix, 1767225600 + 3600);
    assert_slice(keys.account_id, "123456789012");
    assert_slice(keys.origin, "role " ARN "second of profile second");
    assert_int_equal(fake_request_count(t.s.fake), 2);
    assert_string_equal(
        fake_request(t.s.fake, 0)->body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%"
        "2Ffirst&RoleSessionName=my%20session&DurationSeconds=900&ExternalId=a%20b%26c%3Dd%2F%C3%"
        "A9");
    assert_signature(&t, 0, "AKIDBASE", "content-type;host;x-amz-date",
                     "3c432807391498cbcd84cf856abfc5cb641f77e2a2090ef471536d7d4ecb01c4");
    assert_string_equal(
        fake_request(t.s.fake, 1)->body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%"
        "2Fsecond&RoleSessionName=libsigv4-1767225600");
    assert_signature(&t, 1, "AKID1", "content-type;host;x-amz-date;x-amz-security-token",
                     "1a4f95f25a39308d3df1aa8a93b6714e6836fa5db141208ced37d7d4c2361cfc");
    stage_end(&t);
}

static void its_own_keys_and_named_sources(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "self");
    fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID1", SECRET "-1", SECRET "-1-t");
    assert_non_null(strstr(fake_request(t.s.fake, 0)->headers, "Credential=AKIDSELF/"));
    stage_end(&t);
    begin(&t, "onto"); /* a source's keys go before its role */
    fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_int_equal(fake_request_count(t.s.fake), 1);
    assert_non_null(strstr(fake_request(t.s.fake, 0)->headers, "Credential=AKIDSELF/"));
    stage_end(&t);
    begin(&t, "named");
    setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_non_null(strstr(fake_request(t.s.fake, 0)->headers, "Credential=AKIDENV/"));
    stage_end(&t);
    begin(&t, "ec2"); /* the source is named, so its absence is a failure */
    fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_FILTER});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "SourceFailed",
                  "profile ec2: IMDS: no answer from 169.254.169.254");
    stage_end(&t);
}

static void profiles_that_make_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *code, *part;
    } cases[] = {
        {"bad", "InvalidProfile", "credential_source can be"},
        {"both", "InvalidProfile", "exclude each other"},
        {"lost", "InvalidProfile", "source_profile nowhere is not in the files"},
        {"mfa", "MfaRequired", "arn:mfa"},
        {"long", "InvalidProfile", "duration_seconds"},
        {"login", "LoginUnsupported", "credential_process = aws configure export-credentials"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, cases[i].profile);
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        stage_end(&t);
    }
}

/* Without a region: the role's partition knows one. */
static void where_sts_is_without_a_region(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"first", "https://sts.us-east-1.amazonaws.com/"},
        {"cn", "https://sts.cn-northwest-1.amazonaws.com.cn/"},
        {"isob", "https://sts.us-isob-east-1.sc2s.sgov.gov/"},
        {"strange", "https://sts.us-east-1.amazonaws.com/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, cases[i][0]);
        fake_script(t.s.fake, (struct fake_answer){.body = KEYS("1")});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_string_equal(fake_request(t.s.fake, 0)->url, cases[i][1]);
        stage_end(&t);
    }
}

struct device {
    const char *code; /* NULL: none at hand */
    unsigned asked;
};

static int ask_device(void *ctx, const char *serial, char code[16])
{
    struct device *device = ctx;
    assert_string_equal(serial, "arn:mfa");
    device->asked++;
    snprintf(code, 16, "%s", device->code ? device->code : "");
    return device->code ? 0 : -1;
}

static void codes_of_a_device(void **state)
{
    (void)state;
    static const struct {
        const char *given, *code, *part; /* code NULL: it goes well */
    } cases[] = {
        {"123456", NULL, NULL},
        {NULL, "MfaRequired", "a new code of the device arn:mfa is needed"},
        {"12345", "InvalidMfaCode", "six digits"},
        {"12345x", "InvalidMfaCode", "six digits"},
        {"1234567", "InvalidMfaCode", "six digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        struct sigv4_provider *chain, *cache;
        struct device device = {cases[i].given, 0};
        begin(&t, "mfa");
        assert_int_equal(sigv4_provider_new_chain(&chain, &t.provider, 1, &t.s.alloc), 0);
        assert_int_equal(sigv4_provider_new_cache(&cache, chain, &t.s.alloc), 0);
        t.provider = cache;
        sigv4_provider_set_mfa(cache, ask_device, &device);
        fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_int_equal(device.asked, 1);
        if (cases[i].code) {
            assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
            assert_int_equal(fake_request_count(t.s.fake), 0);
        } else {
            assert_keys(&t.o, "AKID1", SECRET "-1", SECRET "-1-t");
            assert_non_null(strstr(fake_request(t.s.fake, 0)->body,
                                   "&SerialNumber=arn%3Amfa&TokenCode=123456"));
        }
        stage_end(&t);
    }
}

static void what_sts_may_answer(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer answer;
        const char *code, *part;
        bool retryable;
        unsigned asked;
    } cases[] = {
        {{.status = 403, .body = FAILURE("AccessDenied")},
         "AccessDenied",
         "profile self: role " ARN "self: STS answered HTTP 403 AccessDenied: because & so",
         false,
         1},
        {{.status = 400, .body = FAILURE("IDPCommunicationError")},
         "IDPCommunicationError",
         "HTTP 400",
         false,
         3},
        {{.status = 503, .body = "<html><br></html>"}, "StsRefused", "HTTP 503", true, 3},
        {{.status = 200, .body = "{}"}, "MalformedDocument", "not XML", false, 1},
        {{.status = 200, .body = "<a/>"}, "MalformedDocument", "lacks a part", false, 1},
        {{.status = 200, .body = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"},
         "MalformedDocument",
         "not XML",
         false,
         1},
        {{.outcome = FAKE_REFUSED}, "StsUnreachable", "connection refused", true, 3},
        {{.outcome = FAKE_BAD_TLS}, "StsUnreachable", "not trusted", false, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, "self");
        fake_script(t.s.fake, cases[i].answer);
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        assert_int_equal(t.o.err.retryable, cases[i].retryable);
        assert_int_equal(fake_request_count(t.s.fake), cases[i].asked);
        if (cases[i].answer.status == 403)
            assert_string_equal(t.o.err.request_id, "rq-1");
        stage_end(&t);
    }
}

/* Dated half an hour later than this machine believes: signed anew with that time, once. */
static void a_clock_that_is_behind(void **state)
{
    struct stage t;
    static const char date[] = "Date: Thu, 01 Jan 2026 00:30:00 GMT\n";
    (void)state;
    for (int mends = 0; mends < 2; mends++) {
        begin(&t, "second");
        scene_write(&t.s, ".aws/config",
                    "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = " SECRET
                    "-base\n[profile second]\nregion = eu-west-1\nrole_arn = " ARN
                    "second\nsource_profile = base\n");
        fake_script(t.s.fake, (struct fake_answer){.times = mends ? 1 : 0,
                                                   .status = 403,
                                                   .headers = date,
                                                   .body = FAILURE("SignatureDoesNotMatch")});
        fake_script(t.s.fake, (struct fake_answer){.headers = date, .body = KEYS("2")});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_int_equal(fake_request_count(t.s.fake), 2);
        assert_string_equal(fake_header(t.s.fake, fake_request(t.s.fake, 0), "X-Amz-Date"),
                            "20260101T000000Z");
        assert_string_equal(fake_header(t.s.fake, fake_request(t.s.fake, 1), "X-Amz-Date"),
                            "20260101T003000Z");
        if (mends)
            assert_keys(&t.o, "AKID2", SECRET "-2", SECRET "-2-t");
        else
            assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "SignatureDoesNotMatch", "role/second");
        if (mends) /* 01:00 there is 00:30 here */
            assert_int_equal(sigv4_credentials_keys(t.o.creds).expires_unix, 1767225600 + 1800);
        stage_end(&t);
    }
}

static void where_sts_is(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *url;
    } cases[] = {
        {"AWS_REGION", "us-west-2", "https://sts.us-west-2.amazonaws.com/"},
        {"AWS_STS_REGIONAL_ENDPOINTS", "legacy", "https://sts.amazonaws.com/"},
        {"AWS_USE_FIPS_ENDPOINT", "true", "https://sts-fips.eu-west-1.amazonaws.com/"},
        {"AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4567/x/", "http://127.0.0.1:4567/x/"},
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:4567", "http://127.0.0.1:4567/"},
        {"AWS_ENDPOINT_URL_KINESIS", "http://127.0.0.1:1", STS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, "self");
        setenv(cases[i].name, cases[i].value, 1);
        fake_script(t.s.fake, (struct fake_answer){.body = KEYS("1")});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_string_equal(fake_request(t.s.fake, 0)->url, cases[i].url);
        assert_non_null(t.o.creds);
        stage_end(&t);
    }
    struct stage t;
    begin(&t, "first"); /* no region anywhere */
    setenv("HTTPS_PROXY", "http://proxy.example:3128", 1);
    fake_script(t.s.fake, (struct fake_answer){.body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_string_equal(fake_request(t.s.fake, 0)->url, "https://sts.us-east-1.amazonaws.com/");
    assert_string_equal(fake_request(t.s.fake, 0)->proxy, "http://proxy.example:3128");
    unsetenv("HTTPS_PROXY");
    setenv("AWS_ENDPOINT_URL_STS", "nonsense", 1);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration", "STS: ");
    stage_end(&t);
}

static void web_identity_of_a_profile(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "web");
    fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "TokenFileUnreadable", "~/token");
    scene_write(&t.s, "token", " \n");
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidToken", "empty");
    scene_write(&t.s, "token", SECRET ".one\n");
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID1", SECRET "-1", SECRET "-1-t");
    scene_write(&t.s, "token", SECRET ".two"); /* rotated */
    scene_fetch(&t.s, t.provider, &t.o);
    assert_string_equal(
        fake_request(t.s.fake, 0)->body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%"
        "3Aiam%3A%3A123456789012%3Arole%2Fweb&RoleSessionName=me&WebIdentityToken=" SECRET ".one");
    assert_non_null(strstr(fake_request(t.s.fake, 1)->body, SECRET ".two"));
    assert_null(fake_header(t.s.fake, fake_request(t.s.fake, 0), "authorization"));
    stage_end(&t);
}

static void web_identity_of_the_environment(void **state)
{
    (void)state;
    struct stage t;
    char path[128];
    begin(&t, NULL);
    sigv4_provider_free(t.provider);
    assert_int_equal(sigv4_provider_new_default(&t.provider, NULL, &t.s.alloc, NULL), 0);
    snprintf(path, sizeof path, "%s/token", t.s.home);
    scene_write(&t.s, "token", SECRET ".jwt");
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    fake_script(t.s.fake, (struct fake_answer){.url = STS,
                                               .times = 1,
                                               .status = 400,
                                               .body = FAILURE("InvalidIdentityToken")});
    fake_script(t.s.fake, (struct fake_answer){.url = STS, .body = KEYS("1")});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidConfiguration", "AWS_ROLE_ARN");
    fake_run_ms(t.s.fake, t.s.loop, 60000);
    setenv("AWS_ROLE_ARN", ARN "pod", 1);
    scene_fetch(&t.s, t.provider, &t.o); /* never the node's role instead */
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "InvalidIdentityToken", ARN "pod");
    assert_int_equal(fake_request_count(t.s.fake), 1);
    fake_run_ms(t.s.fake, t.s.loop, 60000);
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID1", SECRET "-1", SECRET "-1-t");
    assert_slice(sigv4_credentials_keys(t.o.creds).origin, "role " ARN "pod");
    stage_end(&t);
}

static void freed_in_the_middle(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct stage t;
        begin(&t, i == 0 ? "ec2" : "second");
        if (i == 2)
            fake_script(t.s.fake, (struct fake_answer){.url = STS, .times = 1, .body = KEYS("1")});
        fake_script(t.s.fake, (struct fake_answer){.outcome = FAKE_SILENT});
        assert_int_equal(scene_ask(&t.s, t.provider, &t.o), 0);
        fake_run_ms(t.s.fake, t.s.loop, 300);
        sigv4_provider_free(t.provider);
        t.provider = NULL;
        assert_true(fake_run_until(t.s.fake, t.s.loop, outcome_is_set, &t.o));
        assert_failed(&t.o, SIGV4_E_CANCELED, "", "canceled");
        assert_int_equal(fake_now_ms(t.s.fake), 300);
        stage_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_two_roles),
        cmocka_unit_test(its_own_keys_and_named_sources),
        cmocka_unit_test(profiles_that_make_no_sense),
        cmocka_unit_test(where_sts_is_without_a_region),
        cmocka_unit_test(codes_of_a_device),
        cmocka_unit_test(what_sts_may_answer),
        cmocka_unit_test(a_clock_that_is_behind),
        cmocka_unit_test(where_sts_is),
        cmocka_unit_test(web_identity_of_a_profile),
        cmocka_unit_test(web_identity_of_the_environment),
        cmocka_unit_test(freed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
