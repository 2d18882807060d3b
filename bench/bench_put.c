/* The producer beside its floors, one of them per run:
 *
 *     bench_put sha256|md5|base64|encode|post|producer|aggregate [options]
 *
 * sha256: the hash of a ready request body; md5: the same by the hash that aggregates have; base64:
 * the encoding of its records; encode: body and hash as the producer makes them; post: bare
 * libcurl, of a ready body; producer, aggregate: records put and confirmed, by one thread that also
 * drives the loop. bench/producer runs them in turns and makes a table. */
#include "bare.h"
#include "moment.h"
#include "stage.h"

#include "base/digest.h"
#include "wire/put_records.h"

#include <kinesis/producer.h>
#include <stdio.h>
#include <stdlib.h>

enum { POOL = 2 << 20, AT_ONCE = 64, SAMPLES = 1 << 20, KEY_LENGTH = 16 };

static const char usage[] =
    "usage: bench_put sha256|md5|base64|encode|post|producer|aggregate [--url URL] [--ca FILE]\n"
    "       [--size N] [--batch N] [--keys N] [--records N | --seconds S] [--buffered N]\n"
    "       [--batch-bytes N] [--requests N] [--connections N] [--core N]\n";

/* ---- what is sent: random bytes, and keys that are all different ---- */

struct goods {
    const struct plan *plan;
    unsigned char *pool;
    char *keys;
    size_t at, key;
};

static void *room(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        die("no memory");
    return p;
}

static void goods_make(struct goods *g, const struct plan *plan)
{
    uint64_t state = 88172645463325252u;
    memset(g, 0, sizeof *g);
    g->plan = plan;
    g->pool = room(POOL + plan->size);
    for (size_t i = 0; i < POOL + plan->size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        g->pool[i] = (unsigned char)state;
    }
    g->keys = room(plan->keys * KEY_LENGTH + 1);
    for (size_t i = 0; i < plan->keys; i++)
        snprintf(g->keys + i * KEY_LENGTH, KEY_LENGTH + 1, "partition-%06zu", i % 1000000);
}

static void goods_free(struct goods *g)
{
    free(g->pool);
    free(g->keys);
}

static struct sigv4_slice next_data(struct goods *g)
{
    struct sigv4_slice data = sigv4_bytes(g->pool + g->at, g->plan->size);
    g->at += g->plan->size;
    g->at = g->at >= POOL ? g->at - POOL : g->at;
    return data;
}

static struct sigv4_slice next_key(struct goods *g)
{
    if (g->plan->keys == 0)
        return SIGV4_LIT("");
    size_t i = g->key++ % g->plan->keys;
    return sigv4_bytes(g->keys + i * KEY_LENGTH, KEY_LENGTH);
}

/* ---- floors ---- */

static void encode(struct kinesis__put_records *p, struct goods *g, struct sigv4_slice *body)
{
    char hex[65];
    if (kinesis__put_records_begin(p, sigv4_str("bench")))
        die("no memory");
    for (size_t i = 0; i < g->plan->batch; i++) {
        struct kinesis__put_item item = {.partition_key = next_key(g), .data = next_data(g)};
        if (item.partition_key.len == 0)
            item.partition_key = SIGV4_LIT("0000");
        if (kinesis__put_records_add(p, &item))
            die("%zu records of %zu bytes are too much for a request", g->plan->batch,
                g->plan->size);
    }
    if (kinesis__put_records_finish(p, body, hex))
        die("no memory");
}

static bool is_over(const struct plan *plan, uint64_t requests, double end)
{
    return plan->records ? requests * plan->batch >= plan->records : moment_seconds() >= end;
}

static void repeat_encode(struct goods *g, struct kinesis__put_records *p, struct measure *m)
{
    struct sigv4_slice body;
    double end = moment_seconds() + g->plan->seconds;
    for (; !is_over(g->plan, m->requests, end); m->requests++, m->body += body.len)
        encode(p, g, &body);
}

