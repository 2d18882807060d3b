/* One file on its way: looked at for --update, transferred, told about. */
#include "s3cp_task.h"

#include "s3cp_token.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESUME_ABOVE = 8 << 20 };

/* ---- words ---- */

static const char *verb_of(const struct item *item)
{
    return item->from.remote && item->to.remote ? "copy" : item->to.remote ? "upload" : "download";
}

static void put_location(FILE *out, const struct location *l, bool visible)
{
    char *text = location_show(l);
    terminal_put(out, sigv4_str(text), visible);
    free(text);
}

static void say_done(struct copies *c, const struct item *item, const char *prefix)
{
    bool on_terminal = c->run->out_is_terminal;
    if (item->to.pipe || c->run->settings->session.quiet)
        return;
    progress_hide(&c->run->progress);
    printf("%s%s: ", prefix, verb_of(item));
    put_location(stdout, &item->from, on_terminal);
    fputs(" to ", stdout);
    put_location(stdout, &item->to, on_terminal);
    putchar('\n');
}

static void say_failed(struct copies *c, const struct item *item, const struct sigv4_error *err,
                       bool maybe_done, const char *host)
{
    char *from = location_show(&item->from), *to = location_show(&item->to), *doing = NULL;
    if (asprintf(&doing, "%s failed: %s to %s", verb_of(item), from ? from : "?", to ? to : "?") <
        0)
        doing = NULL;
    s3cp_fail(c->run, doing ? doing : "failed", err, maybe_done, host);
    free(doing);
    free(from);
    free(to);
}

/* ---- the end of a task ---- */

static void count_bytes(struct task *t, uint64_t now)
{
    struct progress *p = &t->all->run->progress;
    p->bytes_done += now - t->told;
    t->told = now;
}

static void end_task(struct task *t)
{
    struct copies *c = t->all;
    sigv4_call_release(t->call);
    item_free(&t->item);
    free(t->token_place);
    free(t->token);
    *t = (struct task){.all = c};
    c->busy--;
}

/* What was stopped together with the rest is told only if something is left of it. */
static bool is_worth_telling(const struct copies *c, const struct sigv4_error *err)
{
    return !c->stopping || err->status != SIGV4_E_CANCELED || strstr(err->message, "removed");
}

static void end_badly(struct task *t, const struct sigv4_error *err, bool maybe_done,
                      const char *host)
{
    struct copies *c = t->all;
    if (is_worth_telling(c, err))
        say_failed(c, &t->item, err, maybe_done, host);
    end_task(t);
    if (c->run->hopeless)
        copies_stop(c);
}

static void end_well(struct task *t, const char *prefix)
{
    struct copies *c = t->all;
    if (prefix)
        say_done(c, &t->item, prefix);
    c->run->succeeded++;
    c->run->progress.files_done++;
    if (t->token_place)
        token_drop(t->token_place);
    end_task(t);
}

static void end_with_errno(struct task *t, const char *what, int error)
{
    struct sigv4_error err = {.status = SIGV4_E_IO, .os_errno = error};
    snprintf(err.message, sizeof err.message, "%s: %s", what, strerror(error));
    end_badly(t, &err, false, "");
}

/* ---- the transfer ---- */

static void transfer(struct task *t);

/* An object that changed since it was listed is looked at anew. */
static bool was_listed(struct task *t, const struct sigv4_error *err)
{
    bool again = err && err->status == SIGV4_E_CONFLICT && t->item.etag[0] && !t->item.to.remote &&
                 !t->all->stopping;
    t->item.etag[0] = '\0';
    return again;
}

/* What was kept for --resume is not what was written: something else happened to it. */
static bool had_bad_token(struct task *t, const struct sigv4_error *err)
{
    if (!err || err->status != SIGV4_E_INVALID || err->http_status || !t->token || t->all->stopping)
        return false;
    progress_hide(&t->all->run->progress);
    fprintf(stderr, "s3cp: %s cannot be used: %s; beginning anew\n", t->token_place, err->message);
    token_drop(t->token_place);
    return true;
}

static void on_done(void *ctx, const struct s3_result *result)
{
    struct task *t = ctx;
    struct copies *c = t->all;
    bool changed = was_listed(t, result->error);
    if (changed || had_bad_token(t, result->error)) {
        sigv4_call_release(t->call);
        t->call = NULL;
        t->item.known &= !changed;
        transfer(t);
    } else if (result->error) {
        end_badly(t, result->error, result->maybe_done, result->host);
    } else {
        uint64_t length = t->item.known ? t->item.length : result->length;
        count_bytes(t, length > t->told ? length : t->told);
        end_well(t, "");
    }
    copies_pump(c);
}

