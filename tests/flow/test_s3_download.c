/* s3_download: to files; the file is complete and right, or absent, and what
 * it replaces is untouched until then. */
#include "flow/s3_download.h"

static void in_parts(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_download download = to_file(t);
    struct stat info;
    (void)state;
    run(t, &download);
    assert_file(t, text, LENGTH);
    assert_int_equal(fake_bucket_count(t->b, "GetObject"), 4);
    assert_int_equal(fake_bucket_count(t->b, "HeadObject"), 1);
    assert_int_equal(t->last_progress, LENGTH);
    assert_int_equal(t->total, LENGTH);
    assert_int_equal(t->end.length, LENGTH);
    assert_int_equal(stat(t->path, &info), 0);
    assert_int_equal(info.st_mtime, 784111777); /* Last-Modified */
    for (size_t i = 1; i < 5; i++)
        assert_string_not_equal(sent(&t->s, i, "If-Match"), "(absent)");
    transfer_down(t);
}

static void every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 21; n++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        fake_bucket_put(t->b, "/k", text, n);
        run(t, &download);
        assert_file(t, text, n);
        assert_int_equal(fake_bucket_count(t->b, "GetObject"), n ? (n + 9) / 10 : 1);
        transfer_down(t);
    }
}

/* What a listing said, by a first download of the same object. */
static void learn(struct transfer_stage *t, struct s3_download *download, char etag[64])
{
    run(t, download);
    assert_int_equal(t->end.status, 0);
    snprintf(etag, 64, "%s", t->end.etag);
    assert_int_equal(unlink(t->path), 0);
    t->end = (struct ended){0};
    download->listed_etag = etag;
    download->part_size = 50;
}

static void listed_before(void **state)
{
    (void)state;
    for (size_t n = 0; n <= LENGTH; n += LENGTH / 2) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        struct stat info;
        char etag[64];
        fake_bucket_put(t->b, "/k", text, n);
        learn(t, &download, etag);
        download.listed_length = n;
        unsigned gets = fake_bucket_count(t->b, "GetObject");
        run(t, &download);
        assert_file(t, text, n);
        assert_int_equal(fake_bucket_count(t->b, "HeadObject"), 1); /* that of learn */
        assert_int_equal(fake_bucket_count(t->b, "GetObject"), gets + 1);
        assert_string_equal(t->end.etag, etag);
        assert_int_equal(stat(t->path, &info), 0);
        assert_int_equal(info.st_mtime, 784111777);
        transfer_down(t);
    }
}

static void listed_before_and_changed_or_damaged(void **state)
{
    (void)state;
    for (int damaged = 0; damaged < 2; damaged++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        char etag[64];
        learn(t, &download, etag);
        download.listed_length = LENGTH;
        if (damaged)
            fake_bucket_fault(t->b,
                              (struct fake_fault){.operation = "GetObject",
                                                  .nth = fake_bucket_count(t->b, "GetObject") + 1,
                                                  .corrupt = true});
        else
            fake_bucket_put(t->b, "/k", "another", 7);
        run(t, &download);
        assert_no_file(t, damaged ? SIGV4_E_PROTOCOL : SIGV4_E_CONFLICT);
        transfer_down(t);
    }
}

