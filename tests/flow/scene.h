#ifndef FLOW_SCENE_H
#define FLOW_SCENE_H
/* A stage for tests of credentials: a home folder and an environment of its own, the fake engine,
 * and an allocator that fails on request and notices secrets that were not wiped. Every secret in
 * these tests contains SECRET. */
#include "flow/fake_engine.h"
#include "unit/counted_alloc.h"

#include <setjmp.h>
#include <sigv4/credentials.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET "s3cr3t"

struct scene {
    struct counted_alloc memory;
    struct sigv4_alloc alloc;
    struct fake *fake;
    struct sigv4_loop *loop;
    char home[64];
};

/* What a fetch came to. */
struct outcome {
    unsigned done;
    struct sigv4_credentials *creds; /* held */
    struct sigv4_error err;
};

static inline void scene_clear_environment(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    extern char **environ;
    char name[256];
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    for (char **at = environ; *at;) {
        size_t n = strcspn(*at, "=");
        if (strncmp(*at, "AWS_", 4) != 0 || n >= sizeof name) {
            at++;
            continue;
        }
        memcpy(name, *at, n);
        name[n] = '\0';
        unsetenv(name);
        at = environ;
    }
}

static inline void scene_begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    strcpy(s->home, "/tmp/credentials-XXXXXX");
    assert_non_null(mkdtemp(s->home));
    scene_clear_environment();
    setenv("HOME", s->home, 1);
    s->memory.secret = SECRET;
    s->alloc = counted_alloc(&s->memory);
    s->fake = fake_new();
    s->loop = fake_loop(s->fake, &s->alloc);
    assert_non_null(s->loop);
}

static inline void scene_end(struct scene *s)
{
    char command[128];
    sigv4_loop_free(s->loop);
    fake_free(s->fake);
    assert_int_equal(s->memory.live, 0);
    assert_false(s->memory.found_secret);
    snprintf(command, sizeof command, "rm -r %s", s->home);
    assert_int_equal(system(command), 0);
    scene_clear_environment();
}

/* path is relative to the home folder; its folders are made. */
static inline void scene_write(struct scene *s, const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", s->home, path);
    for (char *slash = strchr(full + strlen(s->home) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static inline void outcome_set(void *ctx, struct sigv4_credentials *creds,
                               const struct sigv4_error *err)
{
    struct outcome *o = ctx;
    o->done++;
    o->creds = creds ? sigv4_credentials_hold(creds) : NULL;
    if (err)
        o->err = *err;
}

static inline bool outcome_is_set(void *ctx)
{
    return ((struct outcome *)ctx)->done > 0;
}

static inline void outcome_clear(struct outcome *o)
{
    sigv4_credentials_release(o->creds);
    memset(o, 0, sizeof *o);
}

/* Starts a fetch; its answer may not come before this returns. */
static inline int scene_ask(struct scene *s, struct sigv4_provider *provider, struct outcome *o)
{
    outcome_clear(o);
    int status = sigv4_provider_fetch(provider, s->loop, outcome_set, o);
    assert_int_equal(o->done, 0);
    return status;
}

/* A whole fetch. */
static inline void scene_fetch(struct scene *s, struct sigv4_provider *provider, struct outcome *o)
{
    assert_int_equal(scene_ask(s, provider, o), 0);
    assert_true(fake_run_until(s->fake, s->loop, outcome_is_set, o));
    assert_int_equal(o->done, 1);
    assert_true(!o->creds == !!o->err.status);
}

static inline void assert_slice(struct sigv4_slice got, const char *expected)
{
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)got.len, got.len ? (const char *)got.ptr : "");
    assert_string_equal(text, expected);
}

/* token NULL: none. */
static inline void assert_keys(const struct outcome *o, const char *id, const char *secret,
                               const char *token)
{
    if (!o->creds)
        print_error("no keys but: %s (%s)\n", o->err.message, o->err.code);
    assert_non_null(o->creds);
    struct sigv4_keys keys = sigv4_credentials_keys(o->creds);
    assert_slice(keys.access_key_id, id);
    assert_slice(keys.secret_access_key, secret);
    assert_slice(keys.session_token, token ? token : "");
}

static inline void assert_failed(const struct outcome *o, int status, const char *code,
                                 const char *part)
{
    assert_null(o->creds);
    assert_int_equal(o->err.status, status);
    assert_string_equal(o->err.code, code);
    if (!strstr(o->err.message, part))
        print_error("expected '%s' in: %s\n", part, o->err.message);
    assert_non_null(strstr(o->err.message, part));
    assert_null(strstr(o->err.message, SECRET));
}
#endif
