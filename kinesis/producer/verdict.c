/* What the answer means for each record: written, given up, or sent again at its place. */
#include "producer/verdict.h"

#include "base/fail.h"
#include "base/text.h"
#include "wire/put_answer.h"

/* ---- back ---- */

static bool is_given_up(const struct kinesis_producer *p, const struct kinesis__record *r)
{
    return p->on_loop.over.status || r->number <= p->on_loop.abandon_upto ||
           p->on_loop.now_ms - r->put_ms >= p->limits.deadline_ms || kinesis__is_worn_out(p, r);
}

void kinesis__tell_given_up(struct kinesis__verdict *v, struct kinesis__entry *e)
{
    struct kinesis__record *r = e->records.first, *next;
    for (; r; r = next) {
        next = r->next;
        if (!is_given_up(v->p, r))
            continue;
        kinesis__queue_remove(r);
        kinesis__leave_gate(v->p, r);
        kinesis__tell_failed(v->p, r, v->done);
    }
}

void kinesis__mark(struct kinesis__entry *e, enum kinesis__trouble trouble, uint8_t flags)
{
    for (struct kinesis__record *r = e->records.first; r; r = r->next) {
        r->flags = (uint8_t)((r->flags & ~KINESIS__UNDER_WAY) | flags);
        r->trouble = (uint8_t)trouble;
    }
}

/* From the last to the first: of several behind one gate only the first stays beyond it. */
void kinesis__send_back(struct kinesis__verdict *v, struct kinesis__entry *e,
                        struct kinesis__lane *lane, enum kinesis__way_back way)
{
    struct kinesis_producer *p = v->p;
    struct kinesis__record *r;
    kinesis__tell_given_up(v, e);
    kinesis__count(&p->counters.retried, e->records.has.count);
    while ((r = e->records.last)) {
        kinesis__queue_remove(r);
        if (kinesis__gates_return(&p->on_loop.gates, r))
            continue;
        if (way == KINESIS__AFTER_A_WHILE)
            kinesis__again_wait(&p->on_loop.again, r, p->on_loop.now_ms, v->chance);
        else if (lane)
            kinesis__lanes_return(&p->on_loop.lanes, lane, r);
        else
            kinesis__place(p, r);
    }
}

/* ---- one entry ---- */

void kinesis__entry_written(struct kinesis__verdict *v, struct kinesis__entry *e,
                            const struct kinesis_put_outcome *o)
{
    struct kinesis__record *r;
    struct kinesis__outcome outcome = {
        .fate = KINESIS_WRITTEN,
        .shard_id = o->shard_id,
        .sequence_number = o->sequence_number,
        .encryption_type = v->b->encryption_type,
        .aggregated = e->aggregated,
    };
    while ((r = kinesis__queue_pop(&e->records))) {
        kinesis__leave_gate(v->p, r);
        kinesis__tell(v->p, r, &outcome, v->done);
    }
}

static void entry_landed(struct kinesis__verdict *v, struct kinesis__entry *e,
                         const struct kinesis_put_outcome *o)
{
    struct kinesis_producer *p = v->p;
    enum kinesis__landing landing = kinesis__landing_of(&p->on_loop.lanes, e, o->shard_id);
    if (landing != KINESIS__AS_PREDICTED)
        kinesis__refresh_shards(p);
    else if (e->lane->known)
        kinesis__pace_written(&e->lane->pace, p->on_loop.now_ms, e->size);
    switch (landing) {
    case KINESIS__AS_PREDICTED:
    case KINESIS__ELSEWHERE:
        kinesis__entry_written(v, e, o);
        break;
    case KINESIS__MISPLACED:
        kinesis__entry_misplaced(v, e, o);
        break;
    case KINESIS__NOBODY_KNOWS:
        break; /* stays in its entry until the map is new */
    }
}

static bool is_throttle(struct sigv4_slice code)
{
    return sigv4__equal(code, SIGV4_LIT("ProvisionedThroughputExceededException")) ||
           sigv4__equal(code, SIGV4_LIT("KMSThrottlingException")) ||
           sigv4__equal(code, SIGV4_LIT("LimitExceededException")) ||
           sigv4__starts_with(code, "Throttl");
}