static void repeat_sha256(const struct plan *plan, struct sigv4_slice body, struct measure *m)
{
    unsigned char sum[SIGV4__SHA256_LEN];
    double end = moment_seconds() + plan->seconds;
    for (; !is_over(plan, m->requests, end); m->requests++, m->body += body.len)
        if (sigv4__sha256(body, sum))
            die("no SHA-256");
}

static void repeat_md5(const struct plan *plan, struct sigv4_slice body, struct measure *m)
{
    unsigned char sum[SIGV4__MD5_LEN];
    struct sigv4__digest *md5;
    double end = moment_seconds() + plan->seconds;
    if (sigv4__digest_new_md5(&md5, NULL))
        die("no MD5");
    for (; !is_over(plan, m->requests, end); m->requests++, m->body += body.len)
        if (sigv4__digest_begin(md5) || sigv4__digest_add(md5, body.ptr, body.len) ||
            sigv4__digest_end(md5, sum))
            die("no MD5");
    sigv4__digest_free(md5);
}

static void repeat_base64(struct goods *g, char *out, struct measure *m)
{
    const struct kinesis__base64 *path = kinesis__base64_best();
    double end = moment_seconds() + g->plan->seconds;
    for (; !is_over(g->plan, m->requests, end); m->requests++) {
        char *to = out;
        for (size_t i = 0; i < g->plan->batch; i++)
            to += kinesis__base64_encode(path, to, next_data(g).ptr, g->plan->size);
        m->body += (size_t)(to - out);
    }
}

static void run_floor(struct goods *g, struct measure *m)
{
    const struct plan *plan = g->plan;
    struct kinesis__put_records p;
    struct sigv4_slice body;
    if (kinesis__put_records_init(&p, NULL))
        die("no memory");
    encode(&p, g, &body);
    char *out = room(body.len);
    measure_begin(m);
    if (strcmp(plan->what, "encode") == 0)
        repeat_encode(g, &p, m);
    else if (strcmp(plan->what, "sha256") == 0)
        repeat_sha256(plan, body, m);
    else if (strcmp(plan->what, "md5") == 0)
        repeat_md5(plan, body, m);
    else if (strcmp(plan->what, "base64") == 0)
        repeat_base64(g, out, m);
    if (strcmp(plan->what, "post") == 0)
        bare_post(plan, "PutRecords", body, m);
    else
        measure_end(m);
    m->records = m->requests * plan->batch;
    m->bytes = m->records * plan->size;
    free(out);
    kinesis__put_records_free(&p);
}

/* ---- the producer ---- */

struct press {
    struct goods *goods;
    struct stage stage;
    struct kinesis_producer *producer;
    uint64_t accepted, confirmed;
    float *samples; /* microseconds */
    size_t sample_count;
    double began;
};

/* The tag of some records is when they were put, in microseconds since began. */
static void on_result(void *ctx, const struct kinesis_put_result *result)
{
    struct press *s = ctx;
    if (result->fate != KINESIS_WRITTEN)
        die("a record was not written: %s", result->error->message);
    s->confirmed++;
    if (result->tag && s->sample_count < SAMPLES) {
        double us = (moment_seconds() - s->began) * 1e6;
        s->samples[s->sample_count++] = (float)(us - (double)(uintptr_t)result->tag);
    }
}

static void open_producer(struct press *s, const struct plan *plan)
{
    struct kinesis_producer_options options = KINESIS_PRODUCER_OPTIONS;
    struct sigv4_error err;
    options.stream = "bench";
    options.on_result = on_result;
    options.ctx = s;
    options.max_requests_in_flight = (uint32_t)plan->requests;
    options.max_batch_records = (uint32_t)plan->batch;
    options.max_batch_bytes = (uint32_t)plan->batch_bytes;
    options.max_buffered_records = (uint32_t)plan->buffered;
    if (strcmp(plan->what, "aggregate") == 0)
        options.flags |= KINESIS_AGGREGATE;
    if (kinesis_producer_new(&s->producer, s->stage.client, &options, &err))
        die("%s", err.message);
}

