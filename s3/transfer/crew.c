/* Parts through hands. */
#include "transfer/crew.h"

#include "base/memory.h"
#include "object/client.h"

static bool is_idle(const struct s3__crew *crew)
{
    for (size_t i = 0; i < crew->hand_count; i++)
        if (crew->hands[i].state != S3__HAND_FREE)
            return false;
    return true;
}

/* The part is over for this hand. */
static void let_go(struct s3__hand *hand, bool well)
{
    s3__pool_give(&hand->ticket);
    hand->state = S3__HAND_FREE;
    hand->crew->ops->done(hand->crew, hand, well);
}

static void begin(struct s3__hand *hand)
{
    struct sigv4_error err = {0};
    hand->state = S3__HAND_WORKING;
    hand->tries++;
    if (hand->crew->ops->start(hand->crew, hand, &err))
        s3__crew_ended(hand, &err);
}

static void on_granted(struct s3__ticket *ticket)
{
    begin((struct s3__hand *)ticket);
}

static void queue(struct s3__hand *hand)
{
    hand->state = S3__HAND_QUEUED;
    if (s3__pool_take(&hand->crew->client->requests, &hand->ticket, 1, on_granted))
        begin(hand);
}

static void on_rested(void *ctx)
{
    queue(ctx);
}

int s3__crew_init(struct s3__crew *crew, struct s3_client *client, const struct s3__crew_ops *ops,
                  uint64_t most)
{
    size_t count = client->options.max_requests;
    if (count > most)
        count = (size_t)most;
    crew->ops = ops;
    crew->client = client;
    crew->hands = sigv4__alloc_zero(client->alloc, count, sizeof *crew->hands);
    if (!crew->hands)
        return SIGV4_E_NOMEM;
    crew->hand_count = count;
    for (size_t i = 0; i < count; i++) {
        crew->hands[i].crew = crew;
        if (sigv4_timer_new(&crew->hands[i].timer, client->loop, on_rested, &crew->hands[i]))
            return SIGV4_E_NOMEM;
    }
    return SIGV4_OK;
}

void s3__crew_free(struct s3__crew *crew)
{
    for (size_t i = 0; i < crew->hand_count; i++)
        sigv4_timer_free(crew->hands[i].timer);
    if (crew->hands)
        sigv4__alloc_put(crew->client->alloc, crew->hands, crew->hand_count * sizeof *crew->hands);
    crew->hands = NULL;
    crew->hand_count = 0;
}

static bool supply(struct s3__crew *crew, struct s3__hand *hand)
{
    hand->tries = 0;
    hand->moved = 0;
    hand->state = S3__HAND_PREPARING;
    switch (crew->ops->next(crew, hand)) {
    case S3__PART_READY:
        queue(hand);
        return true;
    case S3__PART_LATER:
        return true; /* perhaps it is over already */
    default:
        hand->state = S3__HAND_FREE;
        return false;
    }
}

void s3__crew_run(struct s3__crew *crew)
{
    /* Whatever is called from here comes back here; the outermost does the work. */
    if (crew->running)
        return;
    crew->running = true;
    for (size_t i = 0; i < crew->hand_count && !crew->stopped; i++)
        if (crew->hands[i].state == S3__HAND_FREE && !supply(crew, &crew->hands[i]))
            break;
    crew->running = false;
    if (is_idle(crew))
        crew->ops->idle(crew);
}

void s3__crew_ready(struct s3__hand *hand)
{
    if (hand->crew->stopped)
        s3__crew_unused(hand);
    else
        queue(hand);
}

void s3__crew_unused(struct s3__hand *hand)
{
    let_go(hand, false);
    s3__crew_run(hand->crew);
}

void s3__crew_ended(struct s3__hand *hand, const struct sigv4_error *error)
{
    struct s3__crew *crew = hand->crew;
    struct s3__pool *requests = &crew->client->requests;
    sigv4_call_release(hand->call);
    hand->call = NULL;
    if (!error) {
        s3__pool_widen(requests);
        let_go(hand, true);
    } else if (!crew->stopped && s3__worth_another_try(crew->client, error) &&
               hand->tries < S3__TRIES) {
        if (error->status == SIGV4_E_THROTTLED)
            s3__pool_narrow(requests);
        s3__pool_give(&hand->ticket);
        hand->state = S3__HAND_RESTING;
        sigv4_timer_set(hand->timer, s3__rest_ms(crew->client->loop, hand->tries));
        return;
    } else {
        struct sigv4_error why = *error;
        let_go(hand, false);
        s3__crew_stop(crew, &why);
    }
    s3__crew_run(crew);
}

static void stop_hand(struct s3__hand *hand)
{
    if (hand->state == S3__HAND_WORKING && hand->call) {
        sigv4_call_cancel(hand->call);
    } else if (hand->state == S3__HAND_QUEUED || hand->state == S3__HAND_RESTING) {
        sigv4_timer_set(hand->timer, -1);
        let_go(hand, false);
    }
}

void s3__crew_stop(struct s3__crew *crew, const struct sigv4_error *error)
{
    if (crew->stopped)
        return;
    if (error)
        crew->error = *error;
    crew->stopped = true;
    bool outermost = !crew->running;
    crew->running = true;
    if (crew->ops->halt)
        crew->ops->halt(crew);
    for (size_t i = 0; i < crew->hand_count; i++)
        stop_hand(&crew->hands[i]);
    crew->running = !outermost;
    s3__crew_run(crew);
}
