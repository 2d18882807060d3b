#include "load.h"

#include "moment.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/resource.h>

const struct option_row load_rows[LOAD_ROW_COUNT] = {
    {0, "json", "FILE", OPTION_TEXT, offsetof(struct load_output, json),
     "the result; - for standard output", 0, 0},
    {0, "histogram", "FILE", OPTION_TEXT, offsetof(struct load_output, histogram),
     "all times, for HdrHistogram's plotter", 0, 0},
};

void load_begin(struct load *l, const char *what, const char *times)
{
    memset(l, 0, sizeof *l);
    l->what = what;
    l->times = times;
    l->seconds = -moment_seconds();
    l->cpu_seconds = -moment_cpu_seconds();
}

double load_seconds(const struct load *l)
{
    return moment_seconds() + l->seconds;
}

void load_end(struct load *l)
{
    l->seconds += moment_seconds();
    l->cpu_seconds += moment_cpu_seconds();
}

static const struct {
    const char *name;
    double q;
} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
enum { POINTS = sizeof points / sizeof *points };

static double milliseconds(const struct load *l, size_t point)
{
    return (double)histogram_quantile(&l->latency, points[point].q) / 1000;
}

static long peak_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
}

static void print(const struct load *l)
{
    double gb = (double)l->bytes / 1e9;
    printf(
        "%s: %llu done, %llu failed in %.2f s: %.0f a second, %.2f MB/s, %.2f CPU seconds per GB, "
        "%ld KiB\n",
        l->what, (unsigned long long)l->done, (unsigned long long)l->failed, l->seconds,
        (double)l->done / l->seconds, gb * 1000 / l->seconds, gb > 0 ? l->cpu_seconds / gb : 0,
        peak_kib());
    printf("%s, ms:", l->times);
    for (size_t i = 0; i < POINTS; i++)
        printf(" %s %.3f", points[i].name, milliseconds(l, i));
    printf("\n");
}

static json_t *json_of(const struct load *l)
{
    json_t *latency = json_object();
    for (size_t i = 0; i < POINTS; i++)
        json_object_set_new(latency, points[i].name, json_real(milliseconds(l, i)));
    return json_pack("{s:s, s:f, s:f, s:I, s:I, s:I, s:f, s:f, s:I, s:s, s:o}", "kbench", l->what,
                     "seconds", l->seconds, "cpu_seconds", l->cpu_seconds, "done",
                     (json_int_t)l->done, "failed", (json_int_t)l->failed, "bytes",
                     (json_int_t)l->bytes, "per_s", (double)l->done / l->seconds, "mb_per_s",
                     (double)l->bytes / 1e6 / l->seconds, "peak_kib", (json_int_t)peak_kib(),
                     "times", l->times, "latency_ms", latency);
}

static bool write_to(const char *path, const struct load *l,
                     bool (*write)(const struct load *l, FILE *out))
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool ok = out && write(l, out);
    if (out && out != stdout)
        ok = fclose(out) == 0 && ok;
    if (!ok)
        fprintf(stderr, "kbench: %s: %s\n", path, strerror(errno));
    return ok;
}

static bool write_json(const struct load *l, FILE *out)
{
    json_t *json = json_of(l);
    bool ok = json && json_dumpf(json, out, 0) == 0 && fputc('\n', out) != EOF;
    json_decref(json);
    return ok;
}

static bool write_histogram(const struct load *l, FILE *out)
{
    histogram_print(&l->latency, out);
    return !ferror(out);
}

int load_tell(const struct load *l, const struct load_output *to)
{
    bool ok = true;
    if (!to->json || strcmp(to->json, "-") != 0)
        print(l);
    if (to->json)
        ok = write_to(to->json, l, write_json);
    if (to->histogram)
        ok = write_to(to->histogram, l, write_histogram) && ok;
    return ok && l->failed == 0 ? 0 : 1;
}
