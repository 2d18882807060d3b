/* The profile's s3 block: what it changes in requests, what options win over, what is refused. */
#include "flow/s3_stage.h"
#include "object/client.h"

#include <unistd.h>

static char config[64];

static void write_config(const char *block)
{
    snprintf(config, sizeof config, "/tmp/s3-profile-%ld", (long)getpid());
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    fprintf(file, "[default]\ns3 =\n%s", block);
    assert_int_equal(fclose(file), 0);
    setenv("AWS_CONFIG_FILE", config, 1);
}

static int up(struct stage *s, const char *block, const char *url,
              const struct s3_client_options *options)
{
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    write_config(block);
    return stage_try(s, url, options, NULL);
}

static void expect_url(const char *block, const char *endpoint, uint32_t flags, const char *url)
{
    struct stage s;
    struct ended e = {0};
    struct s3_client_options o = S3_CLIENT_OPTIONS;
    o.flags = flags;
    assert_int_equal(up(&s, block, endpoint, &o), 0);
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", "key"), .on_done = note_end, .ctx = &e};
    fake_script(s.fake, (struct fake_answer){.status = 200, .headers = "ETag: \"e\"\r\n"});
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_string_equal(asked(&s, 0)->url, url);
    stage_down(&s);
    unlink(config);
}

static void test_places(void **state)
{
    (void)state;
    expect_url("", NULL, 0, HOST "/key");
    expect_url("  addressing_style = auto\n  unknown = 1\n", NULL, 0, HOST "/key");
    expect_url("  addressing_style = path\n", NULL, 0,
               "https://s3.eu-central-1.amazonaws.com/bucket/key");
    expect_url("  addressing_style = virtual\n", "http://127.0.0.1.nip:9000", 0,
               "http://bucket.127.0.0.1.nip:9000/key");
    expect_url("  addressing_style = virtual\n", NULL, S3_PATH_STYLE,
               "https://s3.eu-central-1.amazonaws.com/bucket/key");
    expect_url("  use_accelerate_endpoint = TRUE\n", NULL, 0,
               "https://bucket.s3-accelerate.amazonaws.com/key");
    expect_url("  use_dualstack_endpoint = true\n", NULL, 0,
               "https://bucket.s3.dualstack.eu-central-1.amazonaws.com/key");
    expect_url("  use_dualstack_endpoint = false\n", NULL, 0, HOST "/key");
}

static void expect_numbers(const char *block, uint32_t asked_requests, uint32_t requests,
                           uint64_t part_size)
{
    struct stage s;
    struct s3_client_options o = S3_CLIENT_OPTIONS;
    o.max_requests = asked_requests;
    assert_int_equal(up(&s, block, NULL, &o), 0);
    assert_int_equal(s.s3->options.max_requests, requests);
    assert_int_equal(s.s3->part_size, part_size);
    stage_down(&s);
    unlink(config);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_numbers("", 0, 8, 0);
    expect_numbers("  max_concurrent_requests = 3\n  multipart_chunksize = 16MB\n", 0, 3, 16 << 20);
    expect_numbers("  max_concurrent_requests = 3\n", 5, 5, 0);
    expect_numbers("  multipart_chunksize = 12582912\n", 0, 8, 12 << 20);
    expect_numbers("  multipart_chunksize = 64KiB\n", 0, 8, 5 << 20); /* S3 takes no less */
    expect_numbers("  max_concurrent_requests = 100000\n", 0, 256, 0);
}

static void expect_refused(const char *setting, const char *value)
{
    struct stage s;
    struct sigv4_error err;
    struct s3_client *client = NULL;
    char block[128];
    snprintf(block, sizeof block, "  %s = %s\n", setting, value);
    assert_int_equal(up(&s, block, NULL, NULL), SIGV4_E_INVALID);
    assert_int_equal(s3_client_new(&client, s.base, NULL, &err), SIGV4_E_INVALID);
    assert_non_null(strstr(err.message, setting));
    assert_non_null(strstr(err.message, value));
    stage_down(&s);
    unlink(config);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused("addressing_style", "sideways");
    expect_refused("use_accelerate_endpoint", "yes");
    expect_refused("use_dualstack_endpoint", "1");
    expect_refused("max_concurrent_requests", "0");
    expect_refused("max_concurrent_requests", "-3");
    expect_refused("max_concurrent_requests", "3x");
    expect_refused("multipart_chunksize", "8 MB");
    expect_refused("multipart_chunksize", "-8MB");
    expect_refused("multipart_chunksize", "99999999999999999999GB");
    expect_refused("multipart_chunksize", "99999999999999GB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
