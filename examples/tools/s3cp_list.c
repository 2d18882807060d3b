/* s3cp -l, as `aws s3 ls` prints it, and presigned URLs. */
#include "s3cp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct listing {
    struct s3cp *run;
    size_t skip; /* bytes of each key that are not printed */
    uint64_t entries;
    bool failed;
};

static void put_time(int64_t unix_ms)
{
    char text[32] = "-";
    struct tm tm;
    time_t t = (time_t)(unix_ms / 1000);
    if (unix_ms && localtime_r(&t, &tm))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    printf("%-19s", text);
}

static enum sigv4_flow end_of_line(struct listing *l)
{
    l->entries++;
    return putchar('\n') == EOF ? SIGV4_STOP : SIGV4_GO_ON;
}

static enum sigv4_flow on_entry(void *ctx, const struct s3_list_entry *entry)
{
    struct listing *l = ctx;
    const char *key = entry->key.ptr;
    struct sigv4_slice name = sigv4_bytes(key + l->skip, entry->key.len - l->skip);
    if (l->run->settings->recursive && l->run->settings->filters.count) {
        char *text = strndup(name.ptr, name.len);
        bool chosen = text && s3cp_chosen(l->run->settings, text);
        free(text);
        if (!chosen)
            return SIGV4_GO_ON;
    }
    if (entry->is_prefix) {
        printf("%27sPRE ", "");
    } else {
        put_time(entry->modified_unix_ms);
        printf(" %10" PRIu64 " ", entry->length);
    }
    if (l->run->settings->recursive)
        name = entry->key;
    terminal_put(stdout, name, l->run->out_is_terminal);
    return end_of_line(l);
}

static enum sigv4_flow on_bucket(void *ctx, const struct s3_bucket_entry *bucket)
{
    put_time(bucket->created_unix_ms);
    putchar(' ');
    terminal_put(stdout, bucket->name, ((struct listing *)ctx)->run->out_is_terminal);
    return end_of_line(ctx);
}

static void on_done(void *ctx, const struct s3_result *result)
{
    struct listing *l = ctx;
    l->failed = result->error != NULL;
    if (result->error && !ferror(stdout))
        s3cp_fail(l->run, "cannot list", result->error, false, result->host);
}

static int begin(struct listing *l, const struct location *what, struct sigv4_call **call,
                 struct sigv4_error *err)
{
    struct s3_list_buckets buckets = {
        .size = sizeof buckets, .on_bucket = on_bucket, .on_done = on_done, .ctx = l};
    if (!what)
        return s3_list_buckets(l->run->s3, &buckets, call, err);
    const char *slash = strrchr(what->key, '/');
    l->skip = slash ? (size_t)(slash + 1 - what->key) : 0;
    struct s3_list objects = {.size = sizeof objects,
                              .bucket = what->bucket,
                              .prefix = what->key,
                              .delimiter = l->run->settings->recursive ? NULL : "/",
                              .on_entry = on_entry,
                              .on_done = on_done,
                              .ctx = l};
    return s3_list(l->run->s3, &objects, call, err);
}

int s3cp_list(struct s3cp *run, const struct location *what)
{
    struct listing l = {.run = run};
    struct sigv4_call *call;
    struct sigv4_error err;
    if (begin(&l, what, &call, &err)) {
        s3cp_fail(run, "cannot list", &err, false, "");
        return s3cp_end(run);
    }
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    if (!l.failed && l.entries == 0 && what && *what->key) {
        fprintf(stderr, "s3cp: nothing in %s has a name that begins with %s\n", what->bucket,
                what->key);
        return EXIT_NO_SUCH;
    }
    return s3cp_end(run);
}

int s3cp_presign(struct s3cp *run, const struct location *what)
{
    static char url[16384];
    struct sigv4_text text = {url, sizeof url, 0};
    struct sigv4_error err;
    if (s3_presign(run->s3, SIGV4_LIT("GET"), S3_AT(what->bucket, what->key),
                   (uint32_t)run->settings->presign_seconds, &text, &err))
        return failure_say("s3cp", &err);
    fwrite(url, 1, text.len, stdout);
    putchar('\n');
    return s3cp_end(run);
}
