/* Checkpoints in files and in S3. */
#include "kcat_store.h"

#include "failure.h"
#include "location.h"

#include <errno.h>
#include <limits.h>
#include <s3/s3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct store {
    const char *where;
    struct location place;
    struct sigv4_client *base;
    struct s3_client *s3;
    char etag[128];         /* "": there was no object */
    struct sigv4_text text; /* being written, or just read */
    struct sigv4_slice body;
    bool bare; /* the service compares ETags with their quotes, and has them without (radosgw) */
    bool busy;
    bool doubt; /* the last write failed: text may be there all the same */
    store_done_fn *done;
    void *ctx;
    const struct kinesis_checkpoint *next; /* to be written when the doubt is over */

    struct kinesis_checkpoint *into; /* while loading */
    struct sigv4_error error;
};

/* ---- life ---- */

static int open_s3(struct store *s, const struct session *session, struct sigv4_error *err)
{
    struct sigv4_client_options client = session_client_options(session);
    int rc = sigv4_client_new(&s->base, session->loop, &client, err);
    return rc ? rc : s3_client_new(&s->s3, s->base, NULL, err);
}

static int fail(struct sigv4_error *err, int status, const char *what, const char *where)
{
    memset(err, 0, sizeof *err);
    err->status = status;
    int n = snprintf(err->message, sizeof err->message, "checkpoint %.200s: %s", where, what);
    if (n >= (int)sizeof err->message)
        memcpy(err->message + sizeof err->message - 4, "...", 4);
    return status;
}

/* Before anything is read, not when the first of it is to be remembered. */
static int check_file(const char *path, struct sigv4_error *err)
{
    struct stat info;
    char real[PATH_MAX], folder[PATH_MAX];
    const char *at = realpath(path, real) ? real : path, *slash = strrchr(at, '/');
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return fail(err, SIGV4_E_INVALID, "it is no regular file", path);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - at) + 1 : 1, slash ? at : ".");
    if (access(folder, W_OK | X_OK))
        return fail(err, SIGV4_E_INVALID, strerror(errno), path);
    return SIGV4_OK;
}

int store_open(struct store **out, const char *where, const struct session *session,
               struct sigv4_error *err)
{
    struct store *s = calloc(1, sizeof *s);
    int parsed = s ? location_parse(&s->place, where) : -1;
    int rc = SIGV4_OK;
    if (parsed < 0)
        rc = fail(err, SIGV4_E_NOMEM, "no memory", where);
    else if (parsed || (s->place.remote && !*s->place.key))
        rc = fail(err, SIGV4_E_INVALID, "it must read s3://BUCKET/KEY", where);
    else if (s->place.remote)
        rc = open_s3(s, session, err);
    else
        rc = check_file(where, err);
    if (rc) {
        store_close(s);
        return rc;
    }
    s->where = where;
    *out = s;
    return SIGV4_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    s3_client_free(s->s3);
    sigv4_client_free(s->base);
    location_free(&s->place);
    free(s->text.ptr);
    free(s);
}

bool store_busy(const struct store *s)
{
    return s->busy;
}

static bool is_idle(void *ctx)
{
    return !((struct store *)ctx)->busy;
}

void store_wait(struct store *s)
{
    if (s->base)
        sigv4_loop_wait(sigv4_client_loop(s->base), is_idle, s, -1);
}

static void keep_etag(struct store *s, const struct s3_result *result)
{
    snprintf(s->etag, sizeof s->etag, "%.*s", (int)result->etag.len,
             result->etag.len ? (const char *)result->etag.ptr : "");
}

/* ---- load ---- */

static void on_loaded(void *ctx, const struct s3_result *result)
{
    struct store *s = ctx;
    struct sigv4_error why;
    int rc;
    s->busy = false;
    if (result->error)
        s->error = *result->error;
    else if ((rc = kinesis_checkpoint_parse(s->into, result->body, &why)))
        fail(&s->error, rc, why.message, s->where);
    else
        keep_etag(s, result);
}

static int get(struct store *s, s3_done_fn *done, struct sigv4_error *err)
{
    struct s3_get in = {
        .size = sizeof in, .from = S3_AT(s->place.bucket, s->place.key), .on_done = done, .ctx = s};
    int rc = s3_get(s->s3, &in, NULL, err);
    s->busy = rc == SIGV4_OK;
    return rc;
}

int store_load(struct store *s, struct kinesis_checkpoint *checkpoint, struct sigv4_error *err)
{
    int rc = SIGV4_OK;
    memset(&s->error, 0, sizeof s->error);
    if (s->place.remote) {
        s->into = checkpoint;
        rc = get(s, on_loaded, &s->error);
        store_wait(s);
        rc = rc ? rc : s->error.status;
    } else {
        rc = kinesis_checkpoint_load(checkpoint, s->where, &s->error);
    }
    /* The first time there is none; a bucket that is missing is another matter. */
    if (rc == SIGV4_E_NOT_FOUND && strcmp(s->error.code, "NoSuchBucket") != 0)
        return SIGV4_OK;
    *err = s->error;
    return rc;
}

