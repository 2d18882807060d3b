/* Any answer about streams, shards and consumers through all of their readers. */
#include "base/memory.h"
#include "wire/control_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    struct kinesis_get_shard_iterator_result iterator = {0};
    struct kinesis_list_shards_result list = {0};
    struct kinesis_describe_stream_summary_result summary = {0};
    struct kinesis_stream_consumer_result consumer = {0};
    struct kinesis_shard *shards = NULL;
    struct sigv4_error err;
    json_t *root;
    if (kinesis__answer_parse(sigv4_bytes(data, size), &root, &err))
        return 0;
    (void)kinesis__read_shard_iterator(root, &iterator, &err);
    if (kinesis__read_shards(root, &alloc, &list, &shards, &err) == SIGV4_OK)
        sigv4__alloc_put(&alloc, shards, list.shard_count * sizeof *shards);
    (void)kinesis__read_stream_summary(root, &summary, &err);
    (void)kinesis__read_stream_consumer(root, "Consumer", &consumer, &err);
    json_decref(root);
    return 0;
}
