/* Runs vectors/endpoints/kinesis. */
#include "vectors/endpoint_cases.h"

#include <kinesis/endpoint.h>

static void run_case(struct tally *t, const json_t *test)
{
    const json_t *params = json_object_get(test, "params");
    const char *type = vectors_text(params, "OperationType");
    struct kinesis_place place = {
        .size = sizeof place,
        .type = strcmp(type, "control") == 0 ? KINESIS_CONTROL
                : strcmp(type, "data") == 0  ? KINESIS_DATA
                                             : 0,
        .stream_arn = vectors_text(params, "StreamARN"),
        .consumer_arn = vectors_text(params, "ConsumerARN"),
        .resource_arn = vectors_text(params, "ResourceARN"),
    };
    if (json_object_get(params, "StreamId"))
        tally_skip(t, vectors_text(test, "documentation"), "StreamId is reserved, never sent");
    else
        endpoint_case_run(t, test, "kinesis", kinesis_resolve, &place);
}

int main(void)
{
    struct tally t = {0};
    json_t *root = vectors_load("endpoints/kinesis/endpoint-tests-1.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "testCases"), i, test) run_case(&t, test);
    json_decref(root);
    tally_print(&t, "endpoints/kinesis");
    return t.failed || !t.passed;
}
