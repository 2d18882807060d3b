#ifndef FLOW_S3_UPLOAD_H
#define FLOW_S3_UPLOAD_H
/* For tests of s3_upload: one file in parts, and what must have come of it. */
#include "flow/s3_transfer.h"

static inline struct s3_upload from_file(struct transfer_stage *t)
{
    write_file(t->path, text, LENGTH);
    return (struct s3_upload){.size = sizeof(struct s3_upload),
                              .to = &place,
                              .path = t->path,
                              .part_size = 10,
                              .on_progress = on_transfer_progress,
                              .on_done = on_transfer_end,
                              .ctx = t};
}

static inline void run(struct transfer_stage *t, const struct s3_upload *upload)
{
    struct sigv4_error err = {0};
    transfer_forget(t);
    int status = s3_upload(t->s.s3, upload, &t->call, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    transfer_finish(t);
}

static inline void assert_object(struct transfer_stage *t, const char *want, size_t n)
{
    size_t got_n = 0;
    const char *got = fake_bucket_get(t->b, "/k", &got_n);
    assert_string_equal(t->end.message, "");
    assert_int_equal(t->end.status, 0);
    assert_non_null(got);
    assert_int_equal(got_n, n);
    assert_memory_equal(got, want, n);
    assert_clean(t);
}

static inline void assert_absent(struct transfer_stage *t, int status)
{
    assert_int_equal(t->end.status, status);
    assert_null(fake_bucket_get(t->b, "/k", NULL));
    assert_clean(t);
}

/* The file is another one now. */
static inline void touch(void *ctx)
{
    int fd = open(((struct transfer_stage *)ctx)->path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 12345}};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}
#endif
