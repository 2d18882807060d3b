/* Finding what is to be copied. */
#include "s3cp_find.h"

#include "s3cp_walk.h"

#include <errno.h>
#include <stdlib.h>

enum { WAITING_ITEMS = 64 };

struct finder {
    struct finder_order order;
    size_t next; /* source */
    bool stopped;
    char *base; /* the target of what is found below a folder, up to its name */
    struct walk *walk;
    /* Of a listing: entries wait here until they are asked for. */
    bool lists, paused;
    uint64_t listed;
    struct sigv4_call *listing;
    struct location *source;
    struct item waiting[WAITING_ITEMS];
    size_t first, count;
};

void item_free(struct item *item)
{
    location_free(&item->from);
    location_free(&item->to);
}

/* ---- failures ---- */

static void complain(struct finder *f, const char *name, int status, const char *what)
{
    struct sigv4_error err = {.status = status};
    char doing[1400];
    if (f->order.counts_only)
        return;
    snprintf(doing, sizeof doing, "cannot copy %.1300s", name);
    snprintf(err.message, sizeof err.message, "%s", what);
    s3cp_fail(f->order.run, doing, &err, false, "");
}

static void complain_memory(struct finder *f, const char *name)
{
    complain(f, name, SIGV4_E_NOMEM, "out of memory");
}

static void complain_file(struct finder *f, const char *name, int error)
{
    complain(f, name, SIGV4_E_IO,
             error == EINVAL ? "it is no file and no folder" : strerror(error));
}

/* ---- names ---- */

/* No file may land anywhere but below the folder that was asked for. */
static const char *why_unsafe(const char *name)
{
    if (*name == '/')
        return "its name begins with '/'";
    for (const char *part = name; *part;) {
        size_t n = strcspn(part, "/");
        if (n == 0)
            return "its name has an empty folder, which a file system has not";
        if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return "its name leads out of the folder it would be written to";
        part += n + (part[n] == '/');
    }
    return NULL;
}

/* A source without the slashes at its end. */
static char *without_slashes(const char *text)
{
    size_t n = strlen(text);
    while (n > 1 && text[n - 1] == '/')
        n--;
    return strndup(text, n);
}

static bool make_base(struct finder *f, const struct location *source)
{
    const struct location *t = f->order.target;
    const char *text = t->remote ? t->key : t->path;
    char *plain = without_slashes(source->remote ? source->key : source->path);
    const char *name = plain ? strrchr(plain, '/') : NULL;
    name = name ? name + 1 : plain ? plain : "";
    bool slash = *text && text[strlen(text) - 1] != '/';
    bool named = f->order.count > 1 && *name && strcmp(name, ".") && strcmp(name, "..");
    free(f->base);
    if (!plain || asprintf(&f->base, "%s%s%s%s", text, slash ? "/" : "", named ? name : "",
                           named ? "/" : "") < 0)
        f->base = NULL;
    free(plain);
    return f->base != NULL;
}

static bool set_target(struct finder *f, struct item *item, const char *name)
{
    const struct location *t = f->order.target;
    char **text = t->remote ? &item->to.key : &item->to.path;
    item->to.remote = t->remote;
    item->to.pipe = t->pipe;
    if (t->remote && !(item->to.bucket = strdup(t->bucket)))
        return false;
    if (asprintf(text, "%s%s", f->base, name) >= 0)
        return true;
    *text = NULL;
    return false;
}

static bool copy_location(struct location *out, const struct location *in)
{
    *out = (struct location){.remote = in->remote, .pipe = in->pipe};
    out->bucket = in->bucket ? strdup(in->bucket) : NULL;
    out->key = in->key ? strdup(in->key) : NULL;
    out->path = in->path ? strdup(in->path) : NULL;
    return (out->bucket || !in->bucket) && (out->key || !in->key) && (out->path || !in->path);
}

/* ---- one file or object ---- */

static int64_t modified_ms(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000 + info->st_mtim.tv_nsec / 1000000;
}

static enum found find_single(struct finder *f, const struct location *source, struct item *out)
{
    struct stat info;
    *out = (struct item){0};
    if (!copy_location(&out->from, source) || !copy_location(&out->to, f->order.target) ||
        !location_complete(&out->to, source)) {
        item_free(out);
        complain_memory(f, source->remote ? source->key : source->path);
        return FOUND_LATER;
    }
    if (!source->remote && !source->pipe && stat(source->path, &info) == 0) {
        out->known = S_ISREG(info.st_mode);
        out->length = (uint64_t)info.st_size;
        out->modified_ms = modified_ms(&info);
    }
    return FOUND;
}

/* ---- a folder here ---- */

static bool walked_item(struct finder *f, const struct walk_file *file, struct item *out)
{
    *out = (struct item){.known = true,
                         .length = (uint64_t)file->info.st_size,
                         .modified_ms = modified_ms(&file->info)};
    out->from.path = strdup(file->path);
    if (out->from.path && set_target(f, out, file->name))
        return true;
    item_free(out);
    complain_memory(f, file->path);
    return false;
}

static bool find_walked(struct finder *f, struct item *out)
{
    struct walk_file file;
    while (!f->stopped && walk_next(f->walk, &file)) {
        if (!s3cp_chosen(f->order.run->settings, file.name))
            continue;
        if (file.error)
            complain_file(f, file.path, file.error);
        else if (walked_item(f, &file, out))
            return true;
    }
    walk_free(f->walk);
    f->walk = NULL;
    return false;
}

/* ---- a prefix there ---- */

