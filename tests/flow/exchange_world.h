#ifndef FLOW_EXCHANGE_WORLD_H
#define FLOW_EXCHANGE_WORLD_H
/* One client on the fake network, a service at http://service.test, keys that count how often they
 * are asked for, and what became of the last request. */
#include "flow/fake_engine.h"

#include <setjmp.h>
#include <sigv4/sigv4.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#include <cmocka.h>

/* ---- a service that lives at http://service.test ---- */

static inline int resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                          struct sigv4_error *err)
{
    (void)err;
    const char *url = ctx ? ctx : "http://service.test";
    snprintf(out->url, sizeof out->url, "%s", place->endpoint_url[0] ? place->endpoint_url : url);
    snprintf(out->region, sizeof out->region, "%s", place->region);
    snprintf(out->service, sizeof out->service, "test");
    out->flags = 0;
    return SIGV4_OK;
}

/* ---- keys that count how often they are asked for ---- */

struct source {
    struct sigv4_provider *provider;
    struct sigv4_job job;
    sigv4_credentials_fn *done;
    void *done_ctx;
    unsigned fetches;
    bool refuse;
};

static inline void answer_fetch(struct sigv4_job *job)
{
    struct source *s = (struct source *)((char *)job - offsetof(struct source, job));
    struct sigv4_error err = {.status = SIGV4_E_NO_CREDENTIALS, .message = "none here"};
    struct sigv4_credentials *creds = NULL;
    char token[32];
    snprintf(token, sizeof token, "token%u", s->fetches);
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKIDEXAMPLE"),
                              .secret_access_key = SIGV4_LIT("secret"),
                              .session_token = sigv4_str(token),
                              .origin = SIGV4_LIT("test")};
    if (!s->refuse && sigv4_credentials_new(&creds, &keys, NULL, NULL))
        creds = NULL;
    s->done(s->done_ctx, creds, creds ? NULL : &err);
    sigv4_credentials_release(creds);
}

static inline int fetch(void *self, struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx)
{
    struct source *s = self;
    s->fetches++;
    s->done = done;
    s->done_ctx = ctx;
    s->job.run = answer_fetch;
    sigv4_loop_post(loop, &s->job);
    return SIGV4_OK;
}

static inline void free_nothing(void *self)
{
    (void)self;
}

/* ---- one test's world ---- */

struct outcome {
    unsigned calls;
    struct sigv4_error error;
    int http_status;
    uint32_t attempts;
    bool maybe_done;
    char body[256], request_id[64], host[64], header[64];
};

struct world {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct source source;
    struct outcome outcome;
    char log[8192]; /* "area: text\n" for each line up to INFO */
};

static inline void world_log(void *ctx, enum sigv4_level level, const char *area, const char *text)
{
    struct world *w = ctx;
    size_t used = strlen(w->log);
    (void)level;
    snprintf(w->log + used, sizeof w->log - used, "%s: %s\n", area, text);
}

static inline struct sigv4_loop *world_loop(struct world *w)
{
    struct sigv4_log log = {w, SIGV4_INFO, world_log};
    struct sigv4_loop_options o = SIGV4_LOOP_OPTIONS;
    struct sigv4_loop *loop = NULL;
    o.clock = fake_clock(w->fake);
    o.random = fake_random(w->fake);
    o.engine = fake_engine(w->fake);
    o.log = &log;
    assert_int_equal(sigv4_loop_new(&loop, &o, NULL), SIGV4_OK);
    return loop;
}

static inline void clear_environment(void)
{
    static const char *const names[] = {
        "AWS_REGION",       "AWS_DEFAULT_REGION",   "AWS_PROFILE",   "AWS_ENDPOINT_URL",
        "AWS_MAX_ATTEMPTS", "AWS_NEW_RETRIES_2026", "AWS_CA_BUNDLE", "AWS_RETRY_MODE",
        "http_proxy",       "https_proxy",          "HTTPS_PROXY",   "all_proxy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static inline struct world *world_new(const char *region, uint32_t flags)
{
    static const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = fetch, .free = free_nothing};
    struct world *w = calloc(1, sizeof *w);
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    w->fake = fake_new();
    w->loop = world_loop(w);
    assert_int_equal(sigv4_provider_new(&w->source.provider, &ops, &w->source, NULL), SIGV4_OK);
    o.region = region;
    o.credentials = w->source.provider;
    o.flags = flags;
    assert_int_equal(sigv4_client_new(&w->client, w->loop, &o, NULL), SIGV4_OK);
    return w;
}

static inline void world_free(struct world *w)
{
    sigv4_client_free(w->client);
    sigv4_loop_free(w->loop);
    sigv4_provider_free(w->source.provider);
    fake_free(w->fake);
    free(w);
}

static inline void on_done(void *ctx, const struct sigv4_response *r)
{
    struct outcome *o = ctx;
    o->calls++;
    memset(&o->error, 0, sizeof o->error);
    if (r->error)
        o->error = *r->error;
    o->http_status = r->http_status;
    o->attempts = r->attempts;
    o->maybe_done = r->maybe_done;
    snprintf(o->body, sizeof o->body, "%.*s", (int)r->body.len,
             r->body.len ? (const char *)r->body.ptr : "");
    snprintf(o->request_id, sizeof o->request_id, "%.*s", (int)r->request_id.len,
             r->request_id.len ? (const char *)r->request_id.ptr : "");
    snprintf(o->host, sizeof o->host, "%s", r->host);
    struct sigv4_slice h = sigv4_response_header(r, "x-tEST");
    snprintf(o->header, sizeof o->header, "%.*s", (int)h.len, (const char *)h.ptr);
}

static inline struct sigv4_request request(struct world *w)
{
    return (struct sigv4_request){
        .size = sizeof(struct sigv4_request),
        .service_id = "TEST",
        .resolve = resolve,
        .operation = "Ask",
        .method = SIGV4_LIT("POST"),
        .path = SIGV4_LIT("/"),
        .on_done = on_done,
        .ctx = &w->outcome,
    };
}

static inline void send(struct world *w, const struct sigv4_request *r)
{
    struct sigv4_call *call;
    struct sigv4_error err;
    assert_int_equal(sigv4_send(w->client, r, &call, &err), SIGV4_OK);
    assert_int_equal(w->outcome.calls, 0); /* never from inside */
    assert_int_equal(sigv4_call_wait(call, -1), SIGV4_OK);
    sigv4_call_release(call);
    assert_int_equal(w->outcome.calls, 1);
}

static inline void ask(struct world *w)
{
    struct sigv4_request r = request(w);
    send(w, &r);
}

static inline bool header_has(struct world *w, size_t i, const char *name, const char *part)
{
    const char *value = fake_header(w->fake, fake_request(w->fake, i), name);
    return value && strstr(value, part);
}
#endif
