/* Where requests of Kinesis go. */
#include <kinesis/endpoint.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(struct kinesis_place *k, const struct sigv4_place *place, const char *url)
{
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    if (kinesis_resolve(k, place, &target, &err))
        fail_msg("%s", err.message);
    assert_string_equal(target.url, url);
    assert_string_equal(target.region, place->region);
    assert_string_equal(target.service, "kinesis");
    assert_int_equal(target.flags, 0);
}

static void one_host_for_names(void **state)
{
    (void)state;
    struct sigv4_place p = {.size = sizeof p, .region = "eu-west-1", .endpoint_url = ""};
    struct kinesis_place k = {.size = sizeof k, .type = KINESIS_DATA, .stream_arn = ""};
    expect(NULL, &p, "https://kinesis.eu-west-1.amazonaws.com");
    expect(&k, &p, "https://kinesis.eu-west-1.amazonaws.com");
    p.use_fips = true;
    expect(&k, &p, "https://kinesis-fips.eu-west-1.amazonaws.com");
    p.region = "us-gov-west-1";
    expect(&k, &p, "https://kinesis.us-gov-west-1.amazonaws.com");
}

static void an_override_wins_over_arns(void **state)
{
    (void)state;
    struct sigv4_place p = {.size = sizeof p, .region = "us-east-1"};
    struct kinesis_place k = {.size = sizeof k, .type = KINESIS_DATA, .stream_arn = "nonsense"};
    p.endpoint_url = "https://vpce-1a-2b.kinesis.us-east-1.vpce.amazonaws.com/";
    expect(&k, &p, "https://vpce-1a-2b.kinesis.us-east-1.vpce.amazonaws.com");
}

static void arns_lead_to_the_account(void **state)
{
    (void)state;
    struct sigv4_place p = {.size = sizeof p, .region = "us-gov-west-1"};
    struct kinesis_place k = {.size = sizeof k, .type = KINESIS_DATA};
    k.resource_arn = "arn:aws-us-gov:kinesis:us-gov-east-1:2:stream:s";
    expect(&k, &p, "https://2.data-kinesis.us-gov-west-1.amazonaws.com");
    k.consumer_arn = "arn:aws-us-gov:kinesis:us-gov-east-1:1:stream/s/consumer/c:1";
    k.type = KINESIS_CONTROL;
    expect(&k, &p, "https://1.control-kinesis.us-gov-west-1.amazonaws.com");
    p.use_fips = true;
    expect(&k, &p, "https://1.control-kinesis-fips.us-gov-west-1.amazonaws.com");
    p.region = "us-isob-east-1";
    expect(&k, &p, "https://kinesis-fips.us-isob-east-1.sc2s.sgov.gov");
    p.region = "us-gov-west-1";
    k.stream_arn = "arn:aws-us-gov:kinesis:r:0:stream/s";
    expect(&k, &p, "https://0.control-kinesis-fips.us-gov-west-1.amazonaws.com");
}

static void bad_arns(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"x", "bad ARN 'x': it must read arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME"},
        {"arn:aws:s3:r:1:stream/s", "bad ARN 'arn:aws:s3:r:1:stream/s': it is not of Kinesis"},
        {"arn:aws:kinesis:r::stream/s",
         "bad ARN 'arn:aws:kinesis:r::stream/s': it has no valid account id"},
        {"arn:aws:kinesis:r:1.evil:stream/s",
         "bad ARN 'arn:aws:kinesis:r:1.evil:stream/s': it has no valid account id"},
        {"arn:aws:kinesis::1:stream/s",
         "bad ARN 'arn:aws:kinesis::1:stream/s': it has no valid region"},
        {"arn:aws:kinesis:r:1:streams/s",
         "bad ARN 'arn:aws:kinesis:r:1:streams/s': it does not name a stream"},
        {"arn:aws-cn:kinesis:r:1:stream/s",
         "the ARN 'arn:aws-cn:kinesis:r:1:stream/s' is of another partition than the region, which "
         "is in aws"}};
    struct sigv4_place p = {.size = sizeof p, .region = "us-east-1"};
    struct kinesis_place k = {.size = sizeof k, .type = KINESIS_DATA};
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        k.stream_arn = expected[i][0];
        assert_int_equal(kinesis_resolve(&k, &p, &target, &err), SIGV4_E_INVALID);
        assert_string_equal(err.message, expected[i][1]);
    }
    k.stream_arn = "arn:aws:kinesis:r:1:stream/s";
    k.type = 0;
    assert_int_equal(kinesis_resolve(&k, &p, &target, &err), SIGV4_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_host_for_names),
        cmocka_unit_test(an_override_wins_over_arns),
        cmocka_unit_test(arns_lead_to_the_account),
        cmocka_unit_test(bad_arns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
