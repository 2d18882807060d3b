/* kput: records into a stream, from the command line, from files, or from a pipe. */
#include "kput.h"

#include "failure.h"
#include "kput_kept.h"
#include "kput_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HERE(member) offsetof(struct kput_settings, member)
static const struct option_row rows[] = {
    {0, "stream-name", "NAME", OPTION_TEXT, HERE(stream), "the stream, a name or an ARN", 0, 0},
    {'d', "data", "TEXT", OPTION_LIST, HERE(data), "a record (repeatable), instead of input", 0, 0},
    {'k', "partition-key", "KEY", OPTION_TEXT, HERE(key),
     "of all records; else they are spread evenly", 0, 0},
    {'K', "key-delimiter", "STR", OPTION_TEXT, HERE(key_delimiter_text),
     "each record has its key before the first STR", 0, 0},
    {0, "explicit-hash-key", "N", OPTION_TEXT, HERE(hash_key),
     "decides the shard instead of the key", 0, 0},
    {'D', "delimiter", "STR", OPTION_TEXT, HERE(delimiter_text),
     "between records (\\n); \\n \\t \\r \\0 \\\\ \\xNN are understood here and in -K", 0, 0},
    {'0', "null", NULL, OPTION_SWITCH, HERE(zero), "records end with a zero byte", 0, 0},
    {0, "whole", NULL, OPTION_SWITCH, HERE(whole), "a file is one record", 0, 0},
    {0, "ordered", NULL, OPTION_SWITCH, HERE(ordered),
     "records of one key are written in their order", 0, 0},
    {0, "aggregate", NULL, OPTION_SWITCH, HERE(aggregate),
     "several records in one, as the KPL does it; consumers must take them apart", 0, 0},
    {0, "linger", "MS", OPTION_NUMBER, HERE(linger_ms),
     "how long a record waits for company (50); 0: not at all", 0, 3600000},
    {0, "deadline", "SECONDS", OPTION_SECONDS, HERE(deadline_ms),
     "how long a record that fails is tried again (30)", 1, 86400000},
    {'o', "output", "HOW", OPTION_TEXT, HERE(output),
     "json, text or none: a line per record written (json with -d, else none)", 0, 0},
    {0, "failed", "FILE", OPTION_TEXT, HERE(failed),
     "keep in FILE what was not written, or not certainly; given as input, kput tries it again", 0,
     0},
    {0, "stats", NULL, OPTION_SWITCH, HERE(stats), "the final counts as JSON on stderr", 0, 0},
};
static const struct option_row tunable_rows[] = {
    {0, "max_buffered_bytes", "SIZE", OPTION_SIZE, HERE(buffered_bytes),
     "of records without a result (32MiB); input waits", 65536, UINT64_C(1) << 40},
    {0, "max_buffered_records", "N", OPTION_NUMBER, HERE(buffered_records),
     "the same, counted (100000)", 1, 100000000},
    {0, "max_batch_records", "N", OPTION_NUMBER, HERE(batch_records), "in a request (500)", 1, 500},
    {0, "max_batch_bytes", "SIZE", OPTION_SIZE, HERE(batch_bytes), "in a request (4MiB)", 1,
     10485760},
    {0, "max_requests_in_flight", "N", OPTION_NUMBER, HERE(requests), "at a time (8)", 1, 64},
    {0, "max_aggregate_bytes", "SIZE", OPTION_SIZE, HERE(aggregate_bytes),
     "in an aggregate (50KiB)", 1, 1048576},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct kput_settings),
};
static const struct option_group tunables = {"settings of the producer", OPTION_ROWS(tunable_rows),
                                             0};
static const struct option_table table = {
    "kput",
    "[options] STREAM [FILE...]",
    "Put records into a Kinesis stream: a line of a file or of standard input is a record.",
    "SIGINT and SIGTERM end the reading; what was read is sent and waited for. A second signal "
    "gives it up.",
    OPTION_ROWS(groups),
    &tunables};

/* ---- what can be known before anything is sent ---- */

static int check_key(const struct kput_settings *s)
{
    const char *wrong = s->key ? text_check_key(sigv4_str(s->key)) : NULL;
    if (!wrong && s->hash_key)
        wrong = text_check_hash_key(s->hash_key);
    if (!wrong && s->key && s->key_delimiter_text)
        wrong = "choose one of --partition-key and --key-delimiter";
    return wrong ? options_complain(&table, "%s", wrong) : 0;
}

