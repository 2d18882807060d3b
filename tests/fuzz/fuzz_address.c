/* Bucket names and ARNs: whatever resolves is a well-formed URL, and a name that could be a
 * bucket's resolves. First byte: flags; second: how many bytes of the rest are the bucket. */
#include <s3/address.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char bucket[256] = "", endpoint[600] = "";
    if (size < 2 || size > 600)
        return 0;
    size_t n = data[1] < size - 2 ? data[1] : size - 2;
    memcpy(bucket, data + 2, n);
    memcpy(endpoint, data + 2 + n, size - 2 - n);
    struct s3_place s3 = {.size = sizeof s3, .bucket = bucket, .flags = data[0] & 0x3fu};
    struct sigv4_place place = {.size = sizeof place,
                                .region = data[0] & 0x40 ? "aws-global" : "us-east-1",
                                .endpoint_url = endpoint,
                                .use_dual_stack = data[0] & 0x80};
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_url url;
    struct sigv4_error err;
    if (s3_resolve(&s3, &place, &target, &err) == 0 &&
        (!strlen(target.region) || sigv4_url_parse(sigv4_str(target.url), &url, &err)))
        __builtin_trap();
    return 0;
}
