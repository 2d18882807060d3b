/* s3_upload that goes on where another one stopped. */
#include "flow/s3_upload.h"

static void where_it_stopped(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 1;
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        struct transfer_stage *t = transfer_up(&options);
        struct s3_upload upload = from_file(t);
        char token[4096];
        if (plain)
            fake_bucket_be_plain(t->b);
        upload.flags = S3_KEEP_PARTS;
        upload.on_token = on_transfer_token;
        fake_bucket_fault(
            t->b,
            (struct fake_fault){.operation = "UploadPart", .nth = 3, .status = 403, .code = "X"});
        run(t, &upload);
        assert_int_equal(t->end.status, SIGV4_E_DENIED);
        assert_int_equal(fake_bucket_parts(t->b), 2);
        assert_int_equal(t->tokens, 1);
        memcpy(token, t->token, sizeof token);
        upload.resume = token;
        run(t, &upload);
        assert_object(t, text, LENGTH);
        /* With opaque ETags and no checksums nobody can tell what is there: all of it is sent. */
        assert_int_equal(fake_bucket_count(t->b, "UploadPart"), plain ? 3 + 4 : 3 + 2);
        assert_int_equal(fake_bucket_count(t->b, "CreateMultipartUpload"), 1);
        transfer_down(t);
    }
}

static void a_changed_file_begins_anew(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    char token[4096];
    (void)state;
    upload.flags = S3_KEEP_PARTS;
    upload.on_token = on_transfer_token;
    fake_bucket_fault(
        t->b, (struct fake_fault){.operation = "UploadPart", .nth = 3, .status = 403, .code = "X"});
    run(t, &upload);
    assert_int_equal(fake_bucket_uploads(t->b), 1);
    memcpy(token, t->token, sizeof token);
    upload.resume = token;
    touch(t);
    run(t, &upload);
    assert_int_equal(t->end.status, 0);
    assert_clean(t);
    assert_string_equal(fake_bucket_get(t->b, "/k", NULL) + 1, text + 1);
    transfer_down(t);
}

static void an_upload_that_is_gone_begins_anew(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    struct stat info;
    char token[512];
    (void)state;
    assert_int_equal(stat(t->path, &info), 0);
    snprintf(token, sizeof token,
             "s3-upload-1 bucket=bucket key=k id=upload-7 part=10 length=36 modified=%lld%09ld "
             "checksum=CRC64NVME",
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    upload.resume = token;
    run(t, &upload);
    assert_object(t, text, LENGTH);
    assert_int_equal(fake_bucket_count(t->b, "ListParts"), 1);
    transfer_down(t);
}

static void tokens_that_are_none(void **state)
{
    static const char *const bad[] = {
        "nonsense", "s3-download-1 bucket=b",
        "s3-upload-1 bucket=other key=k id=u part=10 length=36 modified=1 checksum=CRC64NVME"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        upload.resume = bad[i];
        run(t, &upload);
        assert_absent(t, SIGV4_E_INVALID);
        assert_int_equal(fake_request_count(t->s.fake), 0);
        transfer_down(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_stopped),
        cmocka_unit_test(a_changed_file_begins_anew),
        cmocka_unit_test(an_upload_that_is_gone_begins_anew),
        cmocka_unit_test(tokens_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
