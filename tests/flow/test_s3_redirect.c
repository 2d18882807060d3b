/* Buckets in other regions: the signals of facts 5.5, followed once, remembered. */
#include "flow/s3_stage.h"

#define IRELAND "https://bucket.s3.eu-west-1.amazonaws.com"

static const struct s3_at at = {.size = sizeof at, .bucket = "bucket", .key = "k"};

static void run_head(struct stage *s, struct ended *e)
{
    struct s3_head head = {.size = sizeof head, .of = &at, .on_done = note_end, .ctx = e};
    memset(e, 0, sizeof *e);
    assert_int_equal(s3_head(s->s3, &head, NULL, NULL), 0);
    stage_finish(s, e);
}

static void run_put(struct stage *s, struct ended *e)
{
    struct sigv4_slice body = SIGV4_LIT("hello");
    struct s3_put put = {.size = sizeof put,
                         .to = &at,
                         .body = &body,
                         .body_count = 1,
                         .on_done = note_end,
                         .ctx = e};
    memset(e, 0, sizeof *e);
    assert_int_equal(s3_put(s->s3, &put, NULL, NULL), 0);
    stage_finish(s, e);
}

static void every_signal_leads_to_the_right_region(void **state)
{
    static const struct fake_answer signals[] = {
        {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\n"},
        {.status = 307, .headers = "x-amz-bucket-region: eu-west-1\n"},
        {.status = 400,
         .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>"
                 "</Error>"},
        {.status = 400,
         .headers = "x-amz-bucket-region: eu-west-1\n",
         .body = "<Error><Code>IllegalLocationConstraintException</Code></Error>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct stage s = stage_up(NULL);
        struct ended e;
        struct fake_answer signal = signals[i];
        signal.url = HOST "/*";
        fake_script(s.fake, signal);
        fake_script(s.fake, (struct fake_answer){.url = IRELAND "/k", .headers = "ETag: \"e\"\n"});
        run_put(&s, &e);
        assert_int_equal(e.status, 0);
        assert_int_equal(fake_request_count(s.fake), 2);
        assert_string_equal(asked(&s, 1)->body, "hello");
        assert_non_null(strstr(sent(&s, 1, "Authorization"), "/eu-west-1/s3/aws4_request"));
        /* The next one goes there at once. */
        run_put(&s, &e);
        assert_int_equal(fake_request_count_of(s.fake, HOST "*"), 1);
        assert_int_equal(fake_request_count_of(s.fake, IRELAND "*"), 2);
        stage_down(&s);
    }
}

/* A HEAD has no body to name a region in; its 400 counts only with the header. */
static void heads_are_followed_by_their_header(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.url = HOST "/*",
                                             .times = 1,
                                             .status = 400,
                                             .headers = "x-amz-bucket-region: eu-west-1\n"});
    fake_script(s.fake, (struct fake_answer){.url = IRELAND "/k", .headers = "ETag: \"e\"\n"});
    run_head(&s, &e);
    assert_int_equal(e.status, 0);
    stage_down(&s);
    s = stage_up(NULL);
    fake_script(s.fake, (struct fake_answer){.status = 400});
    run_head(&s, &e);
    assert_int_equal(e.http_status, 400);
    assert_int_equal(fake_request_count(s.fake), 1);
    stage_down(&s);
}

static void the_bucket_is_asked_when_nothing_is_named(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "PUT", .url = HOST "/k", .status = 301});
    fake_script(s.fake, (struct fake_answer){.method = "HEAD",
                                             .url = HOST "*",
                                             .status = 403,
                                             .headers = "x-amz-bucket-region: eu-west-1\n"});
    fake_script(s.fake, (struct fake_answer){.url = IRELAND "/k", .headers = "ETag: \"e\"\n"});
    run_put(&s, &e);
    assert_int_equal(e.status, 0);
    assert_int_equal(fake_request_count(s.fake), 3);
    assert_string_equal(asked(&s, 1)->method, "HEAD");
    assert_string_equal(asked(&s, 1)->url, HOST "/");
    assert_string_equal(sent(&s, 1, "x-amz-checksum-crc64nvme"), "(absent)");
    stage_down(&s);
}

