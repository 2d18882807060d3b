/* Every call with the n-th allocation failing, for every n: it is refused, or ends once with an
 * error, or did not need that memory; nothing leaks. */
#include "flow/s3_transfer.h"
#include "unit/counted_alloc.h"

static const struct s3_at at = {.size = sizeof at, .bucket = "bucket", .key = "k"};
static struct sigv4_slice body = {"hello world", 11};

static enum sigv4_flow take_chunk(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                  struct sigv4_slice chunk)
{
    (void)ctx;
    (void)so_far;
    (void)offset;
    (void)chunk;
    return SIGV4_GO_ON;
}

static enum sigv4_flow take_entry(void *ctx, const struct s3_list_entry *entry)
{
    (void)ctx;
    (void)entry;
    return SIGV4_GO_ON;
}

static void take_each(void *ctx, size_t index, const struct sigv4_error *error)
{
    (void)ctx;
    (void)index;
    (void)error;
}

static int start_get(struct s3_client *c, struct ended *e)
{
    struct s3_get get = {
        .size = sizeof get, .from = &at, .on_chunk = take_chunk, .on_done = note_end, .ctx = e};
    return s3_get(c, &get, NULL, NULL);
}

static int start_collected_get(struct s3_client *c, struct ended *e)
{
    struct s3_get get = {.size = sizeof get, .from = &at, .on_done = note_end, .ctx = e};
    return s3_get(c, &get, NULL, NULL);
}

static int start_put(struct s3_client *c, struct ended *e)
{
    struct s3_conditions conditions = {.size = sizeof conditions, .if_none_match = "*"};
    struct s3_put put = {.size = sizeof put,
                         .to = &at,
                         .body = &body,
                         .body_count = 1,
                         .checksum = S3_CHECKSUM_SHA256,
                         .conditions = &conditions,
                         .on_done = note_end,
                         .ctx = e};
    return s3_put(c, &put, NULL, NULL);
}

static int start_list(struct s3_client *c, struct ended *e)
{
    struct s3_list list = {.size = sizeof list,
                           .bucket = "bucket",
                           .on_entry = take_entry,
                           .on_done = note_end,
                           .ctx = e};
    return s3_list(c, &list, NULL, NULL);
}

static int start_delete_many(struct s3_client *c, struct ended *e)
{
    static const char *keys[] = {"a", "\x01"};
    struct s3_delete_many what = {.size = sizeof what,
                                  .bucket = "bucket",
                                  .keys = keys,
                                  .key_count = 2,
                                  .on_each = take_each,
                                  .on_done = note_end,
                                  .ctx = e};
    return s3_delete_many(c, &what, NULL, NULL);
}

static int start_copy(struct s3_client *c, struct ended *e)
{
    struct s3_at from = {.size = sizeof from, .bucket = "source", .key = "k", .version_id = "v"};
    struct s3_copy copy = {
        .size = sizeof copy, .from = &from, .to = &at, .on_done = note_end, .ctx = e};
    return s3_copy(c, &copy, NULL, NULL);
}

static int start_complete(struct s3_client *c, struct ended *e)
{
    struct s3_part part = {1, 5, {"e", 1}, {"", 0}};
    struct s3_multipart_complete complete = {.size = sizeof complete,
                                             .to = &at,
                                             .upload_id = "u",
                                             .parts = &part,
                                             .part_count = 1,
                                             .on_done = note_end,
                                             .ctx = e};
    return s3_multipart_complete(c, &complete, NULL, NULL);
}

