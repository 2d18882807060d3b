/* Single sign-on: both forms of profiles, the cached token, its renewal in the file. */
#include "flow/provider_stage.h"

#define CACHE   ".aws/sso/cache/"
#define SESSION CACHE "34c6fceca75e456f25e7e99531e2425c6c1de443.json" /* sha1 of "dev" */
#define OLD     CACHE "103c764598c7bfb84492cce4b625216b27775ddd.json" /* of the start URL */
#define PORTAL                                                                                     \
    "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=R%20x&account_id=123456789012"
#define OIDC "https://oidc.eu-west-1.amazonaws.com/token"
#define KEYS                                                                                       \
    "{\"roleCredentials\":{\"accessKeyId\":\"AKID\",\"secretAccessKey\":\"" SECRET                 \
    "\",\"sessionToken\":\"" SECRET "-t\",\"expiration\":1767229200000}}"

static const char config[] =
    "[profile new]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = R x\n"
    "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://new.example/start\n"
    "[profile old]\nsso_start_url = https://old.example/start\nsso_region = eu-west-1\n"
    "sso_account_id = 123456789012\nsso_role_name = R x\n"
    "[profile token]\nsso_session = dev\n"
    "[profile lost]\nsso_session = nowhere\nsso_account_id = 1\nsso_role_name = R\n";

static void begin(struct stage *t, const char *profile)
{
    stage_begin(t);
    scene_write(&t->s, ".aws/config", config);
    assert_int_equal(sigv4_provider_new_profile(&t->provider, profile, &t->s.alloc), 0);
}

static void write_session(struct stage *t, const char *expires, const char *registration)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"refreshToken\": \"" SECRET "-r\\/1\", \"startUrl\": \"https://new.example/start\","
             " \"region\": \"eu-west-1\", \"accessToken\": \"" SECRET "-a1\",\n"
             "\"expiresAt\": \"%s\", \"clientId\": \"" SECRET "-id\", \"clientSecret\": \"" SECRET
             "-cs\", \"registrationExpiresAt\": \"%s\", \"scopes\": [\"a\"]}",
             expires, registration);
    scene_write(&t->s, SESSION, text);
}

static void read_file(struct stage *t, const char *name, char *out, size_t cap)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", t->s.home, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    out[fread(out, 1, cap - 1, f)] = '\0';
    assert_int_equal(fstat(fileno(f), &st), 0);
    assert_int_equal(st.st_mode & 0077, strstr(out, "-a2") ? 0 : st.st_mode & 0077);
    fclose(f);
}

static void both_forms(void **state)
{
    (void)state;
    for (int old = 0; old < 2; old++) {
        struct stage t;
        begin(&t, old ? "old" : "new");
        scene_write(&t.s, old ? OLD : SESSION,
                    "{\"accessToken\":\"" SECRET
                    "\\u002d-a\",\"expiresAt\":\"2026-01-01T03:56:45UTC\"}");
        fake_script(t.s.fake, (struct fake_answer){.method = "GET", .url = PORTAL, .body = KEYS});
        scene_fetch(&t.s, t.provider, &t.o);
        assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
        struct sigv4_keys keys = sigv4_credentials_keys(t.o.creds);
        assert_int_equal(keys.expires_unix, 1767229200);
        assert_slice(keys.account_id, "123456789012");
        assert_slice(keys.origin,
                     old ? "SSO role R x of profile old" : "SSO role R x of profile new");
        assert_string_equal(
            fake_header(t.s.fake, fake_request(t.s.fake, 0), "x-amz-sso_bearer_token"),
            SECRET "--a");
        stage_end(&t);
    }
}

