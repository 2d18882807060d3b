/* Runs vectors/endpoints for partitions, the pure functions, and STS. */
#include "vectors/endpoint_cases.h"

static void check_partition(struct tally *t, const json_t *expected, const char *region)
{
    const json_t *outputs = json_object_get(expected, "outputs");
    const struct sigv4_partition *p = sigv4_partition_of(sigv4_str(region));
    unsigned failed = t->failed;
    tally_check(t, region, "id", vectors_text(expected, "id"), p->id);
    tally_check(t, region, "dnsSuffix", vectors_text(outputs, "dnsSuffix"), p->dns_suffix);
    tally_check(t, region, "dualStackDnsSuffix", vectors_text(outputs, "dualStackDnsSuffix"),
                p->dual_stack_dns_suffix);
    tally_check(t, region, "implicitGlobalRegion", vectors_text(outputs, "implicitGlobalRegion"),
                p->global_region);
    tally_check(t, region, "supportsFIPS",
                json_is_true(json_object_get(outputs, "supportsFIPS")) ? "yes" : "no",
                p->supports_fips ? "yes" : "no");
    tally_check(t, region, "supportsDualStack",
                json_is_true(json_object_get(outputs, "supportsDualStack")) ? "yes" : "no",
                p->supports_dual_stack ? "yes" : "no");
    t->passed += t->failed == failed;
}

static void run_partitions(struct tally *t)
{
    json_t *root = vectors_load("endpoints/partitions.json"), *partition, *unused;
    const char *region;
    size_t i;
    json_array_foreach(json_object_get(root, "partitions"), i, partition)
    {
        json_object_foreach(json_object_get(partition, "regions"), region, unused)
            check_partition(t, partition, region);
    }
    json_decref(root);
}

static void run_partition_function(struct tally *t)
{
    json_t *root = vectors_load("endpoints/stdlib/test-cases/partition-fn.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test)
    {
        struct sigv4_place place = endpoint_case_place(test);
        const json_t *endpoint = json_object_get(json_object_get(test, "expect"), "endpoint");
        const struct sigv4_partition *p = sigv4_partition_of(sigv4_str(place.region));
        char url[256];
        unsigned failed = t->failed;
        snprintf(url, sizeof url, "https://%s.%s.%s",
                 strcmp(p->id, "aws") ? p->id : "aws-partition", place.region, p->dns_suffix);
        tally_check(t, vectors_text(test, "documentation"), "url", vectors_text(endpoint, "url"),
                    url);
        t->passed += t->failed == failed;
    }
    json_decref(root);
}

static void run_host_labels(struct tally *t)
{
    json_t *root = vectors_load("endpoints/stdlib/test-cases/valid-hostlabel.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test)
    {
        struct sigv4_slice text = sigv4_str(endpoint_case_place(test).region);
        const json_t *endpoint = json_object_get(json_object_get(test, "expect"), "endpoint");
        const char *url = vectors_text(endpoint, "url");
        const char *expected = !endpoint                    ? "neither"
                               : strstr(url, "-subdomains") ? "with dots"
                                                            : "one label";
        unsigned failed = t->failed;
        tally_check(t, vectors_text(test, "documentation"), "label", expected,
                    sigv4_host_label_valid(text, false)  ? "one label"
                    : sigv4_host_label_valid(text, true) ? "with dots"
                                                         : "neither");
        t->passed += t->failed == failed;
    }
    json_decref(root);
}

/* The rule set of these cases echoes what it parsed. */
static void run_arn(struct tally *t, const json_t *test)
{
    const char *bucket = vectors_text(json_object_get(test, "params"), "Bucket");
    const char *expected = vectors_text(json_object_get(test, "expect"), "error");
    struct sigv4_arn arn;
    char text[512];
    unsigned failed = t->failed;
    if (sigv4_arn_parse(sigv4_str(bucket), &arn))
        snprintf(text, sizeof text,
                 "Test case passed: A valid ARN was parsed: service: `%.*s`, partition: `%.*s, "
                 "region: `%.*s`, accountId: `%.*s`, resource: `%.*s`",
                 (int)arn.service.len, (const char *)arn.service.ptr, (int)arn.partition.len,
                 (const char *)arn.partition.ptr, (int)arn.region.len, (const char *)arn.region.ptr,
                 (int)arn.account_id.len, (const char *)arn.account_id.ptr, (int)arn.resource.len,
                 (const char *)arn.resource.ptr);
    else
        snprintf(text, sizeof text, "Test case passed: `%s` is not a valid ARN.", bucket);
    tally_check(t, vectors_text(test, "documentation"), "arn", expected, text);
    t->passed += t->failed == failed;
}

static void run_arns(struct tally *t)
{
    json_t *root = vectors_load("endpoints/stdlib/test-cases/parse-arn.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test)
    {
        if (*vectors_text(json_object_get(test, "params"), "TestCaseId"))
            run_arn(t, test);
        else
            tally_skip(t, vectors_text(test, "documentation"), "tests a rule engine");
    }
    json_decref(root);
}

static void run_sts(struct tally *t)
{
    json_t *root = vectors_load("endpoints/sts/endpoint-tests-1.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test)
    {
        const json_t *params = json_object_get(test, "params");
        struct sigv4_sts_place sts = {
            .size = sizeof sts,
            .global = json_is_true(json_object_get(params, "UseGlobalEndpoint"))};
        endpoint_case_run(t, test, "sts", sigv4_sts_resolve, &sts);
    }
    json_decref(root);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(struct tally *t);
    } suites[] = {{"endpoints/partitions", run_partitions},
                  {"endpoints/stdlib partition-fn", run_partition_function},
                  {"endpoints/stdlib valid-hostlabel", run_host_labels},
                  {"endpoints/stdlib parse-arn", run_arns},
                  {"endpoints/sts", run_sts}};
    bool good = true;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct tally t = {0};
        suites[i].run(&t);
        tally_print(&t, suites[i].name);
        good = good && !t.failed && t.passed;
    }
    return good ? 0 : 1;
}