static const struct {
    int (*start)(struct s3_client *c, struct ended *e);
    struct fake_answer answers[3];
} calls[] = {
    {start_get,
     {{.times = 1,
       .outcome = FAKE_CUT,
       .headers = "Content-Length: 4\nETag: \"e\"\nx-amz-checksum-sha256: "
                  "G+LkUrRteg2WVrux92joJI66G3W67WX12Z6vqUiJmmo=\n",
       .body = "0123"},
      {.status = 206,
       .headers = "Content-Length: 2\nETag: \"e\"\nContent-Range: bytes 2-3/4\n",
       .body = "23"}}},
    {start_collected_get,
     {{.times = 1, .status = 301, .headers = "x-amz-bucket-region: eu-west-1\n"},
      {.headers = "Content-Length: 4\nETag: \"e\"\n", .body = "0123"}}},
    {start_put,
     {{.times = 1, .status = 301},
      {.method = "HEAD", .headers = "x-amz-bucket-region: eu-west-1\n"},
      {.headers = "ETag: \"e\"\n"}}},
    {start_list,
     {{.times = 1,
       .body = "<ListBucketResult><Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated>"
               "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"},
      {.body = "<ListBucketResult/>"}}},
    {start_delete_many,
     {{.method = "POST", .body = "<DeleteResult/>"}, {.method = "DELETE", .status = 204}}},
    {start_copy, {{.body = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>"}}},
    {start_complete,
     {{.body = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag>"
               "</CompleteMultipartUploadResult>"}}},
};

/* Returns true when the call went well, that is: n was beyond its last allocation. */
static bool try_with(size_t i, unsigned fail_at, struct counted_alloc *counted)
{
    struct sigv4_alloc alloc = counted_alloc(counted);
    struct stage s;
    struct ended e = {0};
    *counted = (struct counted_alloc){.fail_at = fail_at};
    int status = stage_try(&s, NULL, NULL, &alloc);
    for (size_t k = 0; k < 3 && (k == 0 || calls[i].answers[k].status ||
                                 calls[i].answers[k].headers || calls[i].answers[k].body);
         k++)
        fake_script(s.fake, calls[i].answers[k]);
    if (status == SIGV4_OK)
        status = calls[i].start(s.s3, &e);
    if (status == SIGV4_OK) {
        stage_finish(&s, &e);
        status = e.status;
    } else {
        assert_int_equal(status, SIGV4_E_NOMEM);
    }
    stage_down(&s);
    assert_int_equal(counted->live, 0);
    return status == SIGV4_OK;
}

static void every_allocation_may_fail(void **state)
{
    struct counted_alloc counted;
    (void)state;
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        unsigned last = 0;
        for (unsigned n = 1; n < 2000; n++) {
            bool ok = try_with(i, n, &counted);
            if (counted.requests < n) {
                assert_true(ok);
                last = n;
                break;
            }
        }
        print_message("call %zu: %u allocations\n", i, last - 1);
        assert_in_range(last, 10, 1999);
    }
}

/* ---- transfers ---- */

static char path[64];

static int upload_file(struct s3_client *c, struct ended *e)
{
    struct s3_attributes attributes = {.size = sizeof attributes, .content_type = "text/plain"};
    struct s3_upload upload = {.size = sizeof upload,
                               .to = &at,
                               .path = path,
                               .part_size = 10,
                               .attributes = &attributes,
                               .on_done = note_end,
                               .ctx = e};
    return s3_upload(c, &upload, NULL, NULL);
}

static int upload_pipe(struct s3_client *c, struct ended *e)
{
    static int fds[2] = {-1, -1};
    struct s3_upload upload = {
        .size = sizeof upload, .to = &at, .part_size = 10, .on_done = note_end, .ctx = e};
    if (fds[0] >= 0)
        close(fds[0]);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, 36), 36);
    close(fds[1]);
    upload.fd = fds[0];
    return s3_upload(c, &upload, NULL, NULL);
}

static int download_file(struct s3_client *c, struct ended *e)
{
    struct s3_download download = {.size = sizeof download,
                                   .from = &at,
                                   .path = path,
                                   .part_size = 10,
                                   .on_done = note_end,
                                   .ctx = e};
    return s3_download(c, &download, NULL, NULL);
}

static int download_listed(struct s3_client *c, struct ended *e)
{
    struct s3_download download = {.size = sizeof download,
                                   .from = &at,
                                   .path = path,
                                   .listed_etag =
                                       "6d2286301265512f019781cc0ce7a39f", /* text's MD5 */
                                   .listed_length = 36,
                                   .flags = S3_NO_SYNC,
                                   .on_done = note_end,
                                   .ctx = e};
    return s3_download(c, &download, NULL, NULL);
}

static int download_chunks(struct s3_client *c, struct ended *e)
{
    struct s3_download download = {.size = sizeof download,
                                   .from = &at,
                                   .on_chunk = take_chunk,
                                   .part_size = 10,
                                   .on_done = note_end,
                                   .ctx = e};
    return s3_download(c, &download, NULL, NULL);
}

static int copy_parts(struct s3_client *c, struct ended *e)
{
    struct s3_copy copy = {.size = sizeof copy,
                           .from = S3_AT("bucket", "source"),
                           .to = &at,
                           .on_done = note_end,
                           .ctx = e};
    struct s3_copy_large large = {.size = sizeof large, .copy = &copy, .part_size = 10};
    return s3_copy_large(c, &large, NULL, NULL);
}

static bool try_transfer(int (*start)(struct s3_client *c, struct ended *e), unsigned fail_at,
                         struct counted_alloc *counted)
{
    struct sigv4_alloc alloc = counted_alloc(counted);
    struct transfer_stage t = {.end = {0}};
    *counted = (struct counted_alloc){.fail_at = fail_at};
    write_file(path, text, 36);
    int status = stage_try(&t.s, NULL, NULL, &alloc);
    t.b = fake_bucket_new(t.s.fake);
    fake_bucket_put(t.b, "/k", text, 36);
    fake_bucket_put(t.b, "/source", text, 36);
    if (status == SIGV4_OK)
        status = start(t.s.s3, &t.end);
    if (status == SIGV4_OK) {
        transfer_finish(&t);
        status = t.end.status;
    } else {
        assert_int_equal(status, SIGV4_E_NOMEM);
    }
    /* An abort may fail for want of memory, too; then it says so. */
    if (!strstr(t.end.message, "could not be removed"))
        assert_int_equal(fake_bucket_parts(t.b), 0);
    stage_down(&t.s);
    fake_bucket_free(t.b);
    assert_int_equal(counted->live, 0);
    return status == SIGV4_OK;
}

static void every_allocation_of_a_transfer_may_fail(void **state)
{
    static int (*const starts[])(struct s3_client * c, struct ended * e) = {
        upload_file, upload_pipe, download_file, download_listed, download_chunks, copy_parts};
    struct counted_alloc counted;
    char folder[32] = "/tmp/s3-memory-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        unsigned n = 1;
        for (bool over = false; !over && n < 3000; n++) {
            bool ok = try_transfer(starts[i], n, &counted);
            over = counted.requests < n;
            assert_true(ok || !over);
        }
        print_message("transfer %zu: %u allocations\n", i, n - 2);
        assert_in_range(n, 40, 2999);
    }
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_a_transfer_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
