#ifndef SIGV4_CLIENT_H
#define SIGV4_CLIENT_H
/* The client knows who we are and where to, and carries out exchanges: region, endpoint, keys,
 * sign, send, classify, wait, again, done. Producers, consumers and transfers share one; libkinesis
 * and libs3 are built on nothing else, so a further service can be built outside. */
#include <sigv4/credentials.h>
#include <sigv4/endpoint.h>
#include <sigv4/engine.h>
#include <sigv4/sign.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sigv4_client;
struct sigv4_client_options {
    size_t size;
    const char *region;  /* NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile, IMDS */
    const char *profile; /* NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default" */
    /* For every service. NULL: AWS_ENDPOINT_URL_KINESIS (_S3, _STS), AWS_ENDPOINT_URL, the
     * profile's services section, its endpoint_url; where none of them is set, AWS (facts, 5.2;
     * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html). */
    const char *endpoint_url;
    struct sigv4_provider
        *credentials;              /* borrowed until the client is freed; NULL: the default chain */
    const char *ca_bundle;         /* NULL: AWS_CA_BUNDLE, the profile, the system's */
    uint32_t connect_timeout_ms;   /* 0: 3000, all addresses together */
    uint32_t stall_timeout_ms;     /* 0: 20000 without a byte */
    uint32_t max_attempts;         /* 0: AWS_MAX_ATTEMPTS, the profile, 3 */
    const char *user_agent_suffix; /* "kput/0.1.0" */
    uint32_t flags;
    sigv4_mfa_fn *mfa; /* for the default chain; NULL: profiles with mfa_serial are refused */
    void *mfa_ctx;
};
#define SIGV4_CLIENT_OPTIONS                                                                       \
    {                                                                                              \
        .size = sizeof(struct sigv4_client_options)                                                \
    }
/* flags; the first two are also set by AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and the
 * profile */
#define SIGV4_USE_FIPS       0x1u
#define SIGV4_USE_DUAL_STACK 0x2u
#define SIGV4_NO_VERIFY_SSL  0x4u
#define SIGV4_ANONYMOUS      0x8u /* send unsigned */

/* @thread owner of the loop; reads the configuration files, no network. Errors: INVALID (unknown
 * profile, malformed URL or file, no such services section, a CA bundle without certificates), IO
 * (a file that cannot be read), NOMEM, FORKED. opts NULL: all defaults. What is configured for one
 * service alone (AWS_ENDPOINT_URL_S3) is looked at when it is asked. */
SIGV4_API int sigv4_client_new(struct sigv4_client **out, struct sigv4_loop *loop,
                               const struct sigv4_client_options *opts,
                               struct sigv4_error *err) SIGV4_MUST_CHECK;
/* Cancels what is under way; done callbacks still come (sigv4_loop_free delivers the last). */
SIGV4_API void sigv4_client_free(struct sigv4_client *client);
/* @thread any. For objects built on a client: its memory stays until all have let go. After
 * sigv4_client_free sends are refused with CLOSED, whoever holds it. */
SIGV4_API void sigv4_client_hold(struct sigv4_client *client);
SIGV4_API void sigv4_client_release(struct sigv4_client *client);
SIGV4_API struct sigv4_loop *sigv4_client_loop(const struct sigv4_client *client);

/* What is known now, for people and for endpoint rules; views valid as long as the client. region
 * "" until IMDS was asked. @thread loop. Errors: INVALID (the services section that the profile
 * names is not there). */
struct sigv4_client_facts {
    size_t size;
    const char *region, *region_origin; /* "us-east-1", "AWS_REGION" */
    const char *endpoint_url;           /* of the service asked for; "" without override */
    char endpoint_origin[192];          /* "AWS_ENDPOINT_URL_KINESIS" */
    const char *profile;
    bool use_fips, use_dual_stack;
    const char *ca_bundle; /* "": the system's certificates */
    bool any_certificate;  /* SIGV4_NO_VERIFY_SSL */
    char keys_origin[192]; /* of the keys last signed with; "" before the first */
};
SIGV4_API int sigv4_client_facts(struct sigv4_client *client, const char *service_id,
                                 struct sigv4_client_facts *out,
                                 struct sigv4_error *err) SIGV4_MUST_CHECK;

/* What the profile says in a block of its own, "addressing_style" in "s3"; NULL: nothing. Valid as
 * long as the client. @thread any. */
SIGV4_API const char *sigv4_client_profile_block(const struct sigv4_client *client,
                                                 const char *block, const char *name);

