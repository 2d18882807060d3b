/* Where requests of S3 go, and what buckets may be called. */
#include <s3/address.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sigv4_place at(const char *region, const char *endpoint_url)
{
    struct sigv4_place p = {.size = sizeof p, .region = region, .endpoint_url = endpoint_url};
    return p;
}

static void expect(const char *bucket, uint32_t flags, struct sigv4_place p, const char *url)
{
    struct s3_place s3 = {.size = sizeof s3, .bucket = bucket, .flags = flags};
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    if (s3_resolve(&s3, &p, &target, &err))
        fail_msg("%s", err.message);
    assert_string_equal(target.url, url);
    assert_string_equal(target.service, "s3");
    assert_int_equal(target.flags, SIGV4_S3_PATH);
}

static void expect_error(const char *bucket, uint32_t flags, struct sigv4_place p,
                         const char *message)
{
    struct s3_place s3 = {.size = sizeof s3, .bucket = bucket, .flags = flags};
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    assert_int_equal(s3_resolve(&s3, &p, &target, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, message);
}

/* The names of an interface endpoint: what stands before "vpce-" belongs to it, the bucket goes
 * into the path, and the region is the configured one, never "vpce". */
static void buckets_behind_an_interface_endpoint(void **state)
{
    (void)state;
    expect("b-1", 0, at("us-east-1", "https://bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com"),
           "https://bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com/b-1");
    expect("a.b", 0,
           at("us-east-1", "https://bucket.vpce-1a-2b-us-east-1a.s3.us-east-1.vpce."
                           "amazonaws.com/"),
           "https://bucket.vpce-1a-2b-us-east-1a.s3.us-east-1.vpce.amazonaws.com/a.b");
}

static void buckets_at_aws(void **state)
{
    (void)state;
    expect("b-1", 0, at("eu-west-1", ""), "https://b-1.s3.eu-west-1.amazonaws.com");
    expect("a.b", 0, at("eu-west-1", NULL), "https://s3.eu-west-1.amazonaws.com/a.b");
    expect("Old_Name", 0, at("us-east-1", ""), "https://s3.us-east-1.amazonaws.com/Old_Name");
    expect("b-1", S3_PATH_STYLE, at("cn-north-1", ""),
           "https://s3.cn-north-1.amazonaws.com.cn/b-1");
    expect("b-1", S3_GLOBAL_HOST, at("us-east-1", ""), "https://b-1.s3.amazonaws.com");
    expect("b-1", S3_GLOBAL_HOST, at("us-east-2", ""), "https://b-1.s3.us-east-2.amazonaws.com");
    expect("b-1", S3_ACCELERATE, at("us-east-1", ""), "https://b-1.s3-accelerate.amazonaws.com");
    expect("192.168.1.1", 0, at("us-east-1", ""), "https://s3.us-east-1.amazonaws.com/192.168.1.1");
    struct sigv4_place both = at("aws-global", "");
    expect(NULL, 0, both, "https://s3.amazonaws.com");
    both.use_dual_stack = true;
    expect(NULL, 0, both, "https://s3.dualstack.us-east-1.amazonaws.com");
    expect("b-1", S3_ACCELERATE, both,
           "https://b-1.s3-accelerate.dualstack.us-east-1.amazonaws.com");
    both.use_fips = true;
    expect("a.b", 0, both, "https://s3-fips.dualstack.us-east-1.amazonaws.com/a.b");
    expect(NULL, S3_ACCELERATE, at("us-east-1", ""), "https://s3.us-east-1.amazonaws.com");
    expect("..", 0, at("us-east-1", ""), "https://s3.us-east-1.amazonaws.com/..");
}

static void buckets_at_an_override(void **state)
{
    (void)state;
    struct sigv4_place p = at("us-east-1", "http://localhost:4567/base/");
    expect("b-1", 0, p, "http://localhost:4567/base/b-1");
    expect("b-1", S3_VIRTUAL_HOST, p, "http://b-1.localhost:4567/base");
    expect("a.b", S3_VIRTUAL_HOST, p, "http://a.b.localhost:4567/base");
    expect("a.b", S3_VIRTUAL_HOST, at("us-east-1", "https://h"), "https://h/a.b");
    expect("b-1", S3_VIRTUAL_HOST, at("us-east-1", "http://[::1]:80"), "http://[::1]:80/b-1");
    expect("10.0.0.1", S3_VIRTUAL_HOST, at("us-east-1", "http://h"), "http://h/10.0.0.1");
    expect("a.b", S3_VIRTUAL_HOST, at("us-east-1", "http://127.0.0.1"), "http://127.0.0.1/a.b");
    expect(NULL, 0, p, "http://localhost:4567/base");
    expect("arn:aws:s3:us-east-1:1:accesspoint/ap", 0, p, "http://ap-1.localhost:4567/base");
}

static void vpc_endpoints(void **state)
{
    (void)state;
    const char *url = "https://bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com";
    char expected[128];
    snprintf(expected, sizeof expected, "%s/b-1", url);
    expect("b-1", 0, at("us-east-1", url), expected);
    expect("b-1", S3_VIRTUAL_HOST, at("us-east-1", url),
           "https://b-1.bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com");
    expect_error("b-1", 0, at("us-east-1", "https://*.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com"),
                 "https://*.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com: the name of a VPC endpoint "
                 "for S3 begins with \"bucket.\": "
                 "https://bucket.vpce-ID.s3.REGION.vpce.amazonaws.com");
}

static void whose_region_signs(void **state)
{
    (void)state;
    struct s3_place s3 = {.size = sizeof s3, .bucket = "arn:aws:s3:eu-west-1:1:accesspoint/ap"};
    struct sigv4_place p = at("us-east-1", "");
    struct sigv4_target target = {.size = sizeof target};
    assert_int_equal(s3_resolve(&s3, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.region, "eu-west-1");
    s3.bucket = "b-1";
    assert_int_equal(s3_resolve(&s3, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.region, "us-east-1");
    p.region = "aws-global";
    assert_int_equal(s3_resolve(&s3, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.region, "us-east-1");
}

static void refused(void **state)
{
    (void)state;
    struct sigv4_place p = at("us-east-1", "");
    expect_error("", 0, p, "the name of the bucket is empty");
    expect_error("b--use1-az1--x-s3", 0, p, "directory buckets (S3 Express) are not supported");
    expect_error("b-1", 0, at("", ""), "no region");
    expect_error("b-1", 0, at("us-east-1", "h:1"),
                 "malformed URL 'h:1': it must begin with https:// or http://");
    expect_error("b-1", S3_ACCELERATE, at("cn-north-1", ""),
                 "there is no S3 Accelerate in the partition aws-cn");
    expect_error("arn:aws:s3:us-east-1:1:accesspoint/ap", S3_PATH_STYLE, p,
                 "bad ARN 'arn:aws:s3:us-east-1:1:accesspoint/ap': an access point cannot stand in "
                 "the path");
    expect_error("arn:aws-cn:s3:cn-north-1:1:accesspoint/ap", 0, p,
                 "bad ARN 'arn:aws-cn:s3:cn-north-1:1:accesspoint/ap': it is of another partition "
                 "than the client's region");
    expect_error("arn:aws:s3:::b-1", 0, p,
                 "bad ARN 'arn:aws:s3:::b-1': it must read "
                 "arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME");
}

static void too_long(void **state)
{
    (void)state;
    char endpoint[1200] = "http://h/";
    struct s3_place s3 = {.size = sizeof s3, .bucket = "bucket"};
    struct sigv4_place p = at("us-east-1", endpoint);
    struct sigv4_target target = {.size = sizeof target};
    memset(endpoint + 9, 'x', 1007);
    assert_int_equal(s3_resolve(&s3, &p, &target, NULL), SIGV4_OK);
    assert_int_equal(strlen(target.url), sizeof target.url - 1);
    endpoint[1016] = 'x';
    assert_int_equal(s3_resolve(&s3, &p, &target, NULL), SIGV4_E_TOO_LARGE);
}

static void names(void **state)
{
    (void)state;
    static const char *const fine[] = {"abc", "a.b-c", "a1.2.3", "1.2.3.4.5"};
    static const char *const old[] = {"Abc",
                                      "a_b",
                                      "a..b",
                                      "-ab",
                                      "192.168.1.1",
                                      "alias-s3alias",
                                      "arn:aws:s3:us-east-1:1:accesspoint/ap"};
    static const char *const bad[] = {"", "ab", "a b", "a/b", "a!b", "caf\xC3\xA9", "a\nb"};
    static const char *const reserved[] = {"xn--abc",  "sthree-a", "amzn-s3-demo-a", "a-s3alias",
                                           "a--ol-s3", "abc.mrap", "a--x-s3",        "a--table-s3"};
    char text[257] = "";
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(s3_bucket_name_check(sigv4_str(fine[i]), true, NULL), SIGV4_OK);
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        assert_int_equal(s3_bucket_name_check(sigv4_str(old[i]), false, NULL), SIGV4_OK);
        assert_int_equal(s3_bucket_name_check(sigv4_str(old[i]), true, NULL), SIGV4_E_INVALID);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(s3_bucket_name_check(sigv4_str(bad[i]), false, NULL), SIGV4_E_INVALID);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        assert_int_equal(s3_bucket_name_check(sigv4_str(reserved[i]), true, NULL), SIGV4_E_INVALID);
    memset(text, 'a', 256);
    assert_int_equal(s3_bucket_name_check(sigv4_bytes(text, 63), true, NULL), SIGV4_OK);
    assert_int_equal(s3_bucket_name_check(sigv4_bytes(text, 64), true, NULL), SIGV4_E_INVALID);
    assert_int_equal(s3_bucket_name_check(sigv4_bytes(text, 255), false, NULL), SIGV4_OK);
    assert_int_equal(s3_bucket_name_check(sigv4_bytes(text, 256), false, NULL), SIGV4_E_INVALID);
}

static void name_messages(void **state)
{
    (void)state;
    struct sigv4_error err;
    assert_int_equal(s3_bucket_name_check(SIGV4_LIT("My_Bucket"), true, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "no bucket can be called 'My_Bucket': a new name has "
                                     "lower-case letters, digits, '.' and '-' only");
    assert_int_equal(s3_bucket_name_check(SIGV4_LIT("xn--a"), true, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "no bucket can be called 'xn--a': 'xn--' is reserved");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_behind_an_interface_endpoint),
        cmocka_unit_test(buckets_at_aws),
        cmocka_unit_test(buckets_at_an_override),
        cmocka_unit_test(vpc_endpoints),
        cmocka_unit_test(whose_region_signs),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_long),
        cmocka_unit_test(names),
        cmocka_unit_test(name_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