static void open_press(struct press *s, struct goods *g)
{
    memset(s, 0, sizeof *s);
    s->goods = g;
    s->samples = room(SAMPLES * sizeof *s->samples);
    s->began = moment_seconds();
    stage_open(&s->stage, g->plan);
    open_producer(s, g->plan);
}

static void close_press(struct press *s)
{
    struct kinesis_producer_counts counts = {.size = sizeof counts};
    if (kinesis_producer_close(s->producer, 60000, &counts) || counts.written != s->accepted ||
        s->confirmed != s->accepted)
        die("accepted %llu, written %llu, told %llu", (unsigned long long)s->accepted,
            (unsigned long long)counts.written, (unsigned long long)s->confirmed);
    kinesis_producer_free(s->producer);
    stage_close(&s->stage);
    free(s->samples);
}

static void fill_puts(struct press *s, struct kinesis_put *puts, size_t n)
{
    uint64_t us = (uint64_t)((moment_seconds() - s->began) * 1e6);
    for (size_t i = 0; i < n; i++)
        puts[i] = (struct kinesis_put){
            .size = sizeof *puts, .partition_key = next_key(s->goods), .data = next_data(s->goods)};
    puts[0].tag = (void *)(uintptr_t)us;
}

/* Puts until there is no room, then lets the loop work. */
static void produce(struct press *s, uint64_t records, double seconds)
{
    struct kinesis_put puts[AT_ONCE];
    double end = moment_seconds() + seconds;
    uint64_t last = s->accepted + records;
    while (records ? s->accepted < last : moment_seconds() < end) {
        size_t n = records && last - s->accepted < AT_ONCE ? (size_t)(last - s->accepted) : AT_ONCE;
        fill_puts(s, puts, n);
        for (size_t done = 0, some; done < n; done += some) {
            int rc = kinesis_producer_put_many(s->producer, puts + done, n - done, &some);
            s->accepted += some;
            if (rc == SIGV4_E_FULL)
                rc = sigv4_loop_run(s->stage.loop, -1);
            if (rc)
                die("put: %s", sigv4_status_text(rc));
        }
    }
    if (kinesis_producer_flush(s->producer, 60000))
        die("not flushed");
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void run_producer(struct goods *g, struct measure *m)
{
    const struct plan *plan = g->plan;
    struct press s;
    struct kinesis_producer_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    open_press(&s, g);
    produce(&s, plan->buffered * 3, 0); /* connected, memory in use */
    kinesis_producer_stats(s.producer, &before);
    uint64_t confirmed = s.confirmed;
    s.sample_count = 0;
    measure_begin(m);
    produce(&s, plan->records, plan->seconds);
    measure_end(m);
    kinesis_producer_stats(s.producer, &after);
    m->records = s.confirmed - confirmed;
    m->bytes = m->records * plan->size;
    m->requests = after.requests_sent - before.requests_sent;
    qsort(s.samples, s.sample_count, sizeof *s.samples, compare);
    if (s.sample_count) {
        m->p50_us = (double)s.samples[s.sample_count / 2];
        m->p99_us = (double)s.samples[s.sample_count * 99 / 100];
    }
    close_press(&s);
}

int main(int argc, char **argv)
{
    static const char *const known[] = {"sha256", "md5",      "base64",   "encode",
                                        "post",   "producer", "aggregate"};
    struct plan plan;
    struct goods goods;
    struct measure m;
    size_t i = 0;
    plan_read(&plan, argc, argv, usage);
    while (i < sizeof known / sizeof *known && strcmp(plan.what, known[i]) != 0)
        i++;
    if (i == sizeof known / sizeof *known || (i >= 4 && !plan.url)) {
        fputs(usage, stderr);
        return 2;
    }
    measure_pin(plan.core);
    goods_make(&goods, &plan);
    if (i < 5)
        run_floor(&goods, &m);
    else
        run_producer(&goods, &m);
    measure_print(&m, plan.what);
    goods_free(&goods);
    return 0;
}