/* Where it would be written makes an entry one that cannot be, or one that is only a folder. */
static bool check_name(struct finder *f, struct item *item, const char *name)
{
    const char *why = f->order.target->remote ? NULL : why_unsafe(name);
    size_t n = strlen(name);
    item->is_folder = n && name[n - 1] == '/' && !f->order.target->remote;
    if (!why && item->is_folder && item->length)
        why = "its name is that of a folder, but it has bytes";
    if (!why)
        return true;
    char *shown = location_show(&item->from);
    complain(f, shown ? shown : name, SIGV4_E_IO, why);
    free(shown);
    return false;
}

static bool listed_item(struct finder *f, const struct s3_list_entry *entry, struct item *out)
{
    size_t prefix = strlen(f->source->key);
    *out = (struct item){
        .known = true, .length = entry->length, .modified_ms = entry->modified_unix_ms};
    if (entry->etag.len < sizeof out->etag)
        memcpy(out->etag, entry->etag.ptr, entry->etag.len);
    out->from.remote = true;
    out->from.bucket = strdup(f->source->bucket);
    out->from.key = strndup(entry->key.ptr, entry->key.len);
    const char *name = out->from.key ? out->from.key + prefix : "";
    if (!out->from.bucket || !out->from.key || !set_target(f, out, name))
        complain_memory(f, f->source->key);
    else if (*name && s3cp_chosen(f->order.run->settings, name) && check_name(f, out, name))
        return true;
    item_free(out);
    return false;
}

static enum sigv4_flow on_entry(void *ctx, const struct s3_list_entry *entry)
{
    struct finder *f = ctx;
    if (f->stopped)
        return SIGV4_STOP;
    f->paused = f->count == WAITING_ITEMS;
    if (f->paused)
        return SIGV4_PAUSE;
    f->listed++;
    if (listed_item(f, entry, &f->waiting[(f->first + f->count) % WAITING_ITEMS])) {
        f->count++;
        f->order.more(f->order.ctx);
    }
    return SIGV4_GO_ON;
}

static void on_listed(void *ctx, const struct s3_result *result)
{
    struct finder *f = ctx;
    char doing[1300];
    sigv4_call_release(f->listing);
    f->listing = NULL;
    snprintf(doing, sizeof doing, "cannot list s3://%s/%s", f->source->bucket, f->source->key);
    if (result->error && !f->stopped && !f->order.counts_only)
        s3cp_fail(f->order.run, doing, result->error, false, result->host);
    else if (!result->error && f->listed == 0 && *f->source->key)
        complain(f, doing + sizeof "cannot list", SIGV4_E_NOT_FOUND,
                 "nothing there has a name that begins so");
    f->order.more(f->order.ctx);
}

static bool begin_listing(struct finder *f, struct location *source)
{
    struct sigv4_error err;
    size_t n = strlen(source->key);
    if (n && source->key[n - 1] != '/') {
        char *longer = realloc(source->key, n + 2);
        if (!longer)
            return false;
        strcpy(longer + n, "/");
        source->key = longer;
    }
    struct s3_list list = {.size = sizeof list,
                           .bucket = source->bucket,
                           .prefix = source->key,
                           .on_entry = on_entry,
                           .on_done = on_listed,
                           .ctx = f};
    f->source = source;
    f->listed = 0;
    f->lists = s3_list(f->order.run->s3, &list, &f->listing, &err) == 0;
    if (!f->lists && !f->order.counts_only)
        s3cp_fail(f->order.run, "cannot list", &err, false, "");
    return true;
}

static enum found find_listed(struct finder *f, struct item *out)
{
    if (f->count == 0) {
        f->lists = f->listing != NULL;
        return f->lists ? FOUND_LATER : FOUND_ALL;
    }
    *out = f->waiting[f->first];
    f->first = (f->first + 1) % WAITING_ITEMS;
    f->count--;
    if (f->paused && f->listing) {
        f->paused = false;
        s3_resume(f->order.run->s3, f->listing);
    }
    return FOUND;
}

/* ---- all of them ---- */

static bool is_folder(const struct location *l)
{
    struct stat info;
    return !l->remote && !l->pipe && stat(l->path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* FOUND_LATER: nothing came of it, or it has begun. */
static enum found begin_source(struct finder *f, struct location *source, struct item *out)
{
    bool recursive = f->order.run->settings->recursive;
    const char *name = source->remote ? source->key : source->path;
    if (!recursive || (!source->remote && !is_folder(source)))
        return find_single(f, source, out);
    if (!make_base(f, source) || (source->remote && !begin_listing(f, source))) {
        complain_memory(f, name);
    } else if (!source->remote) {
        int error = walk_begin(&f->walk, source->path);
        if (error)
            complain_file(f, source->path, error);
    }
    return FOUND_LATER;
}

enum found finder_next(struct finder *f, struct item *out)
{
    while (!f->stopped) {
        if (f->walk && find_walked(f, out))
            return FOUND;
        if (f->lists) {
            enum found found = find_listed(f, out);
            if (found != FOUND_ALL)
                return found;
        }
        if (f->next == f->order.count)
            return FOUND_ALL;
        if (begin_source(f, &f->order.sources[f->next++], out) == FOUND)
            return FOUND;
    }
    return FOUND_ALL;
}

void finder_stop(struct finder *f)
{
    f->stopped = true;
    if (f->listing)
        sigv4_call_cancel(f->listing);
}

bool finder_is_idle(const struct finder *f)
{
    return !f->listing;
}

struct finder *finder_new(const struct finder_order *order)
{
    struct finder *f = calloc(1, sizeof *f);
    if (f)
        f->order = *order;
    return f;
}

void finder_free(struct finder *f)
{
    if (!f)
        return;
    for (; f->count; f->count--, f->first = (f->first + 1) % WAITING_ITEMS)
        item_free(&f->waiting[f->first]);
    walk_free(f->walk);
    free(f->base);
    free(f);
}
