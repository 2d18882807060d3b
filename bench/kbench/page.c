#include "page.h"

#include "finding.h"
#include "result.h"

static const char *text(const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value ? value : "";
}

/* ---- the ways ---- */

static void print_way(const json_t *way, char letter, FILE *out)
{
    const json_t *path = json_object_get(way, "path"), *address;
    size_t i;
    fprintf(out, "%c  %s  %s\n", letter, text(way, "label"), text(way, "url"));
    if (*text(path, "proxy"))
        fprintf(out, "   by the proxy %s\n", text(path, "proxy"));
    json_array_foreach(json_object_get(path, "addresses"), i, address)
        fprintf(out, "   %s (%s%s)\n", text(address, "address"), text(address, "class"),
                json_is_true(json_object_get(address, "in_vpc")) ? ", inside this VPC" : "");
    json_array_foreach(json_object_get(way, "took"), i, address)
        fprintf(out, "   %lld requests went to %s\n",
                (long long)json_integer_value(json_object_get(address, "requests")),
                text(address, "address"));
    if (*text(path, "verdict"))
        fprintf(out, "   %s\n", text(path, "verdict"));
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        const json_t *series = json_object_get(way, connection_names[kind]);
        json_int_t failures = json_integer_value(json_object_get(series, "failures"));
        if (failures)
            fprintf(out, "   %lld of the %s requests failed; the first: %s\n", (long long)failures,
                    connection_names[kind], text(series, "failure"));
    }
}

/* ---- phases ---- */

static void print_interval(const json_t *interval, const char *format, FILE *out)
{
    char cell[64] = "";
    if (interval)
        snprintf(cell, sizeof cell, format, json_number_value(json_array_get(interval, 0)),
                 json_number_value(json_array_get(interval, 1)),
                 json_number_value(json_array_get(interval, 2)));
    fprintf(out, "  %24s", cell);
}

static void print_phase(const char *name, const json_t *phase, FILE *out)
{
    for (size_t q = 0; q < QUANTILES; q++) {
        const json_t *a = json_object_get(json_object_get(phase, "a"), finding_quantile_names[q]);
        const json_t *b = json_object_get(json_object_get(phase, "b"), finding_quantile_names[q]);
        if (!a && !b)
            continue;
        fprintf(out, "  %-11s%-6s", q ? "" : name, finding_quantile_names[q]);
        print_interval(a, "%.3f (%.3f-%.3f)", out);
        print_interval(b, "%.3f (%.3f-%.3f)", out);
        print_interval(q ? NULL : json_object_get(phase, "difference"), "%+.3f (%+.3f %+.3f)", out);
        fprintf(out, "\n");
    }
}

void page_print_phases(const json_t *phases, const char *label_a, const char *label_b, FILE *out)
{
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        const json_t *of_kind = json_object_get(phases, connection_names[kind]), *phase;
        if (json_object_size(of_kind) == 0)
            continue;
        fprintf(out, "\n%s connections, ms (95 %% interval)\n", connection_names[kind]);
        fprintf(out, "  %-11s%-6s  %24.24s  %24.24s  %24s\n", "", "", label_a, label_b, "b - a");
        for (enum phase p = 0; p < PHASE_COUNT; p++)
            if ((phase = json_object_get(of_kind, phase_name(p))))
                print_phase(phase_name(p), phase, out);
    }
}

/* ---- throughput and costs ---- */

static void print_throughput(const json_t *ways, FILE *out)
{
    const json_t *a = json_object_get(json_array_get(ways, 0), "throughput");
    const json_t *b = json_object_get(json_array_get(ways, 1), "throughput");
    if (json_array_size(a) == 0)
        return;
    fprintf(out, "\nthroughput, MB/s of payload (CPU seconds per GB)\n");
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *both[2] = {json_array_get(a, i), json_array_get(b, i)};
        fprintf(out, "  %2lld connections",
                (long long)json_integer_value(json_object_get(both[0], "connections")));
        for (int side = 0; side < 2; side++) {
            char cell[64];
            snprintf(cell, sizeof cell, "%.1f (%.2f)",
                     json_number_value(json_object_get(both[side], "mb_per_s")),
                     json_number_value(json_object_get(both[side], "cpu_s_per_gb")));
            fprintf(out, "  %24s", cell);
        }
        fprintf(out, "\n");
        for (int side = 0; side < 2; side++)
            if (*text(both[side], "failure"))
                fprintf(out, "    %c: %s\n", "ab"[side], text(both[side], "failure"));
    }
}

static void print_costs(const json_t *costs, FILE *out)
{
    const json_t *row;
    size_t i;
    fprintf(out, "\ncosts beside the service's own, %s, %s (%s)\n", text(costs, "region"),
            text(costs, "date"), text(costs, "source"));
    json_array_foreach(json_object_get(costs, "rows"), i, row)
        fprintf(out, "  %-20s $%.3f an hour, $%.3f a GB; %s\n", text(row, "way"),
                json_number_value(json_object_get(row, "dollars_per_hour")),
                json_number_value(json_object_get(row, "dollars_per_gb")), text(row, "note"));
}

void page_print(const json_t *result, FILE *out)
{
    const json_t *ways = json_object_get(result, "ways");
    fprintf(out, "%s: %s, %lld per way and kind of connection, in turns of %lld\n\n",
            text(result, "began"), text(result, "request"),
            (long long)json_integer_value(json_object_get(result, "requests")),
            (long long)json_integer_value(json_object_get(result, "block")));
    print_way(json_array_get(ways, 0), 'a', out);
    print_way(json_array_get(ways, 1), 'b', out);
    page_print_phases(json_object_get(result, "phases"), text(json_array_get(ways, 0), "label"),
                      text(json_array_get(ways, 1), "label"), out);
    print_throughput(ways, out);
    print_costs(json_object_get(result, "costs"), out);
    fprintf(out, "\n%s\n", text(json_object_get(result, "round_trip"), "sentence"));
}
