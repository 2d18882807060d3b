/* kbench path: two ways to one service. */
#include "failure.h"
#include "interrupt.h"
#include "kbench.h"
#include "location.h"
#include "page.h"
#include "report.h"
#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_REQUESTS = 100000 };

struct settings {
    struct session_settings session;
    const char *a, *b, *name_a, *name_b, *stream, *object, *json, *html;
    uint64_t requests, block, bytes, load_ms, parallel, smallest_us;
};
#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {'a', "a", "URL", OPTION_TEXT, HERE(a),
     "one way: https://kinesis.us-east-2.amazonaws.com by the internet gateway", 0, 0},
    {'b', "b", "URL", OPTION_TEXT, HERE(b), "the other: an interface endpoint's own name", 0, 0},
    {0, "name-a", "TEXT", OPTION_TEXT, HERE(name_a), "what to call the one (its host)", 0, 0},
    {0, "name-b", "TEXT", OPTION_TEXT, HERE(name_b), "what to call the other", 0, 0},
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream),
     "put records into this stream; else, and without --object, an unsigned GET of / is sent, "
     "which needs no rights and is answered with a refusal",
     0, 0},
    {0, "object", "S3URI", OPTION_TEXT, HERE(object), "get this object, s3://bucket/key", 0, 0},
    {0, "size", "BYTES", OPTION_SIZE, HERE(bytes), "of a record (1024)", 1, 1000000},
    {'n', "requests", "N", OPTION_NUMBER, HERE(requests),
     "per way, on fresh connections and on kept ones each (200)", 2, MAX_REQUESTS},
    {0, "block", "N", OPTION_NUMBER, HERE(block),
     "so many by one way, then by the other (10); at most a tenth of --requests", 1, 1000},
    {0, "throughput", "SECONDS", OPTION_SECONDS, HERE(load_ms),
     "then load each way for so long, with one and with --connections (0: not)", 0, 3600000},
    {0, "connections", "N", OPTION_NUMBER, HERE(parallel), "(8)", 2, WAY_PARALLEL},
    {0, "smallest", "MICROSECONDS", OPTION_NUMBER, HERE(smallest_us),
     "smaller differences are none (100)", 0, 0},
    {0, "json", "FILE", OPTION_TEXT, HERE(json), "keep the result there; - for standard output", 0,
     0},
    {0, "html", "FILE", OPTION_TEXT, HERE(html), "and a report with plots there", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "kbench path",
    "-a URL -b URL [options]",
    "Compare two ways to one service: requests by turns, on fresh and on kept connections.",
    NULL,
    OPTION_ROWS(groups),
    NULL};

/* ---- what is asked ---- */

static int read_errand(const struct settings *s, struct location *object,
                       struct errand_settings *out)
{
    *out = (struct errand_settings){.stream = s->stream,
                                    .record_bytes = s->bytes,
                                    .service_id = strstr(s->a, "kinesis") ? "KINESIS" : "S3"};
    if (s->object && (location_parse(object, s->object) || !object->remote || !*object->key))
        return options_complain(&table, "'%s' is no s3://bucket/key", s->object);
    if (s->object) {
        out->bucket = object->bucket;
        out->key = object->key;
    }
    return 0;
}

static void name_request(const struct settings *s, char out[128])
{
    if (s->stream)
        snprintf(out, 128, "PutRecords of one record of %llu bytes", (unsigned long long)s->bytes);
    else if (s->object)
        snprintf(out, 128, "GetObject");
    else
        snprintf(out, 128, "unsigned GET of /");
}

/* ---- while it runs ---- */

static volatile bool stopped;

static void stop(void *ctx)
{
    (void)ctx;
    stopped = true;
}

static void show_progress(double done)
{
    fprintf(stderr, "\r%3.0f %%", done * 100);
    if (done >= 1)
        fputs("\r     \r", stderr);
}

/* ---- what comes of it ---- */

