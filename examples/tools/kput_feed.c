/* From bytes to records to the producer. */
#include "kput_feed.h"

#include "kput_input.h"
#include "kput_text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void feed_stop(struct feed *f)
{
    uint64_t one = 1;
    atomic_store(&f->is_stopped, true);
    if (write(f->stop_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

/* ---- records ---- */

static void refuse(struct feed *f, int status, const char *why, const struct kept_record *record)
{
    struct sigv4_error error = {.status = status};
    snprintf(error.message, sizeof error.message, "%s", why);
    struct kept_record kept = record ? *record : (struct kept_record){0};
    kept.error = why;
    report_refuse(f->report, &error, record && status != SIGV4_E_TOO_LARGE ? &kept : NULL);
}

/* JSON has no place for a key that is not UTF-8: such a record is kept as it was read. */
static void refuse_keys(struct feed *f, const struct kept_record *record)
{
    struct kept_record kept = *record;
    const char *wrong = record->key.len ? text_check_key(record->key) : NULL;
    if (wrong && record->line.len && !text_is_utf8(record->key))
        kept = (struct kept_record){.data = record->line, .raw = true};
    refuse(f, SIGV4_E_INVALID,
           wrong ? wrong : "an explicit hash key is a decimal number below 2^128", &kept);
}

static void put(struct feed *f, const struct kept_record *record, uint32_t flags)
{
    const struct kinesis_put put = {
        .size = sizeof put,
        .partition_key = record->key,
        .explicit_hash_key = record->hash_key,
        .data = record->data,
        .tag = report_next(f->report),
        .flags = flags,
    };
    size_t size = record->data.len + record->key.len;
    window_enter(&f->window, size);
    if (atomic_load(&f->report->gave_up)) {
        if (f->settings->failed)
            report_keep(f->report, record);
        return;
    }
    int rc = kinesis_producer_put_wait(f->producer, &put, -1);
    if (rc)
        window_leave(&f->window, size);
    if (rc == SIGV4_E_INVALID)
        refuse_keys(f, record);
    else if (rc == SIGV4_E_TOO_LARGE)
        refuse(f, rc, "it is larger than the 10 MiB a record can have with its key", record);
    else if (rc)
        refuse(f, rc, sigv4_status_text(rc), record);
}

/* Splits a record at the key delimiter. false: there is none in it. */
static bool split_key(struct sigv4_slice delimiter, struct kept_record *record)
{
    struct sigv4_slice data = record->data;
    const char *hit = data.len ? memmem(data.ptr, data.len, delimiter.ptr, delimiter.len) : NULL;
    if (!hit)
        return false;
    size_t at = (size_t)(hit - (const char *)data.ptr);
    record->line = data;
    record->key = sigv4_bytes(data.ptr, at);
    record->data = sigv4_bytes(hit + delimiter.len, data.len - at - delimiter.len);
    return true;
}

/* A record as it was read. */
static void put_read(struct feed *f, struct sigv4_slice data, uint32_t flags)
{
    const struct kput_settings *s = f->settings;
    struct kept_record record = {
        .key = sigv4_str(s->key),
        .hash_key = sigv4_str(s->hash_key),
        .data = data,
    };
    if (s->key_delimiter.len && !split_key(s->key_delimiter, &record)) {
        char why[96];
        snprintf(why, sizeof why, "there is no '%.40s' behind its key", s->key_delimiter_text);
        record.raw = true;
        (void)report_next(f->report);
        refuse(f, SIGV4_E_INVALID, why, &record);
        return;
    }
    put(f, &record, flags);
}

/* A line of a file of --failed. */
static void put_kept(struct feed *f, struct sigv4_slice line)
{
    struct kept_record record;
    void *memory;
    int rc = kept_parse(line, &record, &memory);
    if (rc < 0) {
        (void)report_next(f->report);
        refuse(f, rc, "this line is not one that --failed wrote", NULL);
    } else if (rc > 0 && record.raw) {
        put_read(f, record.data, KINESIS_COPY);
    } else if (rc > 0) {
        if (!record.key.len && !record.hash_key.len) {
            record.key = sigv4_str(f->settings->key);
            record.hash_key = sigv4_str(f->settings->hash_key);
        }
        put(f, &record, KINESIS_COPY);
    }
    kept_free(memory);
}

/* ---- input ---- */

static bool goes_on(const struct feed *f)
{
    return !atomic_load(&f->report->gave_up) || f->settings->failed;
}

static int put_each(struct feed *f, struct input *in, bool kept)
{
    struct sigv4_slice record;
    int rc = 1;
    while (goes_on(f)) {
        rc = f->settings->whole && !kept ? input_whole(in, &record) : input_next(in, &record);
        if (rc == SIGV4_E_TOO_LARGE) {
            (void)report_next(f->report);
            refuse(f, rc, "it is larger than the 10 MiB a record can have", NULL);
        } else if (rc <= 0) {
            break;
        } else if (kept) {
            put_kept(f, record);
        } else {
            put_read(f, record, KINESIS_COPY);
        }
        if (f->settings->whole && !kept)
            break;
        teller_wait(f->report->teller);
    }
    return rc < 0 && rc != SIGV4_E_TOO_LARGE ? rc : SIGV4_OK;
}

static void complain(struct feed *f, const char *name, const char *why)
{
    teller_err(f->report->teller, "kput: cannot read %s: %s\n", name, why);
    f->unread = true;
}

static struct sigv4_slice delimiter_of(const struct kput_settings *s)
{
    if (s->delimiter.len)
        return s->delimiter;
    return s->zero ? sigv4_bytes("", 1) : sigv4_bytes("\n", 1);
}

static void put_file(struct feed *f, const char *file)
{
    struct input in;
    bool named = strcmp(file, "-") != 0;
    const char *name = named ? file : "standard input";
    int fd = named ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0) {
        complain(f, name, strerror(errno));
        return;
    }
    report_source(f->report, name);
    input_open(&in, fd, f->stop_fd, delimiter_of(f->settings));
    int rc = named ? input_begins(&in, kept_head()) : 0;
    bool kept = rc == 1;
    if (kept) {
        in.delimiter = sigv4_str("\n");
        in.most = (size_t)RECORD_BYTES * 2;
    }
    if (rc >= 0)
        rc = put_each(f, &in, kept);
    if (rc < 0)
        complain(f, name, rc == SIGV4_E_IO ? strerror(errno) : sigv4_status_text(rc));
    input_close(&in);
    if (named)
        close(fd);
}

void feed_all(struct feed *f)
{
    const struct kput_settings *s = f->settings;
    if (s->data.count)
        report_source(f->report, "--data");
    for (size_t i = 0; i < s->data.count && goes_on(f) && !atomic_load(&f->is_stopped); i++)
        put_read(f, sigv4_str(s->data.items[i]), 0);
    for (size_t i = 0; i < s->file_count && goes_on(f) && !atomic_load(&f->is_stopped); i++)
        put_file(f, s->files[i]);
    if (!s->data.count && !s->file_count)
        put_file(f, "-");
}
