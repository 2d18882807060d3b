/* s3_download: to files, pipes and callbacks; the file is complete and right, or absent, and what
 * it replaces is untouched until then. */
#include "flow/s3_transfer.h"

#include <pthread.h>
#include <signal.h>

static const char text[] = "abcdefghijklmnopqrstuvwxyz0123456789"; /* 36 bytes: 10 10 10 6 */
enum { LENGTH = sizeof text - 1 };

static struct s3_download to_file(struct transfer_stage *t)
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

static void run(struct transfer_stage *t, const struct s3_download *download)
{
    struct sigv4_error err = {0};
    sigv4_call_release(t->call);
    t->call = NULL;
    memset(&t->end, 0, sizeof t->end);
    t->last_progress = 0;
    int status = s3_download(t->s.s3, download, &t->call, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, 0);
    transfer_finish(t);
}

static void assert_file(struct transfer_stage *t, const char *want, size_t n)
{
    char got[256];
    assert_string_equal(t->end.message, "");
    assert_int_equal(t->end.status, 0);
    assert_int_equal(read_file(t->path, got, sizeof got), n);
    assert_memory_equal(got, want, n);
    assert_int_equal(transfer_files(t), 1);
}

static void assert_no_file(struct transfer_stage *t, int status)
{
    assert_int_equal(t->end.status, status);
    assert_int_equal(transfer_files(t), 0);
}

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

/* ---- where it goes ---- */

static void places_that_cannot_be_written(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_download download = to_file(t);
    struct sigv4_error err;
    char path[128];
    (void)state;
    download.path = t->folder;
    assert_int_equal(s3_download(t->s.s3, &download, NULL, &err), SIGV4_E_IO);
    assert_int_equal(err.os_errno, EISDIR);
    snprintf(path, sizeof path, "%s/none/file", t->folder);
    download.path = path;
    run(t, &download);
    assert_no_file(t, SIGV4_E_IO);
    assert_non_null(strstr(t->end.message, "No such file or directory"));
    transfer_down(t);
}

static void a_full_disk(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_download download = to_file(t);
    (void)state;
    download.path = "/dev/full";
    run(t, &download);
    assert_int_equal(t->end.status, SIGV4_E_IO);
    assert_non_null(strstr(t->end.message, "No space left on device"));
    transfer_down(t);
}

struct reader {
    int fd, delay_us;
    char got[256];
    size_t n, stop_after;
};

static void *read_slowly(void *ctx)
{
    struct reader *r = ctx;
    ssize_t n;
    while (r->n < r->stop_after && (n = read(r->fd, r->got + r->n, 7)) > 0) {
        r->n += (size_t)n;
        usleep((useconds_t)r->delay_us);
    }
    close(r->fd);
    return NULL;
}

static struct reader run_pipe(struct transfer_stage *t, size_t n, size_t stop_after)
{
    int fds[2];
    pthread_t thread;
    struct s3_download download = to_file(t);
    struct reader r = {.delay_us = 200, .stop_after = stop_after};
    fake_bucket_put(t->b, "/k", text, n);
    assert_int_equal(pipe(fds), 0);
    r.fd = fds[0];
    pthread_create(&thread, NULL, read_slowly, &r);
    download.path = NULL;
    download.fd = fds[1];
    run(t, &download);
    close(fds[1]);
    pthread_join(thread, NULL);
    return r;
}

static void into_a_pipe(void **state)
{
    static const size_t lengths[] = {0, 1, 10, 11, 36};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct s3_client_options options = S3_CLIENT_OPTIONS;
        options.max_buffered_bytes = 20;
        struct transfer_stage *t = transfer_up(&options);
        struct reader r = run_pipe(t, lengths[i], SIZE_MAX);
        assert_string_equal(t->end.message, "");
        assert_int_equal(r.n, lengths[i]);
        assert_memory_equal(r.got, text, lengths[i]);
        assert_in_range(fake_max_in_flight(t->s.fake), 1, 2);
        transfer_down(t);
    }
}

