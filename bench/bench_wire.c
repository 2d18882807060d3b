/* The pure half of libkinesis against its floors, in one run on one core: base64 on each path, the
 * encoder of PutRecords beside one SHA-256 pass over the same body, the decoder of GetRecords. MB/s
 * are of payload (before base64) unless said otherwise.
 *
 *     bench_wire [seconds per figure, default 0.3] */
#include "base/digest.h"
#include "moment.h"
#include "wire/get_records.h"
#include "wire/put_records.h"

#include <stdio.h>
#include <stdlib.h>

struct figure {
    void (*once)(void *ctx);
    void *ctx;
    double payload; /* bytes per run of once */
};

static double seconds = 0.3;

static double timed(const struct figure *f, unsigned long runs)
{
    double start = moment_cpu_seconds();
    for (unsigned long i = 0; i < runs; i++)
        f->once(f->ctx);
    return moment_cpu_seconds() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The figures side by side, in turns of some milliseconds, so that what disturbs one disturbs the
 * other; rates[i] is the median of figure i's turns, in bytes per second. */
enum { TURNS = 25, FIGURES = 2 };
static void measure(const struct figure *figures, size_t count, double *rates)
{
    static double turns[FIGURES][TURNS];
    unsigned long runs[FIGURES];
    for (size_t i = 0; i < count; i++) {
        runs[i] = 1;
        while (timed(&figures[i], runs[i]) < seconds / TURNS / 4)
            runs[i] *= 2;
        runs[i] *= 3;
    }
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < count; i++)
            turns[i][turn] = (double)runs[i] * figures[i].payload / timed(&figures[i], runs[i]);
    }
    for (size_t i = 0; i < count; i++) {
        qsort(turns[i], TURNS, sizeof(double), compare);
        rates[i] = turns[i][TURNS / 2];
    }
}

static void die(const char *what)
{
    fprintf(stderr, "bench_wire: %s\n", what);
    exit(1);
}

static void *room(size_t n)
{
    void *p = malloc(n);
    if (!p)
        die("out of memory");
    return p;
}

/* ---- base64 ---- */

struct codec {
    const struct kinesis__base64 *path;
    unsigned char *bytes;
    char *text;
    size_t n;
};

static void encode_once(void *ctx)
{
    struct codec *c = ctx;
    kinesis__base64_encode(c->path, c->text, c->bytes, c->n);
}

static void decode_once(void *ctx)
{
    struct codec *c = ctx;
    size_t len;
    if (!kinesis__base64_decode(c->path, c->bytes, c->text, kinesis__base64_length(c->n), &len))
        die("base64 refused");
}

static void bench_base64(size_t n)
{
    struct codec c = {NULL, room(n), room(n * 2), n};
    for (size_t i = 0; i < n; i++)
        c.bytes[i] = (unsigned char)(i * 31 + (i >> 7));
    for (size_t i = 0; (c.path = kinesis__base64_path(i)); i++) {
        struct figure figures[] = {{encode_once, &c, (double)n}, {decode_once, &c, (double)n}};
        double rates[2];
        measure(figures, 2, rates);
        printf("base64 %-10s %8zu B   encode %8.0f MB/s   decode %8.0f MB/s\n", c.path->name, n,
               rates[0] / 1e6, rates[1] / 1e6);
    }
    free(c.bytes);
    free(c.text);
}

/* ---- PutRecords ---- */

struct put {
    struct kinesis__put_records body;
    struct kinesis__put_item item;
    size_t count;
    struct sigv4_slice done;
    char hex[65];
};

static void put_once(void *ctx)
{
    struct put *p = ctx;
    struct kinesis__put_item item = p->item;
    if (kinesis__put_records_begin(&p->body, sigv4_str("numbers")))
        die("begin");
    for (size_t i = 0; i < p->count; i++) {
        item.data.ptr = (const char *)p->item.data.ptr + i * item.data.len;
        if (kinesis__put_records_add(&p->body, &item))
            die("add");
    }
    if (kinesis__put_records_finish(&p->body, &p->done, p->hex))
        die("finish");
}

