/* s3_upload: files in parts, and every fault on the way: the object is complete and
 * right, or absent; no part is left behind. */
#include "flow/s3_upload.h"
#include "object/client.h"
#include "transfer/crew.h"

static void in_parts(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_attributes attributes = {.size = sizeof attributes, .content_type = "text/plain"};
    struct s3_upload upload = from_file(t);
    (void)state;
    upload.attributes = &attributes;
    run(t, &upload);
    assert_object(t, text, LENGTH);
    assert_int_equal(fake_bucket_count(t->b, "UploadPart"), 4);
    assert_string_equal(fake_bucket_header(t->b, "/k", "Content-Type"), "text/plain");
    assert_int_equal(t->last_progress, LENGTH);
    assert_int_equal(t->total, LENGTH);
    assert_int_equal(t->end.length, LENGTH);
    assert_string_equal(t->end.etag + 32, "-4");
    assert_int_equal(t->end.checksum, S3_CHECKSUM_CRC64NVME);
    transfer_down(t);
}

/* Around one part: at most one put, no parts. */
static void small_ones_in_one_put(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 11; n++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        write_file(t->path, text, n);
        run(t, &upload);
        assert_object(t, text, n);
        assert_int_equal(fake_bucket_count(t->b, "PutObject"), n <= 10);
        assert_int_equal(fake_bucket_count(t->b, "UploadPart"), n <= 10 ? 0 : 2);
        transfer_down(t);
    }
}

static void few_at_a_time(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 2;
    struct transfer_stage *t = transfer_up(&options);
    struct s3_upload upload = from_file(t);
    (void)state;
    fake_bucket_delay(t->b, 10);
    run(t, &upload);
    assert_object(t, text, LENGTH);
    assert_int_equal(fake_max_in_flight(t->s.fake), 2);
    transfer_down(t);
}

/* ---- faults that are overcome ---- */

static void failed_parts_go_again_alone(void **state)
{
    static const struct fake_fault faults[] = {
        {.outcome = FAKE_RESET},
        {.outcome = FAKE_RESET, .after = true},
        {.outcome = FAKE_SILENT},
        {.outcome = FAKE_REFUSED},
        {.status = 503, .code = "SlowDown"},
        {.status = 500, .code = "InternalError"},
        {.status = 400, .code = "BadDigest"},
        {.status = 503, .body = "<html>busy</html>"},
        {.status = 200, .body = "", .header = "ETag: \n"},
    };
    static const char *const operations[] = {"CreateMultipartUpload", "UploadPart",
                                             "CompleteMultipartUpload"};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        for (size_t k = 0; k < 3; k++) {
            struct transfer_stage *t = transfer_up(NULL);
            struct s3_upload upload = from_file(t);
            struct fake_fault fault = faults[i];
            fault.operation = operations[k];
            /* More often than a single request is tried. */
            for (fault.nth = 2; fault.nth <= 7; fault.nth++)
                if (k == 1 || fault.nth == 2)
                    fake_bucket_fault(t->b, fault);
            fault.nth = 1;
            fake_bucket_fault(t->b, fault);
            run(t, &upload);
            size_t n = 0;

            assert_int_equal(t->end.status, 0);
            assert_non_null(fake_bucket_get(t->b, "/k", &n));
            assert_int_equal(n, LENGTH);
            assert_int_equal(fake_bucket_parts(t->b), 0);
            transfer_down(t);
        }
}

/* The answer to the last request is lost: the upload is gone, the object is there. */
static void a_lost_answer_is_looked_into(void **state)
{
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        fake_bucket_fault(t->b, (struct fake_fault){.operation = "CompleteMultipartUpload",
                                                    .nth = 1,
                                                    .outcome = FAKE_RESET,
                                                    .after = true});
        if (plain)
            fake_bucket_be_plain(t->b);
        run(t, &upload);
        if (!plain) {
            assert_object(t, text, LENGTH);
            assert_int_equal(fake_bucket_count(t->b, "HeadObject"), 1);
            assert_string_equal(t->end.etag + 32, "-4");
        } else {
            /* Neither ETag nor checksum tells whose object it is. */
            assert_int_equal(t->end.status, SIGV4_E_NOT_FOUND);
        }
        transfer_down(t);
    }
}

