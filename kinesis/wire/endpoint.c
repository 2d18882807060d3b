/* The endpoint rules of Kinesis (facts, 1.8), but for stream ids, which the service reserves. */
#include <kinesis/endpoint.h>

#include "base/fail.h"
#include "base/text.h"

#include <stdio.h>

static const char *first_arn(const struct kinesis_place *k)
{
    const char *const arns[] = {k->stream_arn, k->consumer_arn, k->resource_arn};
    for (size_t i = 0; i < sizeof arns / sizeof *arns; i++)
        if (arns[i] && *arns[i])
            return arns[i];
    return NULL;
}

/* "stream/name" or "stream:name": ARNs are cut at both. */
static bool is_of_stream(struct sigv4_slice resource)
{
    size_t slash = sigv4__find(resource, '/'), colon = sigv4__find(resource, ':');
    return sigv4__equal_str(sigv4__first(resource, slash < colon ? slash : colon), "stream");
}

static int check_arn(const char *text, const struct sigv4_partition *partition,
                     struct sigv4_arn *arn, struct sigv4_error *err)
{
    const char *why = NULL;
    if (!sigv4_arn_parse(sigv4_str(text), arn))
        why = "it must read arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME";
    else if (!sigv4__equal_str(arn->service, "kinesis"))
        why = "it is not of Kinesis";
    else if (!sigv4_host_label_valid(arn->account_id, false))
        why = "it has no valid account id";
    else if (!sigv4_host_label_valid(arn->region, false))
        why = "it has no valid region";
    else if (!is_of_stream(arn->resource))
        why = "it does not name a stream";
    if (why)
        return sigv4__fail(err, SIGV4_E_INVALID, "bad ARN '%.160s': %s", text, why);
    if (!sigv4__equal_str(arn->partition, partition->id))
        return sigv4__fail(
            err, SIGV4_E_INVALID,
            "the ARN '%.160s' is of another partition than the region, which is in %s", text,
            partition->id);
    return SIGV4_OK;
}

/* "123456789012.data-kinesis": the account's own host, without the suffix. */
static int account_prefix(const struct kinesis_place *k, const char *arn_text,
                          const struct sigv4_partition *partition, char out[96],
                          struct sigv4_error *err)
{
    struct sigv4_arn arn;
    int status = check_arn(arn_text, partition, &arn, err);
    if (status)
        return status;
    if (k->type != KINESIS_CONTROL && k->type != KINESIS_DATA)
        return sigv4__fail(err, SIGV4_E_INVALID, "a request with an ARN needs an operation type");
    snprintf(out, 96, "%.*s.%s-kinesis", (int)arn.account_id.len, (const char *)arn.account_id.ptr,
             k->type == KINESIS_DATA ? "data" : "control");
    return SIGV4_OK;
}

int kinesis_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                    struct sigv4_error *err)
{
    const struct kinesis_place *k = ctx;
    const struct sigv4_partition *partition = sigv4_partition_of(sigv4_str(place->region));
    bool overridden = place->endpoint_url && *place->endpoint_url;
    /* The first two isolated partitions have no hosts by account. */
    bool by_account = strcmp(partition->id, "aws-iso") && strcmp(partition->id, "aws-iso-b");
    const char *arn = k && !overridden && by_account ? first_arn(k) : NULL;
    char prefix[96];
    if (!arn)
        return sigv4_regional_resolve("kinesis", "kinesis", SIGV4_GOV_PLAIN_FIPS, place, out, err);
    int status = account_prefix(k, arn, partition, prefix, err);
    return status ? status : sigv4_regional_resolve(prefix, "kinesis", 0, place, out, err);
}
