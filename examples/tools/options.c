/* Parsing a command line by its table. */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sigv4/sigv4.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 96, BEYOND_LETTERS = 1000, CODE_HELP = 900, CODE_VERSION, CODE_HELP_AS };

/* A row with the place its value goes to. */
struct slot {
    const struct option_row *row;
    void *into;
};

struct parser {
    const struct option_table *table;
    void *settings;
    struct slot slots[MAX_ROWS];
    size_t count, long_count;
    struct option longs[MAX_ROWS + 4];
    char letters[2 * MAX_ROWS + 2];
    int argc;
};

int options_complain(const struct option_table *table, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "%s: ", table->tool);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "; try %s --help\n", table->tool);
    return 2;
}

static void add_long(struct parser *p, const char *name, bool takes_value, int code)
{
    p->longs[p->long_count++] =
        (struct option){name, takes_value ? required_argument : no_argument, NULL, code};
}

static void add_row(struct parser *p, const struct option_row *row, void *base)
{
    char letter[3] = {row->letter, row->value ? ':' : '\0', '\0'};
    p->slots[p->count] = (struct slot){row, (char *)base + row->offset};
    add_long(p, row->name, row->value != NULL,
             row->letter ? row->letter : (int)(BEYOND_LETTERS + p->count));
    if (row->letter)
        strcat(p->letters, letter);
    p->count++;
}

static void fill(struct parser *p)
{
    strcpy(p->letters, ":"); /* a missing value is told from an unknown option */
    for (size_t g = 0; g < p->table->group_count; g++) {
        const struct option_group *group = &p->table->groups[g];
        for (size_t i = 0; i < group->count && p->count < MAX_ROWS; i++)
            add_row(p, &group->rows[i], (char *)p->settings + group->offset);
    }
    add_long(p, "help", false, CODE_HELP);
    add_long(p, "version", false, CODE_VERSION);
    add_long(p, "help-as", true, CODE_HELP_AS);
}

static const struct slot *find(const struct parser *p, int code)
{
    for (size_t i = 0; i < p->count; i++)
        if (code == p->slots[i].row->letter || code == (int)(BEYOND_LETTERS + i))
            return &p->slots[i];
    return NULL;
}

/* ---- values ---- */

static uint64_t unit_of(const char *suffix)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0}, {"K", 10}, {"KiB", 10}, {"M", 20}, {"MiB", 20}, {"G", 30}, {"GiB", 30}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(suffix, units[i].name) == 0)
            return UINT64_C(1) << units[i].shift;
    return 0;
}

static bool read_number(const struct option_row *row, const char *text, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    uint64_t unit = row->kind == OPTION_SIZE ? unit_of(end) : *end == '\0';
    return errno == 0 && unit && !__builtin_mul_overflow(n, unit, out);
}

static bool read_seconds(const char *text, uint64_t *out_ms)
{
    char *end;
    if ((*text < '0' || *text > '9') && *text != '.')
        return false;
    double s = strtod(text, &end);
    if (end == text || *end || s < 0 || s > 1e9)
        return false;
    *out_ms = (uint64_t)(s * 1000.0 + 0.5);
    return true;
}

static bool take_number(const struct slot *s, const char *value)
{
    uint64_t n = 0;
    bool ok =
        s->row->kind == OPTION_SECONDS ? read_seconds(value, &n) : read_number(s->row, value, &n);
    if (!ok || n < s->row->min || (s->row->max && n > s->row->max))
        return false;
    *(uint64_t *)s->into = n;
    return true;
}

static bool take_item(const struct parser *p, const struct slot *s, const char *value)
{
    struct option_list *list = s->into;
    if (!list->items)
        list->items = calloc((size_t)p->argc, sizeof *list->items);
    if (!list->rows)
        list->rows = calloc((size_t)p->argc, sizeof *list->rows);
    if (!list->items || !list->rows)
        return false;
    list->rows[list->count] = s->row;
    list->items[list->count++] = value;
    return true;
}

static bool take_tunable(const struct parser *p, const char *text);

static bool take(const struct parser *p, const struct slot *s, const char *value)
{
    switch (s->row->kind) {
    case OPTION_SWITCH:
        *(bool *)s->into = true;
        return true;
    case OPTION_COUNTED:
        ++*(unsigned *)s->into;
        return true;
    case OPTION_TEXT:
        *(const char **)s->into = value;
        return true;
    case OPTION_LIST:
        return take_item(p, s, value);
    case OPTION_TUNABLE:
        return take_tunable(p, value);
    case OPTION_NUMBER:
    case OPTION_SIZE:
    case OPTION_SECONDS:
        return take_number(s, value);
    }
    return false;
}

static const struct option_row *find_tunable(const struct parser *p, const char *text)
{
    const struct option_group *group = p->table->tunables;
    size_t n = strcspn(text, "=");
    for (size_t i = 0; group && i < group->count; i++)
        if (strlen(group->rows[i].name) == n && strncmp(group->rows[i].name, text, n) == 0)
            return &group->rows[i];
    return NULL;
}