static void another_object_is_not_taken_for_ours(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    (void)state;
    fake_bucket_put(t->b, "/k", "something else, of the same length..", 36);
    fake_bucket_fault(t->b, (struct fake_fault){.operation = "CompleteMultipartUpload",
                                                .status = 404,
                                                .code = "NoSuchUpload"});
    run(t, &upload);
    assert_int_equal(t->end.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(t->end.code, "NoSuchUpload");
    assert_false(t->end.maybe_done);
    assert_int_equal(fake_bucket_parts(t->b), 0);
    transfer_down(t);
}

/* ---- faults that are not ---- */

static void refusals_leave_nothing(void **state)
{
    static const char *const operations[] = {"CreateMultipartUpload", "UploadPart",
                                             "CompleteMultipartUpload"};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        fake_bucket_fault(t->b, (struct fake_fault){.operation = operations[k],
                                                    .nth = k == 1 ? 3 : 1,
                                                    .status = 403,
                                                    .code = "AccessDenied"});
        run(t, &upload);
        assert_absent(t, SIGV4_E_DENIED);
        assert_string_equal(t->end.code, "AccessDenied");
        transfer_down(t);
    }
}

static void a_service_that_stays_down_ends_it(void **state)
{
    static const char *const operations[] = {"CreateMultipartUpload", "UploadPart",
                                             "CompleteMultipartUpload"};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        fake_bucket_fault(t->b, (struct fake_fault){
                                    .operation = operations[k], .status = 503, .code = "SlowDown"});
        run(t, &upload);
        assert_absent(t, SIGV4_E_THROTTLED);
        transfer_down(t);
    }
}

/* An abort that fails, or leaves parts that were on their way, is repeated. */
static void aborts_are_repeated(void **state)
{
    static const struct fake_fault faults[] = {
        {.operation = "AbortMultipartUpload", .nth = 1, .outcome = FAKE_RESET},
        {.operation = "AbortMultipartUpload", .nth = 1, .status = 204},
        {.operation = "ListParts", .nth = 1, .status = 500, .code = "InternalError"},
        /* Allowed to abort, but not to look whether anything is left. */
        {.operation = "ListParts", .status = 403, .code = "AccessDenied"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        fake_bucket_fault(
            t->b,
            (struct fake_fault){.operation = "UploadPart", .nth = 2, .status = 403, .code = "X"});
        fake_bucket_fault(t->b, faults[i]);
        run(t, &upload);
        assert_absent(t, SIGV4_E_DENIED);
        assert_null(strstr(t->end.message, "could not be removed"));
        transfer_down(t);
    }
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    fake_bucket_fault(
        t->b, (struct fake_fault){.operation = "UploadPart", .nth = 2, .status = 403, .code = "X"});
    fake_bucket_fault(
        t->b, (struct fake_fault){.operation = "AbortMultipartUpload", .status = 403, .code = "Y"});
    run(t, &upload);
    assert_int_equal(t->end.status, SIGV4_E_DENIED);
    assert_non_null(strstr(t->end.message, "and its parts could not be removed"));
    transfer_down(t);
}

static void canceled_at_any_moment(void **state)
{
    (void)state;
    for (int moment = 0; moment < 40; moment++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        fake_bucket_delay(t->b, 10);
        assert_int_equal(s3_upload(t->s.s3, &upload, &t->call, NULL), 0);
        fake_run_ms(t->s.fake, t->s.loop, moment);
        sigv4_call_cancel(t->call);
        transfer_finish(t);
        /* Either it was too late, or nothing is left. */
        if (t->end.status == 0)
            assert_object(t, text, LENGTH);
        else if (t->end.maybe_done)
            assert_clean(t);
        else
            assert_absent(t, SIGV4_E_CANCELED);
        transfer_down(t);
    }
}

static void conditions(void **state)
{
    struct s3_conditions only_new = {.size = sizeof only_new, .if_none_match = "*"};
    (void)state;
    for (size_t part_size = 10; part_size <= 100; part_size += 90) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        upload.part_size = part_size;
        upload.conditions = &only_new;
        fake_bucket_put(t->b, "/k", "old", 3);
        run(t, &upload);
        assert_int_equal(t->end.status, SIGV4_E_CONFLICT);
        assert_string_equal(fake_bucket_get(t->b, "/k", NULL), "old");
        assert_clean(t);
        transfer_down(t);
    }
}

/* ---- the source ---- */

static void shrink(void *ctx)
{
    assert_int_equal(truncate(((struct transfer_stage *)ctx)->path, 15), 0);
}

