/* Runs vectors/endpoints/s3, and the bucket names of vectors/endpoints/stdlib. */
#include "vectors/endpoint_cases.h"

#include <s3/address.h>

#include "wire/bucket_name.h"

static bool is_true(const json_t *params, const char *key)
{
    return json_is_true(json_object_get(params, key));
}

/* Not built here: such requests are refused, which is checked, and counted as skipped. */
static const char *not_supported(const json_t *params)
{
    const char *bucket = vectors_text(params, "Bucket");
    if (strstr(bucket, "--x-s3") || strstr(bucket, "--xa-s3"))
        return "S3 Express";
    if (strstr(bucket, "s3-outposts") || strstr(bucket, "--op-s3"))
        return "S3 on Outposts";
    if (strstr(bucket, "s3-object-lambda"))
        return "S3 Object Lambda";
    if (strstr(bucket, ".mrap"))
        return "Multi-Region Access Point (SigV4a)";
    return NULL;
}

static struct s3_place place_of(const json_t *params)
{
    struct s3_place s3 = {.size = sizeof s3};
    if (json_object_get(params, "Bucket"))
        s3.bucket = vectors_text(params, "Bucket");
    s3.flags = is_true(params, "ForcePathStyle") ? S3_PATH_STYLE : S3_VIRTUAL_HOST;
    s3.flags |= is_true(params, "Accelerate") ? S3_ACCELERATE : 0;
    s3.flags |= is_true(params, "UseGlobalEndpoint") ? S3_GLOBAL_HOST : 0;
    s3.flags |= is_true(params, "DisableAccessPoints") ? S3_NO_ACCESS_POINT : 0;
    s3.flags |= json_is_false(json_object_get(params, "UseArnRegion")) ? S3_SAME_REGION : 0;
    return s3;
}

static void run_refused(struct tally *t, const json_t *test, const char *reason)
{
    struct s3_place s3 = place_of(json_object_get(test, "params"));
    struct sigv4_place place = endpoint_case_place(test);
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_error err = {0};
    const char *name = vectors_text(test, "documentation");
    int status = s3_resolve(&s3, &place, &target, &err);
    tally_check(t, name, reason, "INVALID", sigv4_status_name(status));
    if (json_object_get(json_object_get(test, "expect"), "endpoint") &&
        !strstr(err.message, "not supported"))
        tally_check(t, name, reason, "... not supported", err.message);
    tally_skip(t, name, reason);
}

static void run_case(struct tally *t, const json_t *test)
{
    const json_t *params = json_object_get(test, "params");
    struct s3_place s3 = place_of(params);
    const char *reason = not_supported(params);
    if (is_true(params, "UseS3ExpressControlEndpoint") && !s3.bucket)
        tally_skip(t, vectors_text(test, "documentation"), "an operation of S3 Express");
    else if (is_true(params, "UseObjectLambdaEndpoint"))
        tally_skip(t, vectors_text(test, "documentation"), "an operation of S3 Object Lambda");
    else if (reason)
        run_refused(t, test, reason);
    else
        endpoint_case_run(t, test, "s3", s3_resolve, &s3);
}

static void run_bucket_name(struct tally *t, const json_t *test)
{
    struct sigv4_slice name =
        sigv4_str(vectors_text(json_object_get(test, "params"), "BucketName"));
    const char *url =
        vectors_text(json_object_get(json_object_get(test, "expect"), "endpoint"), "url");
    unsigned failed = t->failed;
    tally_check(t, vectors_text(test, "documentation"), "fits a host",
                strncmp(url, "https:", 6) == 0  ? "yes"
                : strncmp(url, "http:", 5) == 0 ? "over http"
                                                : "no",
                s3__bucket_fits_host(name, false)  ? "yes"
                : s3__bucket_fits_host(name, true) ? "over http"
                                                   : "no");
    t->passed += t->failed == failed;
}

int main(void)
{
    struct tally names = {0}, t = {0};
    json_t *root = vectors_load("endpoints/stdlib/test-cases/is-virtual-hostable-s3-bucket.json");
    json_t *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test) run_bucket_name(&names, test);
    json_decref(root);
    root = vectors_load("endpoints/s3/endpoint-tests-1.json");
    json_array_foreach(json_object_get(root, "testCases"), i, test) run_case(&t, test);
    json_decref(root);
    tally_print(&names, "endpoints/stdlib is-virtual-hostable-s3-bucket");
    tally_print(&t, "endpoints/s3");
    return names.failed || t.failed || !names.passed || !t.passed;
}
