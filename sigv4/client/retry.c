/* Whether and when to try again. Rules: facts, 3.5, 6.7 and 7.1. */
#include "client/retry.h"

enum {
    QUOTA = 500,
    MAX_DELAY_MS = 20000,
    BASE_MS = 50,
    THROTTLE_BASE_MS = 1000,
    COST = 14,
    THROTTLE_COST = 5,
    /* the generation before 2026 */
    OLDER_BASE_MS = 1000,
    OLDER_COST = 5,
    OLDER_TIMEOUT_COST = 10,
    HINT_SLACK_MS = 5000 /* how far a service's hint may go beyond our own delay */
};

struct code {
    const char *name;
    enum sigv4__retry_class means;
};

/* What services say, whatever the HTTP status is. */
static const struct code codes[] = {
    {"BandwidthLimitExceeded", SIGV4__RETRY_THROTTLE},
    {"EC2ThrottledException", SIGV4__RETRY_THROTTLE},
    {"KMSThrottlingException", SIGV4__RETRY_THROTTLE},
    {"LimitExceededException", SIGV4__RETRY_THROTTLE},
    {"PriorRequestNotComplete", SIGV4__RETRY_THROTTLE},
    {"ProvisionedThroughputExceededException", SIGV4__RETRY_THROTTLE},
    {"RequestLimitExceeded", SIGV4__RETRY_THROTTLE},
    {"RequestThrottled", SIGV4__RETRY_THROTTLE},
    {"RequestThrottledException", SIGV4__RETRY_THROTTLE},
    {"SlowDown", SIGV4__RETRY_THROTTLE},
    {"ThrottledException", SIGV4__RETRY_THROTTLE},
    {"Throttling", SIGV4__RETRY_THROTTLE},
    {"ThrottlingException", SIGV4__RETRY_THROTTLE},
    {"TooManyRequestsException", SIGV4__RETRY_THROTTLE},
    {"TransactionInProgressException", SIGV4__RETRY_THROTTLE},

    {"BadDigest", SIGV4__RETRY_TRANSIENT}, /* bytes were changed on the way */
    {"ConditionalRequestConflict", SIGV4__RETRY_TRANSIENT},
    {"IDPCommunicationError", SIGV4__RETRY_TRANSIENT},
    {"InternalError", SIGV4__RETRY_TRANSIENT},
    {"InternalFailure", SIGV4__RETRY_TRANSIENT},
    {"InternalFailureException", SIGV4__RETRY_TRANSIENT},
    {"OperationAborted", SIGV4__RETRY_TRANSIENT},
    {"RequestTimeout", SIGV4__RETRY_TRANSIENT},
    {"RequestTimeoutException", SIGV4__RETRY_TRANSIENT},
    {"ServiceUnavailable", SIGV4__RETRY_TRANSIENT},

    {"AuthFailure", SIGV4__RETRY_CLOCK},
    {"InvalidSignatureException", SIGV4__RETRY_CLOCK},
    {"RequestExpired", SIGV4__RETRY_CLOCK},
    {"RequestInTheFuture", SIGV4__RETRY_CLOCK},
    {"RequestTimeTooSkewed", SIGV4__RETRY_CLOCK},
    {"SignatureDoesNotMatch", SIGV4__RETRY_CLOCK},

    {"ExpiredToken", SIGV4__RETRY_EXPIRED},
    {"ExpiredTokenException", SIGV4__RETRY_EXPIRED},
    {"TokenRefreshRequired", SIGV4__RETRY_EXPIRED},
};

static enum sigv4__retry_class classify_transport(const struct sigv4__failed_attempt *a)
{
    if (a->connect_timed_out)
        return a->host_was_reached ? SIGV4__RETRY_TIMEOUT : SIGV4__RETRY_NEVER;
    switch (a->status) {
    case SIGV4_E_TIMEOUT:
        return SIGV4__RETRY_TIMEOUT;
    case SIGV4_E_NETWORK:
        return SIGV4__RETRY_TRANSIENT;
    case SIGV4_E_TLS:
        return a->host_was_reached ? SIGV4__RETRY_TRANSIENT : SIGV4__RETRY_NEVER;
    default:
        return SIGV4__RETRY_NEVER;
    }
}

