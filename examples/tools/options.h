#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H
/* Command lines by table: one row per option drives parsing, --help, the man page and completions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_SWITCH,  /* bool: becomes true */
    OPTION_COUNTED, /* unsigned: how often it was given */
    OPTION_TEXT,    /* const char *: points into argv */
    OPTION_NUMBER,  /* uint64_t between min and max */
    OPTION_SIZE,    /* the same, with suffixes KiB MiB GiB, or K M G for the same */
    OPTION_SECONDS, /* uint64_t milliseconds; written in seconds, fractions allowed */
    OPTION_LIST,    /* struct option_list: repeatable texts */
    OPTION_TUNABLE  /* NAME=VALUE: sets a row of the table's tunables */
};

struct option_row;
struct option_list {
    const char **items;
    const struct option_row **rows; /* which option each came from: rows may share a list */
    size_t count;
};

struct option_row {
    char letter; /* '\0': only the long form */
    const char *name;
    const char *value; /* what the help calls its argument; NULL for switches */
    enum option_kind kind;
    size_t offset; /* of the member in the group's struct */
    const char *help;
    uint64_t min, max; /* max 0: no limit */
};
struct option_group {
    const char *title; /* "options shared by all tools" */
    const struct option_row *rows;
    size_t count;
    size_t offset; /* of the group's struct in the tool's settings */
};

struct option_table {
    const char *tool;     /* "kput" */
    const char *synopsis; /* "[options] STREAM [FILE...]" */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for the manual; may be NULL */
    const struct option_group *groups;
    size_t group_count;
    /* Set by name with -X name=value; rows without letters. May be NULL. */
    const struct option_group *tunables;
};
#define OPTION_ROWS(array) (array), sizeof(array) / sizeof *(array)

enum options_outcome {
    OPTIONS_GO_ON,
    OPTIONS_SHOWN, /* help or version was printed: exit with 0 */
    OPTIONS_WRONG  /* a line about what is wrong was printed: exit with 2 */
};

/* Fills settings (zeroed by the caller, or with defaults in place); *arguments and *argument_count
 * are what is left in argv. Understands --help, --version, and --help-as man|bash besides the rows.
 */
enum options_outcome options_parse(const struct option_table *table, int argc, char **argv,
                                   void *settings, char ***arguments, int *argument_count);
void options_free(const struct option_table *table, void *settings); /* the lists */

/* One line "TOOL: what" to stderr, with "try TOOL --help"; returns 2, the exit code for wrong
 * usage.
 */
int options_complain(const struct option_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void options_print_help(const struct option_table *table, FILE *out);
void options_print_man(const struct option_table *table, FILE *out);
void options_print_bash(const struct option_table *table, FILE *out);
#endif