static void what_is_replaced_keeps_its_mode(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_download download = to_file(t);
    struct stat info;
    (void)state;
    write_file(t->path, "old", 3);
    assert_int_equal(chmod(t->path, 0640), 0);
    download.flags = S3_NO_SYNC;
    run(t, &download);
    assert_file(t, text, LENGTH);
    assert_int_equal(stat(t->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    transfer_down(t);
}

/* ---- faults ---- */

static void broken_parts_go_on_alone(void **state)
{
    static const struct fake_fault faults[] = {
        {.outcome = FAKE_RESET},
        {.outcome = FAKE_CUT},
        {.outcome = FAKE_SILENT},
        {.outcome = FAKE_REFUSED},
        {.status = 503, .code = "SlowDown"},
        {.status = 500, .code = "InternalError"},
        {.status = 503, .body = "<html>busy</html>"},
    };
    static const char *const operations[] = {"HeadObject", "GetObject"};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        for (size_t part_size = 10; part_size <= 50; part_size += 40)
            for (size_t k = 0; k < 2; k++) {
                struct transfer_stage *t = transfer_up(NULL);
                struct s3_download download = to_file(t);
                struct fake_fault fault = faults[i];
                download.part_size = part_size;
                fault.operation = operations[k];
                for (fault.nth = 1; fault.nth <= (k ? 7u : 2u); fault.nth++)
                    fake_bucket_fault(t->b, fault);
                run(t, &download);
                assert_file(t, text, LENGTH);
                transfer_down(t);
            }
}

/* More than one request's attempts, of the first step. */
static void a_busy_service_is_asked_again(void **state)
{
    (void)state;
    for (int moment = 0; moment < 10000; moment += 500) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        for (unsigned n = moment ? 0 : 1; n <= (moment ? 0 : 7); n++)
            fake_bucket_fault(
                t->b, (struct fake_fault){
                          .operation = "HeadObject", .nth = n, .status = 503, .code = "SlowDown"});
        fake_bucket_put(t->b, "/k", text, LENGTH);
        assert_int_equal(s3_download(t->s.s3, &download, &t->call, NULL), 0);
        fake_run_ms(t->s.fake, t->s.loop, moment);
        bool late = t->end.times > 0;
        if (moment)
            sigv4_call_cancel(t->call);
        transfer_finish(t);
        if (!moment)
            assert_file(t, text, LENGTH);
        else
            assert_no_file(t, late ? t->end.status : SIGV4_E_CANCELED);
        transfer_down(t);
    }
}

static void refusals_leave_what_was_there(void **state)
{
    static const struct fake_fault faults[] = {
        {.operation = "HeadObject", .status = 404, .code = "NoSuchKey"},
        {.operation = "GetObject", .status = 403, .code = "AccessDenied"},
        {.operation = "GetObject", .nth = 3, .status = 403, .code = "AccessDenied"},
        {.operation = "GetObject", .status = 503, .code = "SlowDown"},
    };
    static const int status[] = {SIGV4_E_NOT_FOUND, SIGV4_E_DENIED, SIGV4_E_DENIED,
                                 SIGV4_E_THROTTLED};
    char got[64];
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        for (int existing = 0; existing < 2; existing++) {
            struct transfer_stage *t = transfer_up(NULL);
            struct s3_download download = to_file(t);
            fake_bucket_fault(t->b, faults[i]);
            if (existing)
                write_file(t->path, "old", 3);
            run(t, &download);
            assert_int_equal(t->end.status, status[i]);
            assert_int_equal(transfer_files(t), existing);
            assert_int_equal(read_file(t->path, got, sizeof got), existing ? 3 : SIZE_MAX);
            transfer_down(t);
        }
}

static void change(void *ctx)
{
    struct transfer_stage *t = ctx;
    fake_bucket_put(t->b, "/k", "ABCDEFGHIJKLMNOPQRSTUVWXYZ9876543210", LENGTH);
}

static void an_object_that_changes(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 4; nth++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        fake_bucket_fault(
            t->b,
            (struct fake_fault){.operation = "GetObject", .nth = nth, .strike = change, .ctx = t});
        run(t, &download);
        assert_no_file(t, SIGV4_E_CONFLICT);
        assert_string_equal(t->end.message, "the object changed while it was downloaded");
        transfer_down(t);
    }
}

static void damaged_bytes(void **state)
{
    (void)state;
    for (size_t part_size = 10; part_size <= 50; part_size += 40)
        for (int plain = 0; plain < 2; plain++) {
            struct transfer_stage *t = transfer_up(NULL);
            struct s3_download download = to_file(t);
            download.part_size = part_size;
            if (plain)
                fake_bucket_be_plain(t->b);
            fake_bucket_put(t->b, "/k", text, LENGTH);
            fake_bucket_fault(
                t->b, (struct fake_fault){.operation = "GetObject", .nth = 1, .corrupt = true});
            run(t, &download);
            if (plain) /* nothing to compare with */
                assert_int_equal(t->end.status, 0);
            else
                assert_no_file(t, SIGV4_E_PROTOCOL);
            transfer_down(t);
        }
}

static void wrong_answers(void **state)
{
    static const struct fake_fault faults[] = {
        {.operation = "GetObject", .nth = 2, .header = "Content-Range: bytes 0-9/36\n"},
        {.operation = "GetObject", .nth = 2, .header = "Content-Range: nonsense\n"},
        {.operation = "GetObject", .nth = 2, .status = 200},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        fake_bucket_fault(t->b, faults[i]);
        run(t, &download);
        assert_file(t, text, LENGTH); /* the part was asked for again */
        transfer_down(t);
    }
}

static void canceled_at_any_moment(void **state)
{
    (void)state;
    for (int moment = 0; moment < 40; moment++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        fake_bucket_delay(t->b, 10);
        assert_int_equal(s3_download(t->s.s3, &download, &t->call, NULL), 0);
        fake_run_ms(t->s.fake, t->s.loop, moment);
        sigv4_call_cancel(t->call);
        transfer_finish(t);
        if (t->end.status == 0)
            assert_file(t, text, LENGTH);
        else
            assert_no_file(t, SIGV4_E_CANCELED);
        transfer_down(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_parts),
        cmocka_unit_test(every_length),
        cmocka_unit_test(listed_before),
        cmocka_unit_test(listed_before_and_changed_or_damaged),
        cmocka_unit_test(what_is_replaced_keeps_its_mode),
        cmocka_unit_test(broken_parts_go_on_alone),
        cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(refusals_leave_what_was_there),
        cmocka_unit_test(an_object_that_changes),
        cmocka_unit_test(damaged_bytes),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(canceled_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
