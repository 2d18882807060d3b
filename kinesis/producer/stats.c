/* The numbers a producer gives about itself. */
#include "producer/producer.h"

void kinesis__add_up(struct kinesis_producer *p, struct kinesis_producer_counts *out)
{
    const struct kinesis__counters *c = &p->counters;
    pthread_mutex_lock(&p->mutex);
    out->accepted = p->locked.last_number;
    pthread_mutex_unlock(&p->mutex);
    out->written = kinesis__counted(&c->written);
    out->not_written = kinesis__counted(&c->not_written);
    out->maybe_written = kinesis__counted(&c->maybe_written);
    out->maybe_twice = kinesis__counted(&c->maybe_twice);
}

static void fill_requests(const struct kinesis__counters *c, struct kinesis_producer_stats *s)
{
    s->records_retried = kinesis__counted(&c->retried);
    s->bytes_written = kinesis__counted(&c->bytes_written);
    s->requests_sent = kinesis__counted(&c->requests_sent);
    s->requests_failed = kinesis__counted(&c->requests_failed);
    s->requests_maybe_done = kinesis__counted(&c->requests_maybe_done);
    s->requests_in_flight = kinesis__counted(&c->in_flight);
    s->throttles = kinesis__counted(&c->throttles);
    s->aggregates_sent = kinesis__counted(&c->aggregates_sent);
    s->aggregates_misplaced = kinesis__counted(&c->aggregates_misplaced);
    s->shards_known = kinesis__counted(&c->shards_known);
    s->shards_paced = kinesis__counted(&c->shards_paced);
}

int kinesis_producer_stats(struct kinesis_producer *p, struct kinesis_producer_stats *out)
{
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    struct kinesis_producer_stats s = {.size = sizeof s};
    if (out->size < sizeof out->size)
        return SIGV4_E_INVALID;
    if (sigv4_loop_check(p->loop))
        return SIGV4_E_FORKED;
    kinesis__add_up(p, &counts);
    s.records_accepted = counts.accepted;
    s.records_written = counts.written;
    s.records_not_written = counts.not_written;
    s.records_maybe_written = counts.maybe_written;
    s.records_maybe_twice = counts.maybe_twice;
    fill_requests(&p->counters, &s);
    pthread_mutex_lock(&p->mutex);
    s.bytes_accepted = p->locked.accepted_bytes;
    s.buffered_records = p->locked.records;
    s.buffered_bytes = p->locked.bytes;
    s.max_seen_buffered_bytes = p->locked.most_bytes;
    pthread_mutex_unlock(&p->mutex);
    s.latency_ms_p50 = kinesis__histogram_value(&p->latency, 500);
    s.latency_ms_p99 = kinesis__histogram_value(&p->latency, 990);
    s.size = out->size < sizeof s ? out->size : sizeof s;
    memcpy(out, &s, s.size);
    return SIGV4_OK;
}