/* The last part answers first, the first last. */
static void out_of_order(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    (void)state;
    for (unsigned nth = 1; nth <= 4; nth++)
        fake_bucket_fault(t->b, (struct fake_fault){.operation = "GetObject",
                                                    .nth = nth,
                                                    .delay_ms = (int)(500 - 100 * nth)});
    struct reader r = run_pipe(t, LENGTH, SIZE_MAX);
    assert_int_equal(t->end.status, 0);
    assert_int_equal(r.n, LENGTH);
    assert_memory_equal(r.got, text, LENGTH);
    transfer_down(t);
}

static void a_pipe_that_closes(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    (void)state;
    fake_bucket_delay(t->b, 2000);
    run_pipe(t, LENGTH, 0);
    assert_int_equal(t->end.status, SIGV4_E_IO);
    assert_non_null(strstr(t->end.message, "Broken pipe"));
    transfer_down(t);
}

/* Nobody reads: cancel must not wait for the pipe. */
static void a_pipe_that_nobody_reads(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_download download = to_file(t);
    char *large = calloc(1, 400000);
    int fds[2];
    (void)state;
    fake_bucket_put(t->b, "/k", large, 400000);
    assert_int_equal(pipe(fds), 0);
    download.path = NULL;
    download.fd = fds[1];
    download.part_size = 100000;
    assert_int_equal(s3_download(t->s.s3, &download, &t->call, NULL), 0);
    for (int i = 0; i < 50; i++) {
        (void)sigv4_loop_run(t->s.loop, 0);
        usleep(1000);
    }
    assert_int_equal(t->end.times, 0);
    sigv4_call_cancel(t->call);
    transfer_finish(t);
    assert_int_equal(t->end.status, SIGV4_E_CANCELED);
    close(fds[0]);
    close(fds[1]);
    free(large);
    transfer_down(t);
}

struct taker {
    struct transfer_stage *t;
    char got[64];
    int calls, pause_at, stop_at;
};
static struct taker taker;

static enum sigv4_flow take(void *ctx, const struct s3_result *so_far, uint64_t offset,
                            struct sigv4_slice chunk)
{
    (void)ctx;
    taker.calls++;
    assert_int_equal(so_far->length, LENGTH);
    if (taker.calls == taker.pause_at)
        return SIGV4_PAUSE;
    if (taker.calls == taker.stop_at)
        return SIGV4_STOP;
    assert_int_equal(offset, strlen(taker.got));
    strncat(taker.got, chunk.ptr, chunk.len);
    return SIGV4_GO_ON;
}

static void into_a_callback(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++)
        for (int at = 1; at <= 4; at++) {
            struct transfer_stage *t = transfer_up(NULL);
            struct s3_download download = to_file(t);
            taker = (struct taker){.pause_at = how == 1 ? at : 0, .stop_at = how == 2 ? at : 0};
            download.path = NULL;
            download.on_chunk = take;
            assert_int_equal(s3_download(t->s.s3, &download, &t->call, NULL), 0);
            if (how == 1) {
                fake_run_ms(t->s.fake, t->s.loop, 1000);
                assert_int_equal(taker.calls, at);
                assert_int_equal(t->end.times, 0);
                s3_resume(t->s.s3, t->call);
                s3_resume(t->s.s3, t->call);
            }
            transfer_finish(t);
            assert_int_equal(t->end.status, how == 2 ? SIGV4_E_CANCELED : 0);
            if (how < 2)
                assert_string_equal(taker.got, text);
            transfer_down(t);
        }
}

/* ---- resuming ---- */

