/* One shard: its iterator, its pages, its records, its end. */
#include "consumer/reader.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "consumer/consumer.h"
#include "consumer/patience.h"
#include "wire/control_input.h"

enum {
    READ_INTERVAL_MS = 200,        /* five reads a second (facts, 1.6) */
    BYTES_PER_MS = 2000000 / 1000, /* 2 MB a second */
    MAX_SPOILT = 3,                /* answers in a row that make no sense */
    MAX_EXPIRED = 1,               /* iterators in a row that had expired already: more wait */
    CLOCK_SLACK_MS = 1000,         /* a Date header has whole seconds */
    MAX_INPUT = 8192,
    MAX_ANSWER = 32 * 1024 * 1024
};

static void step_place(struct kinesis__reader *r);
static void step_fetch(struct kinesis__reader *r);

static int64_t mono_ms(const struct kinesis__reader *r)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(r->consumer->loop);
    return clock->mono_ms(clock->ctx);
}

static int64_t wall_ms(const struct kinesis__reader *r)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(r->consumer->loop);
    return clock->wall_ms(clock->ctx);
}

static void wait_until(struct kinesis__reader *r, int64_t when_ms)
{
    int64_t left = when_ms - mono_ms(r);
    r->state = KINESIS__WAITING;
    sigv4_timer_set(r->timer, left > 0 ? left : 0);
}

/* Step 5 of the loop, because a step that fails at once tells the user. */
static void run_step(struct sigv4_job *job)
{
    struct kinesis__reader *r =
        (struct kinesis__reader *)((char *)job - offsetof(struct kinesis__reader, step_job));
    struct kinesis_consumer *c = r->consumer;
    bool waits = r->state == KINESIS__WAITING && !c->stopping;
    if (waits && r->iterator[0])
        step_fetch(r);
    else if (waits)
        step_place(r);
    kinesis__consumer_came_back(c);
}

static void on_timer(void *ctx)
{
    struct kinesis__reader *r = ctx;
    kinesis__consumer_expect(r->consumer);
    sigv4_loop_notify(r->consumer->loop, &r->step_job);
}

/* ---- failures ---- */

static void fail(struct kinesis__reader *r, const struct sigv4_error *err, const char *host)
{
    r->state = KINESIS__WAITING;
    if (r->consumer->stopping)
        return;
    if (strcmp(err->code, "ExpiredIteratorException") == 0) {
        r->iterator[0] = '\0';
        if (r->expired++ < MAX_EXPIRED) {
            step_place(r);
            return;
        }
    } else if (err->status == SIGV4_E_NOT_FOUND) {
        kinesis__roster_missing(r);
    } else if (err->status == SIGV4_E_PROTOCOL ? ++r->spoilt > MAX_SPOILT
                                               : !kinesis__may_pass(err)) {
        kinesis__consumer_fail(r->consumer, err, host);
        return;
    }
    if (!r->consumer->stopping)
        kinesis__consumer_tell(r, KINESIS_SHARD_TROUBLE, err);
    if (r->consumer->stopping)
        return;
    int64_t pause = kinesis__back_off_ms(r->consumer->loop, r->failures++);
    wait_until(r, mono_ms(r) + READ_INTERVAL_MS + pause);
}

static void drop_call(struct kinesis__reader *r)
{
    sigv4_call_release(r->call);
    r->call = NULL;
}

/* ---- the iterator ---- */

/* The service's clock counts when a timestamp is given back to it; ours may be off. */
static int64_t time_of(const struct kinesis__reader *r, const struct sigv4_response *response)
{
    int64_t at;
    if (response && sigv4__moment_parse_http(sigv4_response_header(response, "date"), &at))
        return at - CLOCK_SLACK_MS;
    return wall_ms(r) - CLOCK_SLACK_MS;
}

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *result)
{
    struct kinesis__reader *r = ctx;
    drop_call(r);
    if (result->error) {
        fail(r, result->error, result->response->host);
    } else if (result->shard_iterator.len >= sizeof r->iterator) {
        struct sigv4_error err;
        sigv4__fail(&err, SIGV4_E_PROTOCOL, "the shard iterator is too long");
        fail(r, &err, result->response->host);
    } else {
        sigv4__fixed_copy(r->iterator, sizeof r->iterator, result->shard_iterator);
        if (!r->placed_unix_ms)
            r->placed_unix_ms = time_of(r, result->response);
        if (!r->started)
            kinesis__consumer_tell(r, KINESIS_SHARD_STARTED, NULL);
        r->started = true;
        r->state = KINESIS__WAITING;
        if (!r->consumer->stopping)
            wait_until(r, r->earliest_ms);
    }
    kinesis__consumer_came_back(r->consumer);
}

static void step_place(struct kinesis__reader *r)
{
    struct sigv4_error err;
    struct kinesis_get_shard_iterator_input in = kinesis__reader_place(r);
    r->state = KINESIS__PLACING;
    kinesis__consumer_expect(r->consumer);
    if (kinesis_get_shard_iterator(r->consumer->client, &in, on_iterator, r, &r->call, &err)) {
        fail(r, &err, "");
        kinesis__consumer_came_back(r->consumer);
    }
}