static void sha_once(void *ctx)
{
    struct put *p = ctx;
    unsigned char sum[SIGV4__SHA256_LEN];
    if (sigv4__sha256(p->done, sum))
        die("sha256");
}

static void bench_put(size_t size)
{
    struct put p = {.count = size * 500 <= (9u << 20) ? 500 : (9u << 20) / size};
    char *data = room(size * p.count);
    for (size_t i = 0; i < size * p.count; i++)
        data[i] = (char)(i * 31 + (i >> 7));
    p.item.data = sigv4_bytes(data, size);
    p.item.partition_key = SIGV4_LIT("partition-key-42");
    if (kinesis__put_records_init(&p.body, NULL))
        die("init");
    put_once(&p);
    double payload = (double)(size * p.count), rates[2];
    struct figure figures[] = {{put_once, &p, payload}, {sha_once, &p, payload}};
    measure(figures, 2, rates);
    printf("PutRecords %7zu B x %3zu   encode+hash %7.0f MB/s   %6.2f M records/s   SHA-256 floor "
           "%7.0f MB/s (%.0f of body)   ratio %.3f\n",
           size, p.count, rates[0] / 1e6, rates[0] / (double)size / 1e6, rates[1] / 1e6,
           rates[1] / payload * (double)p.done.len / 1e6, rates[0] / rates[1]);
    kinesis__put_records_free(&p.body);
    free(data);
}

/* ---- GetRecords ---- */

struct get {
    struct kinesis__get_answer answer;
    char *model, *body; /* reading spoils the body: each run begins with a fresh copy */
    size_t n;
};

static void copy_once(void *ctx)
{
    struct get *g = ctx;
    memcpy(g->body, g->model, g->n);
}

static void get_once(void *ctx)
{
    struct get *g = ctx;
    copy_once(ctx);
    if (kinesis__get_answer_read(&g->answer, g->body, g->n, NULL))
        die("answer refused");
}

/* As the service writes it. */
static void write_answer(struct get *g, size_t size, size_t count)
{
    char *at = g->model = room((kinesis__base64_length(size) + 300) * count + 1000);
    unsigned char *data = room(size);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 7));
    at += sprintf(at, "{\"Records\":[");
    for (size_t i = 0; i < count; i++) {
        at += sprintf(
            at,
            "%s{\"SequenceNumber\":\"495903382714902566085596925383615710959215759891%08zu\","
            "\"ApproximateArrivalTimestamp\":1.441215410867E9,\"Data\":\"",
            i ? "," : "", i);
        at += kinesis__base64_encode(kinesis__base64_best(), at, data, size);
        at += sprintf(at, "\",\"PartitionKey\":\"partition-key-%zu\"}", i % 100);
    }
    at += sprintf(at, "],\"NextShardIterator\":\"AAAAAAAAAAGLc\",\"MillisBehindLatest\":0}");
    g->n = (size_t)(at - g->model);
    g->body = room(g->n);
    free(data);
}

static void bench_get(size_t size, size_t count)
{
    struct get g;
    double payload = (double)(size * count), rates[2];
    write_answer(&g, size, count);
    kinesis__get_answer_init(&g.answer, NULL);
    struct figure figures[] = {{get_once, &g, payload}, {copy_once, &g, payload}};
    measure(figures, 2, rates);
    double net = 1 / (1 / rates[0] - 1 / rates[1]);
    printf("GetRecords %7zu B x %5zu   read in place %7.0f MB/s   %6.2f M records/s   "
           "(with a copy of the body before: %.0f MB/s)\n",
           size, count, net / 1e6, net / (double)size / 1e6, rates[0] / 1e6);
    kinesis__get_answer_free(&g.answer);
    free(g.model);
    free(g.body);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {100, 1024, 10240, 102400};
    if (argc > 1)
        seconds = atof(argv[1]);
    bench_base64(1024);
    bench_base64((size_t)5 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bench_put(sizes[i]);
    bench_get(100, 10000);
    bench_get(1024, 4000);
    bench_get(10240, 400);
    bench_get(102400, 50);
    return 0;
}