static void on_progress(void *ctx, const struct s3_progress *p)
{
    count_bytes(ctx, p->bytes_done);
}

static void on_token(void *ctx, struct sigv4_slice token)
{
    struct task *t = ctx;
    if (token_store(t->token_place, token) || t->told_of_store)
        return;
    t->told_of_store = true;
    progress_hide(&t->all->run->progress);
    fprintf(stderr, "s3cp: cannot write %s: %s; an interrupted copy will begin anew\n",
            t->token_place, strerror(errno));
}

static void say_no_place(struct copies *c)
{
    if (c->told_of_no_place)
        return;
    c->told_of_no_place = true;
    progress_hide(&c->run->progress);
    fputs("s3cp: neither XDG_CACHE_HOME nor HOME is a place to write to: without --resume's notes "
          "an interrupted copy will begin anew\n",
          stderr);
}

/* A token costs a file: not for what is sent in one request. */
static void remember(struct task *t)
{
    const struct s3cp_settings *s = t->all->run->settings;
    uint64_t part = s->part_size ? s->part_size : RESUME_ABOVE;
    bool small = t->item.known && t->item.length <= part;
    if (!s->resume || small || t->item.from.pipe || t->item.to.pipe)
        return;
    free(t->token_place);
    free(t->token);
    t->token_place = token_place(&t->item.from, &t->item.to);
    if (!t->token_place)
        say_no_place(t->all);
    t->token = t->token_place ? token_load(t->token_place) : NULL;
}

static int upload(struct task *t, struct sigv4_error *err)
{
    const struct s3cp *run = t->all->run;
    const struct s3cp_settings *s = run->settings;
    struct s3_conditions new_only = {.size = sizeof new_only, .if_none_match = "*"};
    bool pipe = t->item.from.pipe;
    remember(t);
    struct s3_upload u = {
        .size = sizeof u,
        .to = S3_AT(t->item.to.bucket, t->item.to.key),
        .path = pipe ? NULL : t->item.from.path,
        .fd = STDIN_FILENO,
        .length = pipe ? s->expected_size : 0,
        .part_size = s->part_size,
        .attributes = &run->attributes,
        .conditions = s->if_none_match ? &new_only : NULL,
        .checksum = s->checksum_kind,
        .flags =
            (t->token_place ? S3_KEEP_PARTS : 0) | (pipe && s->expected_size ? S3_EXACT_LENGTH : 0),
        .resume = t->token,
        .on_token = t->token_place ? on_token : NULL,
        .on_progress = on_progress,
        .on_done = on_done,
        .ctx = t,
    };
    return s3_upload(run->s3, &u, &t->call, err);
}

static int download(struct task *t, struct sigv4_error *err)
{
    const struct s3cp *run = t->all->run;
    const struct s3cp_settings *s = run->settings;
    remember(t);
    struct s3_download d = {
        .size = sizeof d,
        .from = S3_AT(t->item.from.bucket, t->item.from.key),
        .path = t->item.to.pipe ? NULL : t->item.to.path,
        .fd = STDOUT_FILENO,
        .part_size = s->part_size,
        .encryption = &run->encryption,
        .listed_etag = t->item.etag,
        .listed_length = t->item.length,
        .flags =
            (t->token_place ? S3_KEEP_PARTS : 0) | (t->all->many && !s->fsync ? S3_NO_SYNC : 0),
        .resume = t->token,
        .on_token = t->token_place ? on_token : NULL,
        .on_progress = on_progress,
        .on_done = on_done,
        .ctx = t,
    };
    return s3_download(run->s3, &d, &t->call, err);
}

static int copy(struct task *t, struct sigv4_error *err)
{
    const struct s3cp *run = t->all->run;
    struct s3_conditions new_only = {.size = sizeof new_only, .if_none_match = "*"};
    struct s3_copy what = {
        .size = sizeof what,
        .from = S3_AT(t->item.from.bucket, t->item.from.key),
        .to = S3_AT(t->item.to.bucket, t->item.to.key),
        .attributes = &run->attributes,
        .conditions = run->settings->if_none_match ? &new_only : NULL,
        .source_customer_key = run->encryption.customer_key,
        .on_done = on_done,
        .ctx = t,
    };
    struct s3_copy_large large = {.size = sizeof large,
                                  .copy = &what,
                                  .part_size = run->settings->part_size,
                                  .on_progress = on_progress};
    return s3_copy_large(run->s3, &large, &t->call, err);
}

/* 0 or errno. Only what lies before the last '/'. */
static int make_folders(const char *path)
{
    char *text = strdup(path);
    int error = text ? 0 : ENOMEM;
    for (char *slash = text ? strchr(text + 1, '/') : NULL; slash && !error;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(text, 0777) && errno != EEXIST)
            error = errno;
        *slash = '/';
    }
    free(text);
    return error;
}

