/* kcat: what is in a stream, and what comes: every shard in order, parents before children. */
#include "failure.h"
#include "interrupt.h"
#include "kcat_print.h"
#include "session.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct settings {
    struct session_settings session;
    const char *stream, *offset, *format;
    struct option_list shards;
    bool json, raw, exit_at_tip;
    uint64_t count, max_records, idle_ms;
};

#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {'s', "shard-id", "ID", OPTION_LIST, HERE(shards),
     "read only this shard (repeatable); else all, and their children", 0, 0},
    {'o', "offset", "WHERE", OPTION_TEXT, HERE(offset),
     "oldest (default), latest, @SECONDS since 1970, =SEQUENCE, +SEQUENCE (after it)", 0, 0},
    {'e', "exit", NULL, OPTION_SWITCH, HERE(exit_at_tip), "end when nothing more is there for now",
     0, 0},
    {'n', "count", "N", OPTION_NUMBER, HERE(count), "end after so many records", 1, 0},
    {'J', "json", NULL, OPTION_SWITCH, HERE(json), "one JSON object per line", 0, 0},
    {0, "raw", NULL, OPTION_SWITCH, HERE(raw), "the records' bytes and nothing else", 0, 0},
    {'f', "format", "FORMAT", OPTION_TEXT, HERE(format),
     "%s shard, %o sequence number, %k key, %v value, %t arrival in ms, %l lag in ms, %S size; "
     "\\n \\t \\r \\0 \\xNN",
     0, 0},
};
static const struct option_row tunable_rows[] = {
    {0, "max_records_per_fetch", "N", OPTION_NUMBER, HERE(max_records), "1 to 10000", 1, 10000},
    {0, "idle_ms", "N", OPTION_NUMBER, HERE(idle_ms), "between reads at the tip (1000)", 1,
     3600000},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_group tunables = {"settings of the consumer", OPTION_ROWS(tunable_rows),
                                             0};
static const struct option_table table = {
    "kcat", "[options] STREAM",  "Read a Kinesis stream: shard, sequence number, message.",
    NULL,   OPTION_ROWS(groups), &tunables};

struct reading {
    const struct settings *settings;
    struct printer printer;
    struct session session;
    struct kinesis_consumer *consumer;
    uint64_t left; /* records until -n is reached */
    bool broken;   /* nobody reads what we write */
    bool reached;  /* the first iterator is there */
    struct sigv4_error error;
    char host[256];
};

static enum kinesis_next on_record(void *ctx, const struct kinesis_record *record)
{
    struct reading *r = ctx;
    if (!print_record(&r->printer, record)) {
        r->broken = true;
        return KINESIS_STOP;
    }
    return r->settings->count && --r->left == 0 ? KINESIS_STOP : KINESIS_GO_ON;
}

static void on_shard(void *ctx, struct sigv4_slice shard_id, enum kinesis_shard_event event,
                     const struct sigv4_error *err)
{
    struct reading *r = ctx;
    if (event == KINESIS_SHARD_AT_TIP && (fflush(r->printer.out) || ferror(r->printer.out))) {
        r->broken = true;
        kinesis_consumer_stop(r->consumer);
    }
    if (event == KINESIS_SHARD_STARTED && !r->reached) {
        r->reached = true;
        print_head(&r->printer);
    }
    if (event != KINESIS_SHARD_TROUBLE)
        return;
    if (!r->settings->session.quiet)
        fprintf(stderr, "kcat: %.*s: %s\n", (int)shard_id.len, (const char *)shard_id.ptr,
                err->message);
}

static void on_end(void *ctx, const struct sigv4_error *err, const char *host)
{
    struct reading *r = ctx;
    if (err)
        r->error = *err;
    snprintf(r->host, sizeof r->host, "%s", host);
}

static void on_interrupt(void *ctx)
{
    kinesis_consumer_stop(ctx);
}

/* false: WHERE is none of the forms. */
static bool read_offset(const char *where, struct kinesis_consumer_options *o)
{
    char *end;
    if (!where || strcmp(where, "oldest") == 0)
        return true;
    if (strcmp(where, "latest") == 0) {
        o->start = KINESIS_FROM_NOW;
        return true;
    }
    if (*where == '=' || *where == '+') {
        o->start = *where == '=' ? KINESIS_FROM_SEQUENCE : KINESIS_FROM_AFTER_SEQUENCE;
        o->start_sequence = where + 1;
        return where[1] != '\0';
    }
    if (*where != '@')
        return false;
    double seconds = strtod(where + 1, &end);
    o->start = KINESIS_FROM_TIME;
    o->start_unix_ms = (int64_t)(seconds * 1000.0 + 0.5);
    return end != where + 1 && !*end && seconds >= 0 && seconds < 1e11;
}

static int conclude(struct reading *r)
{
    bool broken = fflush(r->printer.out) || r->broken;
    if (broken && errno != EPIPE && errno != 0) {
        fprintf(stderr, "kcat: cannot write: %s\n", strerror(errno));
        return EXIT_SOME_FAILED;
    }
    if (r->error.status)
        return failure_say_request(table.tool, r->session.client, "KINESIS", &r->error, r->host);
    return interrupt_was_asked() ? EXIT_INTERRUPTED : 0;
}

static int read_stream(struct reading *r, struct kinesis_consumer_options *o)
{
    struct sigv4_error err;
    int code = session_open(&r->session, table.tool, &r->settings->session);
    if (code)
        return code;
    if (kinesis_consumer_new(&r->consumer, r->session.client, o, &err)) {
        code = failure_say(table.tool, &err);
    } else {
        interrupt_watch(on_interrupt, r->consumer);
        kinesis_consumer_wait(r->consumer, -1);
        code = conclude(r);
        kinesis_consumer_free(r->consumer);
    }
    session_close(&r->session);
    return code;
}

static int run(const struct settings *s)
{
    struct reading r = {.settings = s, .left = s->count, .printer = {.out = stdout}};
    struct kinesis_consumer_options o = KINESIS_CONSUMER_OPTIONS;
    const char *wrong = s->format ? print_check_format(s->format) : NULL;
    if (s->json + s->raw + (s->format != NULL) > 1)
        return options_complain(&table, "choose one of --json, --raw and --format");
    if (wrong)
        return options_complain(&table, "--format: %s", wrong);
    if (!read_offset(s->offset, &o))
        return options_complain(&table, "'%s' is no offset", s->offset);
    if (o.start_sequence && s->shards.count != 1)
        return options_complain(&table, "a sequence number needs exactly one --shard-id");
    r.printer.as = s->json     ? PRINT_JSON
                   : s->raw    ? PRINT_RAW
                   : s->format ? PRINT_FORMAT
                               : PRINT_TABLE;
    r.printer.format = s->format;
    r.printer.on_terminal = isatty(STDOUT_FILENO) && !s->raw;
    o.stream = s->stream;
    o.shard_ids = s->shards.items;
    o.shard_count = s->shards.count;
    o.on_record = on_record;
    o.on_shard = on_shard;
    o.on_end = on_end;
    o.ctx = &r;
    o.max_records_per_fetch = (uint32_t)s->max_records;
    o.idle_ms = (uint32_t)s->idle_ms;
    o.flags = s->exit_at_tip ? KINESIS_STOP_AT_TIP : 0;
    return read_stream(&r, &o);
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    char **arguments;
    int count, code = 0;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (!s.stream && count) {
        s.stream = arguments[0];
        arguments++;
        count--;
    }
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (count)
        code = options_complain(&table, "'%s' is not expected", arguments[0]);
    else if (!s.stream)
        code = options_complain(&table, "which stream?");
    else
        code = run(&s);
    options_free(&table, &s);
    return code;
}
