/* One shard: its turns, its failures, and what its pages mean. Their records: delivery.c. */
#include "consumer/reader.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "consumer/consumer.h"
#include "consumer/feed.h"
#include "consumer/patience.h"

enum {
    READ_INTERVAL_MS = 200, /* five reads a second (facts, 1.6) */
    SLOWEST_PACE_MS = 2000, /* ten of us fit in a shard; whoever takes more cannot starve us */
    MAX_SPOILT = 3,         /* answers in a row that make no sense */
    MAX_EXPIRED = 1,        /* iterators in a row that had expired already: more wait */
    CLOCK_SLACK_MS = 1000,  /* a Date header has whole seconds */
    IN_USE_FAILURES = 2,    /* that passes in five seconds: a second between calls will do */
    STALLED_MS = 30000,
    MAX_INPUT = 8192
};

int64_t kinesis__reader_now_ms(const struct kinesis__reader *r)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(r->consumer->loop);
    return clock->mono_ms(clock->ctx);
}

/* The service's clock counts when a timestamp is given back to it; ours may be off. */
int64_t kinesis__reader_service_ms(const struct kinesis__reader *r, int64_t said_unix_ms)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(r->consumer->loop);
    return (said_unix_ms == INT64_MIN ? clock->wall_ms(clock->ctx) : said_unix_ms) - CLOCK_SLACK_MS;
}

int64_t kinesis__reader_time_of(const struct kinesis__reader *r,
                                const struct sigv4_response *response)
{
    int64_t at = INT64_MIN;
    if (response && !sigv4__moment_parse_http(sigv4_response_header(response, "date"), &at))
        at = INT64_MIN;
    return kinesis__reader_service_ms(r, at);
}

void kinesis__reader_drop_call(struct kinesis__reader *r)
{
    sigv4_call_release(r->call);
    r->call = NULL;
}

void kinesis__reader_drop_page(struct kinesis__reader *r)
{
    kinesis__page_release(r->page);
    r->page = NULL;
    kinesis__budget_review(r->consumer);
}

/* ---- when it is its turn ---- */

static void step(struct kinesis__reader *r)
{
    if (r->consumer->consumer_arn)
        kinesis__feed_step(r);
    else
        kinesis__polling_step(r);
}

void kinesis__reader_wait_until(struct kinesis__reader *r, int64_t when_ms)
{
    int64_t left = when_ms - kinesis__reader_now_ms(r);
    r->state = KINESIS__WAITING;
    sigv4_timer_set(r->timer, left > 0 ? left : 0);
}

/* Step 5 of the loop, because a step that fails at once tells the user. */
static void run_step(struct sigv4_job *job)
{
    struct kinesis__reader *r =
        (struct kinesis__reader *)((char *)job - offsetof(struct kinesis__reader, step_job));
    struct kinesis_consumer *c = r->consumer;
    if (r->state == KINESIS__WAITING && !c->stopping)
        step(r);
    kinesis__consumer_came_back(c);
}

static void on_timer(void *ctx)
{
    struct kinesis__reader *r = ctx;
    kinesis__consumer_expect(r->consumer);
    sigv4_loop_notify(r->consumer->loop, &r->step_job);
}

void kinesis__reader_started(struct kinesis__reader *r, int64_t service_unix_ms)
{
    if (!r->placed_unix_ms)
        r->placed_unix_ms = service_unix_ms;
    if (!r->started)
        kinesis__consumer_tell(r, KINESIS_SHARD_STARTED, NULL);
    r->started = true;
}

/* ---- failures ---- */

/* A subscription less than five seconds old, perhaps of an earlier life, or a consumer that is not
 * ACTIVE yet. */
static bool is_in_use(const struct kinesis__reader *r, const struct sigv4_error *err)
{
    return r->consumer->consumer_arn && strcmp(err->code, "ResourceInUseException") == 0;
}

/* True: it will not pass. */
static bool is_fatal(struct kinesis__reader *r, const struct sigv4_error *err)
{
    if (strcmp(err->code, "ExpiredIteratorException") == 0 || is_in_use(r, err))
        return false;
    if (err->status == SIGV4_E_PROTOCOL)
        return ++r->spoilt > MAX_SPOILT;
    return err->status != SIGV4_E_NOT_FOUND && !kinesis__may_pass(err);
}

void kinesis__reader_fail(struct kinesis__reader *r, const struct sigv4_error *err,
                          const char *host)
{
    r->state = KINESIS__WAITING;
    if (r->consumer->stopping)
        return;
    if (is_fatal(r, err)) {
        kinesis__consumer_fail(r->consumer, err, host);
        return;
    }
    if (strcmp(err->code, "ExpiredIteratorException") == 0) {
        r->iterator[0] = '\0';
        if (r->expired++ < MAX_EXPIRED) {
            step(r);
            return;
        }
    }
    if (err->status == SIGV4_E_NOT_FOUND)
        kinesis__roster_missing(r);
    if (err->status == SIGV4_E_THROTTLED) /* others read it, too: leave room */
        r->pace_ms = 2 * r->pace_ms < SLOWEST_PACE_MS ? 2 * r->pace_ms : SLOWEST_PACE_MS;
    if (!r->consumer->stopping)
        kinesis__consumer_tell(r, KINESIS_SHARD_TROUBLE, err);
    if (r->consumer->stopping)
        return;
    if (is_in_use(r, err) && r->failures > IN_USE_FAILURES)
        r->failures = IN_USE_FAILURES;
    int64_t pause = kinesis__back_off_ms(r->consumer->loop, r->failures++);
    int64_t when = kinesis__reader_now_ms(r) + READ_INTERVAL_MS + pause;
    kinesis__reader_wait_until(r, when > r->earliest_ms ? when : r->earliest_ms);
}

