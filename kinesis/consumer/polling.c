/* Records by GetRecords: an iterator, and a read at most every 200 ms. */
#include "base/fail.h"
#include "call/request.h"
#include "consumer/consumer.h"
#include "wire/control_input.h"

enum {
    BYTES_PER_MS = 2000000 / 1000, /* 2 MB a second */
    MAX_ANSWER = 32 * 1024 * 1024
};

/* ---- the iterator ---- */

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *result)
{
    struct kinesis__reader *r = ctx;
    struct sigv4_error err;
    kinesis__reader_drop_call(r);
    if (result->error) {
        kinesis__reader_fail(r, result->error, result->response->host);
    } else if (result->shard_iterator.len >= sizeof r->iterator) {
        sigv4__fail(&err, SIGV4_E_PROTOCOL, "the shard iterator is too long");
        kinesis__reader_fail(r, &err, result->response->host);
    } else {
        sigv4__fixed_copy(r->iterator, sizeof r->iterator, result->shard_iterator);
        kinesis__reader_started(r, kinesis__reader_time_of(r, result->response));
        r->state = KINESIS__WAITING;
        if (!r->consumer->stopping)
            kinesis__reader_wait_until(r, r->earliest_ms);
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
        kinesis__reader_fail(r, &err, "");
        kinesis__consumer_came_back(r->consumer);
    }
}

/* ---- a page ---- */

/* bytes: of the answer, which holds data in base64. */
static int64_t next_read_ms(const struct kinesis__reader *r, size_t bytes)
{
    const struct kinesis_consumer *c = r->consumer;
    int64_t wait = (int64_t)(bytes / 4 * 3 / BYTES_PER_MS);
    if (wait < r->pace_ms)
        wait = r->pace_ms;
    if (c->options.flags & KINESIS_NO_PACING)
        wait = 0;
    if (r->at_tip && wait < c->options.idle_ms)
        wait = c->options.idle_ms;
    return r->fetch_began_ms + wait;
}

static void take_page(struct kinesis__reader *r, const struct sigv4_response *response)
{
    struct sigv4_error err;
    size_t n = 0, cap = 0;
    struct sigv4_slice *next = &r->page->answer.next_shard_iterator;
    char *body = sigv4_response_take_body(response, &n, &cap);
    char nothing[1] = "";
    int rc = body ? kinesis__page_fill(r->page, body, n, cap, &err)
                  : kinesis__get_answer_read(&r->page->answer, nothing, 0, &err);
    if (!rc)
        rc = kinesis__page_unpack(r->page, r->consumer->aggregates_open, &r->range, &err);
    if (!rc && next->len >= sizeof r->iterator)
        rc = sigv4__fail(&err, SIGV4_E_PROTOCOL, "GetRecords: the next shard iterator is too long");
    if (rc) {
        kinesis__reader_fail(r, &err, response->host);
        return;
    }
    sigv4__fixed_copy(r->iterator, sizeof r->iterator, *next);
    r->over = next->len == 0;
    kinesis__reader_take(r, kinesis__reader_time_of(r, response));
    r->earliest_ms = next_read_ms(r, n);
}

static void on_page(void *ctx, const struct sigv4_response *response)
{
    struct kinesis__reader *r = ctx;
    kinesis__reader_drop_call(r);
    kinesis__budget_return(r);
    if (response->error)
        kinesis__reader_fail(r, response->error, response->host);
    else
        take_page(r, response);
    if (r->state != KINESIS__DELIVERING)
        kinesis__reader_drop_page(r);
    kinesis__consumer_came_back(r->consumer);
}

static int send_fetch(struct kinesis__reader *r, struct sigv4_error *err)
{
    struct kinesis_consumer *c = r->consumer;
    struct kinesis__request request;
    kinesis__request_init(&request, "GetRecords", &c->place, &r->body);
    request.to_send.max_body = MAX_ANSWER;
    request.to_send.reuse = r->page->body;
    request.to_send.reuse_cap = r->page->body_cap;
    request.to_send.flags = SIGV4_REQUEST_UNPACED;
    request.to_send.max_attempts = 1; /* an attempt is a read, and reads are counted here */
    request.to_send.on_done = on_page;
    request.to_send.ctx = r;
    int rc = sigv4_send(c->client, &request.to_send, &r->call, err);
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
    if (!kinesis__budget_take(r))
        return;
    r->state = KINESIS__FETCHING;
    r->fetch_began_ms = kinesis__reader_now_ms(r);
    r->earliest_ms = next_read_ms(r, 0);
    r->page = kinesis__page_get(r->consumer->shelf, r->shard_id);
    kinesis__consumer_expect(r->consumer);
    int rc =
        r->page ? write_fetch(r, &err) : sigv4__fail(&err, SIGV4_E_NOMEM, "no memory for records");
    if (!rc)
        rc = send_fetch(r, &err);
    if (rc) {
        kinesis__budget_return(r);
        kinesis__reader_drop_page(r);
        kinesis__reader_fail(r, &err, "");
        kinesis__consumer_came_back(r->consumer);
    }
}

void kinesis__polling_step(struct kinesis__reader *r)
{
    if (r->iterator[0])
        step_fetch(r);
    else
        step_place(r);
}
