/* Records that were not written, in a file and back. */
#include "kput_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <sigv4/status.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] = "{\"kput\":\"records that were not written\",\"version\":1}";

struct sigv4_slice kept_head(void)
{
    return sigv4_str(head);
}

/* ---- writing ---- */

/* A name beside the target, so that it can be renamed. */
static int open_part(struct kept *k)
{
    if (asprintf(&k->part, "%s.XXXXXX", k->target) < 0)
        return ENOMEM;
    int fd = mkostemp(k->part, O_CLOEXEC);
    if (fd < 0)
        return errno;
    k->file = fdopen(fd, "w+");
    return k->file ? 0 : errno;
}

int kept_open(struct kept *k, const char *path)
{
    struct stat info;
    bool exists = stat(path, &info) == 0;
    *k = (struct kept){.path = path, .mutex = PTHREAD_MUTEX_INITIALIZER};
    if (!exists && errno != ENOENT)
        return errno;
    if (exists && S_ISDIR(info.st_mode))
        return EISDIR;
    if (exists && !S_ISREG(info.st_mode)) {
        k->file = fopen(path, "we");
        return k->file ? 0 : errno;
    }
    k->target = exists ? realpath(path, NULL) : strdup(path);
    return k->target ? open_part(k) : errno;
}

static char *encode(struct sigv4_slice data)
{
    char *text = malloc(4 * ((data.len + 2) / 3) + 1);
    if (text)
        EVP_EncodeBlock((unsigned char *)text, data.ptr, (int)data.len);
    return text;
}

static json_t *object_of(const struct kept_record *r, const char *data)
{
    json_t *o = json_object();
    if (r->key.len)
        json_object_set_new(o, "PartitionKey", json_stringn(r->key.ptr, r->key.len));
    if (r->hash_key.len)
        json_object_set_new(o, "ExplicitHashKey", json_stringn(r->hash_key.ptr, r->hash_key.len));
    int rc = json_object_set_new(o, r->raw ? "Raw" : "Data", json_string(data));
    if (r->error)
        json_object_set_new(o, "Error", json_string(r->error));
    if (r->maybe)
        json_object_set_new(o, "MaybeWritten", json_true());
    if (rc == 0)
        return o;
    json_decref(o);
    return NULL;
}

static int write_line(struct kept *k, const struct kept_record *r)
{
    char *data = encode(r->data);
    json_t *o = data ? object_of(r, data) : NULL;
    int error = o ? 0 : ENOMEM;
    if (o && (json_dumpf(o, k->file, JSON_COMPACT) || putc('\n', k->file) == EOF))
        error = errno ? errno : EIO;
    json_decref(o);
    free(data);
    return error;
}

static int note_line(struct kept *k, uint64_t number, long begin)
{
    long end = ftell(k->file);
    struct kept_run *last = k->run_count ? &k->runs[k->run_count - 1] : NULL;
    if (last && number == last->last + 1) {
        last->last = number;
        last->end = end;
        return 0;
    }
    if (k->run_count == k->run_cap) {
        size_t cap = k->run_cap ? 2 * k->run_cap : 64;
        struct kept_run *grown = realloc(k->runs, cap * sizeof *grown);
        if (!grown)
            return ENOMEM;
        k->runs = grown;
        k->run_cap = cap;
        last = k->run_count ? &k->runs[k->run_count - 1] : NULL;
    }
    k->disordered |= last && number < last->first;
    k->runs[k->run_count++] = (struct kept_run){number, number, begin, end};
    return 0;
}

static int add(struct kept *k, const struct kept_record *record)
{
    errno = 0;
    if (k->count == 0 && fprintf(k->file, "%s\n", head) < 0)
        return errno ? errno : EIO;
    long begin = k->target ? ftell(k->file) : 0;
    int error = write_line(k, record);
    if (!error && k->target)
        error = note_line(k, record->number, begin);
    k->count += !error;
    return error;
}

void kept_add(struct kept *k, const struct kept_record *record)
{
    pthread_mutex_lock(&k->mutex);
    if (!k->error)
        k->error = add(k, record);
    pthread_mutex_unlock(&k->mutex);
}

