/* s3_upload of pipes and descriptors: of any length, slow, silent, in little memory. */
#include "flow/s3_upload.h"

#include <pthread.h>

struct writer {
    int fd;
    const char *bytes;
    size_t n, step;
};

static void *write_slowly(void *ctx)
{
    struct writer *w = ctx;
    struct timespec moment = {.tv_nsec = 200000};
    for (size_t at = 0; at < w->n; at += w->step) {
        size_t n = w->n - at < w->step ? w->n - at : w->step;
        if (write(w->fd, w->bytes + at, n) < 0)
            break;
        nanosleep(&moment, NULL);
    }
    close(w->fd);
    return NULL;
}

static void run_pipe(struct transfer_stage *t, size_t n, size_t step)
{
    int fds[2];
    pthread_t thread;
    struct s3_upload upload = from_file(t);
    assert_int_equal(pipe(fds), 0);
    struct writer w = {fds[1], text, n, step};
    pthread_create(&thread, NULL, write_slowly, &w);
    upload.path = NULL;
    upload.fd = fds[0];
    run(t, &upload);
    close(fds[0]);
    pthread_join(thread, NULL);
}

static void pipes_of_every_length(void **state)
{
    static const size_t lengths[] = {0, 1, 9, 10, 11, 20, 21, 36};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t step = 3; step <= 36; step += 33) {
            struct transfer_stage *t = transfer_up(NULL);
            run_pipe(t, lengths[i], step);
            assert_object(t, text, lengths[i]);
            assert_int_equal(fake_bucket_count(t->b, "PutObject"), lengths[i] < 10);
            transfer_down(t);
        }
}

static void pipes_in_little_memory(void **state)
{
    struct s3_client_options options = S3_CLIENT_OPTIONS;
    options.max_buffered_bytes = 20;
    struct transfer_stage *t = transfer_up(&options);
    (void)state;
    fake_bucket_delay(t->b, 20);
    run_pipe(t, LENGTH, 36);
    assert_object(t, text, LENGTH);
    assert_in_range(fake_max_in_flight(t->s.fake), 1, 2);
    transfer_down(t);
}

static void pipes_with_faults(void **state)
{
    static const struct fake_fault faults[] = {
        {.operation = "UploadPart", .nth = 2, .outcome = FAKE_RESET},
        {.operation = "UploadPart", .nth = 1, .status = 503, .code = "SlowDown"},
        {.operation = "CreateMultipartUpload", .nth = 1, .outcome = FAKE_RESET},
        {.operation = "CompleteMultipartUpload", .nth = 1, .outcome = FAKE_RESET, .after = true},
        {.operation = "UploadPart", .nth = 3, .status = 403, .code = "X"},
        {.operation = "CreateMultipartUpload", .status = 403, .code = "X"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct transfer_stage *t = transfer_up(NULL);
        fake_bucket_fault(t->b, faults[i]);
        run_pipe(t, LENGTH, 5);
        if (i < 4)
            assert_object(t, text, LENGTH);
        else
            assert_absent(t, SIGV4_E_DENIED);
        transfer_down(t);
    }
}

/* Nothing comes, nobody closes: cancel must not wait for the pipe. */
static void a_pipe_that_stays_silent(void **state)
{
    (void)state;
    for (size_t before = 0; before <= 15; before += 15) {
        struct transfer_stage *t = transfer_up(NULL);
        struct s3_upload upload = from_file(t);
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(write(fds[1], text, before), before);
        upload.path = NULL;
        upload.fd = fds[0];
        assert_int_equal(s3_upload(t->s.s3, &upload, &t->call, NULL), 0);
        struct timespec moment = {.tv_nsec = 1000000};
        for (int i = 0; i < 30; i++) {
            (void)sigv4_loop_run(t->s.loop, 0);
            nanosleep(&moment, NULL);
        }
        sigv4_call_cancel(t->call);
        transfer_finish(t);
        assert_absent(t, SIGV4_E_CANCELED);
        close(fds[0]);
        close(fds[1]);
        transfer_down(t);
    }
}

/* A descriptor of a file is read like a file, from where it stands. */
static void a_file_behind_a_descriptor(void **state)
{
    struct transfer_stage *t = transfer_up(NULL);
    struct s3_upload upload = from_file(t);
    (void)state;
    upload.path = NULL;
    upload.fd = open(t->path, O_RDONLY);
    assert_int_equal(lseek(upload.fd, 5, SEEK_SET), 5);
    run(t, &upload);
    assert_object(t, text + 5, LENGTH - 5);
    assert_int_equal(t->total, LENGTH - 5);
    close(upload.fd);
    transfer_down(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes_of_every_length),      cmocka_unit_test(pipes_in_little_memory),
        cmocka_unit_test(pipes_with_faults),          cmocka_unit_test(a_pipe_that_stays_silent),
        cmocka_unit_test(a_file_behind_a_descriptor),
    };
    return cmocka_run_group_tests(tests, ignore_closed_pipes, NULL);
}
