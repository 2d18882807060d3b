#ifndef FLOW_S3_STAGE_H
#define FLOW_S3_STAGE_H
/* An S3 client on the fake engine, and a note of how calls end. */
#include "flow/fake_engine.h"

#include <s3/s3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct stage {
    struct fake *fake;
    struct sigv4_loop *loop;
    struct sigv4_credentials *keys;
    struct sigv4_provider *provider;
    struct sigv4_client *base;
    struct s3_client *s3;
};

/* How a call ended, copied out of its result. */
struct ended {
    unsigned times;
    int status, http_status;
    bool maybe_done, delete_marker;
    char code[64], message[336], etag[64], version_id[64], content_type[64], checksum_value[64];
    char upload_id[128], body[256], bucket_region[64];
    enum s3_checksum checksum;
    uint64_t length, first_byte, byte_count;
    int64_t modified_unix_ms;
};

static inline void stage__copy(char *out, size_t cap, struct sigv4_slice s)
{
    snprintf(out, cap, "%.*s", (int)s.len, s.len ? (const char *)s.ptr : "");
}

static inline void note_end(void *ctx, const struct s3_result *r)
{
    struct ended *e = ctx;
    e->times++;
    e->status = r->error ? r->error->status : 0;
    e->http_status = r->response ? r->response->http_status : 0;
    e->maybe_done = r->maybe_done;
    e->delete_marker = r->delete_marker;
    snprintf(e->code, sizeof e->code, "%s", r->error ? r->error->code : "");
    snprintf(e->message, sizeof e->message, "%s", r->error ? r->error->message : "");
    stage__copy(e->etag, sizeof e->etag, r->etag);
    stage__copy(e->version_id, sizeof e->version_id, r->version_id);
    stage__copy(e->content_type, sizeof e->content_type, r->content_type);
    stage__copy(e->checksum_value, sizeof e->checksum_value, r->checksum_value);
    stage__copy(e->upload_id, sizeof e->upload_id, r->upload_id);
    stage__copy(e->body, sizeof e->body, r->body);
    stage__copy(e->bucket_region, sizeof e->bucket_region, r->bucket_region);
    e->checksum = r->checksum;
    e->length = r->length;
    e->first_byte = r->first_byte;
    e->byte_count = r->byte_count;
    e->modified_unix_ms = r->modified_unix_ms;
}

static inline bool has_ended(void *ctx)
{
    return ((struct ended *)ctx)->times > 0;
}

/* Everything up to the S3 client; a status when memory failed on the way (take it down anyway). */
static inline int stage_try(struct stage *s, const char *endpoint_url,
                            const struct s3_client_options *options,
                            const struct sigv4_alloc *alloc)
{
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKIDEXAMPLE"),
                              .secret_access_key = SIGV4_LIT("secret"),
                              .origin = SIGV4_LIT("test")};
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    memset(s, 0, sizeof *s);
    s->fake = fake_new();
    s->loop = fake_loop(s->fake, alloc);
    if (!s->loop)
        return SIGV4_E_NOMEM;
    int status = sigv4_credentials_new(&s->keys, &keys, alloc, NULL);
    if (status == SIGV4_OK)
        status = sigv4_provider_new_static(&s->provider, s->keys, alloc);
    o.region = "eu-central-1";
    o.endpoint_url = endpoint_url;
    o.credentials = s->provider;
    if (status == SIGV4_OK)
        status = sigv4_client_new(&s->base, s->loop, &o, NULL);
    if (status == SIGV4_OK)
        status = s3_client_new(&s->s3, s->base, options, NULL);
    return status;
}

static inline void stage_down(struct stage *s)
{
    s3_client_free(s->s3);
    sigv4_client_free(s->base);
    if (s->loop)
        sigv4_loop_free(s->loop);
    sigv4_provider_free(s->provider);
    sigv4_credentials_release(s->keys);
    fake_free(s->fake);
}

/* endpoint_url NULL: the service's own hosts, over TLS. */
static inline struct stage stage_up(const char *endpoint_url)
{
    struct stage s;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_S3");
    assert_int_equal(stage_try(&s, endpoint_url, NULL, NULL), 0);
    return s;
}

static inline void stage_finish(struct stage *s, struct ended *e)
{
    assert_true(fake_run_until(s->fake, s->loop, has_ended, e));
    assert_int_equal(e->times, 1);
}

static inline const struct fake_request *asked(struct stage *s, size_t i)
{
    const struct fake_request *r = fake_request(s->fake, i);
    assert_non_null(r);
    return r;
}

/* The value of a header of the i-th request. */
static inline const char *sent(struct stage *s, size_t i, const char *header)
{
    const char *value = fake_header(s->fake, asked(s, i), header);
    return value ? value : "(absent)";
}

#define HOST "https://bucket.s3.eu-central-1.amazonaws.com"
#endif
