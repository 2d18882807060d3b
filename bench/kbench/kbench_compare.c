/* kbench compare: the same two ways at two times, or on two machines. */
#include "failure.h"
#include "kbench.h"
#include "options.h"
#include "page.h"
#include "result.h"

#include <stdio.h>
#include <string.h>

struct settings {
    uint64_t smallest_us;
};
static const struct option_row rows[] = {
    {0, "smallest", "MICROSECONDS", OPTION_NUMBER, offsetof(struct settings, smallest_us),
     "smaller differences are none (100)", 0, 0},
};
static const struct option_group groups[] = {{"options", OPTION_ROWS(rows), 0}};
static const struct option_table table = {"kbench compare",
                                          "BEFORE.json AFTER.json",
                                          "Compare two results of kbench path, way by way.",
                                          NULL,
                                          OPTION_ROWS(groups),
                                          NULL};

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *result = json_load_file(path, 0, &error);
    const char *kind = json_string_value(json_object_get(result, "kbench"));
    if (!result)
        fprintf(stderr, "kbench: %s: %s (line %d)\n", path, error.text, error.line);
    else if (!kind || strcmp(kind, "path") != 0)
        fprintf(stderr, "kbench: %s: this is no result of kbench path\n", path);
    else
        return result;
    json_decref(result);
    return NULL;
}

static const char *label_of(const json_t *result, int side)
{
    const json_t *way = json_array_get(json_object_get(result, "ways"), (size_t)side);
    const char *label = json_string_value(json_object_get(way, "label"));
    return label ? label : "";
}

static bool print_way(const struct series a[CONNECTION_KINDS],
                      const struct series b[CONNECTION_KINDS], int side, const char *label,
                      double smallest_ms)
{
    json_t *phases = result_phases(a, b, smallest_ms);
    json_t *trip = result_round_trip(&a[CONNECTION_FRESH], &b[CONNECTION_FRESH], "before", "after",
                                     smallest_ms);
    bool ok = phases && trip;
    if (ok) {
        printf("%s%s, before and after\n", side ? "\n" : "", label);
        page_print_phases(phases, "before", "after", stdout);
        printf("\n%s\n", json_string_value(json_object_get(trip, "sentence")));
    } else {
        failure_no_memory("kbench");
    }
    json_decref(trip);
    json_decref(phases);
    return ok;
}

static bool compare_way(const json_t *before, const json_t *after, int side, double smallest_ms)
{
    struct series a[CONNECTION_KINDS], b[CONNECTION_KINDS];
    bool ok = result_series(before, side, a);
    ok = result_series(after, side, b) && ok;
    if (ok)
        ok = print_way(a, b, side, label_of(after, side), smallest_ms);
    else
        fprintf(stderr, "kbench: the readings of '%s' cannot be read\n", label_of(before, side));
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        series_free(&a[kind]);
        series_free(&b[kind]);
    }
    return ok;
}

static int run(char **paths, double smallest_ms)
{
    json_t *before = load(paths[0]), *after = load(paths[1]);
    bool ok = before && after;
    for (int side = 0; ok && side < 2; side++)
        ok = compare_way(before, after, side, smallest_ms);
    json_decref(before);
    json_decref(after);
    return ok ? 0 : EXIT_SOME_FAILED;
}

int kbench_compare(int argc, char **argv)
{
    struct settings s = {.smallest_us = 100};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (count != 2)
        code = options_complain(&table, "which two files?");
    else
        code = run(arguments, (double)s.smallest_us / 1000);
    options_free(&table, &s);
    return failure_flush("kbench", code);
}
