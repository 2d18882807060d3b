#ifndef FLOW_S3_TRANSFER_H
#define FLOW_S3_TRANSFER_H
/* For tests of transfers: a stage with a bucket, a folder of one's own, and files in it. */
#include "flow/rig_s3_bucket.h"
#include "flow/s3_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct transfer_stage {
    struct stage s;
    struct fake_bucket *b;
    char folder[64], path[96];
    struct ended end; /* first of what callbacks get would be nicer; they get the stage */
    char token[4096];
    unsigned tokens, progresses;
    uint64_t last_progress, total;
    struct sigv4_call *call;
};

/* In parts of 10 bytes: 10, 10, 10 and 6. */
static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456789";
enum { LENGTH = sizeof text - 1 };

static const struct s3_at place = {.size = sizeof place, .bucket = "bucket", .key = "k"};

static inline struct transfer_stage *transfer_up(const struct s3_client_options *options)
{
    struct transfer_stage *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->s = stage_up(NULL);
    if (options) {
        s3_client_free(t->s.s3);
        assert_int_equal(s3_client_new(&t->s.s3, t->s.base, options, NULL), 0);
    }
    t->b = fake_bucket_new(t->s.fake);
    strcpy(t->folder, "/tmp/s3-flow-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->path, sizeof t->path, "%s/file", t->folder);
    return t;
}

static inline unsigned transfer_files(const struct transfer_stage *t)
{
    unsigned n = 0;
    DIR *dir = opendir(t->folder);
    for (struct dirent *e; (e = readdir(dir));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static inline void transfer_down(struct transfer_stage *t)
{
    char path[512];
    sigv4_call_release(t->call);
    stage_down(&t->s);
    fake_bucket_free(t->b);
    DIR *dir = opendir(t->folder);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", t->folder, e->d_name);
        unlink(path);
    }
    closedir(dir);
    assert_int_equal(rmdir(t->folder), 0);
    free(t);
}

static inline void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static inline size_t read_file(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return SIZE_MAX;
    size_t n = fread(out, 1, cap, f);
    fclose(f);
    return n;
}

static inline void on_transfer_end(void *ctx, const struct s3_result *r)
{
    struct transfer_stage *t = ctx;
    note_end(&t->end, r);
}

static inline void on_transfer_progress(void *ctx, const struct s3_progress *p)
{
    struct transfer_stage *t = ctx;
    assert_int_equal(t->end.times, 0);
    assert_true(p->bytes_done >= t->last_progress);
    t->last_progress = p->bytes_done;
    t->total = p->bytes_total;
    t->progresses++;
}

static inline void on_transfer_token(void *ctx, struct sigv4_slice token)
{
    struct transfer_stage *t = ctx;
    assert_int_equal(t->end.times, 0);
    snprintf(t->token, sizeof t->token, "%.*s", (int)token.len, (const char *)token.ptr);
    t->tokens++;
}

/* Forgets the transfer before. */
static inline void transfer_forget(struct transfer_stage *t)
{
    sigv4_call_release(t->call);
    t->call = NULL;
    memset(&t->end, 0, sizeof t->end);
    t->last_progress = 0;
}

/* Threads bring bytes in real time, answers come in virtual time: the loop never waits long, and
 * when nothing happened for a while, time passes. */
static inline void transfer_finish(struct transfer_stage *t)
{
    struct timespec moment = {.tv_nsec = 100000};
    for (int turns = 0; turns < 200000 && !t->end.times; turns++) {
        size_t before = fake_request_count(t->s.fake);
        assert_int_equal(sigv4_loop_run(t->s.loop, 0), 0);
        if (fake_request_count(t->s.fake) != before || t->end.times)
            continue;
        nanosleep(&moment, NULL);
        fake_pass_ms(t->s.fake, 50);
    }
    assert_int_equal(t->end.times, 1);
}

/* All ends alike: once, nothing of ours is left on the other side. */
static inline void assert_clean(struct transfer_stage *t)
{
    assert_int_equal(fake_bucket_uploads(t->b), 0);
    assert_int_equal(fake_bucket_parts(t->b), 0);
}

/* For a whole program of tests. */
static inline int ignore_closed_pipes(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}
#endif
