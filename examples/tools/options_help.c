/* What a table of options looks like on paper: help, manual, completions. */
#include "options.h"

#include <sigv4/sigv4.h>
#include <string.h>

enum { HELP_COLUMN = 30, WIDTH = 90 };

/* Prints text wrapped between the columns from and WIDTH; the cursor stands at from. */
static void wrap(FILE *out, const char *text, size_t from)
{
    size_t column = from;
    while (*text) {
        size_t word = strcspn(text, " ");
        bool fits = column == from || column + 1 + word <= WIDTH;
        if (!fits) {
            fprintf(out, "\n%*s", (int)from, "");
            column = from;
        } else if (column > from) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)word, text);
        column += word;
        text += word + strspn(text + word, " ");
    }
    fputc('\n', out);
}

static int left_side(char *out, size_t cap, const struct option_row *row)
{
    const char *blank = row->value ? " " : "", *value = row->value ? row->value : "";
    if (row->letter)
        return snprintf(out, cap, "  -%c, --%s%s%s", row->letter, row->name, blank, value);
    return snprintf(out, cap, "      --%s%s%s", row->name, blank, value);
}

static void print_row(FILE *out, const struct option_row *row)
{
    char left[128];
    int n = left_side(left, sizeof left, row);
    if (n < HELP_COLUMN - 1)
        fprintf(out, "%-*s", HELP_COLUMN, left);
    else
        fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
    wrap(out, row->help, HELP_COLUMN);
}

static void print_group(FILE *out, const struct option_group *group)
{
    fprintf(out, "\n%s:\n", group->title);
    for (size_t i = 0; i < group->count; i++)
        print_row(out, &group->rows[i]);
}

static void print_tunables(FILE *out, const struct option_group *group)
{
    fprintf(out, "\n%s, each as -X name=value:\n", group->title);
    for (size_t i = 0; i < group->count; i++) {
        fprintf(out, "  %-*s", HELP_COLUMN - 2, group->rows[i].name);
        wrap(out, group->rows[i].help, HELP_COLUMN);
    }
}

void options_print_help(const struct option_table *table, FILE *out)
{
    fprintf(out, "usage: %s %s\n", table->tool, table->synopsis);
    wrap(out, table->summary, 0);
    for (size_t g = 0; g < table->group_count; g++)
        print_group(out, &table->groups[g]);
    fprintf(out, "%-*s%s\n%-*s%s\n", HELP_COLUMN, "      --help", "this text", HELP_COLUMN,
            "      --version", "the version");
    if (table->tunables)
        print_tunables(out, table->tunables);
    fprintf(out, "\nexit codes: 0 all done, 1 some failed, 2 wrong usage, 3 no credentials or "
                 "denied,\n  4 unreachable, 5 no such stream, shard, bucket or key, 130 "
                 "interrupted\n");
}

/* A hyphen that stays one, and no accidental request at a line's start. */
static void roff(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool at_start = c == text || c[-1] == '\n';
        if (at_start && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        if (*c == '-')
            fputc('\\', out);
        fputs(*c == '\\' ? "\\e" : (char[]){*c, '\0'}, out);
    }
}

static void man_row(FILE *out, const struct option_row *row)
{
    fputs(".TP\n", out);
    if (row->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    roff(out, row->name);
    fputs("\\fR", out);
    if (row->value)
        fprintf(out, " \\fI%s\\fR", row->value);
    fputc('\n', out);
    roff(out, row->help);
    fputc('\n', out);
}

void options_print_man(const struct option_table *table, FILE *out)
{
    fprintf(out, ".TH %s 1 \"\" \"kinesis-toolkit %s\"\n.SH NAME\n%s \\- ", table->tool,
            sigv4_version(), table->tool);
    roff(out, table->summary);
    fprintf(out, "\n.SH SYNOPSIS\n.B %s\n", table->tool);
    roff(out, table->synopsis);
    if (table->details) {
        fputs("\n.SH DESCRIPTION\n", out);
        roff(out, table->details);
    }
    for (size_t g = 0; g < table->group_count; g++) {
        fprintf(out, "\n.SH %s\n", table->groups[g].title);
        for (size_t i = 0; i < table->groups[g].count; i++)
            man_row(out, &table->groups[g].rows[i]);
    }
    fputs(".SH EXIT STATUS\n0 all done; 1 some records or files failed; 2 wrong usage; 3 no "
          "credentials, or denied; 4 unreachable; 5 no such stream, shard, bucket or key; 130 "
          "interrupted (kput by SIGTERM: 143), after what was accepted was sent.\n",
          out);
}

void options_print_bash(const struct option_table *table, FILE *out)
{
    fprintf(out, "complete -o default -W '");
    for (size_t g = 0; g < table->group_count; g++)
        for (size_t i = 0; i < table->groups[g].count; i++)
            fprintf(out, "--%s ", table->groups[g].rows[i].name);
    fprintf(out, "--help --version' %s\n", table->tool);
}
