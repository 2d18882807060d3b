/* kput: records into a stream, from the command line, from files, or from a pipe. */
#include "failure.h"
#include "kput_batch.h"
#include "kput_input.h"
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

struct settings {
    struct session_settings session;
    const char *stream, *key, *key_delimiter, *hash_key, *delimiter, *output;
    struct option_list data;
    bool zero, whole, stats;
    uint64_t deadline_ms;
};

#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {'d', "data", "TEXT", OPTION_LIST, HERE(data), "a record (repeatable), instead of input", 0, 0},
    {'k', "partition-key", "KEY", OPTION_TEXT, HERE(key),
     "of all records; else they are spread evenly", 0, 0},
    {'K', "key-delimiter", "STR", OPTION_TEXT, HERE(key_delimiter),
     "each record has its key before the first STR", 0, 0},
    {0, "explicit-hash-key", "N", OPTION_TEXT, HERE(hash_key),
     "decides the shard instead of the key", 0, 0},
    {'D', "delimiter", "C", OPTION_TEXT, HERE(delimiter), "between records, one byte (a newline)",
     0, 0},
    {'0', "null", NULL, OPTION_SWITCH, HERE(zero), "records end with a zero byte", 0, 0},
    {0, "whole", NULL, OPTION_SWITCH, HERE(whole), "a file is one record", 0, 0},
    {'o', "output", "HOW", OPTION_TEXT, HERE(output),
     "json, text or none: a line per record written (json with -d, else none)", 0, 0},
    {0, "deadline", "SECONDS", OPTION_SECONDS, HERE(deadline_ms),
     "how long a record that fails is tried again (30)", 0, 86400000},
    {0, "stats", NULL, OPTION_SWITCH, HERE(stats), "the final counts as JSON on stderr", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    "kput", "[options] STREAM [FILE...]", "Put records into a Kinesis stream.",
    NULL,   OPTION_ROWS(groups),          NULL};

/* Set by SIGINT and SIGTERM, which also end a read that waits. A second one ends the process. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void put_json(void *ctx, const struct kinesis_put_outcome *o, struct sigv4_slice encryption)
{
    (void)ctx;
    printf("{\"ShardId\":\"%.*s\",\"SequenceNumber\":\"%.*s\"", (int)o->shard_id.len,
           (const char *)o->shard_id.ptr, (int)o->sequence_number.len,
           (const char *)o->sequence_number.ptr);
    if (encryption.len)
        printf(",\"EncryptionType\":\"%.*s\"", (int)encryption.len, (const char *)encryption.ptr);
    puts("}");
}

static void put_text(void *ctx, const struct kinesis_put_outcome *o, struct sigv4_slice encryption)
{
    (void)ctx;
    (void)encryption;
    printf("%.*s\t%.*s\n", (int)o->shard_id.len, (const char *)o->shard_id.ptr,
           (int)o->sequence_number.len, (const char *)o->sequence_number.ptr);
}

/* Splits a record at the key delimiter. false: there is none in it. */
static bool split_key(const char *delimiter, struct sigv4_slice *record, struct sigv4_slice *key)
{
    size_t n = strlen(delimiter);
    const char *hit = record->len ? memmem(record->ptr, record->len, delimiter, n) : NULL;
    if (!hit)
        return false;
    size_t at = (size_t)(hit - (const char *)record->ptr);
    *key = sigv4_bytes(record->ptr, at);
    *record = sigv4_bytes(hit + n, record->len - at - n);
    return true;
}

static void put_one(struct batch *b, const struct settings *s, struct sigv4_slice record,
                    const char *name, uint64_t number)
{
    struct sigv4_slice key = sigv4_str(s->key);
    if (s->key_delimiter && !split_key(s->key_delimiter, &record, &key)) {
        fprintf(stderr, "kput: %s: record %llu has no '%s' behind its key\n", name,
                (unsigned long long)number, s->key_delimiter);
        b->failed_count++;
        b->code = EXIT_SOME_FAILED;
        return;
    }
    (void)batch_add(b, key, sigv4_str(s->hash_key), record);
}

static void put_whole(struct batch *b, const struct settings *s, struct input *in)
{
    char *bytes = malloc(BATCH_BYTES * 2 + 1);
    size_t n = bytes ? fread(bytes, 1, BATCH_BYTES * 2 + 1, in->from) : 0;
    if (interrupted) {
        n = 0; /* half a record is none */
    } else if (!bytes || ferror(in->from) || n > BATCH_BYTES * 2) {
        const char *why =
            bytes && !ferror(in->from) ? "more than the 10 MiB a record can hold" : strerror(errno);
        fprintf(stderr, "kput: cannot read %s: %s\n", in->name, why);
        b->code = EXIT_SOME_FAILED;
    } else {
        put_one(b, s, sigv4_bytes(bytes, n), in->name, 1);
        batch_send(b);
    }
    free(bytes);
}

