#ifndef CLIENT_RETRY_H
#define CLIENT_RETRY_H
/* Whether and when to try again: pure decisions and a quota. Rules: facts section 7.1, the
 * generation of 2026 by default, the one before it on request. */
#include <sigv4/status.h>

enum sigv4__retry_class {
    SIGV4__RETRY_NEVER,
    SIGV4__RETRY_TRANSIENT,
    SIGV4__RETRY_TIMEOUT, /* a connect or read time-out: costs more in the older generation */
    SIGV4__RETRY_THROTTLE,
    SIGV4__RETRY_CLOCK,  /* maybe our clock: correct it and try once more */
    SIGV4__RETRY_EXPIRED /* our keys expired: get new ones and try once more */
};

/* What is known about a failed attempt. */
struct sigv4__failed_attempt {
    int status;       /* of the transfer: OK when an answer arrived */
    int http_status;  /* 0: none */
    const char *code; /* the service's word, or "" */
    bool connect_timed_out;
    bool host_was_reached; /* some earlier attempt of this client reached that host */
};
/* A host that never answered is not worth three time-outs: connect_timed_out without
 * host_was_reached is NEVER. So is a TLS failure: a certificate does not get better by asking
 * again, but where TLS has worked before, a handshake that broke off may. */
enum sigv4__retry_class sigv4__retry_classify(const struct sigv4__failed_attempt *a);

struct sigv4__retry_policy {
    bool older; /* the generation before 2026 */
    uint32_t max_attempts;
    uint32_t max_delay_ms; /* of the exponential part; 0: 20000 */
};
/* Shared by all exchanges of a client. */
struct sigv4__quota {
    uint32_t capacity, tokens;
};
void sigv4__quota_init(struct sigv4__quota *q, uint32_t capacity); /* 0: 500 */

/* One exchange's. Zero to begin with. */
struct sigv4__retry_state {
    uint32_t attempts;  /* made so far */
    uint32_t last_cost; /* what the last repetition took from the quota */
};
struct sigv4__retry_hints {
    int64_t amz_retry_after_ms; /* x-amz-retry-after; -1: none */
    int64_t retry_after_s;      /* Retry-After; -1: none */
    uint32_t random;            /* for the jitter: 0 is no wait, UINT32_MAX the longest */
};
struct sigv4__retry_decision {
    bool again;
    bool quota_empty; /* would have been tried again, but for the quota */
    uint32_t delay_ms;
};
/* After attempt number state->attempts failed with class c (TRANSIENT, TIMEOUT or THROTTLE; others
 * are never "again" here). Takes from the quota. */
struct sigv4__retry_decision sigv4__retry_decide(const struct sigv4__retry_policy *policy,
                                                 struct sigv4__quota *quota,
                                                 struct sigv4__retry_state *state,
                                                 enum sigv4__retry_class c,
                                                 const struct sigv4__retry_hints *hints);
/* Success gives back what the last repetition cost, or 1 after a first attempt. */
void sigv4__retry_succeeded(struct sigv4__quota *quota, struct sigv4__retry_state *state);
#endif