static bool take_tunable(const struct parser *p, const char *text)
{
    const struct option_row *row = find_tunable(p, text);
    const char *value = strchr(text, '=');
    if (!row || !value)
        return false;
    struct slot s = {row, (char *)p->settings + p->table->tunables->offset + row->offset};
    return take(p, &s, value + 1);
}

/* ---- what would have been right ---- */

static void put_limit(char *out, size_t cap, const char *before, enum option_kind kind, uint64_t n)
{
    if (kind == OPTION_SECONDS)
        snprintf(out, cap, "%s%g", before, (double)n / 1000);
    else
        snprintf(out, cap, "%s%" PRIu64, before, n);
}

/* " from 1 to 1000" behind what the value is called; "" where there is no limit. */
static void say_range(const struct option_row *row, char out[64])
{
    char most[32] = "";
    bool number =
        row->kind == OPTION_NUMBER || row->kind == OPTION_SIZE || row->kind == OPTION_SECONDS;
    out[0] = '\0';
    if (!number || (!row->min && !row->max))
        return;
    if (row->max)
        put_limit(most, sizeof most, " to ", row->kind, row->max);
    put_limit(out, 32, " from ", row->kind, row->min);
    strcat(out, most);
}

static void complain_of_value(const struct parser *p, const struct option_row *row,
                              const char *value)
{
    char range[64];
    say_range(row, range);
    options_complain(p->table, "--%s takes %s%s, not '%s'", row->name, row->value, range, value);
}

static void complain_of_tunable(const struct parser *p, const struct option_row *row,
                                const char *text)
{
    char range[64];
    const char *value = strchr(text, '=');
    const struct option_row *tunable = find_tunable(p, text);
    if (!value || value == text) {
        complain_of_value(p, row, text);
    } else if (!tunable) {
        options_complain(p->table, "there is no setting '%.*s'", (int)(value - text), text);
    } else {
        say_range(tunable, range);
        options_complain(p->table, "%s takes %s%s, not '%s'", tunable->name, tunable->value, range,
                         value + 1);
    }
}

/* ---- the walk over argv ---- */

static enum options_outcome show_as(const struct option_table *table, const char *what)
{
    if (strcmp(what, "man") == 0) {
        options_print_man(table, stdout);
    } else if (strcmp(what, "bash") == 0) {
        options_print_bash(table, stdout);
    } else {
        options_complain(table, "--help-as takes man or bash, not '%s'", what);
        return OPTIONS_WRONG;
    }
    return OPTIONS_SHOWN;
}

static enum options_outcome step(struct parser *p, int code, char **argv)
{
    const struct slot *s = find(p, code);
    if (code == CODE_HELP) {
        options_print_help(p->table, stdout);
        return OPTIONS_SHOWN;
    }
    if (code == CODE_VERSION) {
        printf("%s %s\n", p->table->tool, sigv4_version());
        return OPTIONS_SHOWN;
    }
    if (code == CODE_HELP_AS)
        return show_as(p->table, optarg);
    if (s && take(p, s, optarg))
        return OPTIONS_GO_ON;
    if (s && s->row->kind == OPTION_TUNABLE)
        complain_of_tunable(p, s->row, optarg);
    else if (s)
        complain_of_value(p, s->row, optarg);
    else if (code == ':')
        options_complain(p->table, "%s needs a value", argv[optind - 1]);
    else
        options_complain(p->table, "there is no option '%s'", argv[optind - 1]);
    return OPTIONS_WRONG;
}

/* A standard file that is closed would be the next one opened, perhaps a connection, and what is
 * printed would go there. What stands in for it fails when it is used. */
static void keep_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            return;
}

enum options_outcome options_parse(const struct option_table *table, int argc, char **argv,
                                   void *settings, char ***arguments, int *argument_count)
{
    struct parser p = {.table = table, .settings = settings, .argc = argc};
    enum options_outcome outcome = OPTIONS_GO_ON;
    int code;
    keep_standard_files();
    fill(&p);
    optind = 0; /* 0: getopt starts anew, also in a test that parses twice */
    opterr = 0;
    while (outcome == OPTIONS_GO_ON &&
           (code = getopt_long(argc, argv, p.letters, p.longs, NULL)) != -1)
        outcome = step(&p, code, argv);
    *arguments = argv + optind;
    *argument_count = argc - optind;
    return outcome;
}

void options_free(const struct option_table *table, void *settings)
{
    for (size_t g = 0; g < table->group_count; g++) {
        const struct option_group *group = &table->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            void *into = (char *)settings + group->offset + group->rows[i].offset;
            struct option_list *list = into;
            if (group->rows[i].kind != OPTION_LIST)
                continue;
            free(list->items);
            free(list->rows);
            *list = (struct option_list){0};
        }
    }
}