/* ---- save ---- */

static void finish(struct store *s, const struct sigv4_error *err)
{
    s->busy = false;
    s->done(s->ctx, err);
}

static int put(struct store *s, struct sigv4_error *err);

static bool is_etag(const struct store *s, struct sigv4_slice etag)
{
    return etag.len == strlen(s->etag) && memcmp(etag.ptr, s->etag, etag.len) == 0;
}

/* Who wrote what is there now? A write of ours whose answer was lost is refused when it is
 * repeated, although it was done. */
static void on_compared(void *ctx, const struct s3_result *result)
{
    struct store *s = ctx;
    struct sigv4_error err;
    bool ours = !result->error && result->body.len == s->text.len &&
                memcmp(result->body.ptr, s->text.ptr, s->text.len) == 0;
    bool unchanged = !result->error && s->etag[0] && is_etag(s, result->etag);
    if (ours) {
        keep_etag(s, result);
        finish(s, NULL);
    } else if (unchanged && !s->bare) {
        s->bare = s->busy = true;
        if (put(s, &err))
            finish(s, &err);
    } else {
        fail(&err, SIGV4_E_CONFLICT, "another consumer writes it, too", s->where);
        finish(s, &err);
    }
}

static void on_saved(void *ctx, const struct s3_result *result)
{
    struct store *s = ctx;
    struct sigv4_error err;
    if (!result->error) {
        keep_etag(s, result);
        finish(s, NULL);
    } else if (result->error->status != SIGV4_E_CONFLICT) {
        s->doubt = true;
        finish(s, result->error);
    } else if (get(s, on_compared, &err)) {
        finish(s, &err);
    }
}

static int put(struct store *s, struct sigv4_error *err)
{
    struct s3_attributes attributes = {.size = sizeof attributes, .content_type = "text/plain"};
    struct s3_conditions conditions = {.size = sizeof conditions};
    struct sigv4_header bare = {SIGV4_LIT("If-Match"), sigv4_str(s->etag)};
    if (s->etag[0] && s->bare) {
        attributes.headers = &bare;
        attributes.header_count = 1;
    } else if (s->etag[0]) {
        conditions.if_match = s->etag;
    } else {
        conditions.if_none_match = "*";
    }
    s->body = sigv4_bytes(s->text.ptr, s->text.len);
    struct s3_put in = {.size = sizeof in,
                        .to = S3_AT(s->place.bucket, s->place.key),
                        .body = &s->body,
                        .body_count = 1,
                        .attributes = &attributes,
                        .conditions = &conditions,
                        .on_done = on_saved,
                        .ctx = s};
    return s3_put(s->s3, &in, NULL, err);
}

static int format(struct store *s, const struct kinesis_checkpoint *checkpoint,
                  struct sigv4_error *err)
{
    struct sigv4_text measure = {NULL, 0, 0};
    int rc = kinesis_checkpoint_format(checkpoint, &measure);
    if (measure.len > s->text.cap) {
        char *grown = realloc(s->text.ptr, measure.len);
        if (!grown)
            return fail(err, SIGV4_E_NOMEM, "no memory", s->where);
        s->text.ptr = grown;
        s->text.cap = measure.len;
    }
    rc = kinesis_checkpoint_format(checkpoint, &s->text);
    return rc ? fail(err, rc, sigv4_status_text(rc), s->where) : rc;
}

static void write_next(struct store *s)
{
    struct sigv4_error err;
    if (format(s, s->next, &err) || put(s, &err))
        finish(s, &err);
}

/* Was the write that failed done? Else it would look like another consumer's. */
static void on_found(void *ctx, const struct s3_result *result)
{
    struct store *s = ctx;
    struct sigv4_error err;
    bool none = result->error && result->error->status == SIGV4_E_NOT_FOUND;
    bool ours = !result->error && result->body.len == s->text.len &&
                memcmp(result->body.ptr, s->text.ptr, s->text.len) == 0;
    if (result->error && !none) {
        finish(s, result->error);
    } else if (ours || (none ? !s->etag[0] : is_etag(s, result->etag))) {
        if (ours)
            keep_etag(s, result);
        s->doubt = false;
        write_next(s);
    } else {
        fail(&err, SIGV4_E_CONFLICT, "another consumer writes it, too", s->where);
        finish(s, &err);
    }
}

void store_save(struct store *s, const struct kinesis_checkpoint *checkpoint, store_done_fn *done,
                void *ctx)
{
    struct sigv4_error err;
    s->done = done;
    s->ctx = ctx;
    s->busy = true;
    s->next = checkpoint;
    if (!s->place.remote) {
        int rc = kinesis_checkpoint_save(checkpoint, s->where, &err);
        finish(s, rc ? &err : NULL);
    } else if (!s->doubt) {
        write_next(s);
    } else if (get(s, on_found, &err)) {
        finish(s, &err);
    }
}
