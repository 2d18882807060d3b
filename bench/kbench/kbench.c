/* kbench: what a way to a service costs in time, and what one service carries. */
#include "kbench.h"

#include "options.h"

#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    {"path", kbench_path, "two ways to one service, interleaved: which is faster, and where"},
    {"compare", kbench_compare, "two results of path that were kept with --json"},
    {"put", kbench_put, "load a stream with records"},
    {"get", kbench_get, "read a stream as fast as it gives"},
    {"s3", kbench_s3, "put and get objects"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct option_row no_rows[1];
static const struct option_group no_group = {"options", no_rows, 0, 0};
static const struct option_table table = {
    "kbench",
    "path|compare|put|get|s3 [options]",
    "Measure ways to Kinesis and S3, and load them. Each command has its own --help.",
    "path: two ways to one service, interleaved. compare: two results of path. put, get, s3: load.",
    &no_group,
    1,
    NULL};

static void list(FILE *out)
{
    fprintf(out, "usage: %s %s\n%s\n\n", table.tool, table.synopsis, table.summary);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].what);
}

int main(int argc, char **argv)
{
    char **arguments;
    int count, nothing;
    for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        list(stdout);
        return 0;
    }
    if (argc > 1 && argv[1][0] == '-') {
        enum options_outcome outcome =
            options_parse(&table, argc, argv, &nothing, &arguments, &count);
        return outcome == OPTIONS_SHOWN ? 0 : 2;
    }
    list(stderr);
    return 2;
}
