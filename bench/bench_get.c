/* The consumer beside its floors, one of them per run:
 *
 *     bench_get get|base64|read|consumer [options]
 *
 * get: bare libcurl, asking for the same answer and throwing it away; base64: the decoding of its
 * records; read: the whole answer read as the consumer reads it, from a fresh copy each time;
 * consumer: records delivered to a callback. bench/consumer runs them in turns and makes a table.
 */
#include "bare.h"
#include "moment.h"
#include "stage.h"

#include "wire/get_records.h"

#include <kinesis/consumer.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: bench_get get|base64|read|consumer [--url URL] [--ca FILE] [--size N] [--batch N]\n"
    "       [--records N | --seconds S] [--connections N] [--core N]\n";

static void *room(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        die("no memory");
    return p;
}

static bool is_over(const struct plan *plan, uint64_t requests, double end)
{
    return plan->records ? requests * plan->batch >= plan->records : moment_seconds() >= end;
}

/* ---- floors ---- */

struct answer {
    char *text, *data; /* the whole; the base64 of one record */
    size_t n, data_length;
};

/* As the service writes it. */
static void answer_make(struct answer *a, const struct plan *plan)
{
    unsigned char *data = room(plan->size);
    char *at = a->text = room((kinesis__base64_length(plan->size) + 300) * plan->batch + 1000);
    for (size_t i = 0; i < plan->size; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 7));
    a->data = room(kinesis__base64_length(plan->size));
    a->data_length = kinesis__base64_encode(kinesis__base64_best(), a->data, data, plan->size);
    at += sprintf(at, "{\"Records\":[");
    for (size_t i = 0; i < plan->batch; i++) {
        at += sprintf(at,
                      "%s{\"SequenceNumber\":\"4917000000000000000000000000000000000000%016zu\","
                      "\"ApproximateArrivalTimestamp\":1.441215410867E9,\"Data\":\"",
                      i ? "," : "", i);
        memcpy(at, a->data, a->data_length);
        at += a->data_length;
        at += sprintf(at, "\",\"PartitionKey\":\"key-%zu\"}", i);
    }
    at += sprintf(at, "],\"NextShardIterator\":\"AAAAAAAAAAGLc\",\"MillisBehindLatest\":0}");
    a->n = (size_t)(at - a->text);
    free(data);
}

static void repeat_base64(const struct plan *plan, const struct answer *a, struct measure *m)
{
    const struct kinesis__base64 *path = kinesis__base64_best();
    char *out = room(a->data_length);
    size_t len;
    double end = moment_seconds() + plan->seconds;
    for (; !is_over(plan, m->requests, end); m->requests++) {
        for (size_t i = 0; i < plan->batch; i++)
            if (!kinesis__base64_decode(path, out, a->data, a->data_length, &len))
                die("base64 refused");
        m->body += a->data_length * plan->batch;
    }
    free(out);
}

static void repeat_read(const struct plan *plan, const struct answer *a, struct measure *m)
{
    struct kinesis__get_answer answer;
    char *body = room(a->n);
    double end = moment_seconds() + plan->seconds;
    kinesis__get_answer_init(&answer, NULL);
    for (; !is_over(plan, m->requests, end); m->requests++, m->body += a->n) {
        memcpy(body, a->text, a->n);
        if (kinesis__get_answer_read(&answer, body, a->n, NULL) || answer.count != plan->batch)
            die("the answer was refused");
    }
    kinesis__get_answer_free(&answer);
    free(body);
}

static void run_get(const struct plan *plan, struct measure *m)
{
    char body[128];
    int n = snprintf(body, sizeof body, "{\"ShardIterator\":\"sink-%zu\",\"Limit\":%zu}",
                     plan->size, plan->batch);
    bare_post(plan, "GetRecords", sigv4_bytes(body, (size_t)n), m);
}

static void run_floor(const struct plan *plan, struct measure *m)
{
    struct answer a;
    if (strcmp(plan->what, "get") == 0) {
        run_get(plan, m);
    } else {
        answer_make(&a, plan);
        measure_begin(m);
        if (strcmp(plan->what, "base64") == 0)
            repeat_base64(plan, &a, m);
        else
            repeat_read(plan, &a, m);
        measure_end(m);
        free(a.text);
        free(a.data);
    }
    m->records = m->requests * plan->batch;
    m->bytes = m->records * plan->size;
}

/* ---- the consumer ---- */

struct listener {
    const struct plan *plan;
    struct measure *measure;
    double end; /* 0: the first page is not over */
    uint64_t seen;
    bool over;
};

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *record)
{
    struct listener *l = ctx;
    if (record->data.len != l->plan->size)
        die("a record of %zu bytes", record->data.len);
    l->seen++;
    /* Once per page: where pages are joined. */
    if (l->seen % l->plan->batch)
        return KINESIS_GO_ON;
    if (l->end <= 0) { /* connected, memory in use */
        l->seen = 0;
        l->end = moment_seconds() + l->plan->seconds;
        measure_begin(l->measure);
        return KINESIS_GO_ON;
    }
    return (l->plan->records ? l->seen >= l->plan->records : moment_seconds() >= l->end)
               ? KINESIS_STOP
               : KINESIS_GO_ON;
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct listener *l = ctx;
    if (err)
        die("%s: %s", host, err->message);
    l->over = true;
}

static void run_consumer(const struct plan *plan, struct measure *m)
{
    struct listener l = {.plan = plan, .measure = m};
    struct kinesis_consumer_options options = KINESIS_CONSUMER_OPTIONS;
    struct kinesis_consumer *consumer;
    struct sigv4_error err;
    struct stage stage;
    char stream[64];
    snprintf(stream, sizeof stream, "bench-%zu", plan->size);
    stage_open(&stage, plan);
    options.stream = stream;
    options.on_record = on_record;
    options.on_end = on_end;
    options.ctx = &l;
    options.max_records_per_fetch = (uint32_t)plan->batch;
    options.flags = KINESIS_NO_PACING;
    if (kinesis_consumer_new(&consumer, stage.client, &options, &err))
        die("%s", err.message);
    kinesis_consumer_wait(consumer, -1);
    measure_end(m);
    m->records = l.seen;
    m->bytes = m->records * plan->size;
    m->requests = m->records / plan->batch;
    kinesis_consumer_free(consumer);
    stage_close(&stage);
    if (!l.over)
        die("the consumer did not end");
}

int main(int argc, char **argv)
{
    static const char *const known[] = {"base64", "read", "get", "consumer"};
    struct plan plan;
    struct measure m;
    size_t i = 0;
    plan_read(&plan, argc, argv, usage);
    while (i < sizeof known / sizeof *known && strcmp(plan.what, known[i]) != 0)
        i++;
    if (i == sizeof known / sizeof *known || (i >= 2 && !plan.url)) {
        fputs(usage, stderr);
        return 2;
    }
    measure_pin(plan.core);
    if (i < 3)
        run_floor(&plan, &m);
    else
        run_consumer(&plan, &m);
    measure_print(&m, plan.what);
    return 0;
}