static void put_stream(struct batch *b, const struct settings *s, FILE *from, const char *name)
{
    struct input in;
    struct sigv4_slice record;
    int rc = 0;
    char delimiter = s->zero ? '\0' : s->delimiter ? s->delimiter[0] : '\n';
    input_open(&in, from, name, delimiter);
    if (s->whole)
        put_whole(b, s, &in);
    else
        while (!b->over && !interrupted && (rc = input_next(&in, &record)) > 0)
            put_one(b, s, record, name, in.number);
    if (rc < 0 && !interrupted) {
        fprintf(stderr, "kput: cannot read %s: %s\n", name,
                rc == SIGV4_E_IO ? strerror(errno) : sigv4_status_text(rc));
        b->code = EXIT_SOME_FAILED;
    }
    input_close(&in);
}

static void put_file(struct batch *b, const struct settings *s, const char *name)
{
    FILE *from = strcmp(name, "-") ? fopen(name, "rbe") : stdin;
    if (!from) {
        fprintf(stderr, "kput: cannot read %s: %s\n", name, strerror(errno));
        b->code = EXIT_SOME_FAILED;
        return;
    }
    put_stream(b, s, from, strcmp(name, "-") ? name : "standard input");
    if (from != stdin)
        fclose(from);
}

static void put_all(struct batch *b, const struct settings *s, char **files, int count)
{
    for (size_t i = 0; i < s->data.count && !b->over; i++)
        put_one(b, s, sigv4_str(s->data.items[i]), "--data", i + 1);
    for (int i = 0; i < count && !b->over && !interrupted; i++)
        put_file(b, s, files[i]);
    if (!s->data.count && !count)
        put_file(b, s, "-");
    batch_send(b); /* also after an interruption: what was accepted is sent */
}

static void print_stats(const struct batch *b)
{
    fprintf(stderr, "{\"written\":%llu,\"not_written\":%llu,\"maybe_written\":%llu}\n",
            (unsigned long long)b->written_count, (unsigned long long)b->failed_count,
            (unsigned long long)b->maybe_count);
}

static int run(const struct settings *s, char **files, int count)
{
    struct session session;
    struct batch *b = calloc(1, sizeof *b);
    const char *how = s->output ? s->output : s->data.count ? "json" : "none";
    if (!b)
        return failure_say(table.tool, &(struct sigv4_error){.status = SIGV4_E_NOMEM});
    b->written = !strcmp(how, "json") ? put_json : !strcmp(how, "text") ? put_text : NULL;
    b->stream = s->stream;
    b->session = &session;
    b->deadline_ms = s->deadline_ms ? s->deadline_ms : 30000;
    int code = session_open(&session, table.tool, &s->session);
    if (!code) {
        watch_signals();
        put_all(b, s, files, count);
        if (s->stats)
            print_stats(b);
        code = interrupted ? EXIT_INTERRUPTED : b->code;
        if (fflush(stdout) && errno != EPIPE)
            fprintf(stderr, "kput: cannot write: %s\n", strerror(errno));
        session_close(&session);
    }
    batch_free(b);
    free(b);
    return code;
}

static int check(const struct settings *s, int count)
{
    const char *o = s->output;
    if (!s->stream)
        return options_complain(&table, "which stream?");
    if (o && strcmp(o, "json") && strcmp(o, "text") && strcmp(o, "none"))
        return options_complain(&table, "--output takes json, text or none, not '%s'", o);
    if (s->delimiter && (strlen(s->delimiter) != 1 || s->zero))
        return options_complain(&table, "--delimiter takes one byte, and not with --null");
    if (s->key_delimiter && (!*s->key_delimiter || s->key))
        return options_complain(&table, "--key-delimiter is some text, and not with a key");
    if (s->key && !*s->key)
        return options_complain(&table, "a partition key has 1 to 256 characters");
    if (s->data.count && count)
        return options_complain(&table, "records come from --data or from files, not both");
    return 0;
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (outcome == OPTIONS_GO_ON && !s.stream && count) {
        s.stream = *arguments++;
        count--;
    }
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (!(code = check(&s, count)))
        code = run(&s, arguments, count);
    options_free(&table, &s);
    return code;
}
