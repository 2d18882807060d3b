/* ARNs, and the region names partitions are found by. */
#include <sigv4/endpoint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4_slice text = sigv4_bytes(data, size);
    struct sigv4_arn arn;
    (void)sigv4_partition_of(text)->id[0];
    if (sigv4_host_label_valid(text, false) && !sigv4_host_label_valid(text, true))
        __builtin_trap();
    if (!sigv4_arn_parse(text, &arn))
        return 0;
    if (arn.partition.len + arn.service.len + arn.region.len + arn.account_id.len +
            arn.resource.len + strlen("arn:::::") !=
        size)
        __builtin_trap();
    return 0;
}