static enum sigv4__retry_class classify_http(int http_status)
{
    switch (http_status) {
    case 429:
    case 509:
        return SIGV4__RETRY_THROTTLE;
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
        return SIGV4__RETRY_TRANSIENT;
    default:
        return SIGV4__RETRY_NEVER;
    }
}

enum sigv4__retry_class sigv4__retry_classify(const struct sigv4__failed_attempt *a)
{
    if (a->status)
        return classify_transport(a);
    for (size_t i = 0; a->code && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(a->code, codes[i].name) == 0)
            return codes[i].means;
    return classify_http(a->http_status);
}

void sigv4__quota_init(struct sigv4__quota *q, uint32_t capacity)
{
    q->capacity = q->tokens = capacity ? capacity : QUOTA;
}

static uint32_t cost_of(const struct sigv4__retry_policy *policy, enum sigv4__retry_class c)
{
    if (policy->older)
        return c == SIGV4__RETRY_TIMEOUT ? OLDER_TIMEOUT_COST : OLDER_COST;
    return c == SIGV4__RETRY_THROTTLE ? THROTTLE_COST : COST;
}

static uint32_t base_ms(const struct sigv4__retry_policy *policy, enum sigv4__retry_class c)
{
    if (policy->older)
        return OLDER_BASE_MS;
    return c == SIGV4__RETRY_THROTTLE ? THROTTLE_BASE_MS : BASE_MS;
}

/* Full jitter: somewhere between nothing and a limit that doubles with each attempt. */
static uint32_t exponential_ms(const struct sigv4__retry_policy *policy, enum sigv4__retry_class c,
                               uint32_t attempts, uint32_t random)
{
    uint64_t max = policy->max_delay_ms ? policy->max_delay_ms : MAX_DELAY_MS;
    uint64_t limit = base_ms(policy, c);
    for (uint32_t i = 1; i < attempts && limit < max; i++)
        limit *= 2;
    if (limit > max)
        limit = max;
    return (uint32_t)(limit * random / UINT32_MAX);
}

/* The service may ask for more, within reason, never for less. */
static uint32_t heed(const struct sigv4__retry_policy *policy,
                     const struct sigv4__retry_hints *hints, uint32_t own_ms)
{
    int64_t asked = -1, most = MAX_DELAY_MS;
    if (hints->amz_retry_after_ms >= 0 && !policy->older) {
        asked = hints->amz_retry_after_ms;
        most = (int64_t)own_ms + HINT_SLACK_MS;
    } else if (hints->retry_after_s >= 0) {
        asked = hints->retry_after_s < MAX_DELAY_MS ? hints->retry_after_s * 1000 : MAX_DELAY_MS;
    }
    if (asked > most)
        asked = most;
    return asked > own_ms ? (uint32_t)asked : own_ms;
}

struct sigv4__retry_decision sigv4__retry_decide(const struct sigv4__retry_policy *policy,
                                                 struct sigv4__quota *quota,
                                                 struct sigv4__retry_state *state,
                                                 enum sigv4__retry_class c,
                                                 const struct sigv4__retry_hints *hints)
{
    struct sigv4__retry_decision d = {0};
    uint32_t cost = cost_of(policy, c);
    if (c != SIGV4__RETRY_TRANSIENT && c != SIGV4__RETRY_TIMEOUT && c != SIGV4__RETRY_THROTTLE)
        return d;
    if (state->attempts >= policy->max_attempts)
        return d;
    if (quota->tokens < cost) {
        d.quota_empty = true;
        return d;
    }
    quota->tokens -= cost;
    state->last_cost = cost;
    d.again = true;
    d.delay_ms = heed(policy, hints, exponential_ms(policy, c, state->attempts, hints->random));
    return d;
}

void sigv4__retry_succeeded(struct sigv4__quota *quota, struct sigv4__retry_state *state)
{
    uint32_t room = quota->capacity - quota->tokens, back = state->last_cost ? state->last_cost : 1;
    quota->tokens += back < room ? back : room;
    state->last_cost = 0;
}
