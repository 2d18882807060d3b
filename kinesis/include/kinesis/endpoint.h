#ifndef KINESIS_ENDPOINT_H
#define KINESIS_ENDPOINT_H
/* Where requests of Kinesis go (facts, 1.8;
 * https://docs.aws.amazon.com/general/latest/gr/ak.html). Pure; @thread any. The calls of this
 * library do this themselves: it is public for diagnosis and for requests built by hand. */
#include <sigv4/endpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kinesis_operation_type {
    KINESIS_CONTROL = 1, /* streams, shards, consumers, tags, ... */
    KINESIS_DATA         /* records: PutRecord(s), GetRecords, GetShardIterator, SubscribeToShard */
};

/* What a request names. Without an ARN, or with an endpoint URL, everything goes to the one
 * regional host. An ARN leads to the account's own host, in the region of the client, not of the
 * ARN; the first one given counts. NULL or "": not given. */
struct kinesis_place {
    size_t size;
    enum kinesis_operation_type type; /* needed with an ARN */
    const char *stream_arn, *consumer_arn, *resource_arn;
};

/* A sigv4_resolve_fn. ctx: a struct kinesis_place, or NULL: no ARN. Errors: INVALID (an ARN is
 * malformed, of another service or partition; and those of sigv4_regional_resolve), TOO_LARGE. */
SIGV4_API int kinesis_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
                              struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
