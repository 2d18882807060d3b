/* s3_download that goes on where another one stopped. */
#include "flow/s3_download.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_stopped),
        cmocka_unit_test(what_cannot_be_used_is_removed),
        cmocka_unit_test(damage_on_the_disk_is_noticed),
        cmocka_unit_test(tokens_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