/* ---- the end ---- */

static int compare_runs(const void *a, const void *b)
{
    const struct kept_run *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static int copy_run(FILE *from, const struct kept_run *run, FILE *to)
{
    char block[8192];
    long left = run->end - run->begin;
    if (fseek(from, run->begin, SEEK_SET))
        return errno;
    while (left > 0) {
        size_t n = left < (long)sizeof block ? (size_t)left : sizeof block;
        if (fread(block, 1, n, from) != n || fwrite(block, 1, n, to) != n)
            return errno ? errno : EIO;
        left -= (long)n;
    }
    return 0;
}

static void abandon_part(struct kept *k)
{
    if (k->file)
        fclose(k->file);
    if (k->part)
        unlink(k->part);
    free(k->part);
    k->file = NULL;
    k->part = NULL;
}

/* Another file with the runs in the order of the input takes the part's place. */
static int sort(struct kept *k)
{
    FILE *from = k->file;
    char *part = k->part;
    int error;
    if (!k->disordered || !k->target)
        return 0;
    qsort(k->runs, k->run_count, sizeof *k->runs, compare_runs);
    k->file = NULL;
    k->part = NULL;
    error = open_part(k);
    if (!error && fprintf(k->file, "%s\n", head) < 0)
        error = errno;
    for (size_t i = 0; !error && i < k->run_count; i++)
        error = copy_run(from, &k->runs[i], k->file);
    fclose(from);
    if (error)
        abandon_part(k);
    else
        unlink(part);
    if (error)
        k->part = part; /* has all of it, in another order */
    else
        free(part);
    return error;
}

static void forget(struct kept *k)
{
    free(k->target);
    free(k->part);
    free(k->runs);
    k->file = NULL;
    k->target = k->part = NULL;
    k->runs = NULL;
}

int kept_close(struct kept *k)
{
    struct stat info;
    errno = 0;
    if (!k->error)
        k->error = sort(k);
    if (k->file && fclose(k->file) && !k->error)
        k->error = errno ? errno : EIO;
    if (k->target && !k->error && rename(k->part, k->target))
        k->error = errno;
    if (k->error && k->part && stat(k->part, &info) == 0 && info.st_size)
        k->left = k->part;
    else if (k->error && k->part)
        unlink(k->part);
    if (k->left)
        k->part = NULL;
    forget(k);
    return k->error;
}

void kept_drop(struct kept *k)
{
    if (k->file)
        abandon_part(k);
    forget(k);
}

/* ---- reading ---- */

static struct sigv4_slice member(const json_t *o, const char *name)
{
    const json_t *text = json_object_get(o, name);
    return sigv4_bytes(json_string_value(text), json_string_length(text));
}

/* In place; jansson's strings are ours. false: not base64. */
static bool decode(struct sigv4_slice *text)
{
    unsigned char *at = (unsigned char *)(uintptr_t)text->ptr;
    size_t n = text->len, padding = 0;
    if (n % 4 || n > INT32_MAX)
        return false;
    while (padding < 2 && padding < n && at[n - 1 - padding] == '=')
        padding++;
    int decoded = n ? EVP_DecodeBlock(at, at, (int)n) : 0;
    if (decoded < 0)
        return false;
    text->len = (size_t)decoded - padding;
    return true;
}

int kept_parse(struct sigv4_slice line, struct kept_record *out, void **memory)
{
    json_t *o = NULL;
    *memory = NULL;
    if (line.len == sizeof head - 1 && memcmp(line.ptr, head, line.len) == 0)
        return 0;
    o = json_loadb(line.ptr, line.len, JSON_ALLOW_NUL, NULL);
    bool raw = json_is_string(json_object_get(o, "Raw"));
    *out = (struct kept_record){
        .key = member(o, "PartitionKey"),
        .hash_key = member(o, "ExplicitHashKey"),
        .data = member(o, raw ? "Raw" : "Data"),
        .raw = raw,
    };
    if (!out->data.ptr || !decode(&out->data)) {
        json_decref(o);
        return SIGV4_E_INVALID;
    }
    *memory = o;
    return 1;
}

void kept_free(void *memory)
{
    json_decref(memory);
}
