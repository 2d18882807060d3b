/* Resume tokens. */
#include "transfer/token.h"

#include "base/text.h"

#include <s3/client.h>
#include <string.h>

static const char upload_word[] = "s3-upload-1", download_word[] = "s3-download-1";

/* ---- writing ---- */

static void add_text(struct sigv4__buffer *out, const char *name, const char *value)
{
    struct sigv4_text measure = {NULL, 0, 0};
    sigv4__buffer_format(out, " %s=", name);
    sigv4__text_encode(&measure, sigv4_str(value), true);
    if (measure.len == 0 || sigv4__buffer_reserve(out, measure.len))
        return;
    struct sigv4_text target = {out->ptr + out->len, measure.len, 0};
    sigv4__text_encode(&target, sigv4_str(value), true);
    out->len += target.len;
}

static void add_number(struct sigv4__buffer *out, const char *name, uint64_t value)
{
    sigv4__buffer_format(out, " %s=%llu", name, (unsigned long long)value);
}

void s3__upload_token_write(struct sigv4__buffer *out, const struct s3__upload_token *t)
{
    sigv4__buffer_str(out, upload_word);
    add_text(out, "bucket", t->bucket);
    add_text(out, "key", t->key);
    add_text(out, "id", t->upload_id);
    add_number(out, "part", t->part_size);
    add_number(out, "length", t->length);
    add_number(out, "modified", t->modified_ns);
    add_text(out, "checksum", s3_checksum_name(t->checksum));
}

/* "0-17,19": runs of parts that are done. */
static void add_runs(struct sigv4__buffer *out, const bool *done, uint64_t count)
{
    const char *comma = "";
    sigv4__buffer_str(out, " done=");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t first = i;
        if (!done[i])
            continue;
        while (i + 1 < count && done[i + 1])
            i++;
        sigv4__buffer_format(out, "%s%llu", comma, (unsigned long long)first);
        if (i > first)
            sigv4__buffer_format(out, "-%llu", (unsigned long long)i);
        comma = ",";
    }
}

void s3__download_token_write(struct sigv4__buffer *out, const struct s3__download_token *t,
                              const bool *done, uint64_t part_count)
{
    sigv4__buffer_str(out, download_word);
    add_text(out, "bucket", t->bucket);
    add_text(out, "key", t->key);
    add_text(out, "etag", t->etag);
    add_text(out, "file", t->file);
    add_number(out, "part", t->part_size);
    add_number(out, "length", t->length);
    add_runs(out, done, part_count);
}

/* ---- reading ---- */

/* Cuts the next word off. */
static struct sigv4_slice next_word(struct sigv4_slice *rest)
{
    size_t end = sigv4__find(*rest, ' ');
    struct sigv4_slice word = sigv4__first(*rest, end);
    *rest = sigv4__from(*rest, end < rest->len ? end + 1 : end);
    return word;
}

/* The value of the pair that must come now; a null pointer when another comes. */
static struct sigv4_slice value_of(struct sigv4_slice *rest, const char *name)
{
    struct sigv4_slice word = next_word(rest);
    size_t equals = sigv4__find(word, '=');
    if (equals == word.len || !sigv4__equal_str(sigv4__first(word, equals), name))
        return sigv4_bytes(NULL, 0);
    return sigv4__from(word, equals + 1);
}

static int hex_value(char c)
{
    if (sigv4__is_digit(c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Strict: %XX with capital digits, no NUL, something must be there. */
static bool read_text(struct sigv4_slice *rest, const char *name, char *out, size_t max)
{
    struct sigv4_slice v = value_of(rest, name);
    const char *p = v.ptr;
    size_t n = 0;
    for (size_t i = 0; i < v.len; i++, n++) {
        int c = (unsigned char)p[i];
        if (n == max)
            return false;
        if (c == '%') {
            int high = v.len - i > 2 ? hex_value(p[i + 1]) : -1;
            int low = v.len - i > 2 ? hex_value(p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c == 0)
            return false;
        out[n] = (char)c;
    }
    out[n] = '\0';
    return n > 0;
}

static bool read_number(struct sigv4_slice *rest, const char *name, uint64_t *out)
{
    return sigv4__parse_uint(value_of(rest, name), INT64_MAX, out);
}

bool s3__upload_token_read(struct s3__upload_token *out, struct sigv4_slice text)
{
    char checksum[16];
    struct sigv4_slice rest = sigv4__trim(text);
    return sigv4__equal_str(next_word(&rest), upload_word) &&
           read_text(&rest, "bucket", out->bucket, S3__BUCKET_MAX) &&
           read_text(&rest, "key", out->key, S3__KEY_MAX) &&
           read_text(&rest, "id", out->upload_id, S3__UPLOAD_ID_MAX) &&
           read_number(&rest, "part", &out->part_size) && out->part_size > 0 &&
           read_number(&rest, "length", &out->length) &&
           read_number(&rest, "modified", &out->modified_ns) &&
           read_text(&rest, "checksum", checksum, sizeof checksum - 1) &&
           s3_checksum_parse(sigv4_str(checksum), &out->checksum) && rest.len == 0;
}

static bool read_runs(struct sigv4_slice *rest, bool *done, uint64_t count)
{
    struct sigv4_slice v = value_of(rest, "done");
    uint64_t first, last, next = 0;
    if (!v.ptr)
        return false;
    while (v.len) {
        size_t comma = sigv4__find(v, ',');
        struct sigv4_slice run = sigv4__first(v, comma);
        size_t dash = sigv4__find(run, '-');
        if (comma + 1 == v.len || !sigv4__parse_uint(sigv4__first(run, dash), INT64_MAX, &first))
            return false;
        last = first;
        if (dash < run.len && !sigv4__parse_uint(sigv4__from(run, dash + 1), INT64_MAX, &last))
            return false;
        if (first < next || last < first || (done && last >= count))
            return false;
        for (uint64_t i = first; done && i <= last; i++)
            done[i] = true;
        next = last + 1;
        v = sigv4__from(v, comma < v.len ? comma + 1 : comma);
    }
    return true;
}

bool s3__download_token_read(struct s3__download_token *out, struct sigv4_slice text, bool *done,
                             uint64_t part_count)
{
    struct sigv4_slice rest = sigv4__trim(text);
    if (done)
        memset(done, 0, (size_t)part_count * sizeof *done);
    return sigv4__equal_str(next_word(&rest), download_word) &&
           read_text(&rest, "bucket", out->bucket, S3__BUCKET_MAX) &&
           read_text(&rest, "key", out->key, S3__KEY_MAX) &&
           read_text(&rest, "etag", out->etag, S3__ETAG_MAX) &&
           read_text(&rest, "file", out->file, S3__FILE_MAX) && !strchr(out->file, '/') &&
           read_number(&rest, "part", &out->part_size) && out->part_size > 0 &&
           read_number(&rest, "length", &out->length) && read_runs(&rest, done, part_count) &&
           rest.len == 0;
}