static bool write_file(const char *path, const json_t *result,
                       bool (*write)(const json_t *result, FILE *out))
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool ok = out && write(result, out);
    if (out && out != stdout)
        ok = fclose(out) == 0 && ok;
    if (!ok)
        fprintf(stderr, "kbench: %s: %s\n", path, strerror(errno));
    return ok;
}

static bool write_json(const json_t *result, FILE *out)
{
    return json_dumpf(result, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
}

static int deliver(const struct settings *s, const json_t *result)
{
    bool ok = true;
    if (!s->json || strcmp(s->json, "-") != 0)
        page_print(result, stdout);
    if (s->json)
        ok = write_file(s->json, result, write_json);
    if (s->html)
        ok = write_file(s->html, result, report_write) && ok;
    return ok ? 0 : EXIT_SOME_FAILED;
}

/* Nothing but failures on one side: as unreachable as it says. */
static int code_of(const struct trial *t)
{
    int code = 0;
    for (int side = 0; side < 2; side++) {
        const struct series *fresh = &t->sides[side].series[CONNECTION_FRESH];
        const struct series *kept = &t->sides[side].series[CONNECTION_KEPT];
        if (fresh->failures + kept->failures)
            code = code ? code : EXIT_SOME_FAILED;
        if (fresh->count + kept->count == 0)
            code = EXIT_UNREACHABLE;
    }
    return stopped ? EXIT_INTERRUPTED : code;
}

/* The intervals come from the differences between blocks: a few blocks would make them too narrow.
 */
static size_t block_of(const struct settings *s)
{
    uint64_t most = s->requests / 10 ? s->requests / 10 : 1;
    return s->block < most ? s->block : most;
}

static int measure(const struct settings *s, struct way ways[2])
{
    char request[128];
    struct trial trial;
    double smallest_ms = (double)s->smallest_us / 1000;
    struct trial_settings settings = {.requests = s->requests,
                                      .block = block_of(s),
                                      .load_seconds = (double)s->load_ms / 1000,
                                      .parallel = (unsigned)s->parallel};
    bool quiet = s->session.quiet || !isatty(STDERR_FILENO);
    if (!errand_has_payload(ways[0].errand))
        settings.load_seconds = 0;
    if (!trial_init(&trial, &settings)) {
        trial_free(&trial);
        return failure_no_memory("kbench");
    }
    trial_run(&trial, ways, &settings, quiet ? NULL : show_progress, &stopped);
    name_request(s, request);
    json_t *result = result_of(ways, &trial, &settings, request, smallest_ms);
    int code = result ? deliver(s, result) : failure_no_memory("kbench");
    json_decref(result);
    code = code ? code : code_of(&trial);
    trial_free(&trial);
    return code;
}

static int run(const struct settings *s)
{
    struct errand_settings what;
    struct location object = {0};
    struct errand errand = {0};
    struct way ways[2] = {{0}};
    int code = read_errand(s, &object, &what);
    if (!code && !errand_init(&errand, &what))
        code = failure_no_memory("kbench");
    interrupt_watch(stop, NULL);
    if (!code)
        code = way_open(&ways[0], s->name_a, s->a, &errand, &s->session);
    if (!code)
        code = way_open(&ways[1], s->name_b, s->b, &errand, &s->session);
    if (!code)
        code = measure(s, ways);
    interrupt_forget();
    way_close(&ways[0]);
    way_close(&ways[1]);
    errand_free(&errand);
    location_free(&object);
    return code;
}

int kbench_path(int argc, char **argv)
{
    struct settings s = {
        .requests = 200, .block = 10, .bytes = 1024, .parallel = 8, .smallest_us = 100};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (count)
        code = options_complain(&table, "'%s' is not expected", arguments[0]);
    else if (!s.a || !s.b)
        code = options_complain(&table, "which two ways? -a URL -b URL");
    else if (s.stream && s.object)
        code = options_complain(&table, "choose one of --stream-name and --object");
    else
        code = run(&s);
    options_free(&table, &s);
    return failure_flush("kbench", code);
}