/* ---- a page ---- */

/* bytes: of the answer, which holds data in base64. */
static int64_t next_read_ms(const struct kinesis__reader *r, size_t bytes)
{
    const struct kinesis_consumer *c = r->consumer;
    int64_t wait = (int64_t)(bytes / 4 * 3 / BYTES_PER_MS);
    if (wait < READ_INTERVAL_MS)
        wait = READ_INTERVAL_MS;
    if (c->options.flags & KINESIS_NO_PACING)
        wait = 0;
    if (r->at_tip && wait < c->options.idle_ms)
        wait = c->options.idle_ms;
    return r->fetch_began_ms + wait;
}

/* A shard that is closed has no tip but its end. */
static bool found_tip(const struct kinesis__reader *r)
{
    const struct kinesis__get_answer *a = &r->page->answer;
    return a->count == 0 && a->behind_ms <= 0 && a->next_shard_iterator.len && !r->closed;
}

static void take_page(struct kinesis__reader *r, const struct sigv4_response *response)
{
    struct sigv4_error err;
    size_t n = 0, cap = 0;
    char *body = sigv4_response_take_body(response, &n, &cap);
    char nothing[1] = "";
    int rc = body ? kinesis__page_fill(r->page, body, n, cap, &err)
                  : kinesis__get_answer_read(&r->page->answer, nothing, 0, &err);
    if (!rc)
        rc = kinesis__page_unpack(r->page, r->consumer->aggregates_open, &r->range, &err);
    if (!rc && r->page->answer.next_shard_iterator.len >= sizeof r->iterator)
        rc = sigv4__fail(&err, SIGV4_E_PROTOCOL, "GetRecords: the next shard iterator is too long");
    if (rc) {
        fail(r, &err, response->host);
        return;
    }
    r->failures = r->spoilt = r->expired = r->lacking = 0;
    r->delivered = 0;
    sigv4__fixed_copy(r->iterator, sizeof r->iterator, r->page->answer.next_shard_iterator);
    bool was_at_tip = r->at_tip;
    r->at_tip = found_tip(r);
    if (r->at_tip && !was_at_tip)
        kinesis__consumer_tell(r, KINESIS_SHARD_AT_TIP, NULL);
    r->earliest_ms = next_read_ms(r, n);
    r->fetched_unix_ms = time_of(r, response);
    r->state = KINESIS__DELIVERING;
    kinesis__consumer_expect(r->consumer);
    sigv4_loop_notify(r->consumer->loop, &r->deliver_job);
}

static void on_page(void *ctx, const struct sigv4_response *response)
{
    struct kinesis__reader *r = ctx;
    drop_call(r);
    if (response->error)
        fail(r, response->error, response->host);
    else
        take_page(r, response);
    if (r->state != KINESIS__DELIVERING) {
        kinesis__page_release(r->page);
        r->page = NULL;
    }
    kinesis__consumer_came_back(r->consumer);
}

static int send_fetch(struct kinesis__reader *r, struct sigv4_error *err)
{
    struct kinesis_consumer *c = r->consumer;
    const struct sigv4_header headers[] = {
        {SIGV4_LIT("Content-Type"), SIGV4_LIT("application/x-amz-json-1.1")},
        {SIGV4_LIT("X-Amz-Target"), SIGV4_LIT("Kinesis_20131202.GetRecords")},
    };
    struct sigv4_request request = {
        .size = sizeof request,
        .service_id = "KINESIS",
        .resolve = kinesis_resolve,
        .resolve_ctx = &c->place,
        .operation = "GetRecords",
        .method = SIGV4_LIT("POST"),
        .path = SIGV4_LIT("/"),
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .body = &r->body,
        .body_count = 1,
        .max_body = MAX_ANSWER,
        .reuse = r->page->body,
        .reuse_cap = r->page->body_cap,
        .flags = SIGV4_REQUEST_UNPACED,
        .max_attempts = 1, /* an attempt is a read, and reads are counted here */
        .on_done = on_page,
        .ctx = r,
    };
    int rc = sigv4_send(c->client, &request, &r->call, err);
    if (!rc) {
        r->page->body = NULL; /* the exchange's until the answer is taken */
        r->page->body_cap = 0;
    }
    return rc;
}

static int write_fetch(struct kinesis__reader *r, struct sigv4_error *err)
{
    struct kinesis_get_records_input in = {
        .size = sizeof in,
        .stream = r->consumer->stream,
        .shard_iterator = sigv4_str(r->iterator),
        .limit = r->consumer->options.max_records_per_fetch,
    };
    sigv4__buffer_clear(&r->input);
    int rc = kinesis__write_get_records(&r->input, &in, err);
    if (!rc && r->input.failed)
        rc = sigv4__fail(err, r->input.failed, "no memory for a request");
    r->body = sigv4__buffer_view(&r->input);
    return rc;
}

