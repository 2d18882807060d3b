/* Numbers for people, and for programs. */
#include "kput_progress.h"

#include <inttypes.h>
#include <time.h>

int64_t progress_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p)
{
    *p = (struct progress){.began_ms = progress_now()};
    p->shown_ms = p->began_ms;
}

bool progress_show(struct progress *p, struct kinesis_producer *producer, char *line, size_t cap)
{
    struct kinesis_producer_stats s = {.size = sizeof s};
    int64_t now = progress_now(), passed = now - p->shown_ms;
    if (kinesis_producer_stats(producer, &s))
        return false;
    if (passed > 0) {
        double rate = (double)(s.bytes_written - p->shown_bytes) * 1000 / (double)passed;
        p->rate = p->shown ? 0.7 * p->rate + 0.3 * rate : rate;
    }
    p->shown_ms = now;
    p->shown_bytes = s.bytes_written;
    p->shown = true;
    int n = snprintf(line, cap, "%" PRIu64 " records, %.1f MB, %.1f MB/s, %" PRIu64 " in flight",
                     s.records_written, (double)s.bytes_written / 1e6, p->rate / 1e6,
                     s.buffered_records);
    if (s.throttles && n > 0 && (size_t)n < cap)
        n += snprintf(line + n, cap - (size_t)n, ", %" PRIu64 " throttled", s.throttles);
    uint64_t failed = s.records_not_written + s.records_maybe_written;
    if (failed && n > 0 && (size_t)n < cap)
        snprintf(line + n, cap - (size_t)n, ", %" PRIu64 " failed", failed);
    return true;
}

static double seconds_of(const struct progress *p)
{
    int64_t ms = progress_now() - p->began_ms;
    return (double)(ms > 0 ? ms : 1) / 1000;
}

void progress_end(const struct progress *p, struct kinesis_producer *producer)
{
    struct kinesis_producer_stats s = {.size = sizeof s};
    double seconds = seconds_of(p);
    if (!p->shown || kinesis_producer_stats(producer, &s))
        return;
    fprintf(stderr, "kput: %" PRIu64 " records, %.1f MB in %.1f s, %.1f MB/s\n", s.records_written,
            (double)s.bytes_written / 1e6, seconds, (double)s.bytes_written / 1e6 / seconds);
}

void progress_stats(const struct progress *p, struct kinesis_producer *producer, uint64_t refused)
{
    struct kinesis_producer_stats s = {.size = sizeof s};
    double seconds = seconds_of(p);
    if (kinesis_producer_stats(producer, &s))
        return;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"accepted", s.records_accepted},
        {"written", s.records_written},
        {"not_written", s.records_not_written},
        {"maybe_written", s.records_maybe_written},
        {"maybe_twice", s.records_maybe_twice},
        {"refused", refused},
        {"retried", s.records_retried},
        {"bytes_accepted", s.bytes_accepted},
        {"bytes_written", s.bytes_written},
        {"requests_sent", s.requests_sent},
        {"requests_failed", s.requests_failed},
        {"throttles", s.throttles},
        {"aggregates_sent", s.aggregates_sent},
        {"aggregates_misplaced", s.aggregates_misplaced},
        {"max_buffered_bytes", s.max_seen_buffered_bytes},
        {"latency_ms_p50", s.latency_ms_p50},
        {"latency_ms_p99", s.latency_ms_p99},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        fprintf(stderr, "%s\"%s\":%" PRIu64, i ? "," : "{", rows[i].name, rows[i].value);
    fprintf(stderr, ",\"seconds\":%.3f}\n", seconds);
}
