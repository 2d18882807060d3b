#ifndef FLOW_S3_DOWNLOAD_H
#define FLOW_S3_DOWNLOAD_H
/* For tests of s3_download: one object in parts, and what must have come of it. */
#include "flow/s3_transfer.h"

static inline struct s3_download to_file(struct transfer_stage *t)
{
    fake_bucket_put(t->b, "/k", text, LENGTH);
    return (struct s3_download){.size = sizeof(struct s3_download),
                                .from = &place,
                                .path = t->path,
                                .part_size = 10,
                                .on_progress = on_transfer_progress,
                                .on_done = on_transfer_end,
                                .ctx = t};
}

static inline void run(struct transfer_stage *t, const struct s3_download *download)
{
    struct sigv4_error err = {0};
    transfer_forget(t);
    int status = s3_download(t->s.s3, download, &t->call, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    transfer_finish(t);
}

static inline void assert_file(struct transfer_stage *t, const char *want, size_t n)
{
    char got[256];
    assert_string_equal(t->end.message, "");
    assert_int_equal(t->end.status, 0);
    assert_int_equal(read_file(t->path, got, sizeof got), n);
    assert_memory_equal(got, want, n);
    assert_int_equal(transfer_files(t), 1);
}

static inline void assert_no_file(struct transfer_stage *t, int status)
{
    assert_int_equal(t->end.status, status);
    assert_int_equal(transfer_files(t), 0);
}
#endif
