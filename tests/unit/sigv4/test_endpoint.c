/* Partitions, names, and the endpoint rules of libsigv4 itself. */
#include <sigv4/endpoint.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void partitions(void **state)
{
    (void)state;
    static const char *const expected[][2] = {{"us-east-1", "aws"},
                                              {"il-central-1", "aws"},
                                              {"us-gov-west-1", "aws-us-gov"},
                                              {"us-iso-east-1", "aws-iso"},
                                              {"us-isob-east-9", "aws-iso-b"},
                                              {"eu-isoe-west-1", "aws-iso-e"},
                                              {"us-isof-south-1", "aws-iso-f"},
                                              {"eusc-de-east-1", "aws-eusc"},
                                              {"cn-north-99", "aws-cn"},
                                              {"aws-cn-global", "aws-cn"},
                                              {"aws-global", "aws"},
                                              {"", "aws"},
                                              {"cn-", "aws"},
                                              {"cn-north", "aws"},
                                              {"cn-north-", "aws"},
                                              {"cn-north-x", "aws"},
                                              {"cn--1", "aws"},
                                              {"cn-no.rth-1", "aws"},
                                              {"xcn-north-1", "aws"},
                                              {"cn-no_rth-1", "aws-cn"},
                                              {"cn-north-1-2", "aws"},
                                              {"aws-cn-globa", "aws"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(sigv4_partition_of(sigv4_str(expected[i][0]))->id, expected[i][1]);
}

static void host_labels(void **state)
{
    (void)state;
    char label[65] = "";
    assert_true(sigv4_host_label_valid(SIGV4_LIT("a-1"), false));
    assert_true(sigv4_host_label_valid(SIGV4_LIT("1"), false));
    assert_true(sigv4_host_label_valid(SIGV4_LIT("a.b"), true));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("a.b"), false));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("a..b"), true));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("a."), true));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("-a"), false));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("a-"), false));
    assert_false(sigv4_host_label_valid(SIGV4_LIT("a_b"), false));
    assert_false(sigv4_host_label_valid(SIGV4_LIT(""), true));
    memset(label, 'a', 64);
    assert_false(sigv4_host_label_valid(sigv4_str(label), true));
    assert_true(sigv4_host_label_valid(sigv4_bytes(label, 63), true));
}

static void arns(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "arn",
                                      "arn:a:b:c:d",
                                      "arn:a:b:c:d:",
                                      "arn::b:c:d:e",
                                      "arn:a::c:d:e",
                                      "ARN:a:b:c:d:e",
                                      "x:a:b:c:d:e"};
    struct sigv4_arn arn;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(sigv4_arn_parse(sigv4_str(bad[i]), &arn));
    assert_true(sigv4_arn_parse(SIGV4_LIT("arn:aws:kinesis:r:1:stream/s/consumer/c:9"), &arn));
    assert_memory_equal(arn.resource.ptr, "stream/s/consumer/c:9", arn.resource.len);
    assert_true(sigv4_arn_parse(SIGV4_LIT("arn:aws:s3:::b"), &arn));
    assert_int_equal(arn.region.len, 0);
    assert_int_equal(arn.account_id.len, 0);
}

static void expect(const struct sigv4_place *place, const char *url, const char *region)
{
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    if (sigv4_sts_resolve(NULL, place, &target, &err))
        fail_msg("%s", err.message);
    assert_string_equal(target.url, url);
    assert_string_equal(target.region, region);
    assert_string_equal(target.service, "sts");
    assert_int_equal(target.flags, 0);
}

static void sts(void **state)
{
    (void)state;
    struct sigv4_place p = {.size = sizeof p, .region = "eu-west-1", .endpoint_url = ""};
    struct sigv4_sts_place legacy = {.size = sizeof legacy, .global = true};
    struct sigv4_target target = {.size = sizeof target};
    expect(&p, "https://sts.eu-west-1.amazonaws.com", "eu-west-1");
    p.endpoint_url = "http://127.0.0.1:80/base//";
    expect(&p, "http://127.0.0.1:80/base", "eu-west-1");
    p.endpoint_url = NULL;
    assert_int_equal(sigv4_sts_resolve(&legacy, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.url, "https://sts.amazonaws.com");
    assert_string_equal(target.region, "us-east-1");
    p.use_fips = true;
    assert_int_equal(sigv4_sts_resolve(&legacy, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.url, "https://sts-fips.eu-west-1.amazonaws.com");
    p.use_fips = false;
    p.region = "af-south-1";
    assert_int_equal(sigv4_sts_resolve(&legacy, &p, &target, NULL), SIGV4_OK);
    assert_string_equal(target.url, "https://sts.af-south-1.amazonaws.com");
    p.region = "aws-global";
    expect(&p, "https://sts.amazonaws.com", "us-east-1");
    p.region = "us-gov-west-1";
    p.use_fips = true;
    expect(&p, "https://sts.us-gov-west-1.amazonaws.com", "us-gov-west-1");
    p.use_dual_stack = true;
    expect(&p, "https://sts-fips.us-gov-west-1.api.aws", "us-gov-west-1");
}

static void refused(void **state)
{
    (void)state;
    struct sigv4_place p = {.size = sizeof p, .region = "us-east-1/x"};
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    char longest[1100] = "http://h/";
    assert_int_equal(sigv4_sts_resolve(NULL, &p, &target, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "'us-east-1/x' is not a region name such as us-east-1");
    p.region = "";
    assert_int_equal(sigv4_sts_resolve(NULL, &p, &target, &err), SIGV4_E_INVALID);
    p.region = "us-east-1";
    memset(longest + 9, 'x', 1014);
    p.endpoint_url = longest;
    assert_int_equal(sigv4_sts_resolve(NULL, &p, &target, &err), SIGV4_OK);
    assert_string_equal(target.url, longest);
    longest[1023] = 'x';
    assert_int_equal(sigv4_sts_resolve(NULL, &p, &target, &err), SIGV4_E_TOO_LARGE);
    p.endpoint_url = "http://h";
    p.use_dual_stack = true;
    assert_int_equal(sigv4_sts_resolve(NULL, &p, &target, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message,
                        "dual-stack cannot be combined with the endpoint URL http://h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions), cmocka_unit_test(host_labels), cmocka_unit_test(arns),
        cmocka_unit_test(sts),        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