static int prepare_target(const struct item *item)
{
    struct stat info;
    const char *slash = item->to.path ? strrchr(item->to.path, '/') : NULL;
    if (item->to.remote || item->to.pipe || !slash || slash == item->to.path)
        return 0;
    char *folder = strndup(item->to.path, (size_t)(slash - item->to.path));
    bool there = folder && stat(folder, &info) == 0 && S_ISDIR(info.st_mode);
    free(folder);
    return there ? 0 : make_folders(item->to.path);
}

/* 0 or errno; without opening it, which may have to wait. */
static int why_unreadable(const struct location *from)
{
    struct stat info;
    if (from->remote || from->pipe)
        return 0;
    if (access(from->path, R_OK) || stat(from->path, &info))
        return errno;
    return S_ISDIR(info.st_mode) ? EISDIR : 0;
}

static void pretend(struct task *t)
{
    int error = why_unreadable(&t->item.from);
    if (error)
        end_with_errno(t, "cannot read it", error);
    else
        end_well(t, "(dryrun) ");
}

static void transfer(struct task *t)
{
    struct sigv4_error err = {0};
    struct item *item = &t->item;
    if (t->all->run->settings->dry_run) {
        pretend(t);
        return;
    }
    int error = prepare_target(item);
    if (error) {
        end_with_errno(t, "cannot make its folder", error);
        return;
    }
    if (item->is_folder) {
        end_well(t, NULL);
        return;
    }
    int rc = !item->to.remote    ? download(t, &err)
             : item->from.remote ? copy(t, &err)
                                 : upload(t, &err);
    if (rc)
        end_badly(t, &err, false, "");
}

/* ---- --update ---- */

/* Both times in whole seconds, which is what an object's header tells. */
static bool is_current(const struct item *item, uint64_t length, int64_t modified_ms)
{
    return length == item->length && modified_ms / 1000 >= item->modified_ms / 1000;
}

static void skip(struct task *t)
{
    count_bytes(t, t->item.length);
    end_well(t, NULL);
}

static int look(struct task *t, const struct location *at, s3_done_fn *then)
{
    struct sigv4_error err = {0};
    struct s3_head head = {.size = sizeof head,
                           .of = S3_AT(at->bucket, at->key),
                           .encryption = &t->all->run->encryption,
                           .on_done = then,
                           .ctx = t};
    sigv4_call_release(t->call);
    t->call = NULL;
    int rc = s3_head(t->all->run->s3, &head, &t->call, &err);
    if (rc)
        end_badly(t, &err, false, "");
    return rc;
}

static void begin_transfer(struct task *t)
{
    sigv4_call_release(t->call);
    t->call = NULL;
    if (t->all->stopping)
        end_task(t);
    else
        transfer(t);
}

static void on_target(void *ctx, const struct s3_result *result)
{
    struct task *t = ctx;
    struct copies *c = t->all;
    bool absent = result->error && result->error->status == SIGV4_E_NOT_FOUND;
    if (result->error && !absent)
        end_badly(t, result->error, false, result->host);
    else if (!absent && is_current(&t->item, result->length, result->modified_unix_ms))
        skip(t);
    else
        begin_transfer(t);
    copies_pump(c);
}

static void compare(struct task *t)
{
    struct stat info;
    const struct location *to = &t->item.to;
    if (to->remote) {
        look(t, to, on_target);
        return;
    }
    if (stat(to->path, &info) == 0 && S_ISREG(info.st_mode) &&
        is_current(&t->item, (uint64_t)info.st_size, (int64_t)info.st_mtim.tv_sec * 1000))
        skip(t);
    else
        begin_transfer(t);
}

/* Pipes have no size and no time, and are read in any case. */
static bool compares(const struct task *t)
{
    const struct item *item = &t->item;
    return t->all->run->settings->update && !item->from.pipe && !item->to.pipe && !item->is_folder;
}

static void on_source(void *ctx, const struct s3_result *result)
{
    struct task *t = ctx;
    struct copies *c = t->all;
    if (result->error) {
        end_badly(t, result->error, false, result->host);
    } else {
        t->item.known = true;
        t->item.length = result->length;
        t->item.modified_ms = result->modified_unix_ms;
        if (compares(t))
            compare(t);
        else
            begin_transfer(t);
    }
    copies_pump(c);
}

void task_begin(struct task *t)
{
    const struct item *item = &t->item;
    bool looks = compares(t) || t->all->run->settings->dry_run;
    t->busy = true;
    t->all->busy++;
    if (looks && item->from.remote && !item->known)
        look(t, &item->from, on_source);
    else if (compares(t) && item->known)
        compare(t);
    else
        transfer(t);
}