static void files_that_change(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 1;
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct transfer_stage *t = transfer_up(&options);
        struct s3_upload upload = from_file(t);
        fake_bucket_fault(t->b, (struct fake_fault){.operation = "UploadPart",
                                                    .nth = 1,
                                                    .strike = how ? touch : shrink,
                                                    .ctx = t});
        run(t, &upload);
        assert_absent(t, how ? SIGV4_E_CONFLICT : SIGV4_E_IO);
        assert_non_null(strstr(t->end.message, how ? "changed while it was uploaded"
                                                   : "became shorter while it was uploaded"));
        transfer_down(t);
    }
}

static void grow(void *ctx)
{
    int fd = open(((struct transfer_stage *)ctx)->path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
}

/* At the second try of the one request the file is not what it was. */
static void small_files_that_change(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        upload.part_size = 100;
        fake_bucket_fault(t->b, (struct fake_fault){.operation = "PutObject",
                                                    .nth = 1,
                                                    .status = 503,
                                                    .code = "SlowDown",
                                                    .strike = how ? touch : grow,
                                                    .ctx = t});
        run(t, &upload);
        assert_absent(t, SIGV4_E_CONFLICT);
        assert_non_null(strstr(t->end.message, "changed while it was uploaded"));
        transfer_down(t);
    }
}

static void sources_that_are_none(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    struct sigv4_error err;
    (void)state;
    upload.path = "/nonexistent/file";
    assert_int_equal(s3_upload(t->s.s3, &upload, NULL, &err), SIGV4_E_IO);
    assert_int_equal(err.os_errno, ENOENT);
    assert_string_equal(err.message, "cannot open /nonexistent/file: No such file or directory");
    upload.path = t->folder;
    assert_int_equal(s3_upload(t->s.s3, &upload, NULL, &err), SIGV4_E_IO);
    assert_int_equal(err.os_errno, EISDIR);
    upload.path = t->path;
    upload.to = S3_AT("bucket", "");
    assert_int_equal(s3_upload(t->s.s3, &upload, NULL, &err), SIGV4_E_INVALID);
    upload.to = &place;
    upload.on_done = NULL;
    assert_int_equal(s3_upload(t->s.s3, &upload, NULL, &err), SIGV4_E_INVALID);
    assert_int_equal(fake_request_count(t->s.fake), 0);
    transfer_down(t);
}

static int read_text(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    (void)ctx;
    *got = cap < 7 ? cap : 7;
    memcpy(buf, text + offset, *got < LENGTH - offset ? *got : LENGTH - offset);
    return 0;
}

static void from_a_function(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    (void)state;
    upload.path = NULL;
    upload.read = read_text;
    upload.length = LENGTH;
    run(t, &upload);
    assert_object(t, text, LENGTH);
    transfer_down(t);
}

static void freeing_the_client_cleans_up(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    (void)state;
    fake_bucket_delay(t->b, 10);
    assert_int_equal(s3_upload(t->s.s3, &upload, &t->call, NULL), 0);
    fake_run_ms(t->s.fake, t->s.loop, 15);
    s3_client_free(t->s.s3);
    t->s.s3 = NULL;
    transfer_finish(t);
    assert_int_equal(t->end.status, SIGV4_E_CANCELED);
    transfer_down(t);
}

/* Keys of a role, and STS does not answer: that is not tried once more for each part. */
static void keys_that_never_came(void **state)
{
    struct stage s = stage_up(NULL);
    struct sigv4_error error = {
        .status = SIGV4_E_NO_CREDENTIALS, .code = "StsUnreachable", .retryable = true};
    (void)state;
    assert_false(s3__worth_another_try(s.s3, &error));
    s.s3->answered = true;
    assert_true(s3__worth_another_try(s.s3, &error));
    error.retryable = false;
    assert_false(s3__worth_another_try(s.s3, &error));
    stage_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_parts),
        cmocka_unit_test(small_ones_in_one_put),
        cmocka_unit_test(few_at_a_time),
        cmocka_unit_test(failed_parts_go_again_alone),
        cmocka_unit_test(a_lost_answer_is_looked_into),
        cmocka_unit_test(another_object_is_not_taken_for_ours),
        cmocka_unit_test(refusals_leave_nothing),
        cmocka_unit_test(a_service_that_stays_down_ends_it),
        cmocka_unit_test(aborts_are_repeated),
        cmocka_unit_test(canceled_at_any_moment),
        cmocka_unit_test(conditions),
        cmocka_unit_test(files_that_change),
        cmocka_unit_test(small_files_that_change),
        cmocka_unit_test(sources_that_are_none),
        cmocka_unit_test(from_a_function),
        cmocka_unit_test(keys_that_never_came),
        cmocka_unit_test(freeing_the_client_cleans_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
