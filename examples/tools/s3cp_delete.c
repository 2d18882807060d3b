/* s3cp --delete: single objects, or all below a folder, a thousand at a time while the list waits.
 */
#include "interrupt.h"
#include "s3cp.h"

#include <stdlib.h>

enum { AT_ONCE = 1000 };

struct removal {
    struct s3cp *run;
    const struct location *what;
    struct sigv4_call *listing, *deleting;
    bool lists, paused, stopped;
    uint64_t listed;
    char *prefix;
    char *keys[AT_ONCE];
    size_t count;
};

static void say(const struct s3cp *run, const char *bucket, const char *key)
{
    if (run->settings->session.quiet)
        return;
    printf("%sdelete: s3://%s/", run->settings->dry_run ? "(dryrun) " : "", bucket);
    terminal_put(stdout, sigv4_str(key), run->out_is_terminal);
    putchar('\n');
}

static void fail(struct removal *r, const char *key, const struct sigv4_error *err,
                 const char *host)
{
    char doing[1300];
    snprintf(doing, sizeof doing, "delete failed: s3://%s/%s", r->what->bucket, key);
    s3cp_fail(r->run, doing, err, false, host);
}

/* ---- many ---- */

static void forget_keys(struct removal *r)
{
    while (r->count)
        free(r->keys[--r->count]);
}

static void on_each(void *ctx, size_t index, const struct sigv4_error *error)
{
    struct removal *r = ctx;
    if (error) {
        fail(r, r->keys[index], error, "");
    } else {
        say(r->run, r->what->bucket, r->keys[index]);
        r->run->succeeded++;
    }
}

static void on_deleted(void *ctx, const struct s3_result *result)
{
    struct removal *r = ctx;
    (void)result; /* each key was told */
    sigv4_call_release(r->deleting);
    r->deleting = NULL;
    forget_keys(r);
    if (r->paused && r->listing)
        s3_resume(r->run->s3, r->listing);
    r->paused = false;
}

static void delete_now(struct removal *r)
{
    struct sigv4_error err;
    struct s3_delete_many many = {.size = sizeof many,
                                  .bucket = r->what->bucket,
                                  .keys = (const char *const *)r->keys,
                                  .key_count = r->count,
                                  .on_each = on_each,
                                  .on_done = on_deleted,
                                  .ctx = r};
    if (r->run->settings->dry_run) {
        for (size_t i = 0; i < r->count; i++)
            on_each(r, i, NULL);
        forget_keys(r);
    } else if (s3_delete_many(r->run->s3, &many, &r->deleting, &err)) {
        fail(r, r->keys[0], &err, "");
        forget_keys(r);
    }
}

static enum sigv4_flow on_entry(void *ctx, const struct s3_list_entry *entry)
{
    struct removal *r = ctx;
    if (r->deleting) {
        r->paused = true;
        return SIGV4_PAUSE;
    }
    if (r->run->hopeless || r->stopped)
        return SIGV4_STOP;
    char *key = strndup(entry->key.ptr, entry->key.len);
    r->listed++;
    if (!key || !s3cp_chosen(r->run->settings, key + strlen(r->prefix))) {
        free(key);
        return key ? SIGV4_GO_ON : SIGV4_STOP;
    }
    r->keys[r->count++] = key;
    if (r->count == AT_ONCE)
        delete_now(r);
    return SIGV4_GO_ON;
}

static void on_listed(void *ctx, const struct s3_result *result)
{
    struct removal *r = ctx;
    struct sigv4_error none = {.status = SIGV4_E_NOT_FOUND};
    snprintf(none.message, sizeof none.message, "nothing there has a name that begins so");
    r->lists = false;
    if (r->stopped)
        return;
    if (result->error && !r->run->hopeless)
        fail(r, r->prefix, result->error, result->host);
    else if (!result->error && r->listed == 0 && *r->prefix)
        fail(r, r->prefix, &none, "");
    if (r->count && !r->deleting)
        delete_now(r);
}

static void on_interrupt(void *loop)
{
    sigv4_loop_wake(loop);
}

/* Interrupted, nothing more is begun; what is deleted already is still told. */
static bool is_over(void *ctx)
{
    struct removal *r = ctx;
    if (interrupt_was_asked() && !r->stopped) {
        r->stopped = true;
        sigv4_call_cancel(r->listing);
    }
    return !r->lists && !r->deleting;
}

static void delete_below(struct s3cp *run, const struct location *what)
{
    struct sigv4_error err = {.status = SIGV4_E_NOMEM};
    size_t n = strlen(what->key);
    struct removal *r = calloc(1, sizeof *r);
    if (r && asprintf(&r->prefix, "%s%s", what->key, n && what->key[n - 1] != '/' ? "/" : "") < 0)
        r->prefix = NULL;
    if (!r || !r->prefix) {
        s3cp_fail(run, "delete failed", &err, false, "");
        free(r);
        return;
    }
    r->run = run;
    r->what = what;
    struct s3_list list = {.size = sizeof list,
                           .bucket = what->bucket,
                           .prefix = r->prefix,
                           .on_entry = on_entry,
                           .on_done = on_listed,
                           .ctx = r};
    r->lists = s3_list(run->s3, &list, &r->listing, &err) == 0;
    if (r->lists)
        sigv4_loop_wait(run->session.loop, is_over, r, -1);
    else
        fail(r, r->prefix, &err, "");
    sigv4_call_release(r->listing);
    forget_keys(r);
    free(r->prefix);
    free(r);
}

/* ---- one ---- */

static void on_done(void *ctx, const struct s3_result *result)
{
    struct removal *r = ctx;
    if (result->error) {
        fail(r, r->what->key, result->error, result->host);
        return;
    }
    say(r->run, r->what->bucket, r->what->key);
    r->run->succeeded++;
}

static void delete_one(struct s3cp *run, const struct location *what)
{
    struct removal r = {.run = run, .what = what};
    struct sigv4_call *call;
    struct sigv4_error err;
    struct s3_delete one = {
        .size = sizeof one, .what = S3_AT(what->bucket, what->key), .on_done = on_done, .ctx = &r};
    if (run->settings->dry_run) {
        say(run, what->bucket, what->key);
        return;
    }
    if (s3_delete(run->s3, &one, &call, &err)) {
        fail(&r, what->key, &err, "");
        return;
    }
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
}

int s3cp_delete(struct s3cp *run, const struct location *what, size_t count)
{
    interrupt_watch(on_interrupt, run->session.loop);
    for (size_t i = 0; i < count && !run->hopeless && !interrupt_was_asked(); i++)
        if (run->settings->recursive)
            delete_below(run, &what[i]);
        else
            delete_one(run, &what[i]);
    interrupt_forget();
    int code = s3cp_end(run);
    return interrupt_was_asked() ? EXIT_INTERRUPTED : code;
}