struct sigv4_response;
struct sigv4_request {
    size_t size;
    const char *service_id;    /* "KINESIS", "S3", "STS": whose override counts. Static text */
    sigv4_resolve_fn *resolve; /* that service's rules; resolve_ctx must live until on_done */
    void *resolve_ctx;
    const char *operation; /* "PutRecords": for messages and logs. Static text */
    struct sigv4_slice method;
    struct sigv4_slice path;            /* percent-encoded, with leading '/'; "" is "/" */
    struct sigv4_slice query;           /* encoded, without '?' */
    const struct sigv4_header *headers; /* copied, like method, path and query; host, date, token
                                         * and authorization are added here */
    size_t header_count;
    /* The body by reference until on_done (the array is copied), or read as in sigv4_transfer. */
    const struct sigv4_slice *body;
    size_t body_count;
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    uint64_t body_length; /* with read */
    /* 64 hex digits, or SIGV4_UNSIGNED_PAYLOAD (allowed over TLS only, else INVALID); empty: body
     * is hashed here in one pass (not with read). Copied. */
    struct sigv4_slice payload_hash;
    uint32_t timeout_ms;   /* all attempts and waits together; 0: none */
    uint32_t max_attempts; /* 0: the client's; 1: never again */
    uint32_t flags;
    /* The answer. With on_chunk a 2xx body is streamed, and once a byte was handed out the exchange
     * is not repeated; else it is collected, up to max_body bytes (0: 16 MiB; more is PROTOCOL)
     * into a block of the loop's allocator. reuse (capacity reuse_cap) is such a block to start
     * with: the library's from an accepted send on. */
    enum sigv4_flow (*on_chunk)(void *ctx, const struct sigv4_response *head,
                                struct sigv4_slice chunk);
    uint64_t max_body;
    void *reuse;
    size_t reuse_cap;
    /* Exactly once after an accepted send, on the loop, never from inside sigv4_send. */
    void (*on_done)(void *ctx, const struct sigv4_response *response);
    void *ctx;
};
/* flags */
#define SIGV4_ERROR_IN_200                                                                         \
    0x1u                         /* S3: a 200 whose XML root is Error is a failure of the service  \
                                  */
#define SIGV4_UNSIGNED      0x2u /* no Authorization (web identity) */
#define SIGV4_NOT_AGAIN     0x4u /* a repetition could do harm: only when nothing was sent */
#define SIGV4_REQUEST_HTTP2 0x8u
/* The caller has a pace of its own: the limit of AWS_RETRY_MODE=adaptive leaves it alone. */
#define SIGV4_REQUEST_UNPACED 0x20u
#define SIGV4_REQUEST_FRESH   0x10u /* as SIGV4_HTTP_FRESH: to see what a first request costs */

struct sigv4_response { /* the library's; valid during the callback */
    size_t size;
    const struct sigv4_error *error; /* NULL on success (2xx, and 304 or 412 are failures too) */
    int http_status;
    uint32_t attempts;
    /* Was the request acted on? true: some attempt was sent completely and its fate is not known.
     */
    bool maybe_done;
    struct sigv4_slice body; /* collected; of an error the first 64 KiB */
    struct sigv4_slice request_id;
    const char *region;         /* where it was answered */
    const char *host, *address; /* "kinesis.us-east-1.amazonaws.com", "203.0.113.7:443" or "" */
    const struct sigv4_http_result *http; /* of the last attempt; NULL when none was made */
};
/* @thread loop, in a callback. A header of the final answer, any case; empty when absent. */
SIGV4_API struct sigv4_slice sigv4_response_header(const struct sigv4_response *response,
                                                   const char *name);
/* The i-th header; false after the last. */
SIGV4_API bool sigv4_response_header_at(const struct sigv4_response *response, size_t i,
                                        struct sigv4_header *out);
/* In on_done: take the collected body's block over (writable; free with the loop's allocator and
 * cap). NULL when there is none. */
SIGV4_API void *sigv4_response_take_body(const struct sigv4_response *response, size_t *len,
                                         size_t *cap);

/* @thread any. call may be NULL; otherwise release it. Errors: INVALID, NOMEM, FORKED, CLOSED. */
SIGV4_API int sigv4_send(struct sigv4_client *client, const struct sigv4_request *request,
                         struct sigv4_call **call, struct sigv4_error *err) SIGV4_MUST_CHECK;
/* @thread loop. After on_chunk answered SIGV4_PAUSE. */
SIGV4_API void sigv4_call_resume(struct sigv4_call *call);

/* The URL a presigned request may be made with: sign the resolved target for anyone who has the
 * text.
 * @thread owner @blocks (for credentials and region; see sigv4_loop_wait). */
SIGV4_API int sigv4_presign_url(struct sigv4_client *client, const struct sigv4_request *request,
                                uint32_t expires_seconds, struct sigv4_text *out,
                                struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