static void an_old_token_is_renewed_in_its_file(void **state)
{
    (void)state;
    struct stage t;
    char text[2048];
    begin(&t, "new");
    write_session(&t, "2026-01-01T00:14:00Z", "2026-02-01T00:00:00Z");
    fake_script(t.s.fake, (struct fake_answer){
                              .method = "POST",
                              .url = OIDC,
                              .times = 1,
                              .body = "{\"accessToken\":\"" SECRET
                                      "-a2\\/\",\"tokenType\":\"Bearer\",\"expiresIn\":28800,"
                                      "\"refreshToken\":\"" SECRET "-r2\"}"});
    fake_script(t.s.fake, (struct fake_answer){.url = PORTAL, .body = KEYS});
    scene_fetch(&t.s, t.provider, &t.o);
    assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
    assert_string_equal(fake_request(t.s.fake, 0)->body,
                        "{\"grantType\":\"refresh_token\",\"clientId\":\"" SECRET
                        "-id\",\"clientSecret\":\"" SECRET "-cs\",\"refreshToken\":\"" SECRET
                        "-r\\/1\"}");
    assert_string_equal(fake_header(t.s.fake, fake_request(t.s.fake, 0), "content-type"),
                        "application/json");
    assert_string_equal(fake_header(t.s.fake, fake_request(t.s.fake, 1), "x-amz-sso_bearer_token"),
                        SECRET "-a2/");
    read_file(&t, SESSION, text, sizeof text);
    assert_string_equal(
        text, "{\"refreshToken\": \"" SECRET
              "-r2\", \"startUrl\": \"https://new.example/start\", \"region\": \"eu-west-1\", "
              "\"accessToken\": \"" SECRET "-a2\\/\",\n\"expiresAt\": \"2026-01-01T08:00:00Z\", "
              "\"clientId\": \"" SECRET "-id\", \"clientSecret\": \"" SECRET
              "-cs\", \"registrationExpiresAt\": \"2026-02-01T00:00:00Z\", \"scopes\": [\"a\"]}");
    scene_fetch(&t.s, t.provider, &t.o); /* good for hours: not renewed again */
    assert_int_equal(fake_request_count(t.s.fake), 3);
    stage_end(&t);
}

static void a_renewal_that_fails(void **state)
{
    (void)state;
    static const struct fake_answer failures[] = {
        {.url = OIDC, .status = 400, .body = "{\"error\":\"invalid_grant\"}"},
        {.url = OIDC, .body = "{\"accessToken\":\"" SECRET "\"}"},
        {.url = OIDC, .body = "not json"},
        {.url = OIDC, .outcome = FAKE_REFUSED},
    };
    for (size_t i = 0; i < 4; i++) {
        struct stage t;
        begin(&t, "new");
        fake_script(t.s.fake, failures[i]);
        fake_script(t.s.fake, (struct fake_answer){.url = PORTAL, .body = KEYS});
        write_session(&t, "2026-01-01T00:14:00Z", "2026-02-01T00:00:00Z");
        scene_fetch(&t.s, t.provider, &t.o); /* the old one is still good */
        assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
        write_session(&t, "2025-12-31T23:00:00Z", "2026-02-01T00:00:00Z");
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "SsoLoginRequired", "aws sso login");
        write_session(&t, "2025-12-31T23:00:00Z", "2025-12-01T00:00:00Z");
        size_t before = fake_request_count(t.s.fake);
        scene_fetch(&t.s, t.provider, &t.o); /* nothing to renew with */
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "SsoLoginRequired", "aws sso login");
        assert_int_equal(fake_request_count(t.s.fake), before);
        stage_end(&t);
    }
}

static void what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *file, *code, *part;
        struct fake_answer answer;
    } cases[] = {
        {"token", NULL, "InvalidProfile", "gives an access token but no keys", {0}},
        {"lost", NULL, "InvalidProfile", "no section [sso-session nowhere]", {0}},
        {"new",
         NULL,
         "SsoLoginRequired",
         "profile new: nobody is logged in; run 'aws sso login --profile new'",
         {0}},
        {"new", "not json", "SsoLoginRequired", "cannot be read (not valid JSON", {0}},
        {"new", "{\"expiresAt\":\"2026-01-01T03:00:00Z\"}", "SsoLoginRequired", "is missing", {0}},
        {"old",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2025-12-31T23:59:59Z\"}",
         "SsoLoginRequired",
         "has expired",
         {0}},
        {"new",
         "{\"accessToken\":\"\\x\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "SsoLoginRequired",
         "damaged",
         {0}},
        {"new",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "SsoLoginRequired",
         "has ended",
         {.status = 401}},
        {"new",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "SsoRefused",
         "HTTP 403: No access",
         {.status = 403, .body = "{\"message\":\"No access\"}"}},
        {"new",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "MalformedDocument",
         "no proper keys",
         {.body = "{\"roleCredentials\":{}}"}},
        {"new",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "MalformedDocument",
         "no proper keys",
         {.body = "[]"}},
        {"new",
         "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T03:00:00Z\"}",
         "SsoUnreachable",
         "could not resolve",
         {.outcome = FAKE_NO_NAME}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, cases[i].profile);
        if (cases[i].file)
            scene_write(&t.s, strcmp(cases[i].profile, "old") ? SESSION : OLD, cases[i].file);
        fake_script(t.s.fake, cases[i].answer);
        scene_fetch(&t.s, t.provider, &t.o);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        stage_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms),
        cmocka_unit_test(an_old_token_is_renewed_in_its_file),
        cmocka_unit_test(a_renewal_that_fails),
        cmocka_unit_test(what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