static int read_delimiter(const char *name, const char *text, struct sigv4_slice *out)
{
    char *copy = text ? strdup(text) : NULL;
    if (!text)
        return 0;
    if (!copy)
        return failure_say("kput", &(struct sigv4_error){.status = SIGV4_E_NOMEM});
    if (!text_unescape(copy, out)) {
        free(copy);
        return options_complain(&table, "--%s: '%s' has an unknown escape", name, text);
    }
    if (out->len)
        return 0;
    free(copy);
    *out = (struct sigv4_slice){0};
    return options_complain(&table, "--%s is at least one byte", name);
}

static int check_delimiters(struct kput_settings *s)
{
    if ((s->delimiter_text != NULL) + s->zero + s->whole > 1)
        return options_complain(&table, "choose one of --delimiter, --null and --whole");
    int code = read_delimiter("key-delimiter", s->key_delimiter_text, &s->key_delimiter);
    if (!code)
        code = read_delimiter("delimiter", s->delimiter_text, &s->delimiter);
    return code;
}

static int check_output(struct kput_settings *s)
{
    static const char *const forms[] = {
        [KPUT_NONE] = "none", [KPUT_JSON] = "json", [KPUT_TEXT] = "text"};
    s->form = s->data.count ? KPUT_JSON : KPUT_NONE;
    for (int i = 0; s->output && i < 3; i++) {
        if (strcmp(s->output, forms[i]) == 0) {
            s->form = (enum kput_form)i;
            return 0;
        }
    }
    return s->output
               ? options_complain(&table, "--output takes json, text or none, not '%s'", s->output)
               : 0;
}

/* Can it be read, and does it say itself which keys its records have? */
static int check_file(const char *file, bool *has_keys)
{
    struct stat info;
    struct sigv4_slice head = kept_head();
    char begin[128];
    if (strcmp(file, "-") == 0)
        return 0;
    if (stat(file, &info))
        return errno;
    if (S_ISDIR(info.st_mode))
        return EISDIR;
    if (!S_ISREG(info.st_mode))
        return access(file, R_OK) ? errno : 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    ssize_t n = read(fd, begin, head.len);
    int error = n < 0 ? errno : 0;
    close(fd);
    *has_keys =
        info.st_size == 0 || (n == (ssize_t)head.len && memcmp(begin, head.ptr, head.len) == 0);
    return error;
}

static int check_files(const struct kput_settings *s)
{
    bool keyless = s->file_count == 0, has_keys;
    for (size_t i = 0; i < s->file_count; i++) {
        has_keys = false;
        int error = check_file(s->files[i], &has_keys);
        if (error)
            return options_complain(&table, "cannot read %s: %s", s->files[i], strerror(error));
        keyless |= !has_keys;
    }
    if (s->ordered && keyless && !s->key && !s->key_delimiter.len)
        return options_complain(&table,
                                "--ordered: records without a key have no order; give -k or -K");
    return 0;
}

static int check(struct kput_settings *s)
{
    if (!s->stream)
        return options_complain(&table, "which stream?");
    if (s->data.count && s->file_count)
        return options_complain(&table, "records come from --data or from files, not both");
    if (s->data.count && s->whole)
        return options_complain(&table, "--whole is about files, not about --data");
    int code = check_key(s);
    if (!code)
        code = check_delimiters(s);
    if (!code)
        code = check_output(s);
    return code ? code : check_files(s);
}

int main(int argc, char **argv)
{
    struct kput_settings s = {
        .linger_ms = 50, .deadline_ms = 30000, .buffered_bytes = 32 * 1024 * 1024};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&table, argc, argv, &s, &arguments, &count);
    if (outcome == OPTIONS_GO_ON && !s.stream && count) {
        s.stream = *arguments++;
        count--;
    }
    s.files = arguments;
    s.file_count = (size_t)count;
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (!(code = check(&s)))
        code = kput_run(&s);
    options_free(&table, &s);
    free((void *)(uintptr_t)s.delimiter.ptr);
    free((void *)(uintptr_t)s.key_delimiter.ptr);
    return code;
}