/* When asking helps nothing, the first refusal is told, not the answer to the question. */
static void the_first_refusal_is_told(void **state)
{
    static const char *const useless[] = {"", "x-amz-bucket-region: eu-central-1\n",
                                          "x-amz-bucket-region: not a region\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct stage s = stage_up(NULL);
        struct ended e;
        fake_script(s.fake, (struct fake_answer){.method = "PUT",
                                                 .status = 301,
                                                 .body = "<Error><Code>PermanentRedirect</Code>"
                                                         "</Error>"});
        fake_script(s.fake, (struct fake_answer){.method = "HEAD", .headers = useless[i]});
        run_put(&s, &e);
        assert_int_equal(fake_request_count(s.fake), 2);
        assert_string_equal(e.code, "PermanentRedirect");
        assert_true(e.status < 0);
        stage_down(&s);
    }
}

static void no_one_is_sent_in_circles(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.url = HOST "*",
                                             .status = 301,
                                             .headers = "x-amz-bucket-region: eu-west-1\n"});
    fake_script(s.fake, (struct fake_answer){.url = IRELAND "*",
                                             .status = 301,
                                             .headers = "x-amz-bucket-region: eu-central-1\n"});
    run_put(&s, &e);
    assert_int_equal(e.http_status, 301);
    assert_int_equal(fake_request_count(s.fake), 2);
    stage_down(&s);
}

/* A bucket that moved (or was made anew elsewhere) is found again. */
static void a_remembered_region_can_change(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.url = HOST "*",
                                             .times = 1,
                                             .status = 301,
                                             .headers = "x-amz-bucket-region: eu-west-1\n"});
    fake_script(s.fake,
                (struct fake_answer){.url = IRELAND "*", .times = 1, .headers = "ETag: \"1\"\n"});
    fake_script(s.fake, (struct fake_answer){.url = IRELAND "*",
                                             .status = 301,
                                             .headers = "x-amz-bucket-region: eu-central-1\n"});
    fake_script(s.fake, (struct fake_answer){.url = HOST "*", .headers = "ETag: \"2\"\n"});
    run_put(&s, &e);
    assert_string_equal(e.etag, "1");
    run_put(&s, &e);
    assert_string_equal(e.etag, "2");
    assert_int_equal(fake_request_count(s.fake), 4);
    stage_down(&s);
}

static void more_buckets_than_are_remembered(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "ETag: \"e\"\n"});
    for (int i = 0; i < 200; i++) {
        char bucket[16], url[128];
        snprintf(bucket, sizeof bucket, "bucket-%d", i);
        snprintf(url, sizeof url, "https://%s.s3.eu-central-1.amazonaws.com/k", bucket);
        fake_forget_script(s.fake);
        fake_script(s.fake, (struct fake_answer){.url = url,
                                                 .status = 301,
                                                 .headers = "x-amz-bucket-region: eu-west-1\n"});
        fake_script(s.fake, (struct fake_answer){.headers = "ETag: \"e\"\n"});
        struct s3_head head = {
            .size = sizeof head, .of = S3_AT(bucket, "k"), .on_done = note_end, .ctx = &e};
        memset(&e, 0, sizeof e);
        assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
        stage_finish(&s, &e);
        assert_int_equal(e.status, 0);
    }
    stage_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signal_leads_to_the_right_region),
        cmocka_unit_test(heads_are_followed_by_their_header),
        cmocka_unit_test(the_bucket_is_asked_when_nothing_is_named),
        cmocka_unit_test(the_first_refusal_is_told),
        cmocka_unit_test(no_one_is_sent_in_circles),
        cmocka_unit_test(a_remembered_region_can_change),
        cmocka_unit_test(more_buckets_than_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
