/* Every allocation of every source fails once: an error, no leak, no unwiped secret, and the same
 * fetch works right after. */
#include "flow/scene.h"

#define DOCUMENT                                                                                   \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"" SECRET                 \
    "\",\"Token\":\"" SECRET "-t\",\"Expiration\":\"2026-01-01T06:00:00Z\"}"
#define ROLES "http://169.254.169.254/latest/meta-data/iam/security-credentials/"

struct kind {
    const char *name;
    void (*prepare)(struct scene *s);
    int (*make)(struct sigv4_provider **out, const struct sigv4_alloc *alloc);
};

static void in_environment(struct scene *s)
{
    (void)s;
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", SECRET "-t", 1);
}

static void in_profile(struct scene *s)
{
    scene_write(s, ".aws/credentials",
                "[default]\naws_access_key_id = AKID\naws_secret_access_key = " SECRET
                "\naws_session_token = " SECRET "-t\n");
}

static void in_container(struct scene *s)
{
    char path[128];
    scene_write(s, "token", SECRET "-auth");
    snprintf(path, sizeof path, "%s/token", s->home);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    fake_script(s->fake,
                (struct fake_answer){
                    .url = "http://169.254.170.2/x", .times = 1, .status = 500, .body = SECRET});
    fake_script(s->fake, (struct fake_answer){
                             .url = "http://169.254.170.2/x", .body = DOCUMENT, .chunk = 50});
}

static void in_imds(struct scene *s)
{
    fake_script(s->fake, (struct fake_answer){.method = "PUT", .body = SECRET "-token"});
    fake_script(s->fake, (struct fake_answer){.url = ROLES, .times = 1, .status = 401});
    fake_script(s->fake, (struct fake_answer){.url = ROLES, .body = "role"});
    fake_script(s->fake, (struct fake_answer){.url = ROLES "role", .body = DOCUMENT});
}

#define STS_KEYS                                                                                   \
    "<R><Credentials><AccessKeyId>AKID</AccessKeyId><SecretAccessKey>" SECRET                      \
    "</SecretAccessKey><SessionToken>" SECRET "-t</SessionToken>"                                  \
    "<Expiration>2026-01-01T06:00:00Z</Expiration></Credentials></R>"

static void in_roles(struct scene *s)
{
    scene_write(s, ".aws/config",
                "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = "
                "b\nca_bundle = /dev/null\n[profile b]\naws_access_key_id = "
                "B\naws_secret_access_key = " SECRET "\n");
    fake_script(s->fake, (struct fake_answer){.times = 1,
                                              .status = 400,
                                              .body = "<E><Error><Code>Throttling</Code></Error>"
                                                      "</E>"});
    fake_script(s->fake, (struct fake_answer){.body = STS_KEYS, .chunk = 100});
}

static void in_web_identity(struct scene *s)
{
    char path[128];
    scene_write(s, "token", SECRET ".jwt");
    snprintf(path, sizeof path, "%s/token", s->home);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/a", 1);
    fake_script(s->fake, (struct fake_answer){.body = STS_KEYS});
}

static void in_sso(struct scene *s)
{
    scene_write(s, ".aws/config",
                "[default]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = R\n"
                "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://x\n");
    scene_write(s, ".aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json",
                "{\"accessToken\":\"" SECRET "\",\"expiresAt\":\"2026-01-01T00:05:00Z\","
                "\"refreshToken\":\"" SECRET "\",\"clientId\":\"" SECRET
                "\",\"clientSecret\":\"" SECRET "\"}");
    fake_script(s->fake, (struct fake_answer){
                             .method = "POST",
                             .body = "{\"accessToken\":\"" SECRET
                                     "-2\",\"expiresIn\":300,\"refreshToken\":\"" SECRET "-2\"}"});
    fake_script(s->fake, (struct fake_answer){.body = "{\"roleCredentials\":{\"accessKeyId\":"
                                                      "\"AKID\",\"secretAccessKey\":\"" SECRET
                                                      "\",\"sessionToken\":\"" SECRET
                                                      "-t\",\"expiration\":1767247200000}}"});
}

static int make_profile(struct sigv4_provider **out, const struct sigv4_alloc *alloc)
{
    return sigv4_provider_new_profile(out, "default", alloc);
}

static int make_imds(struct sigv4_provider **out, const struct sigv4_alloc *alloc)
{
    return sigv4_provider_new_imds(out, "default", alloc);
}

static int make_default(struct sigv4_provider **out, const struct sigv4_alloc *alloc)
{
    struct sigv4_error err;
    return sigv4_provider_new_default(out, NULL, alloc, &err);
}

static const struct kind kinds[] = {
    {"environment", in_environment, sigv4_provider_new_environment},
    {"profile", in_profile, make_profile},
    {"container", in_container, sigv4_provider_new_container},
    {"imds", in_imds, make_imds},
    {"role", in_roles, make_profile},
    {"web identity", in_web_identity, make_default},
    {"sso", in_sso, make_profile},
    {"default to environment", in_environment, make_default},
    {"default to container", in_container, make_default},
    {"default to imds", in_imds, make_default},
};

/* One life of a provider with the n-th allocation failing; true when that many were asked for. */
static bool fails_at(const struct kind *kind, unsigned n)
{
    struct scene s;
    struct sigv4_provider *provider = NULL;
    struct outcome o = {0};
    scene_begin(&s);
    kind->prepare(&s);
    s.memory.fail_at = s.memory.requests + n;
    int status = kind->make(&provider, &s.alloc);
    if (status == SIGV4_OK)
        status = sigv4_provider_fetch(provider, s.loop, outcome_set, &o);
    if (status == SIGV4_OK)
        assert_true(fake_run_until(s.fake, s.loop, outcome_is_set, &o));
    bool reached = s.memory.requests >= s.memory.fail_at;
    if (!status && !o.creds)
        status = o.err.status;
    if (reached && status && status != SIGV4_E_NOMEM)
        print_error("%s, allocation %u: %s\n", kind->name, n, o.err.message);
    assert_true(reached ? status == SIGV4_E_NOMEM || status == SIGV4_OK : status == SIGV4_OK);
    s.memory.fail_at = 0;
    if (provider) {
        fake_run_ms(s.fake, s.loop, 60 * 1000); /* a cache pauses after a failure */
        scene_fetch(&s, provider, &o);
        assert_keys(&o, "AKID", SECRET, SECRET "-t");
    }
    outcome_clear(&o);
    sigv4_provider_free(provider);
    scene_end(&s);
    return reached;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        unsigned n = 1;
        while (fails_at(&kinds[i], n))
            n++;
        print_message("%s: %u allocations\n", kinds[i].name, n - 1);
        assert_true(n > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
