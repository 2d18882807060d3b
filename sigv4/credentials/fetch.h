#ifndef CREDENTIALS_FETCH_H
#define CREDENTIALS_FETCH_H
/* One small HTTP question, asked up to n times with a pause in between: for metadata services, STS
 * and SSO. Neither signs nor interprets. What it stores is wiped; libcurl's own buffers are not. */
#include <sigv4/engine.h>

enum { SIGV4__FETCH_MAX_BODY = 64 << 10, SIGV4__FETCH_MAX_HEADERS = 8 };

struct sigv4__answer {
    int http_status;               /* 0: no complete answer, err says why */
    struct sigv4_slice body;       /* at most SIGV4__FETCH_MAX_BODY bytes, else PROTOCOL */
    struct sigv4_slice request_id; /* of the service, or empty */
    struct sigv4_error err;        /* status OK when there is an answer, of whatever HTTP status */
    bool connected, request_sent, connect_timed_out;
    int64_t skew_ms; /* by its Date, what to add to this machine's clock; 0 also without one */
    struct sigv4_slice authority; /* who was asked, "host" or "host:port" */
    unsigned attempts;
};
typedef void sigv4__fetch_fn(void *ctx, const struct sigv4__answer *answer);

/* Everything is copied, except ca_bundle and proxy. */
struct sigv4__question {
    struct sigv4_slice method;
    const char *url;
    struct sigv4_header headers[SIGV4__FETCH_MAX_HEADERS];
    size_t header_count; /* "host" is added in front when it is not the first */
    struct sigv4_slice body;
    uint32_t connect_timeout_ms, timeout_ms; /* of one attempt; 0: 1000 */
    uint32_t attempts, pause_ms;             /* attempts 0: 1 */
    const char *proxy;                       /* as in sigv4_http_options */
    const char *ca_bundle;
    bool any_certificate;
    /* Is this answer worth another attempt? NULL: no answer, 429 and 5xx are. */
    bool (*again)(void *ctx, const struct sigv4__answer *answer);
};

/* done comes exactly once, never from inside start, from the loop's inner steps: it may not call
 * users. Errors: INVALID, NOMEM, the engine's. */
struct sigv4__fetch;
int sigv4__fetch_start(struct sigv4__fetch **out, struct sigv4_loop *loop,
                       const struct sigv4__question *question, sigv4__fetch_fn *done, void *ctx);
/* Ends it soon: done comes with CANCELED. Not after done. */
void sigv4__fetch_cancel(struct sigv4__fetch *fetch);

/* "host:port" of an http or https URL, as it goes into the host header; empty when it is none. */
struct sigv4_slice sigv4__fetch_authority(const char *url);
#endif
