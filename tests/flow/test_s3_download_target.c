/* s3_download: where it goes: files that cannot be written, pipes, callbacks. */
#include "flow/s3_download.h"

#include <pthread.h>

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
    download.path = "";
    assert_int_equal(s3_download(t->s.s3, &download, NULL, &err), SIGV4_E_INVALID);
    download.path = NULL;
    download.fd = -1;
    assert_int_equal(s3_download(t->s.s3, &download, NULL, &err), SIGV4_E_IO);
    assert_int_equal(err.os_errno, EBADF);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(into_a_pipe),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(a_pipe_that_closes),
        cmocka_unit_test(a_pipe_that_nobody_reads),
        cmocka_unit_test(into_a_callback),
    };
    return cmocka_run_group_tests(tests, ignore_closed_pipes, NULL);
}
