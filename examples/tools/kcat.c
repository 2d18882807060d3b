/* kcat: what is in a stream, and what comes: every shard in order, parents before children. */
#include "kcat.h"

#include "failure.h"

#include <stdlib.h>
#include <time.h>

enum { SUBSCRIPTIONS = 1000 }; /* each keeps a connection */

#define HERE(member) offsetof(struct kcat_settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {'s', "shard-id", "ID", OPTION_LIST, HERE(shards),
     "read only this shard (repeatable); else all, and their children", 0, 0},
    {'o', "offset", "WHERE", OPTION_TEXT, HERE(offset),
     "oldest (default), latest, @TIME, =SEQUENCE, +SEQUENCE (after it), checkpoint (default with "
     "-c); TIME: seconds since 1970 or 2026-11-22T20:31:50Z",
     0, 0},
    {'c', "checkpoint", "FILE", OPTION_TEXT, HERE(checkpoint),
     "keep in FILE, or s3://BUCKET/KEY, how far each shard was read and printed, every five seconds "
     "and at the end",
     0, 0},
    {'e', "exit", NULL, OPTION_SWITCH, HERE(exit_at_tip), "end when nothing more is there for now",
     0, 0},
    {'n', "count", "N", OPTION_NUMBER, HERE(count), "end after so many records", 1, 0},
    {0, "until", "TIME", OPTION_TEXT, HERE(until), "end when all that arrived until then is read",
     0, 0},
    {0, "idle", "SECONDS", OPTION_SECONDS, HERE(quiet_end_ms),
     "end when no record came for so long", 1, 0},
    {'J', "json", NULL, OPTION_SWITCH, HERE(json), "one JSON object per line", 0, 0},
    {0, "raw", NULL, OPTION_SWITCH, HERE(raw), "the records' bytes and nothing else", 0, 0},
    {'f', "format", "FORMAT", OPTION_TEXT, HERE(format),
     "%s shard, %o sequence number, %u sub-sequence number, %k key, %v value, %t arrival in ms, %l lag in ms, %S size, %%; "
     "\\n \\t \\r \\0 \\\\ \\xNN",
     0, 0},
    {0, "fan-out", "NAME", OPTION_TEXT, HERE(fan_out),
     "by enhanced fan-out, as the consumer of this name or ARN; a name that is not registered is "
     "registered",
     0, 0},
    {0, "no-deaggregate", NULL, OPTION_SWITCH, HERE(no_deaggregate),
     "show aggregates of the KPL as they are", 0, 0},
    {'L', "list", NULL, OPTION_SWITCH, HERE(list), "list the stream and its shards instead", 0, 0},
};
static const struct option_row tunable_rows[] = {
    {0, "max_records_per_fetch", "N", OPTION_NUMBER, HERE(max_records), "1 to 10000", 1, 10000},
    {0, "idle_ms", "N", OPTION_NUMBER, HERE(idle_ms), "between reads at the tip (1000)", 1,
     3600000},
    {0, "save_ms", "N", OPTION_NUMBER, HERE(save_ms), "between saves of the checkpoint (5000)", 1,
     86400000},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct kcat_settings),
};
static const struct option_group tunables = {"settings of the consumer", OPTION_ROWS(tunable_rows),
                                             0};
static const struct option_table table = {
    "kcat", "[options] STREAM",  "Read a Kinesis stream: shard, sequence number, message.",
    NULL,   OPTION_ROWS(groups), &tunables};

/* Seconds since 1970 with a fraction, or 2026-11-22T20:31:50[.5]Z. */
static bool read_time(const char *text, int64_t *unix_ms)
{
    char *end;
    struct tm utc = {0};
    double seconds = strtod(text, &end), fraction = 0;
    if (end == text || *end) {
        end = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
        if (end && *end == '.')
            fraction = strtod(end, &end);
        if (!end || strcmp(end, "Z") != 0)
            return false;
        seconds = (double)timegm(&utc) + fraction;
    }
    if (!(seconds >= 0 && seconds < 1e11))
        return false;
    *unix_ms = (int64_t)(seconds * 1000.0 + 0.5);
    return true;
}

/* false: WHERE is none of the forms. */
static bool read_offset(const char *where, struct kinesis_consumer_options *o)
{
    if (strcmp(where, "oldest") == 0 || strcmp(where, "checkpoint") == 0)
        return true;
    if (strcmp(where, "latest") == 0) {
        o->start = KINESIS_FROM_NOW;
        return true;
    }
    if (*where == '=' || *where == '+') {
        o->start = *where == '=' ? KINESIS_FROM_SEQUENCE : KINESIS_FROM_AFTER_SEQUENCE;
        o->start_sequence = where + 1;
        return where[1] && strspn(where + 1, "0123456789") == strlen(where + 1);
    }
    o->start = KINESIS_FROM_TIME;
    return *where == '@' && read_time(where + 1, &o->start_unix_ms);
}

static int run(struct kcat_settings *s)
{
    struct kinesis_consumer_options o = KINESIS_CONSUMER_OPTIONS;
    const char *offset = s->offset ? s->offset : s->checkpoint ? "checkpoint" : "oldest";
    const char *wrong = s->format ? print_check_format(s->format) : NULL;
    bool from_checkpoint = strcmp(offset, "checkpoint") == 0;
    if (s->list)
        return kcat_list(s);
    if (s->json + s->raw + (s->format != NULL) > 1)
        return options_complain(&table, "choose one of --json, --raw and --format");
    if (wrong)
        return options_complain(&table, "--format: %s", wrong);
    if (!read_offset(offset, &o))
        return options_complain(&table, "'%s' is no offset", offset);
    if (o.start_sequence && s->shards.count != 1)
        return options_complain(&table, "a sequence number needs exactly one --shard-id");
    if (from_checkpoint && !s->checkpoint)
        return options_complain(&table, "which --checkpoint?");
    if (s->checkpoint && !*s->checkpoint)
        return options_complain(&table, "which --checkpoint?");
    if (s->until && !read_time(s->until, &o.until_unix_ms))
        return options_complain(&table, "'%s' is no time", s->until);
    if (s->until && !o.until_unix_ms)
        o.until_unix_ms = 1; /* 0 would be no end at all */
    if (s->fan_out)
        s->session.connections = SUBSCRIPTIONS;
    o.stream = s->stream;
    o.shard_ids = s->shards.items;
    o.shard_count = s->shards.count;
    o.max_records_per_fetch = (uint32_t)s->max_records;
    o.idle_ms = (uint32_t)s->idle_ms;
    o.flags = (s->exit_at_tip ? KINESIS_STOP_AT_TIP : 0) |
              (s->no_deaggregate ? KINESIS_KEEP_AGGREGATES : 0);
    return kcat_read(s, &o, from_checkpoint);
}

int main(int argc, char **argv)
{
    struct kcat_settings s = {0};
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