/* ---- a page ---- */

/* A shard that is closed has no tip but its end. */
static bool found_tip(const struct kinesis__reader *r)
{
    const struct kinesis__get_answer *a = &r->page->answer;
    return a->count == 0 && a->behind_ms <= 0 && !r->over && !r->closed;
}

/* Empty pages are ordinary where a shard has gaps: then the lag shrinks from page to page. */
static bool is_stalled(struct kinesis__reader *r)
{
    const struct kinesis__get_answer *a = &r->page->answer;
    int64_t now = kinesis__reader_now_ms(r);
    bool moves = a->count || a->behind_ms <= 0 || a->behind_ms < r->quiet_behind_ms || r->over;
    r->quiet_behind_ms = a->behind_ms;
    if (moves || r->quiet_since_ms < 0) {
        r->quiet_since_ms = moves ? -1 : now;
        return false;
    }
    return now - r->quiet_since_ms >= STALLED_MS;
}

static void start_again(struct kinesis__reader *r)
{
    struct sigv4_error err;
    sigv4__fail(&err, SIGV4_E_TIMEOUT,
                "shard %s: nothing came for %d s, while its lag grew to %lld s; it is begun again",
                r->shard_id, STALLED_MS / 1000, (long long)(r->quiet_behind_ms / 1000));
    r->quiet_since_ms = -1;
    r->iterator[0] = '\0';
    r->again = true;
    kinesis__consumer_tell(r, KINESIS_SHARD_STALLED, &err);
}

void kinesis__reader_take(struct kinesis__reader *r, int64_t service_unix_ms)
{
    r->failures = r->spoilt = r->expired = r->lacking = 0;
    r->delivered = 0;
    r->page_bytes = kinesis__page_weigh(r->page);
    if (r->pace_ms > READ_INTERVAL_MS)
        r->pace_ms -= r->pace_ms / 16;
    if (r->pace_ms < READ_INTERVAL_MS)
        r->pace_ms = READ_INTERVAL_MS;
    bool was_at_tip = r->at_tip;
    r->at_tip = found_tip(r);
    if (r->at_tip && !was_at_tip)
        kinesis__consumer_tell(r, KINESIS_SHARD_AT_TIP, NULL);
    if (is_stalled(r))
        start_again(r);
    r->fetched_unix_ms = service_unix_ms;
    r->state = KINESIS__DELIVERING;
    kinesis__consumer_expect(r->consumer);
    sigv4_loop_notify(r->consumer->loop, &r->deliver_job);
}

/* ---- life ---- */

int kinesis__reader_new(struct kinesis__reader **out, struct kinesis_consumer *consumer,
                        struct sigv4_slice shard_id)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(consumer->loop);
    struct kinesis__reader *r = sigv4__alloc_zero(alloc, 1, sizeof *r);
    if (!r)
        return SIGV4_E_NOMEM;
    if (sigv4_timer_new(&r->timer, consumer->loop, on_timer, r)) {
        sigv4__alloc_put(alloc, r, sizeof *r);
        return SIGV4_E_NOMEM;
    }
    r->consumer = consumer;
    r->state = KINESIS__BLOCKED;
    r->pace_ms = READ_INTERVAL_MS;
    r->quiet_since_ms = -1;
    r->deliver_job.run = kinesis__delivery_run;
    r->step_job.run = run_step;
    r->emptied_job.run = kinesis__pull_emptied;
    sigv4__buffer_init(&r->input, alloc, MAX_INPUT);
    sigv4__fixed_copy(r->shard_id, sizeof r->shard_id, shard_id);
    *out = r;
    return SIGV4_OK;
}

void kinesis__reader_free(struct kinesis__reader *r)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(r->consumer->loop);
    sigv4_timer_free(r->timer);
    sigv4__buffer_free(&r->input);
    kinesis__page_release(r->page);
    sigv4__alloc_put(alloc, r, sizeof *r);
}

void kinesis__reader_start(struct kinesis__reader *r)
{
    step(r);
}

void kinesis__reader_gone(struct kinesis__reader *r, const struct sigv4_error *err)
{
    sigv4_timer_set(r->timer, -1);
    r->state = KINESIS__ENDED;
    kinesis__consumer_tell(r, KINESIS_SHARD_GONE, err);
}

void kinesis__reader_stop(struct kinesis__reader *r)
{
    sigv4_timer_set(r->timer, -1);
    if (r->call)
        sigv4_call_cancel(r->call);
    if (r->subscription)
        kinesis__subscription_cancel(r->subscription);
    if (r->state == KINESIS__OFFERED)
        kinesis__delivery_mark(r);
    if (r->state == KINESIS__PAUSED || r->state == KINESIS__OFFERED) {
        kinesis__reader_drop_page(r);
        r->state = KINESIS__WAITING;
    }
}
