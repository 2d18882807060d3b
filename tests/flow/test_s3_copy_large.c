/* s3_copy_large: at once or in parts, pinned to one version of the source. */
#include "flow/s3_transfer.h"

static const struct s3_at source = {.size = sizeof source, .bucket = "bucket", .key = "source"};

static void on_end(void *ctx, const struct s3_result *r)
{
    note_end(&((struct transfer_stage *)ctx)->end, r);
}

static void start(struct transfer_stage *t, const struct s3_attributes *attributes,
                  uint64_t part_size)
{
    struct s3_copy copy = {.size = sizeof copy,
                           .from = &source,
                           .to = &place,
                           .attributes = attributes,
                           .on_done = on_end,
                           .ctx = t};
    struct s3_copy_large large = {.size = sizeof large,
                                  .copy = &copy,
                                  .part_size = part_size,
                                  .on_progress = on_transfer_progress};
    assert_int_equal(s3_copy_large(t->s.s3, &large, &t->call, NULL), 0);
}

/* Puts the source with what describes it. */
static struct transfer_stage *with_source(void)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct sigv4_slice body = sigv4_bytes(text, LENGTH);
    struct sigv4_header metadata = {SIGV4_LIT("who"), SIGV4_LIT("me")};
    struct s3_attributes attributes = {.size = sizeof attributes,
                                       .content_type = "text/plain",
                                       .metadata = &metadata,
                                       .metadata_count = 1};
    struct s3_put put = {.size = sizeof put,
                         .to = &source,
                         .body = &body,
                         .body_count = 1,
                         .attributes = &attributes,
                         .on_done = on_end,
                         .ctx = t};
    assert_int_equal(s3_put(t->s.s3, &put, NULL, NULL), 0);
    transfer_finish(t);
    memset(&t->end, 0, sizeof t->end);
    return t;
}

static void assert_copy(struct transfer_stage *t)
{
    size_t n;
    const char *got = fake_bucket_get(t->b, "/k", &n);
    assert_string_equal(t->end.message, "");
    assert_int_equal(t->end.status, 0);
    assert_int_equal(n, LENGTH);
    assert_memory_equal(got, text, LENGTH);
    assert_int_equal(fake_bucket_uploads(t->b), 0);
}

static void at_once_and_in_parts(void **state)
{
    struct s3_attributes other = {.size = sizeof other, .content_type = "other/type"};
    (void)state;
    for (uint64_t part_size = 0; part_size <= 10; part_size += 10)
        for (int replace = 0; replace < 2; replace++) {
            struct transfer_stage *t = with_source();
            start(t, replace ? &other : NULL, part_size);
            transfer_finish(t);
            assert_copy(t);
            assert_int_equal(fake_bucket_count(t->b, "UploadPartCopy"), part_size ? 4 : 0);
            assert_string_equal(fake_bucket_header(t->b, "/k", "Content-Type"),
                                replace ? "other/type" : "text/plain");
            if (!replace)
                assert_string_equal(fake_bucket_header(t->b, "/k", "x-amz-meta-who"), "me");
            assert_int_equal(t->last_progress, LENGTH);
            assert_int_equal(t->end.length, LENGTH);
            transfer_down(t);
        }
}

static void change(void *ctx)
{
    struct transfer_stage *t = ctx;
    fake_bucket_put(t->b, "/source", "something else altogether", 25);
}

static void faults(void **state)
{
    static const struct {
        struct fake_fault fault;
        int status;
    } cases[] = {
        {{.operation = "UploadPartCopy", .nth = 2, .outcome = FAKE_RESET}, 0},
        {{.operation = "UploadPartCopy", .nth = 2, .status = 200, .code = "InternalError"}, 0},
        {{.operation = "UploadPartCopy", .nth = 2, .status = 503, .code = "SlowDown"}, 0},
        {{.operation = "CompleteMultipartUpload", .nth = 1, .outcome = FAKE_RESET, .after = true},
         0},
        {{.operation = "HeadObject", .nth = 1, .status = 404}, SIGV4_E_NOT_FOUND},
        {{.operation = "CreateMultipartUpload", .status = 403, .code = "X"}, SIGV4_E_DENIED},
        {{.operation = "UploadPartCopy", .nth = 3, .status = 403, .code = "X"}, SIGV4_E_DENIED},
        {{.operation = "CompleteMultipartUpload", .status = 403, .code = "X"}, SIGV4_E_DENIED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct transfer_stage *t = with_source();
        fake_bucket_fault(t->b, cases[i].fault);
        start(t, NULL, 10);
        transfer_finish(t);
        assert_int_equal(t->end.status, cases[i].status);
        if (cases[i].status == 0)
            assert_copy(t);
        else
            assert_null(fake_bucket_get(t->b, "/k", NULL));
        assert_clean(t);
        transfer_down(t);
    }
}

static void a_source_that_changes(void **state)
{
    (void)state;
    for (int parts = 0; parts < 2; parts++) {
        struct transfer_stage *t = with_source();
        fake_bucket_fault(t->b,
                          (struct fake_fault){.operation = parts ? "UploadPartCopy" : "CopyObject",
                                              .nth = 1,
                                              .strike = change,
                                              .ctx = t});
        start(t, NULL, parts ? 10 : 0);
        transfer_finish(t);
        assert_int_equal(t->end.status, SIGV4_E_CONFLICT);
        assert_null(fake_bucket_get(t->b, "/k", NULL));
        assert_clean(t);
        transfer_down(t);
    }
}

/* More than one request's attempts, in each of the two steps. */
static void a_busy_service_is_asked_again(void **state)
{
    static const char *const operations[] = {"HeadObject", "CopyObject"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct transfer_stage *t = with_source();
        for (unsigned n = 1; n <= 7; n++)
            fake_bucket_fault(
                t->b, (struct fake_fault){
                          .operation = operations[i], .nth = n, .status = 503, .code = "SlowDown"});
        start(t, NULL, 0);
        transfer_finish(t);
        assert_copy(t);
        transfer_down(t);
    }
}

static void canceled_while_it_rests(void **state)
{
    (void)state;
    for (int moment = 0; moment < 20000; moment += 500) {
        struct transfer_stage *t = with_source();
        fake_bucket_fault(
            t->b, (struct fake_fault){.operation = moment % 1000 ? "CopyObject" : "HeadObject",
                                      .status = 503,
                                      .code = "SlowDown"});
        start(t, NULL, 0);
        fake_run_ms(t->s.fake, t->s.loop, moment);
        bool late = t->end.times > 0;
        sigv4_call_cancel(t->call);
        transfer_finish(t);
        if (!late)
            assert_int_equal(t->end.status, SIGV4_E_CANCELED);
        assert_null(fake_bucket_get(t->b, "/k", NULL));
        transfer_down(t);
    }
}

static void canceled_at_any_moment(void **state)
{
    (void)state;
    for (int moment = 0; moment < 45; moment++) {
        struct transfer_stage *t = with_source();
        fake_bucket_delay(t->b, 10);
        start(t, NULL, 10);
        fake_run_ms(t->s.fake, t->s.loop, moment);
        sigv4_call_cancel(t->call);
        transfer_finish(t);
        if (t->end.status == 0)
            assert_copy(t);
        else if (!t->end.maybe_done)
            assert_null(fake_bucket_get(t->b, "/k", NULL));
        assert_clean(t);
        transfer_down(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_once_and_in_parts),    cmocka_unit_test(faults),
        cmocka_unit_test(a_source_that_changes),   cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(canceled_while_it_rests), cmocka_unit_test(canceled_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
