/* One more try. */
#include "object/again.h"

enum { FIRST_REST_MS = 200, LONGEST_REST_MS = 20000 };

bool s3__worth_another_try(const struct s3_client *client, const struct sigv4_error *error)
{
    switch (error->status) {
    case SIGV4_E_NETWORK:
    case SIGV4_E_TIMEOUT:
        return client->answered;
    case SIGV4_E_NO_CREDENTIALS: /* a source that never gave keys is not a short outage */
        return client->answered && error->retryable;
    case SIGV4_E_SERVICE:
        return error->http_status != 501; /* it will not learn it meanwhile */
    case SIGV4_E_THROTTLED:
    case SIGV4_E_PROTOCOL:
        return true;
    default:
        /* Damaged on the way, or two requests met (facts, 6.7). */
        return error->retryable || strcmp(error->code, "BadDigest") == 0 ||
               strcmp(error->code, "OperationAborted") == 0;
    }
}

int64_t s3__rest_ms(struct sigv4_loop *loop, unsigned tries)
{
    const struct sigv4_random *random = sigv4_loop_random(loop);
    uint32_t r, longest = (uint32_t)FIRST_REST_MS << (tries < 8 ? tries : 8);
    if (longest > LONGEST_REST_MS)
        longest = LONGEST_REST_MS;
    random->fill(random->ctx, &r, sizeof r);
    return r % (longest + 1);
}

static void on_rested(void *ctx)
{
    struct s3__again *a = ctx;
    a->resting = false;
    a->again(a->ctx);
}

int s3__again_init(struct s3__again *a, const struct s3_client *client, void (*again)(void *ctx),
                   void *ctx)
{
    *a = (struct s3__again){.client = client, .again = again, .ctx = ctx};
    return sigv4_timer_new(&a->timer, client->loop, on_rested, a);
}

void s3__again_free(struct s3__again *a)
{
    sigv4_timer_free(a->timer);
    a->timer = NULL;
}

bool s3__again_later(struct s3__again *a, const struct sigv4_error *error)
{
    if (!s3__worth_another_try(a->client, error) || ++a->tries >= S3__TRIES)
        return false;
    a->resting = true;
    sigv4_timer_set(a->timer, s3__rest_ms(a->client->loop, a->tries));
    return true;
}

bool s3__again_stop(struct s3__again *a)
{
    bool rested = a->resting;
    if (rested)
        sigv4_timer_set(a->timer, -1);
    a->resting = false;
    return rested;
}