/* "Rate exceeded for shard shardId-000000000001 in stream ..." */
static struct sigv4_slice shard_named_in(struct sigv4_slice message)
{
    static const char prefix[] = "shardId-";
    size_t n = sizeof prefix - 1;
    const char *at = message.len ? memmem(message.ptr, message.len, prefix, n) : NULL;
    if (!at)
        return SIGV4_LIT("");
    struct sigv4_slice id = sigv4__from(message, (size_t)(at - (const char *)message.ptr));
    while (n < id.len && (sigv4__is_alnum(at[n]) || strchr("-_.", at[n])))
        n++;
    while (at[n - 1] == '.')
        n--; /* the end of the sentence */
    return sigv4__first(id, n);
}

static void note_failure(struct sigv4_error *err, const struct kinesis_put_outcome *o, int status)
{
    sigv4__fail(err, status, "%.*s: %.*s", (int)o->error_code.len, (const char *)o->error_code.ptr,
                (int)o->error_message.len, (const char *)o->error_message.ptr);
    sigv4__fixed_copy(err->code, sizeof err->code, o->error_code);
    err->retryable = true;
}

/* The shard it came from is paced, as far as it is known which one that is. */
static void entry_throttled(struct kinesis__verdict *v, struct kinesis__entry *e,
                            const struct kinesis_put_outcome *o)
{
    struct kinesis_producer *p = v->p;
    struct kinesis__lane *lane =
        e->lane->known ? e->lane
                       : kinesis__lanes_named(&p->on_loop.lanes, shard_named_in(o->error_message));
    note_failure(&p->on_loop.entry_error, o, SIGV4_E_THROTTLED);
    kinesis__count(&p->counters.throttles, 1);
    kinesis__ask_shards(p);
    kinesis__mark(e, KINESIS__ENTRY_FAILED, 0);
    if (lane)
        kinesis__pace_throttled(&lane->pace, p->on_loop.now_ms, v->b->sent_ms, v->chance);
    kinesis__send_back(v, e, lane, lane ? KINESIS__TO_ITS_PLACE : KINESIS__AFTER_A_WHILE);
}

static void judge_entry(struct kinesis__verdict *v, struct kinesis__entry *e,
                        const struct kinesis_put_outcome *o)
{
    if (!e->records.first)
        return; /* all told already */
    if (!o->error_code.len) {
        entry_landed(v, e, o);
    } else if (is_throttle(o->error_code)) {
        entry_throttled(v, e, o);
    } else {
        note_failure(&v->p->on_loop.entry_error, o, SIGV4_E_SERVICE);
        kinesis__mark(e, KINESIS__ENTRY_FAILED, 0);
        kinesis__send_back(v, e, NULL, KINESIS__AFTER_A_WHILE);
    }
}

/* ---- the answer ---- */

static void judge_entries(struct kinesis__verdict *v, struct sigv4_slice encryption_type)
{
    struct kinesis_producer *p = v->p;
    v->b->encryption_type = encryption_type;
    kinesis__again_succeeded(&p->on_loop.again);
    p->on_loop.ever_succeeded = true;
    p->on_loop.troubled = false;
    p->on_loop.poison = 0;
    for (size_t i = 0; i < v->b->count; i++)
        judge_entry(v, &v->b->entries[i], &v->b->outcomes[i]);
}

void kinesis__judge(struct kinesis__batch *b, const struct sigv4_response *response,
                    struct kinesis__queue *done)
{
    struct kinesis__verdict v = {b->producer, b, response, done, kinesis__chance(b->producer)};
    struct kinesis__put_answer answer;
    struct sigv4_error garbage;
    if (response->error)
        kinesis__judge_failure(&v, response->error, kinesis__is_maybe_done(response));
    else if (kinesis__put_answer_read(&answer, b->answer, b->answer_len, b->outcomes, b->count,
                                      &garbage))
        kinesis__judge_failure(&v, &garbage, true);
    else
        judge_entries(&v, answer.encryption_type);
}
