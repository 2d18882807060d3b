/* Which failures pass, and how long to wait for that. */
#include "consumer/patience.h"

enum {
    FIRST_MS = 250, /* doubled at each failure in a row */
    MOST_MS = 10000,
    MAX_DOUBLINGS = 6
};

bool kinesis__may_pass(const struct sigv4_error *err)
{
    switch (err->status) {
    case SIGV4_E_NETWORK:
    case SIGV4_E_TIMEOUT:
    case SIGV4_E_THROTTLED:
    case SIGV4_E_SERVICE:
    case SIGV4_E_NOMEM:
    case SIGV4_E_PROTOCOL:
        return true;
    default:
        return err->retryable;
    }
}

/* Full jitter, so that the shards of a stream do not come back all at once. */
int64_t kinesis__back_off_ms(const struct sigv4_loop *loop, unsigned failures)
{
    const struct sigv4_random *random = sigv4_loop_random(loop);
    uint32_t dice;
    int64_t most = FIRST_MS << (failures < MAX_DOUBLINGS ? failures : MAX_DOUBLINGS);
    random->fill(random->ctx, &dice, sizeof dice);
    most = most > MOST_MS ? MOST_MS : most;
    return most * dice / UINT32_MAX;
}