static void step_fetch(struct kinesis__reader *r)
{
    struct sigv4_error err;
    r->state = KINESIS__FETCHING;
    r->fetch_began_ms = mono_ms(r);
    r->earliest_ms = next_read_ms(r, 0);
    r->page = kinesis__page_get(r->consumer->shelf, r->shard_id);
    kinesis__consumer_expect(r->consumer);
    int rc =
        r->page ? write_fetch(r, &err) : sigv4__fail(&err, SIGV4_E_NOMEM, "no memory for records");
    if (!rc)
        rc = send_fetch(r, &err);
    if (rc) {
        kinesis__page_release(r->page);
        r->page = NULL;
        fail(r, &err, "");
        kinesis__consumer_came_back(r->consumer);
    }
}

/* ---- its records ---- */

static void end_shard(struct kinesis__reader *r)
{
    struct kinesis__page *page = r->page;
    r->page = NULL;
    r->state = KINESIS__ENDED;
    kinesis__consumer_tell(r, KINESIS_SHARD_ENDED, NULL);
    kinesis__roster_ended(r, page->answer.children, page->answer.child_count);
    kinesis__page_release(page);
}

static bool is_late(const struct kinesis__reader *r, const struct kinesis_record *record)
{
    int64_t until = r->consumer->options.until_unix_ms;
    return until && record->arrived_unix_ms != INT64_MIN && record->arrived_unix_ms > until;
}

/* Nothing more of it is wanted. */
static void rest(struct kinesis__reader *r)
{
    kinesis__page_release(r->page);
    r->page = NULL;
    r->state = KINESIS__WAITING;
    kinesis__roster_rests(r);
}

static bool has_enough(const struct kinesis__reader *r)
{
    const struct kinesis_consumer_options *o = &r->consumer->options;
    return r->at_tip && ((o->flags & KINESIS_STOP_AT_TIP) ||
                         (o->until_unix_ms && r->fetched_unix_ms > o->until_unix_ms));
}

static void page_over(struct kinesis__reader *r)
{
    if (!r->iterator[0]) {
        end_shard(r);
        return;
    }
    if (has_enough(r)) {
        rest(r);
        return;
    }
    kinesis__page_release(r->page);
    r->page = NULL;
    wait_until(r, r->earliest_ms);
}

static enum kinesis_next deliver_one(struct kinesis__reader *r)
{
    const struct kinesis_consumer_options *o = &r->consumer->options;
    const struct kinesis__page_record *record = &r->page->records[r->delivered++];
    enum kinesis_next next = o->on_record(o->ctx, &record->record);
    r->last = record;
    return next;
}

/* What was delivered of this page ends here: remember where. */
static void mark(struct kinesis__reader *r)
{
    if (r->last) {
        sigv4__fixed_copy(r->last_sequence, sizeof r->last_sequence,
                          r->last->record.sequence_number);
        r->within = r->last->more;
        r->last_sub = r->last->record.sub_sequence_number;
    }
    r->last = NULL;
}

/* The part of an aggregate that an earlier life took. */
static void skip_taken(struct kinesis__reader *r)
{
    while (r->within && r->delivered < r->page->count) {
        const struct kinesis_record *record = &r->page->records[r->delivered].record;
        if (!(record->flags & KINESIS_AGGREGATED) || record->sub_sequence_number > r->last_sub ||
            !sigv4__equal_str(record->sequence_number, r->last_sequence))
            return;
        r->delivered++;
    }
}

/* Step 5 of the loop. */
static void run_deliver(struct sigv4_job *job)
{
    struct kinesis__reader *r =
        (struct kinesis__reader *)((char *)job - offsetof(struct kinesis__reader, deliver_job));
    struct kinesis_consumer *c = r->consumer;
    enum kinesis_next next = KINESIS_GO_ON;
    bool late = false;
    skip_taken(r);
    while (next == KINESIS_GO_ON && r->delivered < r->page->count &&
           !atomic_load_explicit(&c->stop_asked, memory_order_relaxed)) {
        late = is_late(r, &r->page->records[r->delivered].record);
        if (late)
            break;
        next = deliver_one(r);
    }
    mark(r);
    if (next == KINESIS_STOP)
        kinesis__consumer_stop(c);
    if (c->stopping || atomic_load(&c->stop_asked)) {
        kinesis__page_release(r->page);
        r->page = NULL;
        r->state = KINESIS__WAITING;
    } else if (next == KINESIS_PAUSE_SHARD) {
        r->state = KINESIS__PAUSED;
    } else if (late) {
        rest(r);
    } else {
        page_over(r);
    }
    kinesis__consumer_came_back(c);
}

void kinesis__reader_resume(struct kinesis__reader *r)
{
    if (r->state != KINESIS__PAUSED)
        return;
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
    r->deliver_job.run = run_deliver;
    r->step_job.run = run_step;
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
    step_place(r);
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
    if (r->state == KINESIS__PAUSED) {
        kinesis__page_release(r->page);
        r->page = NULL;
        r->state = KINESIS__WAITING;
    }
}