static void stop_after_two(struct transfer_stage *t, struct s3_download *download, char *token)
{
    *download = to_file(t);
    download->flags = S3_KEEP_PARTS;
    download->on_token = on_transfer_token;
    fake_bucket_fault(
        t->b, (struct fake_fault){.operation = "GetObject", .nth = 3, .status = 403, .code = "X"});
    run(t, download);
    assert_int_equal(t->end.status, SIGV4_E_DENIED);
    assert_int_equal(transfer_files(t), 1);
    assert_int_equal(access(t->path, F_OK), -1);
    assert_non_null(strstr(t->token, " done=0-1"));
    memcpy(token, t->token, sizeof t->token);
    download->resume = token;
}

static void where_it_stopped(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 1;
    (void)state;
    for (size_t part_size = 10; part_size <= 13; part_size += 3) {
        struct transfer_stage *t = transfer_up(&options);
        struct s3_download download;
        char token[4096];
        stop_after_two(t, &download, token);
        download.part_size = part_size; /* the token's counts */
        run(t, &download);
        assert_file(t, text, LENGTH);
        assert_int_equal(fake_bucket_count(t->b, "GetObject"), 3 + 2);
        transfer_down(t);
    }
}

static void what_cannot_be_used_is_removed(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 1;
    (void)state;
    for (int why = 0; why < 3; why++) {
        struct transfer_stage *t = transfer_up(&options);
        struct s3_download download;
        char token[4096], unfinished[512];
        stop_after_two(t, &download, token);
        snprintf(unfinished, sizeof unfinished, "%s/%.*s", t->folder,
                 (int)strcspn(strstr(token, "file=") + 5, " "), strstr(token, "file=") + 5);
        assert_int_equal(access(unfinished, F_OK), 0);
        if (why == 0)
            fake_bucket_put(t->b, "/k", "another object", 14);
        else if (why == 1)
            assert_int_equal(truncate(unfinished, 5), 0);
        else
            assert_int_equal(unlink(unfinished), 0);
        run(t, &download);
        assert_int_equal(t->end.status, 0);
        if (why == 1) /* not ours any more: left alone */
            unlink(unfinished);
        assert_file(t, why ? text : "another object", why ? LENGTH : 14);
        transfer_down(t);
    }
}

/* Bytes that were changed on the disk meanwhile are not passed on as the object's. */
static void damage_on_the_disk_is_noticed(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_requests = 1;
    struct transfer_stage *t = transfer_up(&options);
    struct s3_download download;
    char token[4096], unfinished[512];
    (void)state;
    stop_after_two(t, &download, token);
    snprintf(unfinished, sizeof unfinished, "%s/%.*s", t->folder,
             (int)strcspn(strstr(token, "file=") + 5, " "), strstr(token, "file=") + 5);
    int fd = open(unfinished, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    close(fd);
    run(t, &download);
    assert_no_file(t, SIGV4_E_PROTOCOL);
    transfer_down(t);
}

static void tokens_that_are_none(void **state)
{
    static const char *const bad[] = {
        "nonsense", "s3-download-1 bucket=bucket key=other etag=e file=f part=10 length=36 done="};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_download download = to_file(t);
        download.resume = bad[i];
        run(t, &download);
        assert_no_file(t, SIGV4_E_INVALID);
        transfer_down(t);
    }
}

static int ignore_closed_pipes(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return 0;
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
        cmocka_unit_test(refusals_leave_what_was_there),
        cmocka_unit_test(an_object_that_changes),
        cmocka_unit_test(damaged_bytes),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(canceled_at_any_moment),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(into_a_pipe),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(a_pipe_that_closes),
        cmocka_unit_test(a_pipe_that_nobody_reads),
        cmocka_unit_test(into_a_callback),
        cmocka_unit_test(where_it_stopped),
        cmocka_unit_test(what_cannot_be_used_is_removed),
        cmocka_unit_test(damage_on_the_disk_is_noticed),
        cmocka_unit_test(tokens_that_are_none),
    };
    return cmocka_run_group_tests(tests, ignore_closed_pipes, NULL);
}
